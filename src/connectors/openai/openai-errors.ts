import { APIConnectionTimeoutError, APIError } from 'openai'
import { type KinkeeperError, SECOND_MS } from '../../primitives/index.ts'
import {
  type Call,
  errorFor,
  type Failure,
  retryAfterMs,
  statusFailure,
  transportFailure,
} from '../failures.ts'

/** Rate limits of OpenAI are per minute. */
export const OPENAI_PAUSE_MS = 20 * SECOND_MS

/** 429 with one of these means that waiting will not help. */
const FINAL = new Set(['insufficient_quota', 'billing_hard_limit_reached', 'billing_not_active'])

/** Maps whatever the OpenAI SDK threw to the error that says what to do next. Pure. */
export function openAiError(call: Call, error: unknown): KinkeeperError {
  return errorFor(call, openAiFailure(call, error), error)
}

function openAiFailure(call: Call, error: unknown): Failure {
  if (error instanceof APIConnectionTimeoutError) return { kind: 'timeout' }
  if (error instanceof SyntaxError) return { kind: 'unreadable', status: 200 }
  if (!(error instanceof APIError) || error.status === undefined) return transportFailure(error)
  const status: number = error.status
  const code = error.code ?? error.type ?? null
  if (code !== null && FINAL.has(code)) {
    const explanation =
      'The OpenAI account has no credit left: add some, or unset OPENAI_API_KEY to parse by rules.'
    return { kind: 'refused', explanation, status, code }
  }
  return statusFailure(status, {
    code,
    retryAfterMs: pauseMs(error.headers),
    explanation: explain(call, status, code),
  })
}

/** `retry-after-ms` is the finer one of the two headers that OpenAI sends. */
function pauseMs(headers: Headers | undefined): number {
  const fine = Number(headers?.get('retry-after-ms') ?? Number.NaN)
  return Number.isFinite(fine) && fine >= 0
    ? fine
    : retryAfterMs(headers?.get('retry-after'), OPENAI_PAUSE_MS)
}

function explain(call: Call, status: number, code: string | null): string {
  if (status === 401) return 'OpenAI refused the key: check OPENAI_API_KEY.'
  if (status === 403) return 'The OpenAI key may not do this: check the project’s permissions.'
  if (code === 'model_not_found' || status === 404) return 'OpenAI knows no such model: check OPENAI_MODEL.'
  return `OpenAI refused ${call.operation}: ${code ?? `HTTP ${status}`}.`
}
