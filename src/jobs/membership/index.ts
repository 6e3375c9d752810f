import { and, eq, lte } from 'drizzle-orm'
import type { ApprovalKind } from '../../approvals/index.ts'
import { type Actor, recordAudit } from '../../audit/index.ts'
import { changeMember, readMember } from '../../community/index.ts'
import { type Transaction, tables } from '../../database/index.ts'
import type { Job } from '../../engine/index.ts'
import { ConflictError, newId } from '../../primitives/index.ts'
import { type CleanupJob, DEFAULT_RETENTION, defineCleanup } from '../cleanup/index.ts'
import { defineErasure } from '../erasure/index.ts'
import { defineLumaApproval, type LumaApprovalJob, lumaApprovals } from '../luma-approval/index.ts'
import { defineMemberDeactivation, undoDeactivation } from '../member-deactivation/index.ts'
import { defineMemberImport, requestImport } from '../member-import/index.ts'
import { defineMemberSync, type MemberSyncInput } from '../member-sync/index.ts'
import { defineOperatorNotice } from '../operator-notice/index.ts'
import { defineSlackGroup, requestGroupSync } from '../slack-sync/group-sync.ts'
import { defineSlackSync, type SlackSyncJob, slackSyncApprovals } from '../slack-sync/index.ts'
import { defineWebhookJobs } from '../webhook-retry/index.ts'
import { defineMassEnd, massEndApprovals } from './guard.ts'
import { memberMatchApprovals } from './match-question.ts'
import type { Cause, Followers, MembershipParts } from './parts.ts'
import { settleMember } from './settle.ts'
import { membershipEvents, type TypedEvent } from './typed-events.ts'

export { CLERK_EVENTS } from './clerk-news.ts'
export type { Cause, MembershipParts, MembershipSettings } from './parts.ts'
export { STRIPE_EVENTS } from './stripe-news.ts'

export type ScheduledJobs = { lumaApproval: LumaApprovalJob; slackSync: SlackSyncJob; cleanup: CleanupJob }

/** The membership: who is a member, and everything that follows from a change of it. */
export type Membership = {
  readonly jobs: readonly Job[]
  readonly approvalKinds: readonly ApprovalKind[]
  /** What applications may send. */
  readonly events: readonly TypedEvent[]
  /** What the clock starts. */
  readonly scheduled: ScheduledJobs
  readonly followers: Followers
  /** Starts the handling of what a webhook brought, in the transaction that received it. @returns the run's id */
  startHandling(tx: Transaction, deliveryId: number): Promise<string>
  /** Brings what is treated of a member in line with what is known, in the transaction that learned something. */
  settle(tx: Transaction, memberId: string, cause: Cause): Promise<void>
  /** Starts a sync that somebody asked for: an event from outside, or a person. @returns the run's id */
  sync(tx: Transaction, input: MemberSyncInput): Promise<string>
  /** For the dashboard. Each is one transaction, audited with who did it. */
  syncNow(memberId: string, actor: Actor): Promise<{ runId: string }>
  /** Ends a membership now, whatever Stripe says. @throws ConflictError when they are not a member */
  deactivate(memberId: string, actor: Actor, reason: string): Promise<void>
  /** @throws ConflictError when there is nothing to undo */
  undo(memberId: string, deactivationId: string, actor: Actor): Promise<void>
  /** Takes over the members that there are at Clerk and Stripe. @returns the run's id */
  importMembers(actor: Actor): Promise<{ runId: string }>
  /** For when the community's clock jumps. */
  wakeDue(): Promise<void>
}

