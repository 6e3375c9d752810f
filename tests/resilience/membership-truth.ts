/**
 * The truth about members, computed from what Stripe's and Clerk's stand-ins hold, by nothing of the program: the rules
 * of issue and design written down a second time, as plainly as possible.
 */
import { z } from 'zod'
import type { SandboxWorld } from '../support/sandbox-world.ts'

const DAY_MS = 86_400_000
const GRACE_MS = 14 * DAY_MS

const subscriptionSchema = z.looseObject({
  id: z.string(),
  customer: z.string(),
  status: z.string(),
  cancel_at: z.number().nullable(),
  ended_at: z.number().nullable(),
  cancellation_details: z.looseObject({ reason: z.string().nullable() }).nullish(),
  items: z.looseObject({
    data: z.array(z.looseObject({ current_period_start: z.number(), current_period_end: z.number() })),
  }),
})
type Subscription = z.infer<typeof subscriptionSchema>

export type Person = {
  clerkUserId: string
  email: string
  deleted: boolean
  customerId: string | null
  status: string | null
  slackUserId: string | null
}
export type Truth = { person: Person; entitled: boolean }

/** Everybody, and who is a member at this moment of the world's clock. */
export async function readTruth(world: SandboxWorld): Promise<{ nowMs: number; all: Truth[] }> {
  const { people } = await world.control<{ people: Person[] }>('GET', '/people?limit=1000')
  const { nowMs } = await world.control<{ nowMs: number }>('GET', '/clock')
  const subscriptions = await readSubscriptions(world)
  const all = people.map((person) => {
    const own = subscriptions.filter(({ customer }) => customer === person.customerId)
    return { person, entitled: !person.deleted && own.some((one) => reaches(one, nowMs)) }
  })
  return { nowMs, all }
}

function reaches(subscription: Subscription, nowMs: number): boolean {
  const { status, cancel_at, ended_at, cancellation_details, items } = subscription
  const starts = Math.max(...items.data.map((item) => item.current_period_start)) * 1000
  const ends = Math.max(...items.data.map((item) => item.current_period_end)) * 1000
  if (status === 'active' || status === 'trialing') return cancel_at === null || cancel_at * 1000 > nowMs
  if (status === 'past_due') return starts + GRACE_MS > nowMs
  if (status !== 'canceled') return false
  const endedMs = (ended_at ?? 0) * 1000
  return (cancellation_details?.reason === 'payment_failed' ? endedMs : Math.max(endedMs, ends)) > nowMs
}

async function readSubscriptions(world: SandboxWorld): Promise<Subscription[]> {
  const all: Subscription[] = []
  for (let after = ''; ; ) {
    const response = await fetch(
      `${world.url}/stripe/v1/subscriptions?status=all&limit=100${after ? `&starting_after=${after}` : ''}`,
      { headers: { authorization: `Bearer ${world.credentials.stripeApiKey}` } },
    )
    const page = z
      .looseObject({ data: z.array(subscriptionSchema), has_more: z.boolean() })
      .parse(await response.json())
    all.push(...page.data)
    after = page.data.at(-1)?.id ?? ''
    if (!page.has_more || !after) return all
  }
}
