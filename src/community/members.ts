/**
 * Members: the people whom the community knows, and what their services say of them. News come in any order and more
 * than once; a row is only ever changed by newer news than it has seen. A deleted person stays as a tombstone, so that
 * a late event does not bring them back.
 */
import { and, eq, inArray, isNull, lt, or, type SQL, sql } from 'drizzle-orm'
import { announceChange, onlyRow, type Transaction, tables } from '../database/index.ts'
import { NotFoundError, newId } from '../primitives/index.ts'
import { type Entitlement, entitlementOf } from './entitlement.ts'

export type Member = typeof tables.members.$inferSelect
export type MemberChange = Partial<Omit<Member, 'id' | 'createdAt'>>

/** What an account says of a person. `seenMs`: how new it is, epoch milliseconds by the account's own clock. */
export type AccountNews = {
  clerkId: string
  email: string | null
  emailVerified: boolean
  firstName: string | null
  lastName: string | null
  seenMs: number
}

/** What the payment service says of a subscription. `seenMs`: when it said so. */
export type SubscriptionNews = {
  id: string
  customerId: string
  status: string
  periodStartMs: number | null
  periodEndMs: number | null
  cancelAtPeriodEnd: boolean
  cancelAtMs: number | null
  endedAtMs: number | null
  endedForNonPayment: boolean
  createdMs: number
  seenMs: number
}

/** @throws NotFoundError */
export async function readMember(tx: Pick<Transaction, 'db'>, id: string): Promise<Member> {
  const [row] = await tx.db.select().from(tables.members).where(eq(tables.members.id, id))
  if (!row) throw new NotFoundError('There is no such member. They may have been merged with another.')
  return row
}

/** Locks a member until the transaction ends, and reads them as they are then. Null: merged with another. */
export async function lockMember(tx: Transaction, id: string): Promise<Member | null> {
  const [row] = await tx.db.select().from(tables.members).where(eq(tables.members.id, id)).for('update')
  return row ?? null
}

/** By our own id, a Clerk id, a Stripe customer or an e-mail address: whatever an event names. Null: nobody. */
export async function findMember(tx: Pick<Transaction, 'db'>, reference: string): Promise<Member | null> {
  const { members } = tables
  const [row] = await tx.db
    .select()
    .from(members)
    .where(
      or(
        eq(members.id, reference),
        eq(members.clerkId, reference),
        eq(members.stripeCustomerId, reference),
        eq(members.email, reference.toLowerCase()),
      ),
    )
    .orderBy(members.createdAt)
    .limit(1)
  return row ?? null
}

/** Adds a person of whom only this much is known yet. */
export async function createMember(tx: Transaction, known: MemberChange, nowMs: number): Promise<Member> {
  const now = new Date(nowMs)
  const values = { ...known, id: newId('mem'), createdAt: now, updatedAt: now }
  const member = onlyRow(await tx.db.insert(tables.members).values(values).returning(), 'member')
  await announceChange(tx, { topic: 'member', id: member.id })
  return member
}

/** Changes a member's row; says so to the surfaces. @throws NeverRetryError when there is none */
export async function changeMember(
  tx: Transaction,
  id: string,
  change: MemberChange,
  nowMs: number,
): Promise<Member> {
  const rows = await tx.db
    .update(tables.members)
    .set({ ...change, updatedAt: new Date(nowMs) })
    .where(eq(tables.members.id, id))
    .returning()
  await announceChange(tx, { topic: 'member', id })
  return onlyRow(rows, 'member')
}

/** Takes over what an account says, unless something newer is known, or the person is gone. @returns the changed row, or null */
export async function takeAccountNews(
  tx: Transaction,
  member: Member,
  news: AccountNews,
  nowMs: number,
): Promise<Member | null> {
  const { members } = tables
  const rows = await tx.db
    .update(members)
    .set({
      clerkId: news.clerkId,
      ...(news.email === null ? {} : { email: news.email, emailVerified: news.emailVerified }),
      firstName: news.firstName,
      lastName: news.lastName,
      clerkSeenMs: news.seenMs,
      updatedAt: new Date(nowMs),
    })
    .where(and(eq(members.id, member.id), isNull(members.deletedAt), lt(members.clerkSeenMs, news.seenMs)))
    .returning()
  if (rows[0]) await announceChange(tx, { topic: 'member', id: member.id })
  return rows[0] ?? null
}

