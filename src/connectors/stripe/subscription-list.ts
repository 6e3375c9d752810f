/**
 * All subscriptions, the oldest first, as their events came. Stripe lists the newest first and has no other order, so the
 * end of the list is looked for first, by pages that give nothing, and from there the list is read backwards. What
 * begins meanwhile is at its beginning, and is read last.
 * https://docs.stripe.com/api/pagination (2026-11)
 */
import type { z } from 'zod'
import type { Listed, Page, StripeCustomer, StripeSubscription } from '../membership-contract.ts'
import { type listedPageSchema, readListed } from './stripe-objects.ts'

type StripePage = z.infer<typeof listedPageSchema>
/** What Stripe is asked for beside the number. */
type Place = { starting_after?: string; ending_before?: string }

/** Where a cursor of ours points: `after:sub_1` on the way to the end, `before:sub_1` on the way back. */
export function readPlace(cursor: string | null): Place {
  const [, way, id] = /^(after|before):(.+)$/.exec(cursor ?? '') ?? []
  if (id === undefined) return {}
  return way === 'before' ? { ending_before: id } : { starting_after: id }
}

/** Our page, of what Stripe answered for `place`. */
export function pageAt(
  place: Place,
  { data, has_more }: StripePage,
): Page<Listed<{ subscription: StripeSubscription; customer: StripeCustomer }>> {
  const [newest, oldest] = [data.at(0), data.at(-1)]
  const isOnTheWayThere = place.ending_before === undefined
  if (isOnTheWayThere && has_more && oldest) return { items: [], next: `after:${oldest.id}` }
  // Read from the first page on there is nothing before it; on the way back `has_more` is about what is newer.
  const isFirst = isOnTheWayThere ? place.starting_after === undefined : !has_more
  // A list whose end has moved exactly to the cursor has an empty last page.
  const next = newest?.id ?? place.starting_after
  return { items: data.map(readListed).reverse(), next: isFirst || !next ? null : `before:${next}` }
}
