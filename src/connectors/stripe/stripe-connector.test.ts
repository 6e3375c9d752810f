import { describe, expect, test } from 'vitest'
import { connectorsAt } from '../../../tests/contracts/connectors-at.ts'
import { type Recorded, type Reply, startRecordingServer } from '../../../tests/contracts/recording-server.ts'
import { KinkeeperError, RetryAtError } from '../../primitives/index.ts'
import { openGate } from '../open-gate.ts'
import { createStripeConnector } from './stripe-connector.ts'

async function start(reply: (request: Recorded, index: number) => Reply) {
  const server = await startRecordingServer(reply)
  const { stripe } = connectorsAt(server.url)
  return { server, stripe, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}
const ok = (body: unknown): Reply => ({ status: 200, body })
const refused = (
  status: number,
  error: Record<string, unknown>,
  headers: Record<string, string> = {},
): Reply => ({
  status,
  headers,
  body: { error: { type: 'invalid_request_error', message: 'No such thing: jo@example.org', ...error } },
})
const missing = refused(404, { code: 'resource_missing' })
const subscription = (fields: Record<string, unknown> = {}) => ({
  id: 'sub_1',
  object: 'subscription',
  customer: 'cus_1',
  status: 'active',
  created: 1_000,
  items: { object: 'list', data: [{ id: 'si_1', current_period_end: 5_000 }] },
  cancel_at_period_end: false,
  cancel_at: null,
  ended_at: null,
  ...fields,
})
const silent = createStripeConnector({ apiKey: null }, openGate)

describe('requests', () => {
  test('a subscription is read with the key, under the address that was given', async () => {
    await using world = await start(() => ok(subscription()))
    expect(await world.stripe.subscription('sub_1')).toMatchObject({ id: 'sub_1', periodEndMs: 5_000_000 })
    expect(world.server.requests[0]).toMatchObject({
      method: 'GET',
      path: '/stripe/v1/subscriptions/sub_1',
      headers: { authorization: 'Bearer sk_test_1' },
    })
    expect(world.server.requests[0]?.headers).not.toHaveProperty('x-stripe-client-telemetry')
  })

  test('what Stripe does not know is null', async () => {
    await using world = await start(() => missing)
    expect(await world.stripe.subscription('sub_1')).toBeNull()
    expect(await world.stripe.customer('cus_1')).toBeNull()
  })

  test('all subscriptions of a customer are read, newest first', async () => {
    await using world = await start((_request, index) =>
      index === 0
        ? ok({ object: 'list', data: [subscription({ id: 'sub_a', created: 10 })], has_more: true })
        : ok({ object: 'list', data: [subscription({ id: 'sub_b', created: 20 })], has_more: false }),
    )
    const all = await world.stripe.subscriptionsOf('cus_1')
    expect(all.map(({ id }) => id)).toEqual(['sub_b', 'sub_a'])
    expect(world.server.requests.map(({ query }) => Object.fromEntries(query))).toEqual([
      { customer: 'cus_1', status: 'all', limit: '100' },
      { customer: 'cus_1', status: 'all', limit: '100', starting_after: 'sub_a' },
    ])
  })

  describe('all subscriptions', () => {
    /** Lists these, the newest first, as Stripe does. */
    const listing = (all: () => Record<string, unknown>[]) =>
      start(({ query }) => {
        const at = (name: string) => all().findIndex(({ id }) => id === query.get(name))
        const before = at('ending_before')
        const [from, to] =
          before < 0
            ? [at('starting_after') + 1, at('starting_after') + 101]
            : [Math.max(0, before - 100), before]
        const has_more = before < 0 ? to < all().length : from > 0
        return ok({ object: 'list', data: all().slice(from, to), has_more })
      })
    const customer = { id: 'cus_1', object: 'customer', email: 'Jo@Example.org' }
    const many = (count: number) =>
      Array.from({ length: count }, (_, n) => subscription({ id: `sub_${count - n}`, customer }))
    const oldestFirst = (count: number) => Array.from({ length: count }, (_, n) => `sub_${n + 1}`)
    async function readAll(stripe: Awaited<ReturnType<typeof start>>['stripe'], after?: () => void) {
      const ids: string[] = []
      let cursor: string | null = null
      do {
        const page: Awaited<ReturnType<typeof stripe.listSubscriptions>> =
          await stripe.listSubscriptions(cursor)
        ids.push(...page.items.map(({ id }) => id))
        cursor = page.next
        after?.()
      } while (cursor !== null)
      return ids
    }

    test.each([0, 1, 100, 101, 200, 250])('%d are read, each once, the oldest first', async (count) => {
      await using world = await listing(() => many(count))
      expect(await readAll(world.stripe)).toEqual(oldestFirst(count))
      const [first] = world.server.requests.map(({ query }) => Object.fromEntries(query))
      expect(first).toMatchObject({ status: 'all', limit: '100', 'expand[0]': 'data.customer' })
    })

    test('those that begin while they are read come last', async () => {
      let count = 250
      await using world = await listing(() => many(count))
      const ids = await readAll(world.stripe, () => {
        if (count < 380) count += 30
      })
      expect(ids).toEqual(oldestFirst(400))
    })

    test('each with its customer; one that cannot be read is named', async () => {
      const listed = [
        subscription({ id: 'sub_3', status: 'who knows', customer }),
        subscription({ id: 'sub_2', customer: 'cus_1' }),
        subscription({ id: 'sub_1', customer }),
      ]
      await using world = await listing(() => listed)
      expect((await world.stripe.listSubscriptions(null)).items).toEqual([
        {
          id: 'sub_1',
          object: {
            subscription: expect.objectContaining({ id: 'sub_1', customerId: 'cus_1' }),
            customer: expect.objectContaining({ id: 'cus_1', email: 'jo@example.org' }),
          },
        },
        { id: 'sub_2', fault: 'customer the object itself' },
        { id: 'sub_3', fault: 'status' },
      ])
    })
  })

  test('without a key nothing can be read again, and nothing is sent', async () => {
    expect(silent.canRead).toBe(false)
    await expect(silent.subscription('sub_1')).rejects.toMatchObject({
      next: 'never-retry',
      facts: { code: 'no_api_key' },
    })
    await using world = await start(() => missing)
    expect(world.stripe.canRead).toBe(true)
  })
})

describe('objects', () => {
  test.each([
    ['the period of the items, the latest', {}, 5_000_000],
    [
      'several items',
      { items: { data: [{ current_period_end: 5_000 }, { current_period_end: 9_000 }] } },
      9_000_000,
    ],
    ['the older field', { items: { data: [{ id: 'si_1' }] }, current_period_end: 7_000 }, 7_000_000],
    ['both', { current_period_end: 7_000 }, 5_000_000],
    ['none', { items: { data: [] } }, null],
    ['no items at all', { items: null }, null],
  ])('a subscription with %s', (_name, fields, periodEndMs) => {
    expect(silent.readSubscription(subscription(fields))).toEqual({
      id: 'sub_1',
      customerId: 'cus_1',
      status: 'active',
      periodStartMs: null,
      periodEndMs,
      cancelAtPeriodEnd: false,
      cancelAtMs: null,
      endedAtMs: null,
      endedForNonPayment: false,
      createdMs: 1_000_000,
    })
  })

  test.each([
    [
      'of the items, the newest',
      { items: { data: [{ current_period_start: 10 }, { current_period_start: 20 }] } },
      20_000,
    ],
    ['in the older field', { items: null, current_period_start: 30 }, 30_000],
  ])('a period’s beginning %s', (_name, fields, periodStartMs) => {
    expect(silent.readSubscription(subscription(fields))).toMatchObject({ periodStartMs })
  })

  test.each([
    ['payment_failed', true],
    ['cancellation_requested', false],
    ['payment_disputed', false],
    [null, false],
  ])('canceled with the reason %s: ended for non-payment is %s', (reason, ended) => {
    const object = subscription({ status: 'canceled', cancellation_details: { reason } })
    expect(silent.readSubscription(object).endedForNonPayment).toBe(ended)
  })

  test('a subscription that ends, with its customer expanded', () => {
    const ending = subscription({
      customer: { id: 'cus_2', object: 'customer' },
      status: 'canceled',
      cancel_at_period_end: true,
      cancel_at: 6_000,
      ended_at: 6_000,
    })
    expect(silent.readSubscription(ending)).toMatchObject({
      customerId: 'cus_2',
      status: 'canceled',
      cancelAtPeriodEnd: true,
      cancelAtMs: 6_000_000,
      endedAtMs: 6_000_000,
    })
  })

  test.each([
    [
      {
        id: 'cus_1',
        object: 'customer',
        email: 'Jo@Example.org',
        name: '',
        metadata: { clerkUserId: 'user_1' },
      },
      { id: 'cus_1', email: 'jo@example.org', name: null, deleted: false, clerkUserId: 'user_1' },
    ],
    [
      { id: 'cus_1', object: 'customer', email: null, name: 'Jo', metadata: { clerk_user_id: 'user_2' } },
      { id: 'cus_1', email: null, name: 'Jo', deleted: false, clerkUserId: 'user_2' },
    ],
    [
      { id: 'cus_1', object: 'customer', deleted: true },
      { id: 'cus_1', email: null, name: null, deleted: true, clerkUserId: null },
    ],
  ])('a customer %j', (object, customer) => {
    expect(silent.readCustomer(object)).toEqual(customer)
  })

  test.each([
    ['nothing', undefined, /the object itself/],
    ['another object', { ...subscription(), object: 'invoice' }, /object is not/],
    ['a status nobody knows', subscription({ status: 'jo@example.org' }), /status is not/],
  ])('%s is no subscription', (_name, object, message) => {
    const reading = () => silent.readSubscription(object)
    expect(reading).toThrow(message)
    expect(reading).not.toThrow(/jo@/)
  })
})

describe('a refusal', () => {
  async function refusalOf(reply: Reply) {
    await using world = await start(() => reply)
    const error: unknown = await world.stripe.ping().catch((thrown: unknown) => thrown)
    if (!(error instanceof KinkeeperError)) throw error
    expect(world.server.requests, 'the SDK does not try again').toHaveLength(1)
    expect(error.message).not.toContain('jo@')
    return error
  }

  test.each([
    [refused(401, {}), /check STRIPE_API_KEY/, 'invalid_request_error'],
    [refused(403, { code: 'more_permissions_required' }), /restricted key/, 'more_permissions_required'],
    [refused(404, { code: 'resource_missing' }), /does not know/, 'resource_missing'],
    [refused(400, { code: 'parameter_unknown' }), /parameter_unknown/, 'parameter_unknown'],
    [refused(402, { type: 'card_error', code: 'card_declined' }), /card_declined/, 'card_declined'],
  ])('%j is final', async (reply, message, code) => {
    const error = await refusalOf(reply)
    expect(error).toMatchObject({ next: 'never-retry', facts: { provider: 'stripe', code } })
    expect(error.message).toMatch(message)
  })

  test('by something in between is final as well, and says so', async () => {
    const error = await refusalOf({ status: 403, body: '<html>jo@example.org</html>' })
    expect(error).toMatchObject({ next: 'never-retry', facts: { status: 403 } })
    expect(error.message).toMatch(/between us and Stripe/)
  })

  test.each([
    [refused(429, { code: 'rate_limit' }), 2_000],
    [refused(429, { code: 'rate_limit' }, { 'retry-after': '9' }), 9_000],
    [refused(400, { code: 'rate_limit' }), 2_000],
    [refused(409, { code: 'lock_timeout' }), 2_000],
  ])('for now: %j', async (reply, retryAfterMs) => {
    const error = await refusalOf(reply)
    expect(error instanceof RetryAtError && error.retryAfterMs).toBe(retryAfterMs)
  })

  test.each([
    refused(500, { type: 'api_error' }),
    { fault: 'reset' } as const,
    { fault: 'cut_body' } as const,
  ])('that may pass: %j', async (reply) => {
    expect((await refusalOf(reply)).next).toBe('retry')
  })
})
