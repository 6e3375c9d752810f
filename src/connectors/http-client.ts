/**
 * The client for providers without a living SDK: JSON over fetch, with a deadline, answers checked by a schema, and
 * failures sorted by `errorFor`. It never retries by itself and never follows a redirect: the engine decides.
 */
import type { z } from 'zod'
import { parseJson } from '../primitives/index.ts'
import { type Call, errorFor, retryAfterMs, statusFailure, transportFailure } from './failures.ts'

export type HttpClientOptions = {
  provider: Call['provider']
  /** Origin and, if any, a path prefix: what the provider's own paths are appended to. */
  baseUrl: string
  headers: Record<string, string>
  timeoutMs: number
  /** How long to wait after a 429 that does not say. */
  rateLimitPauseMs: number
  /** Says in plain words what a refusal means and what to do; `body` is the parsed answer, or undefined. */
  explain(status: number, body: unknown, operation: string): string
}

export type HttpRequest<T> = {
  operation: string
  effect: Call['effect']
  method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  path: string
  query?: Record<string, string | number>
  body?: unknown
  answer: z.ZodType<T>
}

export type HttpClient = <T>(request: HttpRequest<T>) => Promise<T>

/**
 * Makes a client. A request answers what its schema gives; it throws RetryError, RetryAtError, LookFirstError or
 * NeverRetryError as the contract of the connectors says.
 */
export function createHttpClient(options: HttpClientOptions): HttpClient {
  return async (request) => {
    const call: Call = { provider: options.provider, operation: request.operation, effect: request.effect }
    const { status, text, retryAfter } = await exchange(options, request).catch((error: unknown) => {
      throw errorFor(call, transportFailure(error), error)
    })
    const body = parseJson(text)
    if (status >= 200 && status < 300) {
      const answer = request.answer.safeParse(body)
      if (answer.success) return answer.data
      throw errorFor(call, { kind: 'unreadable', status })
    }
    const failure = statusFailure(status, {
      code: null,
      retryAfterMs: retryAfterMs(retryAfter, options.rateLimitPauseMs),
      explanation: options.explain(status, body, request.operation),
    })
    throw errorFor(call, failure)
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
