import { type Entitlement, entitlementOf, type Member } from '../../community/index.ts'
import type { tables } from '../../database/index.ts'
import type { SubscriptionView } from '../membership-contract.ts'

export type Subscription = typeof tables.subscriptions.$inferSelect

/** How somebody stands in a word or two, and whether and until when they count as a member. */
export type Standing = { word: string; entitlement: Entitlement }

/** @param subscriptions all of theirs; @param graceMs how long a failed payment leaves somebody a member */
export function standingOf(
  member: Pick<Member, 'byHand' | 'deletedAt' | 'membership'>,
  subscriptions: readonly Subscription[],
  nowMs: number,
  graceMs: number,
): Standing {
  if (member.deletedAt)
    return { word: 'deleted', entitlement: { entitled: false, reason: 'the account was deleted' } }
  const entitlement = entitlementOf(subscriptions, member.byHand, nowMs, graceMs)
  if (!entitlement.entitled) {
    if (member.byHand === 'barred') return { word: 'deactivated', entitlement }
    const hadOne = member.membership === 'ended' || subscriptions.some(({ status }) => status === 'canceled')
    return { word: hadOne ? 'ended' : 'no subscription', entitlement }
  }
  const paid = entitlementOf(subscriptions, null, nowMs, graceMs)
  if (!paid.entitled) return { word: 'kept by hand', entitlement }
  return { word: wordOf(subscriptions, paid.endsAtMs), entitlement }
}

function wordOf(subscriptions: readonly Subscription[], endsAtMs: number | null): string {
  const has = (status: string) => subscriptions.some((subscription) => subscription.status === status)
  if (endsAtMs === null) return has('active') ? 'active' : 'trial'
  return has('past_due') && !has('active') && !has('trialing') ? 'past due' : 'cancelled'
}

/** `Counts as a member: the subscription is paid.` */
export function explain(
  member: Pick<Member, 'membership' | 'deletedAt' | 'erasedAt'>,
  { entitlement }: Standing,
): string {
  if (member.erasedAt) return 'Everything that was kept about this person has been erased.'
  if (member.deletedAt) return 'Not a member: their account was deleted.'
  const { entitled, reason } = entitlement
  if (entitled && member.membership === 'active') return `Counts as a member: ${reason}.`
  if (entitled) return `About to become a member: ${reason}.`
  return member.membership === 'active'
    ? `Still treated as a member, though ${reason}: the end is on its way.`
    : `Not a member: ${reason}.`
}

/** One subscription in a sentence. */
export function viewSubscription(
  subscription: Subscription,
  nowMs: number,
  graceMs: number,
): SubscriptionView {
  return {
    id: subscription.id,
    status: subscription.status.replaceAll('_', ' '),
    explanation: explainSubscription(subscription, nowMs, graceMs),
    periodEndsAt: iso(subscription.periodEndAt),
    endedAt: iso(subscription.endedAt),
  }
}

function explainSubscription(subscription: Subscription, nowMs: number, graceMs: number): string {
  const { periodEndAt, endedAt, cancelAt } = subscription
  switch (subscription.status) {
    case 'active':
    case 'trialing': {
      const end = cancelAt ?? (subscription.cancelAtPeriodEnd ? periodEndAt : null)
      if (end) return `Cancelled; ends on ${day(end)}`
      const what = subscription.status === 'trialing' ? 'Trial until' : 'Paid until'
      return periodEndAt ? `${what} ${day(periodEndAt)}, then renewed` : 'Paid'
    }
    case 'past_due': {
      const graceEnd = new Date((subscription.periodStartAt?.getTime() ?? 0) + graceMs)
      return graceEnd.getTime() > nowMs
        ? `The last payment failed; in grace until ${day(graceEnd)}`
        : `The last payment failed; the grace ended on ${day(graceEnd)}`
    }
    case 'canceled': {
      if (subscription.endedForNonPayment) return 'Ended because payments failed'
      if (periodEndAt && periodEndAt.getTime() > nowMs) return `Cancelled; paid until ${day(periodEndAt)}`
      return endedAt ? `Cancelled; ended on ${day(endedAt)}` : 'Cancelled'
    }
    case 'unpaid':
      return 'Payments have failed for too long'
    case 'paused':
      return 'Paused'
    case 'incomplete':
      return 'Waits for its first payment'
    case 'incomplete_expired':
      return 'The first payment never came'
    default:
      return `Stripe calls it “${subscription.status}”`
  }
}

const DAY = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'long',
  year: 'numeric',
  timeZone: 'UTC',
})

function day(at: Date): string {
  return DAY.format(at)
}

export function iso(at: Date | null): string | null {
  return at?.toISOString() ?? null
}
