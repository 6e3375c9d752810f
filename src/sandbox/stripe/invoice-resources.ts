/** Invoices and finished checkouts as they cross the wire. */
import type { World } from '../world.ts'
import { CURRENCY, priceOf } from './catalogue.ts'
import type { CheckoutSession, StripeInvoice } from './model.ts'
import { list, type Resource, seconds } from './resources.ts'

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
