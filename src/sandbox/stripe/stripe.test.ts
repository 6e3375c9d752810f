/** Stripe's stand-in, with the official SDK as the client and its verifier as the receiver. */
import Stripe from 'stripe'
import { expect, test, vi } from 'vitest'
import { type Received, SANDBOX_CREDENTIALS, startApplication, startTestSandbox } from '../fixtures.ts'

const DAY_MS = 86_400_000
const { stripeApiKey, stripeWebhookSecret } = SANDBOX_CREDENTIALS

function client(port: number, key: string = stripeApiKey): Stripe {
  return new Stripe(key, { host: '127.0.0.1', port, protocol: 'http', maxNetworkRetries: 0 })
}

function verify({ raw, headers }: Received): Stripe.Event {
  return Stripe.webhooks.constructEvent(raw, String(headers['stripe-signature']), stripeWebhookSecret)
}

async function start() {
  const application = await startApplication()
  const sandbox = await startTestSandbox({ publicUrl: application.url })
  const stripe = client(sandbox.port)
  const idle = () =>
    vi.waitFor(
      async () => expect(await sandbox.control('GET', '/deliveries/idle')).toMatchObject({ idle: true }),
      10_000,
    )
  const member = async (price = 'price_Sand_member_monthly') => {
    const customer = await stripe.customers.create({ email: 'ada@example.org', name: 'Ada' })
    return stripe.subscriptions.create({
      customer: customer.id,
      items: [{ price }],
      metadata: { from: 'test' },
    })
  }
  return { application, sandbox, stripe, idle, member }
}

test('a subscription is created, read, cancelled with its period, and taken back', async () => {
  const { application, stripe, idle, member } = await start()
  const created = await member()
  expect(created).toMatchObject({ status: 'active', cancel_at_period_end: false, metadata: { from: 'test' } })
  expect(created).not.toHaveProperty('current_period_end')
  const [item] = created.items.data
  expect(item?.current_period_end).toBeGreaterThan(created.created + 27 * 86_400)
  const invoice = await stripe.invoices.retrieve(String(created.latest_invoice))
  expect(invoice.parent?.subscription_details?.subscription).toBe(created.id)
  const found = await stripe.customers.list({ email: 'ada@example.org' })
  expect(found.data.map(({ id }) => id)).toEqual([created.customer])
  const cancelled = await stripe.subscriptions.update(created.id, { cancel_at_period_end: true })
  expect(cancelled.cancel_at).toBe(item?.current_period_end)
  expect(
    (await stripe.subscriptions.update(created.id, { cancel_at_period_end: false })).cancel_at,
  ).toBeNull()
  await stripe.subscriptions.cancel(created.id)
  expect((await stripe.subscriptions.list({ customer: String(created.customer) })).data).toEqual([])
  const ended = await stripe.subscriptions.list({ status: 'canceled', expand: ['data.customer'] })
  expect(ended.data[0]?.customer).toMatchObject({ email: 'ada@example.org' })
  await idle()
  const types = application.received.map((received) => verify(received).type).toSorted()
  expect(types).toEqual([
    'customer.subscription.created',
    'customer.subscription.deleted',
    'customer.subscription.updated',
    'customer.subscription.updated',
    'invoice.paid',
  ])
  expect(application.received.every(({ path }) => path === '/webhooks/stripe')).toBe(true)
})

test('errors are the SDK’s own, with code, param and request id', async () => {
  const { sandbox, stripe } = await start()
  await expect(stripe.subscriptions.retrieve('sub_none')).rejects.toMatchObject({
    type: 'StripeInvalidRequestError',
    code: 'resource_missing',
    statusCode: 404,
    requestId: expect.stringMatching(/^req_/),
  })
  await expect(client(sandbox.port, 'sk_wrong').customers.list()).rejects.toMatchObject({ statusCode: 401 })
  await expect(stripe.customers.create({ email: 'nonsense' })).rejects.toMatchObject({ param: 'email' })
  const basic = `Basic ${Buffer.from(`${stripeApiKey}:`).toString('base64')}`
  const mounted = await fetch(`${sandbox.url}/stripe/v1/prices?limit=1`, {
    headers: { authorization: basic },
  })
  expect(await mounted.json()).toMatchObject({ object: 'list', has_more: true })
})

test('an idempotency key gives the same answer again, and refuses another request', async () => {
  const { stripe } = await start()
  const options = { idempotencyKey: 'key-1' }
  const first = await stripe.customers.create({ email: 'ada@example.org' }, options)
  const again = await stripe.customers.create({ email: 'ada@example.org' }, options)
  expect(again.id).toBe(first.id)
  expect(again.lastResponse.headers['idempotent-replayed']).toBe('true')
  await expect(stripe.customers.create({ email: 'bob@example.org' }, options)).rejects.toMatchObject({
    type: 'StripeIdempotencyError',
    statusCode: 400,
  })
  expect((await stripe.customers.list()).data).toHaveLength(1)
})

