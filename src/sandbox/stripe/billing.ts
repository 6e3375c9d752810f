/**
 * A subscription's life.
 *
 *   trialing ──period's end──▶ active ──period's end──▶ active …          (a new period, an invoice, paid)
 *      active | trialing ──period's end, card declined──▶ past_due ──3, 5, 7 days later──▶ active | canceled | unpaid
 *      active | trialing, cancelled ──period's end──▶ canceled
 *   incomplete ──23 hours──▶ incomplete_expired
 *
 * Each change is dated with the moment at which it was due, also when the clock has jumped past it.
 */
import { DAY_MS, HOUR_MS, NeverRetryError, SECOND_MS } from '../../primitives/index.ts'
import { derivedId } from '../derived-id.ts'
import type { World } from '../world.ts'
import { type Price, periodEnd, priceOf } from './catalogue.ts'
import { emitStripe } from './events.ts'
import { invoiceResource, sessionResource } from './invoice-resources.ts'
import type { Metadata, StripeCustomer, StripeInvoice, StripeSubscription } from './model.ts'
import { invoicePrefix, subscriptionResource } from './resources.ts'

/** Days between a failed payment and the next attempt; after the last of them Stripe gives up. */
const DUNNING_DAYS = [3, 5, 7]
const INCOMPLETE_MS = 23 * HOUR_MS

export type NewSubscription = {
  customer: StripeCustomer
  price: Price
  trialDays?: number
  metadata?: Metadata
  atMs: number
  /** Made by a checkout: completed first, with this reference. */
  checkout?: { clientReferenceId: string | null }
}

/** Starts a subscription, charges its first invoice, and says so. */
export function startSubscription(world: World, given: NewSubscription): StripeSubscription {
  const { customer, price, trialDays = 0, metadata = {} } = given
  const atMs = wholeSecond(given.atMs)
  const count = customer.subscriptions + 1
  world.stripe.customers.put(customer.id, { ...customer, subscriptions: count })
  const trialEndMs = trialDays > 0 ? atMs + trialDays * DAY_MS : null
  const periodEndMs = trialEndMs ?? periodEnd(atMs, price.interval, 1)
  const bare: StripeSubscription = {
    id: derivedId('sub_', customer.id, count),
    customerId: customer.id,
    priceId: price.id,
    status: trialEndMs === null ? 'active' : 'trialing',
    metadata,
    createdMs: atMs,
    anchorMs: trialEndMs ?? atMs,
    periodStartMs: atMs,
    periodEndMs,
    trialEndMs,
    cancelAtPeriodEnd: false,
    canceledMs: null,
    cancelReason: null,
    endedMs: null,
    latestInvoiceId: null,
    invoices: 0,
    nextPaymentMs: null,
    afterDunning: 'canceled',
  }
  const invoice = createInvoice(
    world,
    bare,
    'subscription_create',
    atMs,
    trialEndMs === null ? price.amountCents : 0,
  )
  const status = invoice.status === 'paid' ? bare.status : 'incomplete'
  const subscription = keep(world, { ...bare, status, invoices: 1, latestInvoiceId: invoice.id })
  if (given.checkout) completeCheckout(world, subscription, invoice, given.checkout.clientReferenceId)
  emitStripe(world, 'customer.subscription.created', subscriptionResource(subscription), atMs)
  emitInvoice(world, invoice, atMs)
  return subscription
}

/** When something happens to a subscription by itself, or null. */
export function dueMs(subscription: StripeSubscription): number | null {
  switch (subscription.status) {
    case 'active':
    case 'trialing':
      return subscription.periodEndMs
    case 'past_due':
      return subscription.nextPaymentMs
    case 'incomplete':
      return subscription.createdMs + INCOMPLETE_MS
    case 'incomplete_expired':
    case 'canceled':
    case 'unpaid':
      return null
  }
}

/** What happens at that time. */
export function comeDue(world: World, subscription: StripeSubscription, atMs: number): StripeSubscription {
  if (subscription.status === 'past_due') return collect(world, subscription, atMs)
  if (subscription.status === 'incomplete') {
    return change(world, subscription, { status: 'incomplete_expired', endedMs: atMs }, atMs)
  }
  if (subscription.cancelAtPeriodEnd) return end(world, subscription, atMs)
  return renew(world, subscription, atMs)
}

/** Begins the next period and charges for it. */
export function renew(world: World, subscription: StripeSubscription, nowMs: number): StripeSubscription {
  const atMs = wholeSecond(nowMs)
  const price = priceOf(subscription)
  // A period that is ended early begins a new count of months, as `billing_cycle_anchor: now` does.
  const anchorMs = atMs < subscription.periodEndMs ? atMs : subscription.anchorMs
  const period = {
    anchorMs,
    periodStartMs: atMs,
    periodEndMs: nextPeriodEnd(anchorMs, price, atMs),
    trialEndMs: subscription.trialEndMs === null ? null : Math.min(subscription.trialEndMs, atMs),
    invoices: subscription.invoices + 1,
  }
  const next = { ...subscription, ...period }
  const invoice = createInvoice(world, next, 'subscription_cycle', atMs, price.amountCents)
  const paid = invoice.status === 'paid'
  emitInvoice(world, invoice, atMs)
  return change(
    world,
    subscription,
    {
      ...period,
      latestInvoiceId: invoice.id,
      status: paid ? 'active' : 'past_due',
      nextPaymentMs: invoice.nextPaymentMs,
    },
    atMs,
  )
}

