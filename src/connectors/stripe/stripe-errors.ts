import Stripe from 'stripe'
import { type KinkeeperError, SECOND_MS } from '../../primitives/index.ts'
import {
  type Call,
  errorFor,
  type Failure,
  retryAfterMs,
  statusFailure,
  transportFailure,
} from '../failures.ts'

/** Stripe counts requests per second; a burst passes at once. */
const RATE_LIMIT_PAUSE_MS = 2 * SECOND_MS

/** An answer other than 2xx that is not Stripe's own: a gateway's, a proxy's. */
export class ForeignAnswer extends Error {
  readonly status: number
  readonly retryAfter: string | null

  constructor(status: number, retryAfter: string | null) {
    super(`HTTP ${status}, not from Stripe`)
    this.name = 'ForeignAnswer'
    this.status = status
    this.retryAfter = retryAfter
  }
}

/** Maps whatever the Stripe SDK threw to the error that says what to do next. Pure. */
export function stripeError(call: Call, error: unknown): KinkeeperError {
  return errorFor(call, stripeFailure(call, error), error)
}

/** https://docs.stripe.com/error-handling (2026-11) */
function stripeFailure(call: Call, error: unknown): Failure {
  const { errors } = Stripe
  if (error instanceof errors.StripeConnectionError) {
    // What the SDK calls its detail is what `fetch` threw.
    const thrown: unknown = error.detail
    return thrown instanceof ForeignAnswer ? foreignFailure(thrown) : transportFailure(thrown)
  }
  if (!(error instanceof errors.StripeError)) return transportFailure(error)
  const status = error.statusCode
  // The SDK's word for an answer that is no JSON, whose status it drops.
  if (status === undefined) return { kind: 'unreadable', status: 200 }
  const code = error.code ?? error.rawType ?? null
  const pauseMs = retryAfterMs(error.headers?.['retry-after'], RATE_LIMIT_PAUSE_MS)
  // 409: somebody else's request holds the object for a moment.
  if (error instanceof errors.StripeRateLimitError || status === 409) {
    return { kind: 'rate_limited', retryAfterMs: pauseMs, status, code }
  }
  return statusFailure(status, { code, retryAfterMs: pauseMs, explanation: explain(call, error, code) })
}

function foreignFailure({ status, retryAfter }: ForeignAnswer): Failure {
  return statusFailure(status, {
    code: null,
    retryAfterMs: retryAfterMs(retryAfter, RATE_LIMIT_PAUSE_MS),
    explanation: `Something between us and Stripe answered with HTTP ${status}: check STRIPE_API_URL and the network.`,
  })
}

function explain(
  call: Call,
  error: InstanceType<typeof Stripe.errors.StripeError>,
  code: string | null,
): string {
  const { errors } = Stripe
  if (error instanceof errors.StripeAuthenticationError)
    return 'Stripe refused the key: check STRIPE_API_KEY.'
  if (error instanceof errors.StripePermissionError) {
    return `The Stripe key may not do ${call.operation}: give the restricted key “read” for customers and subscriptions.`
  }
  if (code === 'resource_missing') return `Stripe does not know what ${call.operation} asks for.`
  return `Stripe refused ${call.operation}: ${code ?? `HTTP ${error.statusCode}`}.`
}
