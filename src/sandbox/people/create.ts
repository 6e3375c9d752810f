/** A whole community at once: the same seed makes the same people, with two years of past behind them. */
import { setImmediate as breathe } from 'node:timers/promises'
import { DAY_MS, SECOND_MS } from '../../primitives/index.ts'
import { addUser } from '../clerk/users.ts'
import { derivedId } from '../derived-id.ts'
import { change, end, renew, skipPeriods, startSubscription } from '../stripe/billing.ts'
import { periodEnd } from '../stripe/catalogue.ts'
import { addCustomer } from '../stripe/customers.ts'
import type { StripeSubscription } from '../stripe/model.ts'
import { cancellation } from '../stripe/subscriptions.ts'
import type { World } from '../world.ts'
import { slackUserId } from './person.ts'
import { type Profile, plain, profileOf } from './profile.ts'

const TRIAL_DAYS = 14
const AT_ONCE = 25

/**
 * Makes the first `count` people of a seed; those who are there already stay as they are. Every one sends the webhooks
 * of their signup, and of where they stand now.
 * @returns how many are new
 */
export async function createPeople(world: World, count: number, seed: string | number): Promise<number> {
  let created = 0
  for (let number = 0; number < count; number++) {
    const profile = profileOf(world, `${seed}/${number}`)
    if (world.clerk.users.get(profile.clerkUserId)) continue
    createPerson(world, profile)
    created++
    if (created % AT_ONCE === 0) await breathe()
  }
  return created
}

function createPerson(world: World, profile: Profile): void {
  const nowMs = world.clock.now()
  const startMs = startOf(profile, nowMs)
  addUser(world, { ...profile, id: profile.clerkUserId, createdMs: startMs - profile.hesitationMs })
  if (profile.inSlack) addToSlack(world, profile, startMs)
  if (profile.standing !== 'none') subscribe(world, profile, startMs)
}

function startOf({ standing, price, periods, elapsed }: Profile, nowMs: number): number {
  if (standing === 'trialing') return nowMs - Math.round(elapsed * TRIAL_DAYS * DAY_MS)
  const days = standing === 'past_due' ? 1 : elapsed * (price.interval === 'year' ? 360 : 28)
  return periodEnd(nowMs - Math.round(days * DAY_MS), price.interval, -periods)
}

function subscribe(world: World, profile: Profile, startMs: number): void {
  const { clerkUserId, firstName, lastName, email, standing, price, periods } = profile
  const customer = addCustomer(world, {
    id: derivedId('cus_', clerkUserId),
    email,
    name: `${firstName} ${lastName}`,
    metadata: { clerkUserId },
    createdMs: startMs,
  })
  let subscription = startSubscription(world, {
    customer,
    price,
    trialDays: standing === 'trialing' ? TRIAL_DAYS : 0,
    metadata: { clerkUserId },
    atMs: startMs,
    checkout: { clientReferenceId: clerkUserId },
  })
  if (standing === 'trialing') return
  if (periods > 0) subscription = skipPeriods(world, subscription, periods - 1)
  if (standing === 'ended') {
    const askedMs = subscription.periodEndMs - 3 * DAY_MS
    const leaving = change(world, subscription, cancellation(true, askedMs), askedMs)
    end(world, leaving, leaving.periodEndMs)
    return
  }
  if (standing === 'past_due') decline(world, customer.id)
  if (periods > 0) subscription = renew(world, subscription, subscription.periodEndMs)
  if (standing === 'cancelling') leave(world, subscription)
}

function leave(world: World, subscription: StripeSubscription): void {
  const askedMs = subscription.periodStartMs + 20 * SECOND_MS
  change(world, subscription, cancellation(true, askedMs), askedMs)
}

function decline(world: World, customerId: string): void {
  const customer = world.stripe.customers.get(customerId)
  if (customer) world.stripe.customers.put(customerId, { ...customer, card: 'declined' })
}

/** People join the workspace by themselves; the application only sees that they are there. */
function addToSlack(world: World, profile: Profile, atMs: number): void {
  const id = slackUserId(profile.clerkUserId)
  const { firstName, lastName, email, timezone } = profile
  const name = `${plain(firstName)}.${plain(lastName)}`
  world.slack.users.put(id, {
    id,
    name,
    realName: `${firstName} ${lastName}`,
    email,
    timezone,
    updatedMs: atMs,
  })
}