test('the clock renews for as many periods as it passes, and ends what was cancelled', async () => {
  const { application, sandbox, stripe, idle, member } = await start()
  const { id } = await member()
  await idle()
  application.received.length = 0
  await sandbox.control('POST', '/clock', { advanceMs: 95 * DAY_MS })
  await idle()
  const events = application.received.map(verify)
  expect(events.filter(({ type }) => type === 'invoice.paid')).toHaveLength(3)
  expect(events.filter(({ type }) => type === 'customer.subscription.updated')).toHaveLength(3)
  const [item] = (await stripe.subscriptions.retrieve(id)).items.data
  const { nowMs } = await sandbox.control<{ nowMs: number }>('GET', '/clock')
  expect((item?.current_period_end ?? 0) * 1_000).toBeGreaterThan(nowMs)
  await stripe.subscriptions.update(id, { cancel_at_period_end: true })
  await sandbox.control('POST', '/clock', { advanceMs: 32 * DAY_MS })
  expect(await stripe.subscriptions.retrieve(id)).toMatchObject({
    status: 'canceled',
    ended_at: item?.current_period_end,
  })
  await idle()
  expect(verify(application.received.at(-1) ?? { path: '', headers: {}, raw: '', form: {} }).type).toMatch(
    /^customer\.subscription\.(deleted|updated)$/,
  )
})

test('held webhooks are released shuffled by the seed and repeated, once in the old shapes', async () => {
  const { application, sandbox, stripe, idle, member } = await start()
  await sandbox.control('POST', '/deliveries/hold', { provider: 'stripe' })
  const { id } = await member()
  await stripe.subscriptions.update(id, { metadata: { more: 'yes' } })
  expect(await sandbox.control('GET', '/deliveries/idle')).toEqual({ idle: true, pending: 0, held: 3 })
  expect(application.received).toHaveLength(0)
  const release = { seed: 7, shuffle: true, duplicates: 2, legacyShapes: true }
  expect(await sandbox.control('POST', '/deliveries/release', release)).toEqual({
    released: 3,
    sent: 9,
    accepted: 9,
  })
  await idle()
  const events = application.received.map(verify)
  expect(new Set(events.map((event) => event.id)).size).toBe(3)
  const objects = events.map((event) => event.data.object)
  const subscription = objects.find(({ object }) => object === 'subscription')
  expect(subscription).toHaveProperty('current_period_end')
  expect(subscription).not.toHaveProperty('items.data.0.current_period_end')
  expect(objects.find(({ object }) => object === 'invoice')).toHaveProperty('subscription', id)
  const { deliveries } = await sandbox.control<{
    deliveries: { id: string; attempts: number; state: string }[]
  }>('GET', '/deliveries?provider=stripe')
  expect(deliveries.map(({ attempts, state }) => [attempts, state])).toEqual(
    [3, 3, 3].map((n) => [n, 'sent']),
  )
  const again = await sandbox.control('POST', `/deliveries/${deliveries[0]?.id}/redeliver`, {
    times: 2,
    concurrent: true,
  })
  expect(again).toEqual({ results: [1, 2].map(() => ({ status: 200, reason: null })) })
})

test('a receiver that fails is tried again with the same event, and the reconciling list shows what is missing', async () => {
  const { application, sandbox, stripe, idle, member } = await start()
  let refusals = 2
  application.answer = () => ({ status: refusals-- > 0 ? 500 : 200 })
  await member()
  await vi.waitFor(async () => {
    const missed = await stripe.events.list({
      delivery_success: false,
      types: ['invoice.paid', 'customer.updated'],
    })
    expect(missed.data.map(({ type }) => type)).toEqual(['invoice.paid'])
  })
  await idle()
  expect(application.received).toHaveLength(4)
  expect(new Set(application.received.map((received) => verify(received).id)).size).toBe(2)
  const newest = await stripe.events.list({ limit: 1 })
  expect(newest).toMatchObject({ has_more: true, data: [{ type: 'invoice.paid' }] })
  const all = await stripe.events.list()
  const newer = await stripe.events.list({ ending_before: all.data[1]?.id ?? '' })
  expect(newer.data.map(({ id }) => id)).toEqual([newest.data[0]?.id])
  await sandbox.control('POST', '/faults', {
    provider: 'stripe',
    operation: 'webhook',
    kind: 'drop-after',
    times: 1,
  })
  application.received.length = 0
  await stripe.subscriptions.update(String(Object(all.data[1]?.data.object).id), { metadata: { a: 'b' } })
  await idle()
  expect(application.received.map((received) => verify(received).id)).toHaveLength(2)
})
