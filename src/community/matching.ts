/**
 * Who is it? News name a person by a Clerk id, a Stripe customer or an e-mail address; they are matched in this order,
 * an address only when its owner has verified it on one side. Two rows that complete each other (an account without a
 * customer, a customer without an account) become one. Where two of the three point at different people, nobody
 * guesses: it is a conflict, and a person is asked.
 */
import { and, eq, isNull, ne, sql } from 'drizzle-orm'
import { announceChange, type Transaction, tables } from '../database/index.ts'
import { changeMember, type Member, readMember } from './members.ts'

export type Identity = {
  clerkId?: string | null
  customerId?: string | null
  /** Lower case. */
  email?: string | null
  /** Whether the source of this news has verified the address. */
  emailVerified?: boolean
}

export type Match =
  | { kind: 'found'; member: Member }
  | { kind: 'nobody' }
  /**
   * `members`: the two who may be one person, the one with the stronger claim first. `owner`: whom the customer in
   * question belongs to until somebody says otherwise; null: nobody.
   */
  | { kind: 'conflict'; members: readonly [Member, Member]; owner: Member | null; why: string }

/**
 * Matches, and joins two rows that complete each other. Matching is one at a time in the whole program (a lock until the
 * transaction ends), so that two news of one new person do not make two people.
 */
export async function matchMember(tx: Transaction, identity: Identity, nowMs: number): Promise<Match> {
  await tx.db.execute(sql`select pg_advisory_xact_lock(hashtextextended('kinkeeper.matching', 7))`)
  const { members } = tables
  const byClerk = identity.clerkId ? await one(tx, eq(members.clerkId, identity.clerkId)) : null
  const byCustomer = identity.customerId ? await customerOf(tx, identity.customerId) : null
  if (byClerk && byCustomer && byClerk.id !== byCustomer.id) {
    // Also when the account is gone by now: its payment belongs to it in whatever order the news come.
    if (!byCustomer.deletedAt && byCustomer.clerkId === null && byClerk.stripeCustomerId === null)
      return { kind: 'found', member: await mergeMembers(tx, byCustomer, byClerk, nowMs) }
    const why =
      'The account that this payment names and the one that the customer belongs to are two different people.'
    return { kind: 'conflict', members: [byClerk, byCustomer], owner: byCustomer, why }
  }
  const found = byClerk ?? byCustomer
  // Late news of a deleted account must not bury somebody who uses its address now.
  if (found?.deletedAt) return { kind: 'found', member: found }
  const byEmail = await verifiedByEmail(tx, identity, found?.id ?? null)
  if (!byEmail) return found ? { kind: 'found', member: found } : { kind: 'nobody' }
  return matchByEmail(tx, identity, found, byEmail, nowMs)
}

async function matchByEmail(
  tx: Transaction,
  identity: Identity,
  found: Member | null,
  byEmail: Member,
  nowMs: number,
): Promise<Match> {
  const clerkId = found?.clerkId ?? identity.clerkId ?? null
  const customerId = found?.stripeCustomerId ?? identity.customerId ?? null
  const otherAccount = clerkId !== null && byEmail.clerkId !== null && byEmail.clerkId !== clerkId
  const otherCustomer =
    customerId !== null && byEmail.stripeCustomerId !== null && byEmail.stripeCustomerId !== customerId
  if (!otherAccount && !otherCustomer) {
    if (!found) return { kind: 'found', member: byEmail }
    const [into, from] = byEmail.clerkId ? [byEmail, found] : [found, byEmail]
    return { kind: 'found', member: await mergeMembers(tx, from, into, nowMs) }
  }
  // Whoever was found by an id stays who they are; only somebody new is in question.
  if (found) return { kind: 'found', member: found }
  const why = otherAccount
    ? 'Somebody with another account has the same e-mail address.'
    : 'Somebody who pays as another customer has the same e-mail address.'
  return { kind: 'conflict', members: [byEmail, byEmail], owner: null, why }
}

