/** `POST /webhooks/clerk`: an event of Clerk's, sent by Svix and verified by Clerk's own library on the raw bytes. */
import { verifyWebhook } from '@clerk/backend/webhooks'
import type { Context } from 'hono'
import { isRecord, MINUTE_MS, parseJson, SECOND_MS, systemNow } from '../primitives/index.ts'
import { type JsonDeliveryOptions, jsonDeliveryHandler } from './json-delivery.ts'
import type { RefusalReason } from './refusals.ts'

export type ClerkWebhookOptions = JsonDeliveryOptions & {
  /** Null when Clerk is off. */
  webhookSecret: string | null
  handled: ReadonlySet<string>
}

const SVIX_HEADERS = ['svix-id', 'svix-timestamp', 'svix-signature'] as const
/** Standard Webhooks, either way. https://www.standardwebhooks.com (2026-11) */
const TOLERANCE_MS = 5 * MINUTE_MS

/** The svix-id is the delivery's name: it stays the same over all repetitions. */
export function clerkHandler(options: ClerkWebhookOptions): (context: Context) => Promise<Response> {
  const { webhookSecret } = options
  return jsonDeliveryHandler(options, {
    name: 'clerk',
    off: webhookSecret === null,
    handled: options.handled,
    verify: (context, rawBody) =>
      verifyClerkEvent(rawBody, (name) => context.req.header(name) ?? null, webhookSecret ?? ''),
    typeOf: (payload) => (isRecord(payload) && typeof payload.type === 'string' ? payload.type : null),
  })
}

/** @param header reads a header of the request */
export async function verifyClerkEvent(
  rawBody: Uint8Array,
  header: (name: string) => string | null,
  webhookSecret: string,
): Promise<{ id: string } | { refused: RefusalReason }> {
  const values = SVIX_HEADERS.map((name) => [name, header(name) ?? ''] as const)
  if (values.some(([, value]) => value === '')) return { refused: 'missing_header' }
  const [id, timestamp, signature] = values.map(([, value]) => value)
  if (!/^\d{1,12}$/.test(timestamp ?? '') || !/\bv1,[A-Za-z0-9+/]{43}=/.test(signature ?? ''))
    return { refused: 'malformed_header' }
  if (Math.abs(systemNow() - Number(timestamp) * SECOND_MS) > TOLERANCE_MS)
    return { refused: 'stale_timestamp' }
  try {
    const request = new Request('http://localhost/', {
      method: 'POST',
      headers: values.map(([name, value]) => [name, value]),
      body: Buffer.from(rawBody),
    })
    await verifyWebhook(request, { signingSecret: webhookSecret })
    return { id: id ?? '' }
  } catch (error) {
    // The library verifies, then parses: what it says of neither signature nor key is about a body that is not JSON.
    const matched = !(error instanceof Error && /No matching signature/.test(error.message))
    const isEvent = isRecord(parseJson(new TextDecoder().decode(rawBody)))
    return { refused: matched && !isEvent ? 'malformed' : 'mismatch' }
  }
}
