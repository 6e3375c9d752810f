/** Subscriptions: create, retrieve, update, cancel, list. */
import { isRecord } from '../../primitives/index.ts'
import type { World } from '../world.ts'
import { found, missing, page, passesTime, refused, type StripeAnswer } from './answers.ts'
import { change, end, startSubscription } from './billing.ts'
import { findPrice, type Price } from './catalogue.ts'
import { mergeMetadata, text } from './form.ts'
import type { StripeSubscription } from './model.ts'
import { type Resource, seconds, subscriptionResource } from './resources.ts'
import { upToDate } from './settle.ts'

/** POST /v1/subscriptions */
export function createSubscription(world: World, fields: Resource): StripeAnswer {
  const customerId = text(fields, 'customer')
  if (customerId === undefined) return lacking('customer')
  const customer = world.stripe.customers.get(customerId)
  if (!customer || customer.deleted) return missing('customer', customerId, 'customer')
  const wanted = priceGiven(fields)
  if (wanted === undefined) return lacking('items')
  const price = findPrice(wanted)
  if (!price) return missing('price', wanted, 'items[0][price]')
  const subscription = startSubscription(world, {
    customer,
    price,
    trialDays: Number(fields.trial_period_days ?? 0),
    metadata: mergeMetadata({}, fields.metadata),
    atMs: world.clock.now(),
  })
  return found(subscriptionResource(subscription))
}

/** GET /v1/subscriptions/{id}: also one that has ended. */
export function retrieveSubscription(world: World, id: string): StripeAnswer {
  const subscription = world.stripe.subscriptions.get(id)
  return subscription
    ? found(subscriptionResource(upToDate(world, subscription)))
    : missing('subscription', id)
}

/** POST /v1/subscriptions/{id}: cancel_at_period_end, metadata, and another price. */
export function updateSubscription(world: World, id: string, fields: Resource): StripeAnswer {
  const subscription = world.stripe.subscriptions.get(id)
  if (!subscription) return missing('subscription', id)
  const changes: Partial<StripeSubscription> = {
    metadata: mergeMetadata(subscription.metadata, fields.metadata),
  }
  const cancel = text(fields, 'cancel_at_period_end')
  if (subscription.endedMs !== null && (cancel !== undefined || fields.items !== undefined)) {
    return refused('A canceled subscription can only update its cancellation_details and metadata.')
  }
  if (cancel !== undefined) Object.assign(changes, cancellation(cancel === 'true', world.clock.now()))
  const wanted = priceGiven(fields)
  if (wanted !== undefined) {
    const price: Price | undefined = findPrice(wanted)
    if (!price) return missing('price', wanted, 'items[0][price]')
    changes.priceId = price.id
  }
  return found(subscriptionResource(change(world, subscription, changes, world.clock.now())))
}

/** What asking for an end with the period changes, or taking that back. */
export function cancellation(atPeriodEnd: boolean, atMs: number): Partial<StripeSubscription> {
  return atPeriodEnd
    ? { cancelAtPeriodEnd: true, canceledMs: atMs, cancelReason: 'cancellation_requested' }
    : { cancelAtPeriodEnd: false, canceledMs: null, cancelReason: null }
}

/** DELETE /v1/subscriptions/{id}: ends at once. */
export function cancelSubscription(world: World, id: string): StripeAnswer {
  const subscription = world.stripe.subscriptions.get(id)
  if (!subscription || subscription.endedMs !== null) return missing('subscription', id)
  return found(subscriptionResource(end(world, subscription, world.clock.now())))
}

/** GET /v1/subscriptions: without `status`, those that have not been canceled. */
export function listSubscriptions(world: World, fields: Resource): StripeAnswer {
  const { subscriptions } = world.stripe
  const customer = text(fields, 'customer')
  const status = text(fields, 'status')
  const price = text(fields, 'price')
  const all =
    customer === undefined
      ? subscriptions.values()
      : subscriptions.find('customerId', customer).map((each) => upToDate(world, each))
  const shown = all.filter(
    (each) =>
      hasStatus(each, status) &&
      (price === undefined || each.priceId === price) &&
      passesTime(seconds(each.createdMs), fields.created),
  )
  return page(shown.reverse(), fields, '/v1/subscriptions', subscriptionResource)
}

function hasStatus(subscription: StripeSubscription, wanted: string | undefined): boolean {
  if (wanted === 'all') return true
  const ended = subscription.status === 'canceled' || subscription.status === 'incomplete_expired'
  if (wanted === 'ended') return ended
  return wanted === undefined ? !ended : subscription.status === wanted
}

function priceGiven(fields: Resource): string | undefined {
  const [first] = Array.isArray(fields.items) ? fields.items : []
  return isRecord(first) ? text(first, 'price') : undefined
}

function lacking(param: string): StripeAnswer {
  return refused(`Missing required param: ${param}.`, { code: 'parameter_missing', param })
}
