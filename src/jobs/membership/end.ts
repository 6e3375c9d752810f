import { and, eq, inArray } from 'drizzle-orm'
import { type Actor, recordAudit } from '../../audit/index.ts'
import { changeMember, type Member } from '../../community/index.ts'
import { announceChange, type Transaction, tables } from '../../database/index.ts'
import { ConflictError } from '../../primitives/index.ts'
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

/**
 * Settles a planned end: what became of it, and why.
 * @throws ConflictError when it has been settled meanwhile: then nothing of the transaction may stand
 */
export async function conclude(
  tx: Transaction,
  id: string,
  status: 'kept' | 'removed' | 'done',
  reason: string,
  nowMs: number,
): Promise<void> {
  const { deactivations } = tables
  const settled = await tx.db
    .update(deactivations)
    .set({ status, reason, settledAt: new Date(nowMs) })
    .where(and(eq(deactivations.id, id), inArray(deactivations.status, ['pending', 'held'])))
    .returning({ id: deactivations.id })
  if (settled.length === 0) throw new ConflictError('This end has been settled meanwhile.')
  await announceChange(tx, { topic: 'member', id: null })
}