/**
 * Takes over what the payment service says of a subscription, unless something newer is known.
 * @param memberId whose it is; null: nobody has said, and it stays whose it was
 * @returns whether it was news
 */
export async function takeSubscriptionNews(
  tx: Transaction,
  news: SubscriptionNews,
  memberId: string | null,
): Promise<boolean> {
  const { subscriptions } = tables
  const at = (ms: number | null) => (ms === null ? null : new Date(ms))
  const row = {
    customerId: news.customerId,
    memberId,
    status: news.status,
    periodStartAt: at(news.periodStartMs),
    periodEndAt: at(news.periodEndMs),
    cancelAtPeriodEnd: news.cancelAtPeriodEnd,
    cancelAt: at(news.cancelAtMs),
    endedAt: at(news.endedAtMs),
    endedForNonPayment: news.endedForNonPayment,
    startedAt: new Date(news.createdMs),
    seenMs: news.seenMs,
  }
  const taken = await tx.db
    .insert(subscriptions)
    .values({ id: news.id, ...row })
    .onConflictDoUpdate({
      target: subscriptions.id,
      set: { ...row, memberId: memberId ?? sql`${subscriptions.memberId}` },
      // Stripe counts in seconds, and tells of a beginning and of its payment in one: of two that are equally new, the
      // one that is further on is the later.
      setWhere: sql`${subscriptions.seenMs} < excluded.seen_ms
        or (${subscriptions.seenMs} = excluded.seen_ms and ${stageOf(sql`${subscriptions.status}`)} <= ${stageOf(sql`excluded.status`)})`,
    })
    .returning({ id: subscriptions.id })
  return taken.length > 0
}

/**
 * How far a subscription is on its way: not begun, going on, over. What is over does not begin again.
 * https://docs.stripe.com/billing/subscriptions/overview#subscription-statuses (2026-11)
 */
function stageOf(status: SQL): SQL {
  return sql`case ${status} when 'incomplete' then 0 when 'incomplete_expired' then 2 when 'canceled' then 2 else 1 end`
}

/** Gives the subscriptions of a customer to their member. */
export async function assignSubscriptions(
  tx: Transaction,
  customerId: string,
  memberId: string,
): Promise<void> {
  await tx.db
    .update(tables.subscriptions)
    .set({ memberId })
    .where(eq(tables.subscriptions.customerId, customerId))
}

/** Whether this member is one now, by everything that is known. */
export async function readEntitlement(
  tx: Pick<Transaction, 'db'>,
  member: Pick<Member, 'id' | 'byHand' | 'deletedAt'>,
  nowMs: number,
  graceMs: number,
): Promise<Entitlement> {
  if (member.deletedAt) return { entitled: false, reason: 'the account was deleted' }
  const rows = await tx.db
    .select()
    .from(tables.subscriptions)
    .where(eq(tables.subscriptions.memberId, member.id))
  return entitlementOf(rows, member.byHand, nowMs, graceMs)
}

/** The members among these addresses, in one query, by lower-case address. */
export async function membersByEmail(
  db: Transaction['db'],
  emails: readonly string[],
): Promise<Map<string, Member>> {
  if (emails.length === 0) return new Map()
  const rows = await db
    .select()
    .from(tables.members)
    .where(and(inArray(tables.members.email, [...new Set(emails)]), isNull(tables.members.deletedAt)))
  return new Map(
    rows
      .toSorted((a, b) => Number(a.membership === 'active') - Number(b.membership === 'active'))
      .flatMap((row) => (row.email ? [[row.email, row] as const] : [])),
  )
}

/** How a person is named to moderators; never empty. */
export function memberName(member: Pick<Member, 'firstName' | 'lastName' | 'email'>): string {
  const name = [member.firstName, member.lastName].filter(Boolean).join(' ')
  return name || member.email || 'Somebody without a name'
}