/** Passes over whole periods in silence, for a subscription that comes into the world with a past. */
export function skipPeriods(
  world: World,
  subscription: StripeSubscription,
  count: number,
): StripeSubscription {
  const { interval } = priceOf(subscription)
  const { anchorMs } = subscription
  return keep(world, {
    ...subscription,
    periodStartMs: periodEnd(anchorMs, interval, count),
    periodEndMs: periodEnd(anchorMs, interval, count + 1),
    invoices: subscription.invoices + count,
  })
}

/** Charges the open invoice of a past-due, unpaid or incomplete subscription again. */
export function collect(world: World, subscription: StripeSubscription, atMs: number): StripeSubscription {
  const open = world.stripe.invoices.get(subscription.latestInvoiceId ?? '')
  if (open?.status !== 'open') throw new NeverRetryError('This subscription has no open invoice.')
  const invoice = charge(world, { ...open, attempts: open.attempts + 1 }, atMs)
  emitInvoice(world, invoice, atMs)
  if (invoice.status === 'paid') {
    return change(world, subscription, { status: 'active', nextPaymentMs: null }, atMs)
  }
  if (invoice.nextPaymentMs !== null || subscription.status !== 'past_due') {
    return keep(world, { ...subscription, nextPaymentMs: invoice.nextPaymentMs })
  }
  if (subscription.afterDunning === 'canceled') return end(world, subscription, atMs, 'payment_failed')
  return change(world, subscription, { status: 'unpaid', nextPaymentMs: null }, atMs)
}

/** Ends a subscription. */
export function end(
  world: World,
  subscription: StripeSubscription,
  atMs: number,
  cancelReason: StripeSubscription['cancelReason'] = 'cancellation_requested',
): StripeSubscription {
  const ended = keep(world, {
    ...subscription,
    status: 'canceled',
    canceledMs: subscription.canceledMs ?? atMs,
    cancelReason,
    nextPaymentMs: null,
    endedMs: atMs,
  })
  emitStripe(world, 'customer.subscription.deleted', subscriptionResource(ended), atMs)
  return ended
}

/** Changes a subscription and says what it was. */
export function change(
  world: World,
  subscription: StripeSubscription,
  changes: Partial<StripeSubscription>,
  atMs: number,
): StripeSubscription {
  const before: Record<string, unknown> = subscriptionResource(subscription)
  const changed = keep(world, { ...subscription, ...changes })
  const after = subscriptionResource(changed)
  const previous = Object.fromEntries(
    Object.entries(before).filter(([key, value]) => JSON.stringify(value) !== JSON.stringify(after[key])),
  )
  emitStripe(world, 'customer.subscription.updated', after, atMs, previous)
  return changed
}

/** Stripe knows no smaller unit; what it says of a period's end is then exactly when it ends. */
function wholeSecond(ms: number): number {
  return Math.floor(ms / SECOND_MS) * SECOND_MS
}

function keep(world: World, subscription: StripeSubscription): StripeSubscription {
  return world.stripe.subscriptions.put(subscription.id, subscription)
}

function nextPeriodEnd(anchorMs: number, { interval }: Price, afterMs: number): number {
  const roughMs = (interval === 'year' ? 366 : 31) * DAY_MS
  let count = Math.max(1, Math.floor((afterMs - anchorMs) / roughMs))
  while (periodEnd(anchorMs, interval, count) <= afterMs) count++
  return periodEnd(anchorMs, interval, count)
}

function createInvoice(
  world: World,
  subscription: StripeSubscription,
  reason: StripeInvoice['reason'],
  atMs: number,
  amountCents: number,
): StripeInvoice {
  const number = reason === 'subscription_create' ? 1 : subscription.invoices
  const { id: subscriptionId, customerId, priceId, periodStartMs, periodEndMs } = subscription
  const invoice: StripeInvoice = {
    id: derivedId('in_', subscriptionId, number),
    number: `${invoicePrefix(customerId)}-${String(number).padStart(4, '0')}`,
    customerId,
    subscriptionId,
    priceId,
    amountCents,
    status: 'open',
    reason,
    attempts: 1,
    nextPaymentMs: null,
    createdMs: atMs,
    paidMs: null,
    periodStartMs,
    periodEndMs,
  }
  return charge(world, invoice, atMs)
}

function charge(world: World, invoice: StripeInvoice, atMs: number): StripeInvoice {
  const works = invoice.amountCents === 0 || world.stripe.customers.get(invoice.customerId)?.card === 'works'
  if (works) {
    return world.stripe.invoices.put(invoice.id, {
      ...invoice,
      status: 'paid',
      paidMs: atMs,
      nextPaymentMs: null,
    })
  }
  const days = DUNNING_DAYS[invoice.attempts - 1]
  const again = days !== undefined && invoice.reason !== 'subscription_create'
  return world.stripe.invoices.put(invoice.id, {
    ...invoice,
    nextPaymentMs: again ? atMs + days * DAY_MS : null,
  })
}

function emitInvoice(world: World, invoice: StripeInvoice, atMs: number): void {
  const type = invoice.status === 'paid' ? 'invoice.paid' : 'invoice.payment_failed'
  emitStripe(world, type, invoiceResource(world, invoice), atMs)
}

function completeCheckout(
  world: World,
  subscription: StripeSubscription,
  invoice: StripeInvoice,
  clientReferenceId: string | null,
): void {
  const customer = world.stripe.customers.get(subscription.customerId)
  const id = derivedId('cs_test_', subscription.id)
  const session = world.stripe.sessions.put(id, {
    id,
    customerId: subscription.customerId,
    subscriptionId: subscription.id,
    invoiceId: invoice.id,
    clientReferenceId,
    email: customer?.email ?? null,
    name: customer?.name ?? null,
    amountCents: invoice.amountCents,
    metadata: subscription.metadata,
    createdMs: subscription.createdMs,
  })
  emitStripe(world, 'checkout.session.completed', sessionResource(session), subscription.createdMs)
}
