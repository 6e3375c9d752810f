/** How Stripe answers: objects, lists with cursors, and errors in its envelope. */
import { list, type Resource } from './resources.ts'

export type StripeAnswer = { status: number; body: Resource }

/** 200 with an object. */
export function found(body: Resource): StripeAnswer {
  return { status: 200, body }
}

/** An error of the caller's making. */
export function refused(
  message: string,
  more: { status?: number; type?: string; code?: string; param?: string } = {},
): StripeAnswer {
  const { status = 400, type = 'invalid_request_error', ...rest } = more
  const doc_url = rest.code
    ? { doc_url: `https://stripe.com/docs/error-codes/${rest.code.replaceAll('_', '-')}` }
    : {}
  return { status, body: { error: { type, message, ...rest, ...doc_url } } }
}

/** 404, as Stripe words it. */
export function missing(what: string, id: string, param = 'id'): StripeAnswer {
  return refused(`No such ${what}: '${id}'`, { status: 404, code: 'resource_missing', param })
}

/**
 * One page of a list that is newest first.
 * @param render renders only what is on the page
 */
export function page<T extends { id: string }>(
  items: readonly T[],
  fields: Resource,
  url: string,
  render: (item: T) => Resource,
): StripeAnswer {
  const limit = fields.limit === undefined ? 10 : Number(fields.limit)
  if (!Number.isInteger(limit) || limit < 1 || limit > 100) {
    return refused('Invalid integer: limit is from 1 to 100', {
      param: 'limit',
      code: 'parameter_invalid_integer',
    })
  }
  const after = fields.starting_after
  const before = fields.ending_before
  const cursor = after ?? before
  const at = cursor === undefined ? -1 : items.findIndex(({ id }) => id === cursor)
  if (cursor !== undefined && at < 0) {
    return refused(`No such object: '${cursor}'`, {
      param: after === undefined ? 'ending_before' : 'starting_after',
    })
  }
  // Going backwards gives the items just before the cursor, in the same order.
  const start = before !== undefined && after === undefined ? Math.max(0, at - limit) : at + 1
  const stop = before !== undefined && after === undefined ? at : start + limit
  const hasMore = before !== undefined && after === undefined ? start > 0 : stop < items.length
  return found(list(items.slice(start, stop).map(render), url, hasMore))
}

/** Whether a time passes a filter like `created[gte]=…`, or `created=…`. Unix seconds. */
export function passesTime(atS: number, filter: unknown): boolean {
  if (filter === undefined) return true
  if (typeof filter === 'string') return atS === Number(filter)
  const { gt, gte, lt, lte } = Object(filter)
  return (
    (gt === undefined || atS > Number(gt)) &&
    (gte === undefined || atS >= Number(gte)) &&
    (lt === undefined || atS < Number(lt)) &&
    (lte === undefined || atS <= Number(lte))
  )
}
