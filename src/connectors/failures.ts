/**
 * What follows a failed call to a provider. Each provider translates its own failures into a `Failure`; `errorFor`
 * alone decides which error that becomes. The question is always whether the call may have happened: only a call
 * that certainly did not may simply be repeated, unless repeating it is harmless.
 */
import {
  type ErrorFacts,
  KinkeeperError,
  LookFirstError,
  NeverRetryError,
  RetryAtError,
  RetryError,
  SECOND_MS,
  systemNow,
} from '../primitives/index.ts'
import type { Gate, ProviderName } from './contract.ts'

/**
 * One request. `once`: repeating it would do it twice. `repeatable`: a read, or a write that repeating leaves the same.
 * `overwrites`: repeating it leaves the same too, but if the first one came late, it would undo what was written since.
 * `subject` and `urgent` are for the gate: see `Gate`.
 */
export type Call = {
  provider: ProviderName
  operation: string
  effect: 'once' | 'repeatable' | 'overwrites'
  subject?: string
  urgent?: boolean
}

export type Failure =
  /** The request never reached the provider: connection refused, no such host, no TLS. */
  | { kind: 'not_sent'; code: string }
  /** No answer in time; the request may still be at work on the other side. */
  | { kind: 'timeout' }
  /** The connection was cut while the answer was awaited or read. */
  | { kind: 'cut'; code: string }
  /** The provider failed: 5xx, or its own word for it. */
  | { kind: 'broken'; status: number | null; code: string | null }
  /** A 2xx whose content cannot be understood. */
  | { kind: 'unreadable'; status: number }
  | { kind: 'rate_limited'; retryAfterMs: number; status: number | null; code: string | null }
  /** Refused for good. `explanation`: what is wrong and what to do, in plain words, without personal data. */
  | { kind: 'refused'; explanation: string; status: number | null; code: string | null }

/** How long a request that timed out may still be at work on the other side. */
const SETTLE_AFTER_TIMEOUT_MS = 15 * SECOND_MS
/** After a cut or an error page the other side is done; its lists may lag a moment. */
const SETTLE_AFTER_CUT_MS = SECOND_MS

const NAMES: Record<ProviderName, string> = {
  slack: 'Slack',
  circle: 'Circle',
  twilio: 'Twilio',
  openai: 'OpenAI',
  mailchimp: 'Mailchimp',
  luma: 'Luma',
  stripe: 'Stripe',
  clerk: 'Clerk',
  pagerduty: 'PagerDuty',
  email: 'The mail server',
}

/** The error that a failure of a call becomes. Its facts carry provider, operation, kind of failure, and status and code if any. */
export function errorFor(call: Call, failure: Failure, cause?: unknown): KinkeeperError {
  const facts = {
    provider: call.provider,
    operation: call.operation,
    failure: failure.kind,
    ...('status' in failure && failure.status !== null ? { status: failure.status } : {}),
    ...('code' in failure && failure.code !== null ? { code: failure.code } : {}),
  }
  const options = { facts, ...(cause === undefined ? {} : { cause }) }
  const message = describe(NAMES[call.provider], call.operation, failure)
  switch (failure.kind) {
    case 'refused':
      return new NeverRetryError(message, options)
    case 'rate_limited':
      return new RetryAtError(message, failure.retryAfterMs, options)
    case 'not_sent':
      return new RetryError(message, options)
    case 'timeout':
      return maybeDone(call, message, SETTLE_AFTER_TIMEOUT_MS, options)
    case 'cut':
    case 'broken':
    case 'unreadable':
      return maybeDone(call, message, SETTLE_AFTER_CUT_MS, options)
  }
}

/**
 * Makes one request through the gate; whatever `act` throws becomes one of our errors by the provider's `map` before
 * the gate sees it. Our own errors pass through, and so does what the gate itself throws.
 */
export function attempt<T>(
  gate: Gate,
  call: Call,
  map: (call: Call, error: unknown) => KinkeeperError,
  act: (call: Call) => Promise<T>,
): Promise<T> {
  const { effect: _, ...request } = call
  return gate(request, async () => {
    try {
      return await act(call)
    } catch (error) {
      throw error instanceof KinkeeperError ? error : map(call, error)
    }
  })
}

/** The answer, or null when the provider says that there is no such thing. */
export async function orNull<T>(
  answer: Promise<T>,
  isMissing: (facts: ErrorFacts) => boolean,
): Promise<T | null> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof NeverRetryError && isMissing(error.facts)) return null
    throw error
  }
}

