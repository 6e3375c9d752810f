/** What Stripe keeps of a community: customers, their subscriptions, invoices and checkouts. All times in ms. */
import { type IndexedCollection, indexed } from '../indexed.ts'
import type { Collection, Store } from '../store.ts'
import type { KeptAnswer } from './idempotency.ts'

export type Metadata = Record<string, string>

export type StripeCustomer = {
  id: string
  email: string | null
  name: string | null
  metadata: Metadata
  /** What happens when the card is charged. */
  card: 'works' | 'declined'
  deleted: boolean
  createdMs: number
  /** How many subscriptions and checkouts it has had; their ids follow from it. */
  subscriptions: number
}

export type SubscriptionStatus =
  | 'incomplete'
  | 'incomplete_expired'
  | 'trialing'
  | 'active'
  | 'past_due'
  | 'canceled'
  | 'unpaid'

export type StripeSubscription = {
  id: string
  customerId: string
  priceId: string
  status: SubscriptionStatus
  metadata: Metadata
  createdMs: number
  /** Periods are whole months or years from here. */
  anchorMs: number
  periodStartMs: number
  periodEndMs: number
  trialEndMs: number | null
  cancelAtPeriodEnd: boolean
  canceledMs: number | null
  cancelReason: 'cancellation_requested' | 'payment_failed' | null
  endedMs: number | null
  latestInvoiceId: string | null
  invoices: number
  /** When a past-due payment is tried again; null when it is not. */
  nextPaymentMs: number | null
  /** What becomes of it when every retry has failed. */
  afterDunning: 'canceled' | 'unpaid'
}

export type StripeInvoice = {
  id: string
  number: string
  customerId: string
  subscriptionId: string
  priceId: string
  amountCents: number
  status: 'open' | 'paid' | 'void' | 'uncollectible'
  reason: 'subscription_create' | 'subscription_cycle' | 'subscription_update'
  attempts: number
  nextPaymentMs: number | null
  createdMs: number
  paidMs: number | null
  periodStartMs: number
  periodEndMs: number
}

export type CheckoutSession = {
  id: string
  customerId: string
  subscriptionId: string
  invoiceId: string | null
  clientReferenceId: string | null
  email: string | null
  name: string | null
  amountCents: number
  metadata: Metadata
  createdMs: number
}

export type StripeWorld = {
  customers: IndexedCollection<StripeCustomer, 'email' | 'clerkUserId'>
  subscriptions: IndexedCollection<StripeSubscription, 'customerId'>
  invoices: IndexedCollection<StripeInvoice, 'subscriptionId'>
  sessions: IndexedCollection<CheckoutSession, 'subscriptionId'>
  answers: Collection<KeptAnswer>
}

/** Opens Stripe's collections. */
export function openStripe(store: Store): StripeWorld {
  return {
    customers: indexed(store.collection<StripeCustomer>('stripe-customers'), {
      email: ({ email }) => email,
      clerkUserId: ({ metadata }) => metadata.clerkUserId ?? null,
    }),
    subscriptions: indexed(store.collection<StripeSubscription>('stripe-subscriptions'), {
      customerId: ({ customerId }) => customerId,
    }),
    invoices: indexed(store.collection<StripeInvoice>('stripe-invoices'), {
      subscriptionId: ({ subscriptionId }) => subscriptionId,
    }),
    sessions: indexed(store.collection<CheckoutSession>('stripe-sessions'), {
      subscriptionId: ({ subscriptionId }) => subscriptionId,
    }),
    answers: store.collection('stripe-answers'),
  }
}
