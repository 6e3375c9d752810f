import { eq } from 'drizzle-orm'
import { type Actor, recordAudit } from '../../audit/index.ts'
import { changeMember, type Member } from '../../community/index.ts'
import { announceChange, type Transaction, tables } from '../../database/index.ts'
import type { Followers, MembershipParts } from './parts.ts'

/** Ends a membership now, in the caller's transaction. */
export async function endMembership(
  tx: Transaction,
  parts: MembershipParts,
  followers: Followers,
  member: Member,
  end: { deactivationId: string; why: string; actor: Actor; runId: string | null },
): Promise<void> {
  const nowMs = parts.clock.now()
  await conclude(tx, end.deactivationId, 'done', end.why, nowMs)
  await changeMember(
    tx,
    member.id,
    {
      membership: 'ended',
      membershipEndedAt: new Date(nowMs),
      profileHidden: true,
      // What Mailchimp was told last is not this: whoever comes back is synced again.
      mailchimpWanted: null,
    },
    nowMs,
  )
  await recordAudit(tx, {
    atMs: nowMs,
    actor: end.actor,
    action: 'membership ended',
    target: { kind: 'member', id: member.id },
    reason: end.why,
    runId: end.runId,
  })
  await followers.syncMember(tx, { memberId: member.id, sourceEventId: end.deactivationId, action: 'cancel' })
  await followers.syncGroup(tx)
}

/** Settles a planned end: what became of it, and why. */
export async function conclude(
  tx: Transaction,
  id: string,
  status: 'kept' | 'removed' | 'done',
  reason: string,
  nowMs: number,
): Promise<void> {
  await tx.db
    .update(tables.deactivations)
    .set({ status, reason, settledAt: new Date(nowMs) })
    .where(eq(tables.deactivations.id, id))
  await announceChange(tx, { topic: 'member', id: null })
}
