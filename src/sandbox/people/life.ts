/**
 * What one person does: sign up, pay, fail to, cancel, come back, change their address, leave. Each emits the webhooks
 * that the real services would, and answers with the person as they are after it.
 */
import { ConflictError } from '../../primitives/index.ts'
import { primaryEmail } from '../clerk/model.ts'
import { fullName } from '../clerk/resources.ts'
import * as clerk from '../clerk/users.ts'
import { derivedId, randomId } from '../derived-id.ts'
import * as billing from '../stripe/billing.ts'
import { findPrice, PRICES, type Price } from '../stripe/catalogue.ts'
import { addCustomer, changeCustomer } from '../stripe/customers.ts'
import type { StripeSubscription } from '../stripe/model.ts'
import { cancellation } from '../stripe/subscriptions.ts'
import type { World } from '../world.ts'
import { customerOf, latestSubscription, type Person, readPerson } from './person.ts'
import { profileOf } from './profile.ts'

/** Somebody new. @throws ConflictError when the seed's person or the address is there already */
export function signUp(
  world: World,
  given: {
    email?: string | undefined
    name?: string | undefined
    seed?: string | number | undefined
    plan?: string | undefined
    pay: boolean
  },
): Person {
  const profile = profileOf(world, given.seed === undefined ? randomId('') : `signup/${given.seed}`)
  const email = given.email ?? profile.email
  if (
    world.clerk.users.get(profile.clerkUserId) ||
    world.clerk.users.find('email', email.toLowerCase()).length > 0
  ) {
    throw new ConflictError('This person has signed up already.')
  }
  const [firstName = '', ...rest] = given.name?.split(' ') ?? [profile.firstName, profile.lastName]
  const { clerkUserId: id } = profile
  clerk.addUser(world, { id, firstName, lastName: rest.join(' '), email, createdMs: world.clock.now() })
  return given.pay ? pay(world, id, given.plan) : readPerson(world, id)
}

/** Buys a plan, or settles what is open with a card that works. @throws ConflictError when all is paid */
export function pay(world: World, clerkUserId: string, plan?: string): Person {
  const live = liveSubscription(world, clerkUserId)
  if (!live) return checkOut(world, clerkUserId, plan)
  if (live.status === 'active' || live.status === 'trialing') throw new ConflictError('Everything is paid.')
  setCard(world, live, 'works')
  billing.collect(world, live, world.clock.now())
  return readPerson(world, clerkUserId)
}

/** The card stops working and is charged: for the next period, or once more for the one that is open. */
export function failPayment(
  world: World,
  clerkUserId: string,
  then: StripeSubscription['afterDunning'],
): Person {
  const live = needLive(world, clerkUserId)
  if (live.cancelAtPeriodEnd) throw new ConflictError('Nothing more is charged for a cancelled subscription.')
  setCard(world, live, 'declined')
  const kept = world.stripe.subscriptions.put(live.id, { ...live, afterDunning: then })
  if (live.status === 'active' || live.status === 'trialing') billing.renew(world, kept, world.clock.now())
  else billing.collect(world, kept, world.clock.now())
  return readPerson(world, clerkUserId)
}

/** Cancels with the period's end, or at once. */
export function cancel(world: World, clerkUserId: string, atPeriodEnd: boolean): Person {
  const live = needLive(world, clerkUserId)
  const nowMs = world.clock.now()
  if (!atPeriodEnd) billing.end(world, live, nowMs)
  else if (live.cancelAtPeriodEnd) throw new ConflictError('It is cancelled already.')
  else billing.change(world, live, cancellation(true, nowMs), nowMs)
  return readPerson(world, clerkUserId)
}

/** Takes a cancellation back before the period has ended. */
export function resume(world: World, clerkUserId: string): Person {
  const live = needLive(world, clerkUserId)
  if (!live.cancelAtPeriodEnd) throw new ConflictError('It is not cancelled.')
  const nowMs = world.clock.now()
  billing.change(world, live, cancellation(false, nowMs), nowMs)
  return readPerson(world, clerkUserId)
}

/** Comes back with a new subscription after the old one has ended. */
export function reactivate(world: World, clerkUserId: string, plan?: string): Person {
  const customer = customerOf(world, clerkUserId)
  const latest = customer && latestSubscription(world, customer)
  if (!latest) throw new ConflictError('This person never had a subscription.')
  if (latest.endedMs === null) throw new ConflictError('The subscription has not ended.')
  return checkOut(world, clerkUserId, plan ?? latest.priceId)
}