/**
 * Sorts an error of the network into what it says about the request, from the codes of Node, undici and OpenSSL that
 * it or its causes carry. What is not known counts as cut: the cautious reading.
 */
export function transportFailure(error: unknown): Failure {
  const chain = causesOf(error)
  const codes = chain.flatMap((link) => (typeof link.code === 'string' ? [link.code] : []))
  const code = codes.at(-1) ?? 'unknown'
  const timedOut = chain.some((link) => link.name === 'TimeoutError')
  const connecting = chain.some((link) => link.syscall === 'connect')
  if (connecting || codes.some((each) => NOT_SENT.test(each))) return { kind: 'not_sent', code }
  if (timedOut || codes.some((each) => TIMED_OUT.test(each))) return { kind: 'timeout' }
  return { kind: 'cut', code }
}

/**
 * The failure behind an HTTP status other than 2xx. 408, 502, 504 and 52x come from something in between.
 */
export function statusFailure(
  status: number,
  answer: { code: string | null; retryAfterMs: number; explanation: string },
): Failure {
  const { code, retryAfterMs, explanation } = answer
  if (status === 429) return { kind: 'rate_limited', retryAfterMs, status, code }
  // A gateway's answer: the provider behind it may still be at work, exactly as after a timeout.
  if (GATEWAY.has(status)) return { kind: 'timeout' }
  if (status >= 500) return { kind: 'broken', status, code }
  return { kind: 'refused', explanation, status, code }
}

/** A Retry-After header (seconds or a date) in milliseconds from now, at most a day; the default when it says nothing. */
export function retryAfterMs(
  header: string | null | undefined,
  defaultMs: number,
  nowMs = systemNow(),
): number {
  const text = header?.trim() ?? ''
  const inSeconds = /^\d+(?:\.\d+)?$/.test(text)
  const isDate = /^[A-Za-z]{3}, .* GMT$/.test(text)
  const ms = inSeconds ? Number(text) * SECOND_MS : isDate ? Date.parse(text) - nowMs : Number.NaN
  return Number.isFinite(ms) ? Math.min(Math.max(Math.ceil(ms), 0), 86_400_000) : defaultMs
}

/** https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors/ for 52x */
const GATEWAY = new Set([408, 502, 504, 520, 521, 522, 523, 524])
const NOT_SENT =
  /^(?:ECONNREFUSED|ENOTFOUND|EAI_\w+|UND_ERR_CONNECT_TIMEOUT|ERR_INVALID_URL|ERR_TLS_CERT_\w+|CERT_\w+|SELF_SIGNED_\w+|DEPTH_ZERO_\w+|UNABLE_TO_\w+)$/
const TIMED_OUT = /^(?:ETIMEDOUT|ECONNABORTED|ESOCKETTIMEDOUT|UND_ERR_HEADERS_TIMEOUT|UND_ERR_BODY_TIMEOUT)$/

function maybeDone(
  call: Call,
  message: string,
  settleMs: number,
  options: ConstructorParameters<typeof RetryError>[1],
) {
  if (call.effect === 'once') return new LookFirstError(message, settleMs, options)
  return new RetryError(message, call.effect === 'overwrites' ? { ...options, settleMs } : options)
}

function describe(name: string, operation: string, failure: Failure): string {
  switch (failure.kind) {
    case 'refused':
      return failure.explanation
    case 'rate_limited':
      return `${name} asks to wait ${Math.ceil(failure.retryAfterMs / SECOND_MS)} s before ${operation} is tried again.`
    case 'not_sent':
      return `${name} cannot be reached (${failure.code}); ${operation} was not sent.`
    case 'timeout':
      return `${name} did not answer ${operation} in time.`
    case 'cut':
      return `The connection to ${name} was cut during ${operation} (${failure.code}).`
    case 'broken':
      return `${name} failed during ${operation} (${failure.status ?? failure.code ?? 'no status'}).`
    case 'unreadable':
      return `${name} answered ${operation} with ${failure.status}, but the answer cannot be read.`
  }
}

type Link = { name?: unknown; code?: unknown; syscall?: unknown; cause?: unknown; original?: unknown }

/** An error, its cause, the cause's cause … outermost first; at most eight. */
function causesOf(error: unknown): Link[] {
  const chain: Link[] = []
  let link: unknown = error
  while (typeof link === 'object' && link !== null && chain.length < 8) {
    const current: Link = link
    chain.push(current)
    link = current.cause ?? current.original
  }
  return chain
}
