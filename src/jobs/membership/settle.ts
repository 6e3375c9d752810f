/**
 * What follows from what is known of a member, in the transaction that learned it:
 *
 *   entitled, and not treated as a member  → becomes one: profile shown, synced, into the user group
 *   entitled until a day                   → the end is planned for that day (moved when the day moves)
 *   entitled without an end                → a planned end is removed
 *   not entitled, but treated as a member  → the end is planned for now; `member-deactivation` looks again and ends it
 *   gone or barred, and still charged      → the operators are told
 *
 * It only ever compares what is with what should be, so it may be called as often as one likes, in any order.
 */
import { createHash } from 'node:crypto'
import { and, desc, eq, inArray } from 'drizzle-orm'
import { recordAudit, SYSTEM } from '../../audit/index.ts'
import {
  changeMember,
  type Entitlement,
  type Member,
  readEntitlement,
  readMember,
} from '../../community/index.ts'
import { type Transaction, tables } from '../../database/index.ts'
import { describeDuration, newId, parseJson, SECOND_MS } from '../../primitives/index.ts'
import { tellOfCharges } from './charges.ts'
import type { Cause, Followers, MembershipParts } from './parts.ts'

export type Deactivation = typeof tables.deactivations.$inferSelect

/** Stripe counts in seconds; a planned end that moved by less has not moved. */
const SAME_MOMENT_MS = SECOND_MS

/** Settles one member. @returns the member as they are now */
export async function settleMember(
  tx: Transaction,
  parts: MembershipParts,
  followers: Followers,
  memberId: string,
  cause: Cause,
): Promise<Member> {
  const nowMs = parts.clock.now()
  await tx.db
    .select({ id: tables.members.id })
    .from(tables.members)
    .where(eq(tables.members.id, memberId))
    .for('update')
  let member = await clearKept(tx, parts, await readMember(tx, memberId))
  const entitlement = await readEntitlement(tx, member, nowMs, parts.settings.graceMs)
  const joins = entitlement.entitled && member.membership !== 'active'
  if (joins) member = await join(tx, parts, member, entitlement, cause)
  await settlePlan(tx, parts, followers, member, entitlement, cause)
  await syncWhatChanged(tx, followers, member, joins, cause)
  if (joins) await followers.syncGroup(tx)
  await tellOfCharges(tx, parts, followers, member)
  return member
}

/** Most news say what is known already: an invoice that is paid as every month changes nothing at Mailchimp. */
async function syncWhatChanged(
  tx: Transaction,
  followers: Followers,
  member: Member,
  joins: boolean,
  cause: Cause,
): Promise<void> {
  const { email, firstName, lastName, membership, clerkId, deletedAt } = member
  const wanted = JSON.stringify([
    email,
    firstName,
    lastName,
    membership,
    clerkId !== null,
    deletedAt !== null,
  ])
  if (wanted === member.mailchimpWanted && member.mailchimpProblem === null) return
  await tx.db.update(tables.members).set({ mailchimpWanted: wanted }).where(eq(tables.members.id, member.id))
  await followers.syncMember(tx, {
    memberId: member.id,
    // An event may be handled again after a crash, and by then something else may be true.
    sourceEventId: `${cause.sourceEventId}/${fingerprint(wanted)}`,
    action: joins ? 'create' : deletedAt ? 'cancel' : 'update',
  })
}

/** Whether the last sync that was started was for a member, with an account where accounts are kept: such a sync welcomes. */
export function wasSyncedAsMember(
  { modes }: Pick<MembershipParts, 'modes'>,
  { mailchimpWanted }: Pick<Member, 'mailchimpWanted'>,
): boolean {
  const wanted = mailchimpWanted === null ? null : parseJson(mailchimpWanted)
  if (!Array.isArray(wanted)) return false
  const [, , , membership, hasAccount] = wanted
  return membership === 'active' && (modes.clerk === 'off' || hasAccount === true)
}

/** Who was kept by somebody's word, and pays again, needs it no more. */
async function clearKept(tx: Transaction, parts: MembershipParts, member: Member): Promise<Member> {
  if (member.byHand !== 'kept') return member
  const nowMs = parts.clock.now()
  const own = await readEntitlement(tx, { ...member, byHand: null }, nowMs, parts.settings.graceMs)
  const pays = own.entitled && own.endsAtMs === null
  return pays ? changeMember(tx, member.id, { byHand: null }, nowMs) : member
}

