/** What happened, as an event: kept for `GET /v1/events`, and sent to the endpoint. */
import { derivedId } from '../derived-id.ts'
import { queueWebhook } from '../webhooks.ts'
import type { World } from '../world.ts'
import { API_VERSION, seconds } from './resources.ts'

export type EventType =
  | 'checkout.session.completed'
  | 'customer.subscription.created'
  | 'customer.subscription.updated'
  | 'customer.subscription.deleted'
  | 'invoice.paid'
  | 'invoice.payment_failed'
  | 'customer.updated'

/**
 * Records an event and queues its webhook.
 * @param object the object as it is after what happened
 * @param previous of an `updated` event: the changed fields as they were
 */
export function emitStripe(
  world: World,
  type: EventType,
  object: Record<string, unknown>,
  atMs: number,
  previous?: Record<string, unknown>,
): void {
  const subjectId = String(object.id)
  const id = derivedId('evt_', subjectId, world.nextNumber('webhook'))
  const event = {
    id,
    object: 'event',
    api_version: API_VERSION,
    created: seconds(atMs),
    data: { object, ...(previous && { previous_attributes: previous }) },
    livemode: false,
    pending_webhooks: 1,
    request: { id: null, idempotency_key: null },
    type,
  }
  queueWebhook(world, {
    id,
    provider: 'stripe',
    type,
    subjectId,
    createdMs: atMs,
    json: JSON.stringify(event),
  })
}
