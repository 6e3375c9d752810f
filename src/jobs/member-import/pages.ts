/** One page of Clerk's users or of Stripe's subscriptions: each person is taken over in a transaction of their own. */
import { eq } from 'drizzle-orm'
import type {
  ClerkUser,
  Listed,
  Page,
  StripeCustomer,
  StripeSubscription,
} from '../../connectors/membership-contract.ts'
import { readDatabaseClock, sqlState, tables } from '../../database/index.ts'
import {
  ConflictError,
  NeverRetryError,
  NotFoundError,
  RetryError,
  SECOND_MS,
  seam,
} from '../../primitives/index.ts'
import { erasuresOf } from '../erasure/erased.ts'
import { takeUser } from '../membership/clerk-news.ts'
import type { Cause, MembershipParts } from '../membership/parts.ts'
import { listedNews, readCustomerNews, takeStripeNews } from '../membership/stripe-news.ts'
import type { Settle } from './already.ts'

/** What a step keeps of a page. `next`: the cursor of the one after it. `failed`: who could not be taken over, with why. */
export type PageTaken = { next: string | null; read: number; failed: string[] }
export type TakePage = (cursor: string | null) => Promise<PageTaken>
type Taking = { settle: Settle; cause: Cause & { runId: string } }
type Listing = { subscription: StripeSubscription; customer: StripeCustomer }

/** Takes over a page of Clerk's users. */
export async function takeUsers(
  parts: MembershipParts,
  { settle, cause }: Taking,
  cursor: string | null,
): Promise<PageTaken> {
  const page = await parts.connectors.clerk.listUsers(cursor)
  const { readable, failed } = sort(page)
  const erased = await erasuresOf(
    parts.database,
    readable.flatMap(({ email }) => email ?? []),
  )
  for (const user of readable) {
    if (isForgotten(erased, user.email, user.createdAtMs)) continue
    await takeOne(failed, user.id, () => takeUser(parts, settle, user, cause))
  }
  return { next: page.next, read: page.items.length, failed }
}

/** Takes over a page of Stripe's subscriptions, those of one customer together. */
export async function takeSubscriptions(
  parts: MembershipParts,
  { settle, cause }: Taking,
  cursor: string | null,
): Promise<PageTaken> {
  // Before the reading: what is read later can only be newer.
  const [seenMs, readMs] = [await readDatabaseClock(parts.database), parts.clock.now()]
  const page = await parts.connectors.stripe.listSubscriptions(cursor)
  const { readable, failed } = sort(page)
  const erased = await erasuresOf(
    parts.database,
    readable.flatMap(({ customer }) => customer.email ?? []),
  )
  for (const [id, listed] of Map.groupBy(readable, ({ customer }) => customer.id)) {
    const [{ customer } = { customer: null }] = listed
    const subscriptions = listed.map(({ subscription }) => subscription)
    const newestMs = Math.max(...subscriptions.map(({ createdMs }) => createdMs))
    if (!customer || isForgotten(erased, customer.email, newestMs)) continue
    await takeOne(failed, id, async () => {
      const news = (await wasChangedSince(parts, id, readMs))
        ? await readCustomerNews(parts, id)
        : listedNews(customer, subscriptions, seenMs)
      await takeStripeNews(parts, settle, news, cause)
    })
  }
  return { next: page.next, read: page.items.length, failed }
}

function sort<T extends ClerkUser | Listing>(page: Page<Listed<T>>): { readable: T[]; failed: string[] } {
  const readable: T[] = []
  const failed: string[] = []
  for (const item of page.items) {
    if ('object' in item) readable.push(item.object)
    else failed.push(`${named(item.id)}: ${item.fault} is not as expected`)
  }
  return { readable, failed }
}

/** One whom it is not possible to take over does not stop the others; what may pass is tried again with the page. */
async function takeOne(failed: string[], id: string, take: () => Promise<unknown>): Promise<void> {
  try {
    await take()
  } catch (error) {
    // Another run has just done something to the same person.
    if (error instanceof ConflictError || error instanceof NotFoundError)
      throw new RetryError(error.message, { cause: error })
    const why = whyNever(error)
    if (why === null) throw error
    failed.push(`${named(id)}: ${why}`)
  }
  seam('member-import.after-person')
}

/** In words; null: it may succeed another time. PostgreSQL's classes 22 and 23: the data itself is at fault. */
function whyNever(error: unknown): string | null {
  const state = sqlState(error) ?? ''
  if (/^2[23]/.test(state)) return `cannot be kept (${state})`
  return error instanceof NeverRetryError ? error.message : null
}

/** Erased people stay so as long as they do nothing new: a row at Clerk or Stripe from before is not news of them. */
function isForgotten(erased: ReadonlyMap<string, number>, email: string | null, beganMs: number): boolean {
  const erasedMs = erased.get(email ?? '')
  return erasedMs !== undefined && beganMs <= erasedMs
}

/** News of a webhook may have come while the page was being taken over: then the page is the older. */
async function wasChangedSince(parts: MembershipParts, customerId: string, atMs: number): Promise<boolean> {
  const { members } = tables
  const [known] = await parts.database.db
    .select({ updatedAt: members.updatedAt })
    .from(members)
    .where(eq(members.stripeCustomerId, customerId))
  return known !== undefined && known.updatedAt.getTime() > atMs - SECOND_MS
}

/** An id is kept and shown as it is, so it has to look like one. */
function named(id: string): string {
  return /^[\w-]{1,100}$/.test(id) ? id : 'somebody without a readable id'
}