export function createMembership(parts: MembershipParts): Membership {
  const memberSync = defineMemberSync(parts)
  const slackGroup = defineSlackGroup(parts)
  const notice = defineOperatorNotice(parts)
  const massEnd = defineMassEnd(parts)
  const deactivation = defineMemberDeactivation(parts, () => followers, massEnd)
  const followers: Followers = {
    syncMember: (tx, input) => parts.starter().start(tx, memberSync, input),
    planDeactivation: (tx, deactivationId, dueMs) =>
      parts.starter().start(tx, deactivation, { deactivationId }, { notBeforeMs: dueMs }),
    syncGroup: (tx) => requestGroupSync(tx, parts, slackGroup),
    tellOperators: (tx, told) => parts.starter().start(tx, notice, told),
  }
  const settle = async (tx: Transaction, memberId: string, cause: Cause) => {
    await settleMember(tx, parts, followers, memberId, cause)
  }
  const webhooks = defineWebhookJobs(parts, settle)
  const lumaApproval = defineLumaApproval(parts)
  const slackSync = defineSlackSync(parts, notice)
  const cleanup = defineCleanup(parts, { ...DEFAULT_RETENTION, auditMs: parts.settings.auditMs ?? null })
  return {
    jobs: [
      memberSync,
      deactivation,
      massEnd,
      slackGroup,
      notice,
      lumaApproval,
      slackSync,
      cleanup,
      defineErasure(parts, () => followers),
      defineMemberImport(parts, settle),
      webhooks.delivery,
      webhooks.retry,
    ],
    approvalKinds: [
      massEndApprovals(parts, () => followers),
      memberMatchApprovals(parts, settle),
      slackSyncApprovals(parts, slackGroup),
      ...lumaApprovals(parts, lumaApproval),
    ],
    events: membershipEvents(parts, followers, webhooks.retry),
    scheduled: { lumaApproval, slackSync, cleanup },
    followers,
    startHandling: (tx, deliveryId) => parts.starter().start(tx, webhooks.delivery, { deliveryId }),
    settle,
    sync: (tx, input) => followers.syncMember(tx, input),
    syncNow: (memberId, actor) => syncNow(parts, followers, memberId, actor),
    deactivate: (memberId, actor, reason) => deactivate(parts, settle, memberId, actor, reason),
    undo: (memberId, deactivationId, actor) =>
      parts.database.transaction((tx) =>
        undoDeactivation(tx, parts, followers, { memberId, deactivationId, actor }),
      ),
    importMembers: (actor) => parts.database.transaction((tx) => requestImport(tx, parts.starter(), actor)),
    wakeDue: () => wakeDue(parts),
  }
}

/** Planned ends that the clock has passed. */
async function wakeDue(parts: MembershipParts): Promise<void> {
  const { deactivations } = tables
  const due = await parts.database.db
    .select({ runId: deactivations.runId })
    .from(deactivations)
    .where(and(eq(deactivations.status, 'pending'), lte(deactivations.dueAt, new Date(parts.clock.now()))))
  await parts.starter().wake(due.map(({ runId }) => runId))
}

async function syncNow(
  parts: MembershipParts,
  followers: Followers,
  memberId: string,
  actor: Actor,
): Promise<{ runId: string }> {
  return parts.database.transaction(async (tx) => {
    const member = await readMember(tx, memberId)
    const runId = await followers.syncMember(tx, {
      memberId: member.id,
      sourceEventId: newId('ask'),
      action: 'update',
    })
    await recordAudit(tx, {
      atMs: parts.clock.now(),
      actor,
      action: 'asked for a sync',
      target: { kind: 'member', id: member.id },
      runId,
    })
    return { runId }
  })
}

/** A person's word: barred until it is undone. The end itself is `member-deactivation`'s, as with any other. */
async function deactivate(
  parts: MembershipParts,
  settle: Membership['settle'],
  memberId: string,
  actor: Actor,
  reason: string,
): Promise<void> {
  await parts.database.transaction(async (tx) => {
    const member = await readMember(tx, memberId)
    if (member.membership !== 'active')
      throw new ConflictError('They are not a member, so there is nothing to end.')
    const atMs = parts.clock.now()
    await changeMember(tx, member.id, { byHand: 'barred' }, atMs)
    await recordAudit(tx, {
      atMs,
      actor,
      action: 'deactivated by hand',
      target: { kind: 'member', id: member.id },
      reason,
    })
    await settle(tx, member.id, { sourceEventId: newId('ask'), why: reason })
  })
}
