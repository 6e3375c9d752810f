/**
 * What an event of Stripe's means for the members. Where Stripe can be asked, the event only says what to read again, so
 * that an old or repeated one brings nothing old back; where it cannot, the event's own content counts, by its time.
 */
import { z } from 'zod'
import {
  assignSubscriptions,
  changeMember,
  createMember,
  type Match,
  type Member,
  matchMember,
  takeSubscriptionNews,
} from '../../community/index.ts'
import type { StripeCustomer, StripeSubscription } from '../../connectors/membership-contract.ts'
import { readDatabaseClock, type Transaction } from '../../database/index.ts'
import { SECOND_MS, seam } from '../../primitives/index.ts'
import { askWhoItIs, ownerByWord } from './match-question.ts'
import type { Cause, MembershipParts } from './parts.ts'
import { readAs } from './readable.ts'

const reference = z.union([z.string(), z.looseObject({ id: z.string() }).transform(({ id }) => id)])

/** The event as Stripe sends it, in whatever API version the endpoint has. */
export const stripeEventSchema = z.looseObject({
  id: z.string().min(1),
  type: z.string().min(1),
  /** Epoch seconds. */
  created: z.number(),
  data: z.looseObject({ object: z.looseObject({ object: z.string(), id: z.string().optional() }) }),
})
export type StripeEvent = z.infer<typeof stripeEventSchema>

const sessionSchema = z.looseObject({
  mode: z.string().nullish(),
  customer: reference.nullish(),
  client_reference_id: z.string().nullish(),
  customer_email: z.string().nullish(),
  customer_details: z.looseObject({ email: z.string().nullish(), name: z.string().nullish() }).nullish(),
})

/** Both links to the subscription: the one since 2025-03-31, and the one before. */
const invoiceSchema = z.looseObject({
  customer: reference.nullish(),
  subscription: reference.nullish(),
  parent: z
    .looseObject({
      subscription_details: z.looseObject({ subscription: reference.nullish() }).nullish(),
    })
    .nullish(),
})

/** What was learned: about whom, and of which subscriptions. */
export type StripeNews = {
  customerId: string
  clerkId: string | null
  email: string | null
  name: string | null
  subscriptions: StripeSubscription[]
  /** How new it is, epoch milliseconds. */
  seenMs: number
}

type Settle = (tx: Transaction, memberId: string, cause: Cause) => Promise<void>

/** The events that say something about members; all others are kept and left alone. */
export const STRIPE_EVENTS = new Set([
  'checkout.session.completed',
  'customer.subscription.created',
  'customer.subscription.updated',
  'customer.subscription.deleted',
  'invoice.paid',
  'invoice.payment_failed',
  'customer.updated',
])

/** Takes an event over, and settles what follows. Repeating it changes nothing. @returns what came of it, in words */
export async function takeStripeEvent(
  parts: MembershipParts,
  settle: Settle,
  event: StripeEvent,
  runId: string,
): Promise<string> {
  const news = await learn(parts, event)
  if (!news) return `${event.type} says nothing about a member`
  const why = WORDS[event.type] ?? event.type
  return takeStripeNews(parts, settle, news, { sourceEventId: event.id, why, runId })
}

/** Takes over what Stripe says of a customer. `runId`: who asks when it is not clear who that is. @returns what came of it */
export async function takeStripeNews(
  parts: MembershipParts,
  settle: Settle,
  news: StripeNews,
  { runId, ...cause }: Cause & { runId: string },
): Promise<string> {
  return parts.database.transaction(async (tx) => {
    const nowMs = parts.clock.now()
    const match = await matchMember(tx, { ...news, clerkId: news.clerkId }, nowMs)
    const known = match.kind === 'found' ? match.member : await ownerByWord(tx, news.customerId)
    if (match.kind === 'conflict' && !known)
      return takeUnclear(tx, parts, settle, { match, news, cause, runId })
    const member = known
      ? await complete(tx, known, news, nowMs)
      : await createMember(tx, { stripeCustomerId: news.customerId, ...personOf(news) }, nowMs)
    for (const subscription of news.subscriptions)
      await takeSubscriptionNews(tx, { ...subscription, seenMs: news.seenMs }, member.id)
    await assignSubscriptions(tx, news.customerId, member.id)
    await settle(tx, member.id, cause)
    seam('stripe-news.before-commit')
    return `${cause.why}: ${member.id}`
  })
}

type Unclear = {
  match: Extract<Match, { kind: 'conflict' }>
  news: StripeNews
  cause: Cause
  runId: string
}

/**
 * A payment whose owner is not clear: a subscription that is new makes nobody a member before a person has said whose it
 * is; one that counts for somebody goes on doing so, and what is new of it counts for them.
 */
