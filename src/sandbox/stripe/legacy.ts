/**
 * Shapes of API versions before 2025-03-31 (basil): an event is rendered in the version of the endpoint, which may be
 * older than the SDK's. docs.stripe.com/changelog/basil, read 2026-11.
 */
import { isRecord, parseJson } from '../../primitives/index.ts'

type Resource = Record<string, unknown>

const LEGACY_VERSION = '2024-06-20'
/** The version with which the period moved to the items, and the subscription to the invoice's parent. */
export const BASIL_VERSION = '2025-03-31'

/** The same event's body as an old endpoint gets it. */
export function legacyEvent(json: string): string {
  const event = parseJson(json)
  if (!isRecord(event) || !isRecord(event.data) || !isRecord(event.data.object)) return json
  const data = { ...event.data, object: legacyResource(event.data.object) }
  return JSON.stringify({ ...event, api_version: LEGACY_VERSION, data })
}

/** An object in its old shape; lists are rendered item by item. */
export function legacyResource(resource: Resource): Resource {
  switch (resource.object) {
    case 'list':
      return { ...resource, data: recordsOf(resource).map(legacyResource) }
    case 'subscription':
      return legacySubscription(resource)
    case 'invoice':
      return legacyInvoice(resource)
    default:
      return resource
  }
}

function legacySubscription(subscription: Resource): Resource {
  const items = isRecord(subscription.items) ? subscription.items : {}
  const [first] = recordsOf(items)
  const data = recordsOf(items).map(
    ({ current_period_start: _start, current_period_end: _end, ...rest }) => rest,
  )
  return {
    ...subscription,
    current_period_start: first?.current_period_start,
    current_period_end: first?.current_period_end,
    items: { ...items, data },
  }
}

function legacyInvoice({ parent, ...invoice }: Resource): Resource {
  const details = isRecord(parent) && isRecord(parent.subscription_details) ? parent.subscription_details : {}
  return {
    ...invoice,
    paid: invoice.status === 'paid',
    subscription: details.subscription ?? null,
    subscription_details: { metadata: details.metadata ?? {} },
  }
}

function recordsOf(list: Resource): Resource[] {
  return Array.isArray(list.data) ? list.data.filter(isRecord) : []
}