/** Moves this subscription to its next period now, and charges for it. */
export function renewNow(world: World, clerkUserId: string): Person {
  if (needLive(world, clerkUserId).cancelAtPeriodEnd) {
    throw new ConflictError('A cancelled subscription is not renewed.')
  }
  return endPeriod(world, clerkUserId)
}

/** Lets the period end now, with what follows: renewal, failure or the end. */
export function endPeriod(world: World, clerkUserId: string): Person {
  const live = needLive(world, clerkUserId)
  const nowMs = world.clock.now()
  if (live.cancelAtPeriodEnd) billing.end(world, { ...live, periodEndMs: nowMs }, nowMs)
  else if (live.status === 'active' || live.status === 'trialing') billing.renew(world, live, nowMs)
  else billing.collect(world, live, nowMs)
  return readPerson(world, clerkUserId)
}

/** Changes the address at Clerk, at Stripe or at both. @throws ConflictError when it is somebody else’s */
export function changeEmail(
  world: World,
  clerkUserId: string,
  email: string,
  where: 'clerk' | 'stripe' | 'both',
): Person {
  const user = needUser(world, clerkUserId)
  const others = world.clerk.users.find('email', email.toLowerCase()).filter(({ id }) => id !== clerkUserId)
  if (where !== 'stripe' && others.length > 0) throw new ConflictError('Somebody else has this address.')
  if (where !== 'stripe') clerk.changeEmail(world, user, email)
  const customer = customerOf(world, clerkUserId)
  if (where !== 'clerk' && customer) changeCustomer(world, customer, { email })
  return readPerson(world, clerkUserId)
}

/** Deletes the account; unless asked not to, the subscription ends with it. */
export function leaveForGood(world: World, clerkUserId: string, cancelSubscription: boolean): Person {
  const user = needUser(world, clerkUserId)
  const live = liveSubscription(world, clerkUserId)
  if (live && cancelSubscription) billing.end(world, live, world.clock.now())
  clerk.deleteUser(world, user)
  return readPerson(world, clerkUserId)
}

function checkOut(world: World, clerkUserId: string, plan?: string): Person {
  const user = needUser(world, clerkUserId)
  const nowMs = world.clock.now()
  const known = customerOf(world, clerkUserId)
  const customer = known
    ? world.stripe.customers.put(known.id, { ...known, card: 'works' })
    : addCustomer(world, {
        id: derivedId('cus_', clerkUserId),
        email: primaryEmail(user) ?? null,
        name: fullName(user),
        metadata: { clerkUserId },
        createdMs: nowMs,
      })
  billing.startSubscription(world, {
    customer,
    price: needPrice(plan),
    metadata: { clerkUserId },
    atMs: nowMs,
    checkout: { clientReferenceId: clerkUserId },
  })
  return readPerson(world, clerkUserId)
}

function needPrice(plan: string | undefined): Price {
  const price = plan === undefined ? PRICES[0] : findPrice(plan)
  if (price) return price
  throw new ConflictError(
    `There is no such plan; there are ${PRICES.map(({ lookupKey }) => lookupKey).join(', ')}.`,
  )
}

function needUser(world: World, clerkUserId: string) {
  const user = clerk.findUser(world, clerkUserId)
  if (user) return user
  readPerson(world, clerkUserId)
  throw new ConflictError('This person has deleted their account.')
}

function liveSubscription(world: World, clerkUserId: string): StripeSubscription | undefined {
  const { customerId } = readPerson(world, clerkUserId)
  return world.stripe.subscriptions
    .find('customerId', customerId ?? '')
    .findLast(({ endedMs }) => endedMs === null)
}

function needLive(world: World, clerkUserId: string): StripeSubscription {
  const live = liveSubscription(world, clerkUserId)
  if (live) return live
  throw new ConflictError('This person has no subscription.')
}

function setCard(world: World, { customerId }: StripeSubscription, card: 'works' | 'declined'): void {
  const customer = world.stripe.customers.get(customerId)
  if (customer) world.stripe.customers.put(customerId, { ...customer, card })
}
