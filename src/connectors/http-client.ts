/**
 * The client for providers without a living SDK: JSON over fetch, with a deadline, through the gate, answers checked by
 * a schema, and failures sorted by `errorFor`. It never retries by itself and never follows a redirect: the engine
 * decides.
 */
import type { z } from 'zod'
import { parseJson } from '../primitives/index.ts'
import type { Gate } from './contract.ts'
import { attempt, type Call, errorFor, type Failure, transportFailure } from './failures.ts'

export type HttpClientOptions = {
  provider: Call['provider']
  gate: Gate
  /** Origin and, if any, a path prefix: what the provider's own paths are appended to. */
  baseUrl: string
  headers: Record<string, string>
  timeoutMs: number
  /** Sorts an answer other than 2xx. A refusal says in plain words what it means and what to do. */
  failureOf(answer: ErrorAnswer): Failure
}

/** `body`: the parsed JSON; undefined when it is none. `retryAfter`: the header as it came. */
export type ErrorAnswer = { status: number; body: unknown; retryAfter: string | null; operation: string }

export type HttpRequest<T> = Pick<Call, 'operation' | 'effect' | 'subject' | 'urgent'> & {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  path: string
  query?: Record<string, string | number>
  body?: unknown
  /** What a 2xx must hold. An empty body (204) reads as null. */
  answer: z.ZodType<T>
}

export type HttpClient = <T>(request: HttpRequest<T>) => Promise<T>

/**
 * Makes a client. A request answers what its schema gives; it throws RetryError, RetryAtError, LookFirstError or
 * NeverRetryError as the contract of the connectors says, and whatever the gate throws.
 */
export function createHttpClient(options: HttpClientOptions): HttpClient {
  return (request) => {
    const { operation, effect, subject, urgent } = request
    const call: Call = {
      provider: options.provider,
      operation,
      effect,
      ...(subject === undefined ? {} : { subject }),
      ...(urgent === undefined ? {} : { urgent }),
    }
    const map = (_call: Call, error: unknown) => errorFor(call, transportFailure(error), error)
    return attempt(options.gate, call, map, async () => {
      const { status, text, retryAfter } = await exchange(options, request)
      const body = text.trim() === '' ? null : parseJson(text)
      if (status < 200 || status >= 300) {
        throw errorFor(call, options.failureOf({ status, body, retryAfter, operation }))
      }
      const answer = request.answer.safeParse(body)
      if (answer.success) return answer.data
      throw errorFor(call, { kind: 'unreadable', status })
    })
  }
}

async function exchange<T>(options: HttpClientOptions, request: HttpRequest<T>) {
  const response = await fetch(addressOf(options.baseUrl, request), {
    method: request.method,
    headers: {
      accept: 'application/json',
      ...(request.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...options.headers,
    },
    redirect: 'manual',
    signal: AbortSignal.timeout(options.timeoutMs),
    ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
  })
  return {
    status: response.status,
    text: await response.text(),
    retryAfter: response.headers.get('retry-after'),
  }
}

function addressOf<T>(baseUrl: string, request: HttpRequest<T>): URL {
  const url = new URL(`${baseUrl.replace(/\/+$/, '')}${request.path}`)
  for (const [name, value] of Object.entries(request.query ?? {})) url.searchParams.set(name, String(value))
  return url
}
