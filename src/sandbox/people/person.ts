/** One person across Clerk, Stripe and Slack, as the control API shows them. */
import { NotFoundError } from '../../primitives/index.ts'
import { primaryEmail } from '../clerk/model.ts'
import { fullName } from '../clerk/resources.ts'
import { derivedId } from '../derived-id.ts'
import { priceOf } from '../stripe/catalogue.ts'
import type { StripeCustomer, StripeSubscription } from '../stripe/model.ts'
import type { World } from '../world.ts'

export type Person = {
  clerkUserId: string
  name: string
  email: string | null
  deleted: boolean
  customerId: string | null
  /** The latest, also when it has ended; null: there was none. */
  subscriptionId: string | null
  plan: string | null
  status: StripeSubscription['status'] | null
  periodEndMs: number | null
  cancelAtPeriodEnd: boolean
  slackUserId: string | null
}

/** A person by their Clerk id, also a deleted one. @throws NotFoundError when there is none */
export function readPerson(world: World, clerkUserId: string): Person {
  const user = world.clerk.users.get(clerkUserId)
  if (!user) throw new NotFoundError('There is no person with this Clerk id.')
  const customer = customerOf(world, clerkUserId)
  const subscription = customer && latestSubscription(world, customer)
  return {
    clerkUserId,
    name: fullName(user),
    email: primaryEmail(user) ?? null,
    deleted: user.deleted,
    customerId: customer?.id ?? null,
    subscriptionId: subscription?.id ?? null,
    plan: subscription ? priceOf(subscription).lookupKey : null,
    status: subscription?.status ?? null,
    periodEndMs: subscription?.periodEndMs ?? null,
    cancelAtPeriodEnd: subscription?.cancelAtPeriodEnd ?? false,
    slackUserId: world.slack.users.get(slackUserId(clerkUserId))?.id ?? null,
  }
}

/** The Stripe customer that belongs to a Clerk user. */
export function customerOf(world: World, clerkUserId: string): StripeCustomer | undefined {
  return world.stripe.customers.find('clerkUserId', clerkUserId).at(-1)
}

/** The subscription that was started last. */
export function latestSubscription(world: World, customer: StripeCustomer): StripeSubscription | undefined {
  return world.stripe.subscriptions.find('customerId', customer.id).at(-1)
}

/** A person's id in Slack, if they are there. */
export function slackUserId(clerkUserId: string): string {
  return derivedId('U0', clerkUserId).slice(0, 11).toUpperCase()
}
