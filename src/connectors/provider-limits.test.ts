import { describe, expect, test } from 'vitest'
import { PROVIDER_LIMITS, providerLimits } from './provider-limits.ts'

/** The most requests that a bucket lets through in any window of so many seconds. */
function mostIn(seconds: number, { burst, perMinute }: { burst: number; perMinute: number }): number {
  return burst + (perMinute * seconds) / 60
}

const live = providerLimits({ stripeApiKey: 'rk_live_1', clerkSecretKey: 'sk_live_1' })
const sandbox = providerLimits({ stripeApiKey: 'sk_test_1', clerkSecretKey: 'sk_test_1' })

test.each([
  ['luma', PROVIDER_LIMITS.luma, 60, 200],
  ['circle', PROVIDER_LIMITS.circle, 300, 2_000],
  ['clerk in development', sandbox.clerk, 10, 100],
  ['clerk in production', live.clerk, 10, 1_000],
  ['stripe in a sandbox', sandbox.stripe, 1, 25],
  ['stripe in live mode', live.stripe, 1, 100],
])('%s: never more in any window than the provider takes', (_name, limits, seconds, most) => {
  const everything = (limits.rates ?? []).filter(({ operations }) => operations === undefined)
  expect(everything).toHaveLength(1)
  for (const rate of everything) {
    expect(mostIn(seconds, rate)).toBeLessThanOrEqual(most)
    expect(mostIn(seconds, rate), 'and not far less').toBeGreaterThanOrEqual(most * 0.9)
  }
})

test.each(['subscriptions.retrieve', 'subscriptions.list', 'customers.retrieve'])(
  'stripe’s %s: 25 a second in live mode too',
  (endpoint) => {
    const own = (live.stripe.rates ?? []).filter(({ operations }) => operations?.includes(endpoint))
    expect(own.map((rate) => mostIn(1, rate))).toEqual([25])
  },
)

test('without a key, or with one of neither kind, the lower limits hold', () => {
  expect(PROVIDER_LIMITS).toEqual(sandbox)
  expect(providerLimits({ stripeApiKey: 'own', clerkSecretKey: 'own' })).toEqual(sandbox)
  expect(live).not.toEqual(sandbox)
})

test('Mailchimp is left two of its ten connections', () => {
  expect(PROVIDER_LIMITS.mailchimp).toEqual({ concurrency: 8 })
})

test('Circle’s month follows the plan', () => {
  expect(PROVIDER_LIMITS.circle.perMonth).toBe(5_000)
  expect(providerLimits({ circlePerMonth: 30_000 }).circle.perMonth).toBe(30_000)
})

describe('Slack', () => {
  const rates = PROVIDER_LIMITS.slack.rates ?? []
  const bucketsOf = (method: string) => rates.filter(({ operations }) => operations?.includes(method))

  test.each([
    ['users.list', 20],
    ['usergroups.list', 20],
    ['usergroups.users.list', 20],
    ['usergroups.users.update', 20],
    ['usergroups.enable', 20],
    ['usergroups.disable', 20],
    ['users.lookupByEmail', 50],
    ['chat.update', 50],
    ['conversations.history', 50],
    ['conversations.replies', 50],
    ['views.open', 100],
    ['users.info', 100],
    ['chat.postEphemeral', 100],
  ])('%s has its own bucket of at most %d a minute', (method, most) => {
    const buckets = bucketsOf(method)
    expect(buckets).toHaveLength(1)
    expect(buckets.flatMap(({ operations }) => operations)).toEqual([method])
    expect(buckets.map((bucket) => mostIn(60, bucket))).toEqual([most])
  })

  test('a channel gets one message a second with a small burst, and the workspace a few hundred a minute', () => {
    const [channel, workspace] = bucketsOf('chat.postMessage')
    expect(channel).toMatchObject({ perSubject: true, burst: 20 })
    expect(channel && mostIn(60, channel)).toBe(60)
    expect(workspace?.perSubject).toBeUndefined()
    expect(workspace && mostIn(60, workspace)).toBe(200)
  })

  test('names no bucket twice', () => {
    expect(new Set(rates.map(({ name }) => name)).size).toBe(rates.length)
  })
})