/** Joins two rows of one person: what `from` has and `into` lacks goes over, and `from` is no more. */
export async function mergeMembers(
  tx: Transaction,
  from: Member,
  into: Member,
  nowMs: number,
): Promise<Member> {
  const { members, subscriptions, deactivations, effects, processedEvents, lumaGuests } = tables
  await tx.db.update(subscriptions).set({ memberId: into.id }).where(eq(subscriptions.memberId, from.id))
  await tx.db.update(deactivations).set({ memberId: into.id }).where(eq(deactivations.memberId, from.id))
  // What was done for the one is not to be done again for the other.
  await tx.db.update(effects).set({ subjectId: into.id }).where(eq(effects.subjectId, from.id))
  // An event may have been finished with for both.
  await tx.db.execute(sql`
    insert into ${processedEvents} (job, source_event_id, member_id, at)
    select job, source_event_id, ${into.id}, at from ${processedEvents} where member_id = ${from.id}
    on conflict do nothing`)
  await tx.db.delete(processedEvents).where(eq(processedEvents.memberId, from.id))
  await tx.db.update(lumaGuests).set({ memberId: into.id }).where(eq(lumaGuests.memberId, from.id))
  await tx.db.delete(members).where(eq(members.id, from.id))
  await announceChange(tx, { topic: 'member', id: from.id })
  const earlier = (a: Date | null, b: Date | null) => (a && b ? (a < b ? a : b) : (a ?? b))
  return changeMember(
    tx,
    into.id,
    {
      clerkId: into.clerkId ?? from.clerkId,
      clerkSeenMs: into.clerkId ? into.clerkSeenMs : from.clerkSeenMs,
      stripeCustomerId: into.stripeCustomerId ?? from.stripeCustomerId,
      email: into.email ?? from.email,
      emailVerified: into.email ? into.emailVerified : from.emailVerified,
      firstName: into.firstName ?? from.firstName,
      lastName: into.lastName ?? from.lastName,
      membership: into.membership === 'active' ? into.membership : from.membership,
      memberSince: earlier(into.memberSince, from.memberSince),
      mailchimpEmail: into.mailchimpEmail ?? from.mailchimpEmail,
      mailchimpFormer: formerAddresses(into, from),
      byHand: [into.byHand, from.byHand].includes('barred') ? 'barred' : (into.byHand ?? from.byHand),
      welcomedAt: earlier(into.welcomedAt, from.welcomedAt),
      slackUserId: into.slackUserId ?? from.slackUserId,
      slackState: into.slackUserId ? into.slackState : from.slackState,
      profileHidden: into.profileHidden && from.profileHidden,
    },
    nowMs,
  )
}

async function one(tx: Transaction, condition: ReturnType<typeof eq>): Promise<Member | null> {
  const [row] = await tx.db.select().from(tables.members).where(condition).limit(1)
  return row ?? null
}

/** Both may be contacts at Mailchimp; one of them is to go. */
function formerAddresses(into: Member, from: Member): string[] {
  const left = into.mailchimpEmail !== null && from.mailchimpEmail !== into.mailchimpEmail
  const own = left && from.mailchimpEmail !== null ? [from.mailchimpEmail] : []
  return [...(into.mailchimpFormer ?? []), ...(from.mailchimpFormer ?? []), ...own]
}

/** A customer belongs to the member that carries it, or to whom a person has given its subscriptions. */
export async function customerOf(tx: Transaction, customerId: string): Promise<Member | null> {
  const carrier = await one(tx, eq(tables.members.stripeCustomerId, customerId))
  if (carrier) return carrier
  const [given] = await tx.db
    .select({ memberId: tables.subscriptions.memberId })
    .from(tables.subscriptions)
    .where(
      and(eq(tables.subscriptions.customerId, customerId), sql`${tables.subscriptions.memberId} is not null`),
    )
    .limit(1)
  return given?.memberId ? readMember(tx, given.memberId) : null
}

async function verifiedByEmail(
  tx: Transaction,
  identity: Identity,
  exceptId: string | null,
): Promise<Member | null> {
  if (!identity.email) return null
  const { members } = tables
  const [row] = await tx.db
    .select()
    .from(members)
    .where(
      and(
        eq(members.email, identity.email),
        isNull(members.deletedAt),
        ...(exceptId ? [ne(members.id, exceptId)] : []),
        ...(identity.emailVerified ? [] : [eq(members.emailVerified, true)]),
      ),
    )
    .orderBy(members.createdAt)
    .limit(1)
  return row ?? null
}
