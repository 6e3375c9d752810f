/**
 * `member-deactivation`: ends a membership on the day that was planned, and not before: cancelled is not expired. When
 * it fires it asks Stripe again; who has renewed, is in a trial or in the time of grace stays, and the audit says so.
 * Otherwise the membership is over: the profile is hidden, Mailchimp's `active` becomes `alumni`, and the member leaves
 * the user group in Slack. An undo brings all of it back.
 */
import { and, eq, inArray } from 'drizzle-orm'
import { z } from 'zod'
import { type Actor, recordAudit, SYSTEM } from '../../audit/index.ts'
import {
  changeMember,
  lockMember,
  readEntitlement,
  readMember,
  takeSubscriptionNews,
} from '../../community/index.ts'
import { readDatabaseClock, type Transaction, tables } from '../../database/index.ts'
import {
  defineJob,
  isCancellation,
  type Job,
  type RunContext,
  replayAfterOutage,
} from '../../engine/index.ts'
import {
  ConflictError,
  DAY_MS,
  MINUTE_MS,
  NotFoundError,
  RetryAtError,
  systemNow,
} from '../../primitives/index.ts'
import { conclude, endMembership } from '../membership/end.ts'
import { lockEnds, type MassEndJob, refuseMassEnd } from '../membership/guard.ts'
import type { Followers, MembershipParts } from '../membership/parts.ts'
import { settleMember } from '../membership/settle.ts'

const inputSchema = z.object({ deactivationId: z.string() })
export type MemberDeactivationJob = Job<z.infer<typeof inputSchema>>

/** Woken much too early (the clock of another process ran ahead), it looks again rather than sleep past a clock's move. */
const LOOK_AGAIN_MS = 5_000
const STALE_AFTER_MS = MINUTE_MS

export function defineMemberDeactivation(
  parts: MembershipParts,
  followers: () => Followers,
  massEnd: MassEndJob,
): MemberDeactivationJob {
  return defineJob({
    name: 'member-deactivation',
    input: inputSchema,
    idempotencyKey: ({ deactivationId }) => deactivationId,
    lane: 'members',
    retry: { attempts: 4, giveUpAfterMs: 2 * MINUTE_MS },
    deadLetters: replayAfterOutage,
    undo: {
      'end the membership': {
        describe:
          'Makes them a member again: the profile, the tags at Mailchimp and the place in the user group.',
        run: ({ input }, { actor, transaction }) =>
          transaction((tx) => takeBack(tx, parts, followers(), input.deactivationId, actor)),
      },
    },
    async run(context, { deactivationId }) {
      const patient = { giveUpAfterMs: 400 * DAY_MS, baseMs: 10, maxMs: 1_000 }
      const due = await context.step('see whether it is due', () => readDue(parts, deactivationId), patient)
      if (!due) return 'No longer planned'
      const askedMs = await context.call('ask Stripe again', () => readAgain(parts, due.customerIds))
      // Taken up again long after (a crash, an outage): what was true then may not be now.
      if (systemNow() - askedMs > STALE_AFTER_MS)
        await context.call('ask Stripe once more', () => readAgain(parts, due.customerIds))
      return endOrKeep(context, parts, followers(), massEnd, deactivationId)
    },
    async onFailure(tx, { deactivationId }, error) {
      // One that failed is still planned, and replayed; one that somebody cancelled is not going to come.
      if (!isCancellation(error)) return
      const { deactivations } = tables
      await tx.db
        .update(deactivations)
        .set({ status: 'removed', settledAt: new Date(parts.clock.now()), reason: error.message })
        .where(and(eq(deactivations.id, deactivationId), eq(deactivations.status, 'pending')))
    },
  })
}

async function readDue(
  parts: MembershipParts,
  deactivationId: string,
): Promise<{ customerIds: string[] } | null> {
  const row = await readDeactivation(parts.database, deactivationId)
  if (row.status !== 'pending') return null
  const earlyMs = row.dueAt.getTime() - parts.clock.now()
  if (earlyMs > 0) throw new RetryAtError('It came early', Math.min(earlyMs, LOOK_AGAIN_MS))
  const subscriptions = await parts.database.db
    .select({ customerId: tables.subscriptions.customerId })
    .from(tables.subscriptions)
    .where(eq(tables.subscriptions.memberId, row.memberId))
  const { stripeCustomerId } = await readMember(parts.database, row.memberId)
  const known = [...subscriptions.map(({ customerId }) => customerId), stripeCustomerId]
  return { customerIds: [...new Set(known.filter((id) => id !== null))] }
}

