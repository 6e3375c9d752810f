import { APIError } from 'better-auth/api'
import { HTTPException } from 'hono/http-exception'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { z } from 'zod'
import { isDatabaseUnavailable, sqlState } from '../database/index.ts'
import { KinkeeperError, maskPersonalData, NotAllowedError } from '../primitives/index.ts'
import type { ApiError } from './contract.ts'

/** What an error becomes. `unexpected` ones are logged under their reference, and say nothing else. */
export type HttpError = {
  status: ContentfulStatusCode
  headers: Record<string, string>
  body: ApiError
  unexpected: boolean
}

/** Nobody is signed in, or the session is over. HTTP 401. */
export class SignedOutError extends NotAllowedError {
  constructor() {
    super('You are signed out. Sign in again.')
  }
}

const DATABASE_RETRY_S = 5
/**
 * Texts that PostgreSQL cannot hold: a zero byte, or half of a surrogate pair inside JSON.
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const UNSTORABLE = new Set(['22021', '22P02', '22P05'])

/**
 * Maps anything thrown to the HTTP answer: never a stack, never what the database said.
 * @param reference an opaque id that the answer and the log share when the error is unexpected
 */
export function httpError(error: unknown, reference: string): HttpError {
  if (error instanceof SignedOutError) return answer(401, 'signed_out', error.message)
  if (error instanceof z.ZodError) return answer(400, 'bad_input', describeIssues(error))
  if (isDatabaseUnavailable(error))
    return answer(503, 'database_unavailable', 'The database does not answer. Try again in a moment.', {
      'retry-after': String(DATABASE_RETRY_S),
    })
  if (error instanceof KinkeeperError) {
    const known = ofKinkeeper(error)
    if (known) return known
  }
  if (UNSTORABLE.has(sqlState(error) ?? ''))
    return answer(400, 'bad_input', 'The text contains characters that cannot be stored. Remove them.')
  if (error instanceof HTTPException && error.status < 500)
    return answer(
      error.status as ContentfulStatusCode,
      'bad_request',
      error.message || 'The request is malformed.',
    )
  if (error instanceof APIError && error.statusCode < 500)
    return answer(error.statusCode as ContentfulStatusCode, error.body?.code ?? 'refused', error.message)
  return {
    ...answer(500, 'unexpected', `Something went wrong on our side. The log says more under ${reference}.`),
    unexpected: true,
  }
}

function ofKinkeeper(error: KinkeeperError): HttpError | null {
  switch (error.next) {
    case 'bad-input':
      return answer(400, 'bad_input', error.message)
    case 'not-allowed':
      return answer(403, 'not_allowed', error.message)
    case 'not-found':
      return answer(404, 'not_found', error.message)
    case 'conflict':
      return answer(409, 'conflict', error.message)
    case 'retry':
    case 'retry-at':
    case 'look-first':
    case 'park':
    case 'never-retry':
      return null
    default:
      return error.next satisfies never
  }
}

function answer(
  status: ContentfulStatusCode,
  code: string,
  message: string,
  headers: Record<string, string> = {},
): HttpError {
  return { status, headers, body: { error: { code, message: maskPersonalData(message) } }, unexpected: false }
}

/** `edits.title: Too long; reason: Required` — each fault with the path that leads to it. */
function describeIssues(error: z.ZodError): string {
  return error.issues
    .slice(0, 5)
    .map((issue) =>
      issue.path.length > 0 ? `${issue.path.map(String).join('.')}: ${issue.message}` : issue.message,
    )
    .join('; ')
}
