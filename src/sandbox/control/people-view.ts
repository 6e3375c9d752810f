/** Stripe and Clerk in the world's view. */
import { primaryEmail } from '../clerk/model.ts'
import { fullName } from '../clerk/resources.ts'
import type { SubscriptionStatus } from '../stripe/model.ts'
import type { World } from '../world.ts'

export type PeopleView = {
  stripe: {
    customers: number
    subscriptions: {
      id: string
      customerId: string
      clerkUserId: string | null
      email: string | null
      status: SubscriptionStatus
      priceId: string
      periodEndMs: number
      cancelAtPeriodEnd: boolean
    }[]
  }
  clerk: { users: { id: string; email: string | null; name: string; deleted: boolean }[] }
}

/** @param latest cuts a long list down to what is asked for */
export function viewPeople(world: World, latest: <T>(list: T[]) => T[]): PeopleView {
  const { customers, subscriptions } = world.stripe
  return {
    stripe: {
      customers: customers.values().filter(({ deleted }) => !deleted).length,
      subscriptions: latest(subscriptions.values()).map((subscription) => ({
        id: subscription.id,
        customerId: subscription.customerId,
        clerkUserId: customers.get(subscription.customerId)?.metadata.clerkUserId ?? null,
        email: customers.get(subscription.customerId)?.email ?? null,
        status: subscription.status,
        priceId: subscription.priceId,
        periodEndMs: subscription.periodEndMs,
        cancelAtPeriodEnd: subscription.cancelAtPeriodEnd,
      })),
    },
    clerk: {
      users: latest(world.clerk.users.values()).map((user) => ({
        id: user.id,
        email: primaryEmail(user) ?? null,
        name: fullName(user),
        deleted: user.deleted,
      })),
    },
  }
}