/** @returns when it was asked, epoch milliseconds of the machine */
async function readAgain(parts: MembershipParts, customerIds: string[]): Promise<number> {
  const { stripe } = parts.connectors
  const askedMs = systemNow()
  if (parts.modes.stripe === 'off' || !stripe.canRead) return askedMs
  for (const customerId of customerIds) {
    const seenMs = await readDatabaseClock(parts.database)
    const found = await stripe.subscriptionsOf(customerId)
    await parts.database.transaction(async (tx) => {
      const known = await tx.db
        .select({ id: tables.subscriptions.id, memberId: tables.subscriptions.memberId })
        .from(tables.subscriptions)
        .where(inArray(tables.subscriptions.customerId, [customerId]))
      const memberId = known.find((row) => row.memberId !== null)?.memberId ?? null
      for (const subscription of found) await takeSubscriptionNews(tx, { ...subscription, seenMs }, memberId)
    })
  }
  return askedMs
}

async function endOrKeep(
  context: RunContext,
  parts: MembershipParts,
  followers: Followers,
  massEnd: MassEndJob,
  deactivationId: string,
): Promise<string> {
  return context.transaction('end the membership', async (tx) => {
    await lockEnds(tx)
    const planned = await readDeactivation(tx, deactivationId)
    const member = await lockMember(tx, planned.memberId)
    // As it is now that nobody else can change it: a renewal may have come in while this waited.
    const row = await readDeactivation(tx, deactivationId)
    if (row.status !== 'pending' || !member || member.id !== row.memberId) return 'No longer planned'
    const nowMs = parts.clock.now()
    const entitlement = await readEntitlement(tx, member, nowMs, parts.settings.graceMs)
    if (entitlement.entitled) {
      const endsAt =
        entitlement.endsAtMs === null ? '' : ` until ${new Date(entitlement.endsAtMs).toISOString()}`
      await conclude(tx, deactivationId, 'kept', `${entitlement.reason}${endsAt}`, nowMs)
      await recordAudit(tx, {
        atMs: nowMs,
        actor: SYSTEM,
        action: 'stays a member',
        target: { kind: 'member', id: member.id },
        reason: `The end was due, but ${entitlement.reason}${endsAt}`,
        runId: context.runId,
      })
      await settleMember(tx, parts, followers, member.id, {
        sourceEventId: deactivationId,
        why: 'the end was due',
      })
      return `Kept: ${entitlement.reason}`
    }
    if (member.membership !== 'active') {
      await conclude(tx, deactivationId, 'removed', 'was not a member any more', nowMs)
      return 'Was not a member any more'
    }
    if (await refuseMassEnd(tx, parts, row, massEnd)) return 'Held back: many at once, and a person is asked'
    await endMembership(tx, parts, followers, member, {
      deactivationId,
      why: entitlement.reason,
      actor: SYSTEM,
      runId: context.runId,
    })
    return `Ended: ${entitlement.reason}`
  })
}

/**
 * Takes an end back: the membership, the profile, Mailchimp's tags, the place in the user group. Until the next payment
 * the member is kept by this person's word.
 * @throws ConflictError when it is not the end of a membership that is over
 */
export async function undoDeactivation(
  tx: Transaction,
  parts: MembershipParts,
  followers: Followers,
  request: { memberId: string; deactivationId: string; actor: Actor },
): Promise<void> {
  const nowMs = parts.clock.now()
  const { deactivations } = tables
  await lockMember(tx, request.memberId)
  const undone = await tx.db
    .update(deactivations)
    .set({ status: 'undone', settledAt: new Date(nowMs) })
    .where(
      and(
        eq(deactivations.id, request.deactivationId),
        eq(deactivations.memberId, request.memberId),
        eq(deactivations.status, 'done'),
      ),
    )
    .returning()
  const member = await readMember(tx, request.memberId)
  if (undone.length === 0 || member.membership !== 'ended')
    throw new ConflictError(
      'There is nothing to undo: this end was taken back already, or they have come back by themselves.',
    )
  if (member.deletedAt)
    throw new ConflictError(
      'Their account was deleted, or they were erased: there is nobody to make a member again.',
    )
  const barred = await readEntitlement(tx, { ...member, byHand: null }, nowMs, parts.settings.graceMs)
  await changeMember(tx, member.id, { byHand: barred.entitled ? null : 'kept' }, nowMs)
  await recordAudit(tx, {
    atMs: nowMs,
    actor: request.actor,
    action: 'took the end of the membership back',
    target: { kind: 'member', id: member.id },
    reason: undone[0]?.reason ?? null,
  })
  await settleMember(tx, parts, followers, member.id, {
    sourceEventId: `undo:${request.deactivationId}`,
    why: 'the end was taken back by hand',
  })
}

/** Nothing, where the end has not come or was taken back already. */
async function takeBack(
  tx: Transaction,
  parts: MembershipParts,
  followers: Followers,
  deactivationId: string,
  actor: Actor,
): Promise<void> {
  const { status, memberId } = await readDeactivation(tx, deactivationId)
  if (status === 'done') await undoDeactivation(tx, parts, followers, { memberId, deactivationId, actor })
}

/** @throws NotFoundError */
async function readDeactivation(db: Pick<Transaction, 'db'>, id: string) {
  const [row] = await db.db.select().from(tables.deactivations).where(eq(tables.deactivations.id, id))
  if (!row) throw new NotFoundError('There is no such planned end.')
  return row
}
