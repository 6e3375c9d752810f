/** Stripe's objects as events and answers hold them, in any API version that Stripe still sends. */
import { z } from 'zod'
import { NeverRetryError, SECOND_MS } from '../../primitives/index.ts'
import type { Listed, StripeCustomer, StripeSubscription } from '../membership-contract.ts'

/** Epoch seconds, as all of Stripe's times. */
const seconds = z.number().transform((value) => value * SECOND_MS)
/** An object's id, whether or not the object was expanded in its place. */
const reference = z.union([z.string(), z.looseObject({ id: z.string() }).transform(({ id }) => id)])

/**
 * The paid period is on the items since 2025-03-31, on the subscription itself before.
 * https://docs.stripe.com/changelog/basil/2025-03-31/deprecate-subscription-current-period-start-and-end (2026-11)
 */
export const subscriptionSchema = z
  .looseObject({
    object: z.literal('subscription'),
    id: z.string().min(1),
    customer: reference,
    status: z.enum([
      'incomplete',
      'incomplete_expired',
      'trialing',
      'active',
      'past_due',
      'canceled',
      'unpaid',
      'paused',
    ]),
    current_period_start: seconds.nullish(),
    current_period_end: seconds.nullish(),
    items: z
      .looseObject({
        data: z.array(
          z.looseObject({ current_period_start: seconds.nullish(), current_period_end: seconds.nullish() }),
        ),
      })
      .nullish(),
    cancel_at_period_end: z.boolean().nullish(),
    cancel_at: seconds.nullish(),
    ended_at: seconds.nullish(),
    created: seconds,
    cancellation_details: z.looseObject({ reason: z.string().nullish() }).nullish(),
  })
  .transform((object): StripeSubscription => {
    const ends = (object.items?.data ?? []).flatMap(({ current_period_end: end }) => end ?? [])
    const starts = (object.items?.data ?? []).flatMap(({ current_period_start: start }) => start ?? [])
    return {
      id: object.id,
      customerId: object.customer,
      status: object.status,
      periodStartMs: starts.length > 0 ? Math.max(...starts) : (object.current_period_start ?? null),
      periodEndMs: ends.length > 0 ? Math.max(...ends) : (object.current_period_end ?? null),
      cancelAtPeriodEnd: object.cancel_at_period_end ?? false,
      cancelAtMs: object.cancel_at ?? null,
      endedAtMs: object.ended_at ?? null,
      endedForNonPayment: object.cancellation_details?.reason === 'payment_failed',
      createdMs: object.created,
    }
  })

export const subscriptionPageSchema = z.looseObject({
  data: z.array(subscriptionSchema),
  has_more: z.boolean(),
})

/** A deleted customer is its id and `deleted: true`, nothing else. */
export const customerSchema = z
  .looseObject({
    object: z.literal('customer'),
    id: z.string().min(1),
    email: z.string().nullish(),
    name: z.string().nullish(),
    deleted: z.boolean().optional(),
    metadata: z.record(z.string(), z.string()).nullish(),
  })
  .transform(
    ({ id, email, name, deleted, metadata }): StripeCustomer => ({
      id,
      email: email?.toLowerCase() || null,
      name: name || null,
      deleted: deleted ?? false,
      clerkUserId: metadata?.clerkUserId || metadata?.clerk_user_id || null,
    }),
  )

/** A page of which each object is read by itself; only its id is needed for the next one. */
export const listedPageSchema = z.looseObject({
  data: z.array(z.looseObject({ id: z.string().min(1) })),
  has_more: z.boolean(),
})

/** A subscription in whose place of the customer is the customer itself. */
export function readListed(
  object: z.infer<typeof listedPageSchema>['data'][number],
): Listed<{ subscription: StripeSubscription; customer: StripeCustomer }> {
  const { id } = object
  const subscription = subscriptionSchema.safeParse(object)
  if (!subscription.success) return { id, fault: faultOf(subscription.error) }
  const customer = customerSchema.safeParse(object.customer)
  if (!customer.success) return { id, fault: `customer ${faultOf(customer.error)}` }
  return { id, object: { subscription: subscription.data, customer: customer.data } }
}

function faultOf(error: z.ZodError): string {
  return error.issues[0]?.path.join('.') || 'the object itself'
}

/** Reads an object of an event. @throws NeverRetryError that names the field at fault, never its content */
export function readObject<T>(kind: 'subscription' | 'customer', schema: z.ZodType<T>, object: unknown): T {
  const read = schema.safeParse(object)
  if (read.success) return read.data
  const field = faultOf(read.error)
  throw new NeverRetryError(`This is no ${kind} of Stripe’s that can be read: ${field} is not as expected.`, {
    facts: { provider: 'stripe', operation: `read ${kind}`, code: 'unreadable_object' },
  })
}
