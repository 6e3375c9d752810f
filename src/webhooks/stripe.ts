/** `POST /webhooks/stripe`: an event of Stripe's, verified by Stripe's own library on the raw bytes. */
import type { Context } from 'hono'
import Stripe from 'stripe'
import { isRecord } from '../primitives/index.ts'
import { type JsonDeliveryOptions, jsonDeliveryHandler } from './json-delivery.ts'
import type { RefusalReason } from './refusals.ts'

export type StripeWebhookOptions = JsonDeliveryOptions & {
  /** Null when Stripe is off. */
  webhookSecret: string | null
  handled: ReadonlySet<string>
}

const HEADER = /^(?=.*\bt=\d{1,12}\b)(?=.*\bv1=[0-9a-f]{64}\b)/

/** Of an event only its own id counts as its name: it stays the same over all repetitions. */
export function stripeHandler(options: StripeWebhookOptions): (context: Context) => Promise<Response> {
  const { webhookSecret } = options
  return jsonDeliveryHandler(options, {
    name: 'stripe',
    off: webhookSecret === null,
    handled: options.handled,
    async verify(context, rawBody) {
      return verifyStripeEvent(rawBody, context.req.header('stripe-signature') ?? null, webhookSecret ?? '')
    },
    typeOf: (payload) => (isRecord(payload) && typeof payload.type === 'string' ? payload.type : null),
  })
}

/**
 * Stripe's signature: HMAC-SHA256 over `timestamp.body`, not older than five minutes. Several `v1` may be given while a
 * secret is being replaced; one that matches is enough. https://docs.stripe.com/webhooks/signature (2026-11)
 */
export function verifyStripeEvent(
  rawBody: Uint8Array,
  header: string | null,
  webhookSecret: string,
): { id: string } | { refused: RefusalReason } {
  if (!header) return { refused: 'missing_header' }
  if (!HEADER.test(header)) return { refused: 'malformed_header' }
  try {
    const event = Stripe.webhooks.constructEvent(Buffer.from(rawBody), header, webhookSecret)
    return typeof event.id === 'string' && event.id !== '' ? { id: event.id } : { refused: 'malformed' }
  } catch (error) {
    // What is not a wrong signature is a body that is not what it should be.
    if (!(error instanceof Stripe.errors.StripeSignatureVerificationError)) return { refused: 'malformed' }
    return { refused: /tolerance/.test(error.message) ? 'stale_timestamp' : 'mismatch' }
  }
}
