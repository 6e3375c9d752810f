import { isClerkAPIResponseError } from '@clerk/backend/errors'
import { type KinkeeperError, SECOND_MS } from '../../primitives/index.ts'
import {
  type Call,
  errorFor,
  type Failure,
  retryAfterMs,
  statusFailure,
  transportFailure,
} from '../failures.ts'

/** Clerk counts over ten seconds. */
const RATE_LIMIT_PAUSE_MS = 10 * SECOND_MS

/** Maps whatever the Clerk SDK threw to the error that says what to do next. Pure. */
export function clerkError(call: Call, error: unknown): KinkeeperError {
  return errorFor(call, clerkFailure(call, error), error)
}

/** https://clerk.com/docs/reference/backend-api#errors (2026-11) */
function clerkFailure(call: Call, error: unknown): Failure {
  if (!isClerkAPIResponseError(error)) return transportFailure(error)
  // The SDK drops why a request failed on the way, and gives that no status: the cautious reading.
  const status: number | undefined = error.status
  const code = error.errors[0]?.code ?? null
  if (status === undefined) return { kind: 'cut', code: code ?? 'unknown' }
  const seconds = error.retryAfter === undefined ? null : String(error.retryAfter)
  return statusFailure(status, {
    code,
    retryAfterMs: retryAfterMs(seconds, RATE_LIMIT_PAUSE_MS),
    explanation: explain(call, status, code),
  })
}

function explain(call: Call, status: number, code: string | null): string {
  if (status === 401 || status === 403) return 'Clerk refused the key: check CLERK_SECRET_KEY.'
  if (status === 404) return 'Clerk knows no such user.'
  return `Clerk refused ${call.operation}: ${code ?? `HTTP ${status}`}.`
}