async function join(
  tx: Transaction,
  parts: MembershipParts,
  member: Member,
  entitlement: Entitlement,
  cause: Cause,
): Promise<Member> {
  const nowMs = parts.clock.now()
  const back = member.membership === 'ended'
  await recordAudit(tx, {
    atMs: nowMs,
    actor: SYSTEM,
    action: back ? 'came back as a member' : 'became a member',
    target: { kind: 'member', id: member.id },
    reason: `${entitlement.reason}; ${cause.why}`,
  })
  return changeMember(
    tx,
    member.id,
    {
      membership: 'active',
      memberSince: member.memberSince ?? (await firstSubscribed(tx, member.id)) ?? new Date(nowMs),
      membershipEndedAt: null,
      profileHidden: false,
    },
    nowMs,
  )
}

/** Short, and without what it is made of. */
function fingerprint(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8)
}

/** Since when they pay, which may be long before we heard of it. */
async function firstSubscribed(tx: Transaction, memberId: string): Promise<Date | null> {
  const [first] = await tx.db
    .select({ startedAt: tables.subscriptions.startedAt })
    .from(tables.subscriptions)
    .where(eq(tables.subscriptions.memberId, memberId))
    .orderBy(tables.subscriptions.startedAt)
    .limit(1)
  return first?.startedAt ?? null
}

/** Plans, moves or removes the end of the membership. */
async function settlePlan(
  tx: Transaction,
  parts: MembershipParts,
  followers: Followers,
  member: Member,
  entitlement: Entitlement,
  cause: Cause,
): Promise<void> {
  const planned = await plannedEnd(tx, member.id)
  const dueMs = member.membership === 'active' ? dueOf(entitlement, parts.clock.now()) : null
  if (planned && dueMs !== null) {
    // A plan that is held for a person, or that is due already, is on its way.
    const past = planned.dueAt.getTime() <= parts.clock.now() && dueMs <= parts.clock.now()
    if (past || Math.abs(planned.dueAt.getTime() - dueMs) <= SAME_MOMENT_MS) return
  }
  if (planned) await withdraw(tx, parts, planned, dueMs === null ? 'removed' : 'moved', cause)
  if (dueMs !== null) await plan(tx, parts, followers, member, dueMs, entitlement)
}

function dueOf(entitlement: Entitlement, nowMs: number): number | null {
  return entitlement.entitled ? entitlement.endsAtMs : nowMs
}

/** The end that is planned for a member, if any. */
async function plannedEnd(tx: Pick<Transaction, 'db'>, memberId: string): Promise<Deactivation | null> {
  const { deactivations } = tables
  const [row] = await tx.db
    .select()
    .from(deactivations)
    .where(and(eq(deactivations.memberId, memberId), inArray(deactivations.status, ['pending', 'held'])))
    .orderBy(desc(deactivations.createdAt))
    .limit(1)
  return row ?? null
}

async function withdraw(
  tx: Transaction,
  parts: MembershipParts,
  planned: Deactivation,
  status: 'moved' | 'removed',
  cause: Cause,
): Promise<void> {
  const nowMs = parts.clock.now()
  await tx.db
    .update(tables.deactivations)
    .set({ status, settledAt: new Date(nowMs), reason: cause.why })
    .where(eq(tables.deactivations.id, planned.id))
  await parts.starter().cancelDelayed(tx, [planned.runId])
  if (status === 'moved') return
  await recordAudit(tx, {
    atMs: nowMs,
    actor: SYSTEM,
    action: 'is not going to end',
    target: { kind: 'member', id: planned.memberId },
    reason: cause.why,
    detail: { wasPlannedFor: planned.dueAt.toISOString() },
  })
}

async function plan(
  tx: Transaction,
  parts: MembershipParts,
  followers: Followers,
  member: Member,
  dueMs: number,
  entitlement: Entitlement,
): Promise<void> {
  const nowMs = parts.clock.now()
  const id = newId('end')
  const runId = await followers.planDeactivation(tx, id, dueMs)
  await tx.db.insert(tables.deactivations).values({
    id,
    memberId: member.id,
    status: 'pending',
    dueAt: new Date(dueMs),
    runId,
    reason: entitlement.reason,
    createdAt: new Date(nowMs),
  })
  await recordAudit(tx, {
    atMs: nowMs,
    actor: SYSTEM,
    action: 'planned the end of the membership',
    target: { kind: 'member', id: member.id },
    reason: `${entitlement.reason}; ${dueMs > nowMs ? `in ${describeDuration(dueMs - nowMs)}` : 'now'}`,
    detail: { dueAt: new Date(dueMs).toISOString() },
    runId,
  })
}