async function takeUnclear(
  tx: Transaction,
  parts: MembershipParts,
  settle: Settle,
  { match, news, cause, runId }: Unclear,
): Promise<string> {
  const newcomer = {
    customerId: news.customerId,
    clerkId: null,
    person: { email: news.email, ...namesOf(news.name) },
    runId,
  }
  const { owner } = match
  const apart = await askWhoItIs(tx, parts, match, newcomer)
  for (const subscription of news.subscriptions)
    await takeSubscriptionNews(tx, { ...subscription, seenMs: news.seenMs }, apart && owner ? owner.id : null)
  if (owner) await settle(tx, owner.id, cause)
  return apart && owner
    ? `${cause.why}: ${owner.id}, as a person has said`
    : 'It is not clear whose this is; a person is asked'
}

const WORDS: Record<string, string> = {
  'checkout.session.completed': 'they checked out',
  'customer.subscription.created': 'a subscription began',
  'customer.subscription.updated': 'the subscription changed',
  'customer.subscription.deleted': 'the subscription ended',
  'invoice.paid': 'an invoice was paid',
  'invoice.payment_failed': 'a payment failed',
  'customer.updated': 'the customer’s details changed',
}

/** Of a member with an account the account has the say about name and address. */
async function complete(tx: Transaction, member: Member, news: StripeNews, nowMs: number): Promise<Member> {
  const own = member.stripeCustomerId === null || member.stripeCustomerId === news.customerId
  return changeMember(
    tx,
    member.id,
    {
      ...(own ? { stripeCustomerId: news.customerId } : {}),
      ...(member.clerkId === null && own ? personOf(news) : {}),
    },
    nowMs,
  )
}

function personOf({ email, name }: StripeNews) {
  const names = namesOf(name)
  return { ...(email ? { email } : {}), ...(names.firstName ? names : {}) }
}

/** Stripe has one field for the whole name. */
function namesOf(name: string | null): { firstName: string | null; lastName: string | null } {
  const [firstName, ...rest] = (name ?? '').split(' ').filter(Boolean)
  return { firstName: firstName ?? null, lastName: rest.join(' ') || null }
}

async function learn(parts: MembershipParts, event: StripeEvent): Promise<StripeNews | null> {
  const { stripe } = parts.connectors
  const { object } = event.data
  const eventMs = event.created * SECOND_MS
  switch (object.object) {
    case 'checkout.session': {
      const session = readAs(sessionSchema, object, 'Stripe’s checkout session')
      if (session.mode !== 'subscription' || !session.customer) return null
      return read(parts, eventMs, {
        customerId: session.customer,
        clerkId: session.client_reference_id ?? null,
        email: (session.customer_details?.email ?? session.customer_email)?.toLowerCase() ?? null,
        name: session.customer_details?.name ?? null,
        subscriptions: [],
      })
    }
    case 'subscription': {
      const subscription = stripe.readSubscription(object)
      const { customerId } = subscription
      return read(parts, eventMs, { ...NOBODY, customerId, subscriptions: [subscription] })
    }
    case 'invoice': {
      const invoice = readAs(invoiceSchema, object, 'Stripe’s invoice')
      const subscriptionId = invoice.parent?.subscription_details?.subscription ?? invoice.subscription
      if (!invoice.customer || !subscriptionId) return null
      return read(parts, eventMs, { ...NOBODY, customerId: invoice.customer })
    }
    case 'customer': {
      const customer = stripe.readCustomer(object)
      return read(parts, eventMs, { ...NOBODY, customerId: customer.id, ...ownedBy(customer) })
    }
    default:
      return null
  }
}

const NOBODY = { clerkId: null, email: null, name: null, subscriptions: [] }

/** Reads again what is true now of this customer, where Stripe can be asked. */
async function read(
  parts: MembershipParts,
  eventMs: number,
  told: Omit<StripeNews, 'seenMs'>,
): Promise<StripeNews> {
  const { stripe } = parts.connectors
  if (!stripe.canRead) return { ...told, seenMs: eventMs }
  // Before the reading: what is read later can only be newer.
  const seenMs = await readDatabaseClock(parts.database)
  const [customer, subscriptions] = await Promise.all([
    stripe.customer(told.customerId),
    stripe.subscriptionsOf(told.customerId),
  ])
  const owner = customer && !customer.deleted ? ownedBy(customer) : NOBODY
  return {
    customerId: told.customerId,
    clerkId: told.clerkId ?? owner.clerkId,
    email: owner.email ?? told.email,
    name: owner.name ?? told.name,
    subscriptions,
    seenMs,
  }
}

/** What is true now of this customer, read from Stripe. */
export async function readCustomerNews(parts: MembershipParts, customerId: string): Promise<StripeNews> {
  return read(parts, parts.clock.now(), { ...NOBODY, customerId })
}

/** What a list of Stripe's says of a customer and of subscriptions of theirs. @param seenMs by the database's clock, before it was read */
export function listedNews(
  customer: StripeCustomer,
  subscriptions: StripeSubscription[],
  seenMs: number,
): StripeNews {
  const owner = customer.deleted ? NOBODY : ownedBy(customer)
  return { ...NOBODY, ...owner, customerId: customer.id, subscriptions, seenMs }
}

function ownedBy({ clerkUserId, email, name }: StripeCustomer) {
  return { clerkId: clerkUserId, email, name }
}
