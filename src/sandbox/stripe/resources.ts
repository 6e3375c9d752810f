/** Customers and subscriptions as they cross the wire, in the API version that the current SDK pins. */
import type { World } from '../world.ts'
import { CURRENCY, type Price, priceOf } from './catalogue.ts'
import { planResource, priceResource } from './catalogue-resources.ts'
import type { StripeCustomer, StripeSubscription } from './model.ts'

export type Resource = Record<string, unknown>

export const API_VERSION = '2026-10-28.endive'

/** Unix seconds, Stripe's unit of time. */
export function seconds(ms: number): number {
  return Math.floor(ms / 1_000)
}

/** A customer; a deleted one is a stub. */
export function customerResource(world: World, customer: StripeCustomer): Resource {
  if (customer.deleted) return { id: customer.id, object: 'customer', deleted: true }
  const subscriptions = world.stripe.subscriptions.find('customerId', customer.id)
  return {
    id: customer.id,
    object: 'customer',
    address: null,
    balance: 0,
    created: seconds(customer.createdMs),
    currency: subscriptions.length > 0 ? CURRENCY : null,
    customer_account: null,
    default_source: null,
    delinquent: subscriptions.some(({ status }) => status === 'past_due' || status === 'unpaid'),
    description: null,
    discount: null,
    email: customer.email,
    invoice_prefix: invoicePrefix(customer.id),
    invoice_settings: {
      custom_fields: null,
      default_payment_method: paymentMethodId(customer.id),
      footer: null,
      rendering_options: null,
    },
    livemode: false,
    metadata: customer.metadata,
    name: customer.name,
    next_invoice_sequence: 1 + subscriptions.reduce((sum, { invoices }) => sum + invoices, 0),
    phone: null,
    preferred_locales: [],
    shipping: null,
    tax_exempt: 'none',
    test_clock: null,
  }
}

/** A subscription with its one item, which carries the period. */
export function subscriptionResource(subscription: StripeSubscription): Resource {
  const price = priceOf(subscription)
  const canceled = subscription.canceledMs
  return {
    id: subscription.id,
    object: 'subscription',
    application: null,
    application_fee_percent: null,
    automatic_tax: { disabled_reason: null, enabled: false, liability: null },
    billing_cycle_anchor: seconds(subscription.anchorMs),
    billing_cycle_anchor_config: null,
    billing_mode: { type: 'flexible', flexible: { proration_discounts: 'included' } },
    billing_schedules: [],
    billing_thresholds: null,
    cancel_at: subscription.cancelAtPeriodEnd ? seconds(subscription.periodEndMs) : null,
    cancel_at_period_end: subscription.cancelAtPeriodEnd,
    canceled_at: canceled === null ? null : seconds(canceled),
    cancellation_details: { comment: null, feedback: null, reason: subscription.cancelReason },
    collection_method: 'charge_automatically',
    created: seconds(subscription.createdMs),
    currency: CURRENCY,
    customer: subscription.customerId,
    customer_account: null,
    days_until_due: null,
    default_payment_method: paymentMethodId(subscription.customerId),
    default_source: null,
    default_tax_rates: [],
    description: null,
    discounts: [],
    ended_at: subscription.endedMs === null ? null : seconds(subscription.endedMs),
    invoice_settings: { account_tax_ids: null, issuer: { type: 'self' } },
    items: list(
      [itemResource(subscription, price)],
      `/v1/subscription_items?subscription=${subscription.id}`,
    ),
    latest_invoice: subscription.latestInvoiceId,
    livemode: false,
    managed_payments: null,
    metadata: subscription.metadata,
    next_pending_invoice_item_invoice: null,
    on_behalf_of: null,
    pause_collection: null,
    payment_settings: {
      payment_method_options: null,
      payment_method_types: null,
      save_default_payment_method: 'off',
    },
    pending_invoice_item_interval: null,
    pending_setup_intent: null,
    pending_update: null,
    schedule: null,
    start_date: seconds(subscription.createdMs),
    status: subscription.status,
    test_clock: null,
    transfer_data: null,
    trial_end: subscription.trialEndMs === null ? null : seconds(subscription.trialEndMs),
    trial_settings: { end_behavior: { missing_payment_method: 'create_invoice' } },
    trial_start: subscription.trialEndMs === null ? null : seconds(subscription.createdMs),
  }
}

function itemResource(subscription: StripeSubscription, price: Price): Resource {
  return {
    id: subscription.id.replace('sub_', 'si_'),
    object: 'subscription_item',
    billing_thresholds: null,
    created: seconds(subscription.createdMs),
    current_period_end: seconds(subscription.periodEndMs),
    current_period_start: seconds(subscription.periodStartMs),
    current_trial: null,
    discounts: [],
    metadata: {},
    plan: planResource(price),
    price: priceResource(price),
    quantity: 1,
    subscription: subscription.id,
    tax_rates: [],
  }
}

/** A list that is a part of an object. */
export function list(data: Resource[], url: string, hasMore = false): Resource {
  return { object: 'list', data, has_more: hasMore, url }
}

/** The beginning of a customer's invoice numbers. */
export function invoicePrefix(customerId: string): string {
  return customerId.replace(/^cus_/, '').toUpperCase().slice(0, 8)
}

function paymentMethodId(customerId: string): string {
  return customerId.replace(/^cus_/, 'pm_')
}
