/**
 * Who is a member, and until when, as a pure function of what Stripe says and of what a person has decided. The rules:
 *
 * - active, trialing: a member; with an end already agreed (`cancel_at_period_end`), until that end
 * - past due: a member for the time of grace after the unpaid period began
 * - canceled: a member until the end of the period that was paid. Cancelled is not expired. When the card failed for
 *   too long, the last period was not paid, and the end is the end.
 * - incomplete, expired, unpaid, paused: not (yet, any more) a member
 *
 * Of several subscriptions the one that reaches furthest counts.
 */
import type { tables } from '../database/index.ts'

export type Subscription = Pick<
  typeof tables.subscriptions.$inferSelect,
  | 'status'
  | 'periodStartAt'
  | 'periodEndAt'
  | 'cancelAtPeriodEnd'
  | 'cancelAt'
  | 'endedAt'
  | 'endedForNonPayment'
>

export type Entitlement =
  | { entitled: false; reason: string }
  /** `endsAtMs` null: no end is planned. */
  | { entitled: true; endsAtMs: number | null; reason: string }

/** What one person's subscriptions and a person's word (`byHand`) amount to at `nowMs`. @param graceMs after a failed payment */
export function entitlementOf(
  subscriptions: readonly Subscription[],
  byHand: 'kept' | 'barred' | null,
  nowMs: number,
  graceMs: number,
): Entitlement {
  if (byHand === 'barred') return { entitled: false, reason: 'deactivated by hand' }
  const furthest = subscriptions
    .map((subscription) => reachOf(subscription, graceMs))
    .filter((reach) => reach !== null)
    .reduce<Reach | null>(
      (best, reach) => (best === null || reach.untilMs > best.untilMs ? reach : best),
      null,
    )
  if (furthest && furthest.untilMs > nowMs) {
    const endsAtMs = furthest.untilMs === FOREVER ? null : furthest.untilMs
    return { entitled: true, endsAtMs, reason: furthest.reason }
  }
  if (byHand === 'kept') return { entitled: true, endsAtMs: null, reason: 'kept as a member by hand' }
  return { entitled: false, reason: furthest?.ended ?? 'no paid subscription' }
}

/** Whether Stripe goes on charging for it, or trying to, and nobody has agreed on an end. */
export function chargesOn({
  status,
  cancelAt,
  cancelAtPeriodEnd,
}: Pick<Subscription, 'status' | 'cancelAt' | 'cancelAtPeriodEnd'>): boolean {
  return ['active', 'trialing', 'past_due'].includes(status) && cancelAt === null && !cancelAtPeriodEnd
}

const FOREVER = Number.POSITIVE_INFINITY
type Reach = { untilMs: number; reason: string; ended: string }

/** How far one subscription reaches; null: it never made anybody a member. */
function reachOf(subscription: Subscription, graceMs: number): Reach | null {
  const { status, cancelAt, cancelAtPeriodEnd, endedAt, periodEndAt, periodStartAt } = subscription
  switch (status) {
    case 'active':
    case 'trialing': {
      const end = cancelAt ?? (cancelAtPeriodEnd ? periodEndAt : null)
      const reason = status === 'active' ? 'the subscription is paid' : 'the trial is running'
      return { untilMs: end?.getTime() ?? FOREVER, reason, ended: 'the cancelled subscription has ended' }
    }
    case 'past_due':
      return {
        untilMs: (periodStartAt?.getTime() ?? 0) + graceMs,
        reason: 'the last payment failed, and its time of grace is running',
        ended: 'the last payment failed, and its time of grace is over',
      }
    case 'canceled': {
      const endedMs = endedAt?.getTime() ?? 0
      const paidUntilMs = subscription.endedForNonPayment
        ? endedMs
        : Math.max(endedMs, periodEndAt?.getTime() ?? 0)
      return {
        untilMs: paidUntilMs,
        reason: 'cancelled, and paid until the end of the period',
        ended: subscription.endedForNonPayment
          ? 'the subscription was ended because payments failed'
          : 'the cancelled subscription has ended',
      }
    }
    default:
      return null
  }
}
