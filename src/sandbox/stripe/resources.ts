/** Stripe's objects as they cross the wire, in the API version that the current SDK pins. */
import type { World } from '../world.ts'
import { CURRENCY, PRICES, type PRODUCTS, type Price, priceOf } from './catalogue.ts'
import type { CheckoutSession, StripeCustomer, StripeInvoice, StripeSubscription } from './model.ts'

export type Resource = Record<string, unknown>

export const API_VERSION = '2026-10-28.endive'
/** When the catalogue was made: 2024-01-01. */
const CATALOGUE_S = 1_704_067_200

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

/** An invoice; its subscription is under `parent`. */
export function invoiceResource(world: World, invoice: StripeInvoice): Resource {
  const { subscriptionId, customerId, amountCents } = invoice
  const customer = world.stripe.customers.get(customerId)
  const paid = invoice.status === 'paid'
  const metadata = world.stripe.subscriptions.get(subscriptionId)?.metadata ?? {}
  const paidAt = invoice.paidMs === null ? null : seconds(invoice.paidMs)
  return {
    id: invoice.id,
    object: 'invoice',
    account_country: 'US',
    account_name: 'Sandbox Community',
    amount_due: amountCents,
    amount_overpaid: 0,
    amount_paid: paid ? amountCents : 0,
    amount_remaining: paid ? 0 : amountCents,
    amount_shipping: 0,
    application: null,
    attempt_count: invoice.attempts,
    attempted: invoice.attempts > 0,
    auto_advance: invoice.nextPaymentMs !== null,
    automatic_tax: { disabled_reason: null, enabled: false, liability: null, provider: null, status: null },
    automatically_finalizes_at: null,
    billing_reason: invoice.reason,
    collection_method: 'charge_automatically',
    created: seconds(invoice.createdMs),
    currency: CURRENCY,
    customer: customerId,
    customer_account: null,
    customer_email: customer?.email ?? null,
    customer_name: customer?.name ?? null,
    default_payment_method: null,
    default_tax_rates: [],
    description: null,
    discounts: [],
    due_date: null,
    effective_at: seconds(invoice.createdMs),
    hosted_invoice_url: `${world.ownUrl()}/stripe/invoice/${invoice.id}`,
    issuer: { type: 'self' },
    lines: list([lineResource(invoice)], `/v1/invoices/${invoice.id}/lines`),
    livemode: false,
    metadata: {},
    next_payment_attempt: invoice.nextPaymentMs === null ? null : seconds(invoice.nextPaymentMs),
    number: invoice.number,
    on_behalf_of: null,
    parent: {
      quote_details: null,
      subscription_details: { metadata, subscription: subscriptionId },
      type: 'subscription_details',
    },
    period_end: seconds(invoice.periodStartMs),
    period_start: seconds(invoice.periodStartMs),
    status: invoice.status,
    status_transitions: {
      finalized_at: seconds(invoice.createdMs),
      marked_uncollectible_at: null,
      paid_at: paidAt,
      voided_at: null,
    },
    subtotal: amountCents,
    test_clock: null,
    total: amountCents,
    total_taxes: [],
    webhooks_delivered_at: null,
  }
}

function lineResource(invoice: StripeInvoice): Resource {
  const price = priceOf(invoice)
  return {
    id: invoice.id.replace('in_', 'il_'),
    object: 'line_item',
    amount: invoice.amountCents,
    currency: CURRENCY,
    description: `1 × ${price.nickname}`,
    discounts: [],
    invoice: invoice.id,
    livemode: false,
    metadata: {},
    parent: {
      invoice_item_details: null,
      subscription_item_details: {
        invoice_item: null,
        proration: false,
        subscription: invoice.subscriptionId,
        subscription_item: invoice.subscriptionId.replace('sub_', 'si_'),
      },
      type: 'subscription_item_details',
    },
    period: { end: seconds(invoice.periodEndMs), start: seconds(invoice.periodStartMs) },
    pricing: {
      price_details: { price: price.id, product: price.productId },
      type: 'price_details',
      unit_amount_decimal: String(price.amountCents),
    },
    quantity: 1,
    taxes: [],
  }
}

/** A finished checkout. */
export function sessionResource(session: CheckoutSession): Resource {
  const { email, name } = session
  const zero = { amount_discount: 0, amount_shipping: 0, amount_tax: 0 }
  return {
    id: session.id,
    object: 'checkout.session',
    allow_promotion_codes: null,
    amount_subtotal: session.amountCents,
    amount_total: session.amountCents,
    automatic_tax: { enabled: false, liability: null, provider: null, status: null },
    billing_address_collection: null,
    cancel_url: null,
    client_reference_id: session.clientReferenceId,
    created: seconds(session.createdMs),
    currency: CURRENCY,
    custom_fields: [],
    customer: session.customerId,
    customer_creation: null,
    customer_details: { address: null, email, name, phone: null, tax_exempt: 'none', tax_ids: [] },
    customer_email: null,
    expires_at: seconds(session.createdMs) + 86_400,
    invoice: session.invoiceId,
    livemode: false,
    locale: null,
    metadata: session.metadata,
    mode: 'subscription',
    payment_intent: null,
    payment_method_types: ['card'],
    payment_status: session.amountCents === 0 ? 'no_payment_required' : 'paid',
    status: 'complete',
    subscription: session.subscriptionId,
    success_url: 'https://community.example/welcome',
    total_details: zero,
    ui_mode: 'hosted',
    url: null,
  }
}

/** A price of the catalogue. */
export function priceResource(price: Price): Resource {
  return {
    id: price.id,
    object: 'price',
    active: true,
    billing_scheme: 'per_unit',
    created: CATALOGUE_S,
    currency: CURRENCY,
    custom_unit_amount: null,
    livemode: false,
    lookup_key: price.lookupKey,
    metadata: {},
    nickname: price.nickname,
    product: price.productId,
    recurring: {
      interval: price.interval,
      interval_count: 1,
      meter: null,
      trial_period_days: null,
      usage_type: 'licensed',
    },
    tax_behavior: 'unspecified',
    tiers_mode: null,
    transform_quantity: null,
    type: 'recurring',
    unit_amount: price.amountCents,
    unit_amount_decimal: String(price.amountCents),
  }
}

/** Plans are what prices were called before; items still carry both. */
function planResource(price: Price): Resource {
  const { id, amountCents: amount, interval, nickname, productId: product } = price
  const shared = { active: true, billing_scheme: 'per_unit', created: CATALOGUE_S, currency: CURRENCY }
  return {
    id,
    object: 'plan',
    amount,
    interval,
    interval_count: 1,
    nickname,
    product,
    livemode: false,
    ...shared,
  }
}

/** A product of the catalogue. */
export function productResource(product: (typeof PRODUCTS)[number]): Resource {
  return {
    id: product.id,
    object: 'product',
    active: true,
    created: CATALOGUE_S,
    default_price: PRICES.find(({ productId }) => productId === product.id)?.id ?? null,
    description: product.description,
    images: [],
    livemode: false,
    marketing_features: [],
    metadata: {},
    name: product.name,
    package_dimensions: null,
    shippable: null,
    statement_descriptor: null,
    tax_code: null,
    type: 'service',
    unit_label: null,
    updated: CATALOGUE_S,
    url: null,
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
