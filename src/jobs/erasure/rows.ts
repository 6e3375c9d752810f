/** The rows that are a person's own. */
import { and, eq, inArray, or, sql } from 'drizzle-orm'
import { recordAudit, SYSTEM } from '../../audit/index.ts'
import { changeMember } from '../../community/index.ts'
import { type Transaction, tables } from '../../database/index.ts'
import type { Followers, MembershipParts } from '../membership/parts.ts'
import { type About, patternOf } from './about.ts'
import { blankQuestions } from './questions.ts'

/** What follows a change of members that an erasure brings about. */
export type ErasureFollowers = Pick<Followers, 'syncGroup'>

/** Makes tombstones of the members and removes what hangs on them. @returns how many rows, by what they were */
export async function eraseRows(
  tx: Transaction,
  parts: MembershipParts,
  followers: ErasureFollowers,
  about: About,
  runId: string,
): Promise<Record<string, number>> {
  const { members, subscriptions, lumaGuests, slackPeople, deliveryPayloads, events } = tables
  const { memberIds, emails, ids } = about
  const alive = await tx.db.select().from(members).where(inArray(members.id, memberIds)).for('update')
  for (const member of alive) await bury(tx, parts, member.id, member.membership, runId)
  await settleEnds(tx, parts, memberIds)
  const counts = {
    members: alive.length,
    questions: await blankQuestions(tx, about),
    // Stripe's ids lead to the person; when they come back, Stripe says anew what they pay.
    subscriptions: rows(await tx.db.delete(subscriptions).where(inArray(subscriptions.memberId, memberIds))),
    lumaGuests: rows(
      await tx.db.update(lumaGuests).set({ memberId: null }).where(inArray(lumaGuests.memberId, memberIds)),
    ),
    slackPeople: rows(
      await tx.db
        .delete(slackPeople)
        .where(or(inArray(slackPeople.email, emails), inArray(slackPeople.id, ids))),
    ),
    deliveryPayloads: 0,
    events: 0,
  }
  // What a service says of a person is more than what we know to look for: all of it goes.
  const pattern = patternOf([...emails, ...ids])
  if (pattern !== null) {
    counts.deliveryPayloads = rows(
      await tx.db.delete(deliveryPayloads).where(sql`${deliveryPayloads.payload}::text ~* ${pattern}`),
    )
    counts.events = rows(
      await tx.db
        .update(events)
        .set({ data: { erased: true } })
        .where(sql`${events.data}::text ~* ${pattern}`),
    )
  }
  if (alive.some(({ membership }) => membership === 'active')) await followers.syncGroup(tx)
  return counts
}

async function bury(
  tx: Transaction,
  parts: MembershipParts,
  memberId: string,
  membership: 'none' | 'active' | 'ended',
  runId: string,
): Promise<void> {
  const nowMs = parts.clock.now()
  const now = new Date(nowMs)
  await changeMember(
    tx,
    memberId,
    {
      clerkId: null,
      stripeCustomerId: null,
      email: null,
      emailVerified: false,
      firstName: null,
      lastName: null,
      ...(membership === 'active' ? { membership: 'ended' as const, membershipEndedAt: now } : {}),
      byHand: null,
      profileHidden: true,
      mailchimpEmail: null,
      mailchimpFormer: null,
      mailchimpWanted: null,
      mailchimpProblem: null,
      slackUserId: null,
      slackState: 'unknown',
      deletedAt: now,
      erasedAt: now,
    },
    nowMs,
  )
  await recordAudit(tx, {
    atMs: nowMs,
    actor: SYSTEM,
    action: 'erased',
    target: { kind: 'member', id: memberId },
    reason: 'they asked to be forgotten',
    runId,
  })
}

/** Nothing is planned for them any more, and what was said of why is forgotten. */
async function settleEnds(tx: Transaction, parts: MembershipParts, memberIds: string[]): Promise<void> {
  const { deactivations } = tables
  const planned = await tx.db
    .update(deactivations)
    .set({ status: 'removed', settledAt: new Date(parts.clock.now()) })
    .where(
      and(inArray(deactivations.memberId, memberIds), inArray(deactivations.status, ['pending', 'held'])),
    )
    .returning({ runId: deactivations.runId })
  await parts.starter().cancelDelayed(
    tx,
    planned.map(({ runId }) => runId),
  )
  for (const memberId of memberIds)
    await tx.db.update(deactivations).set({ reason: '[erased]' }).where(eq(deactivations.memberId, memberId))
}

const rows = ({ rowCount }: { rowCount: number | null }) => rowCount ?? 0
