/** People of the sandbox, seen from outside: through the control API, the world's view and the webhooks. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { type Application, startApplication, startTestSandbox, type TestSandbox } from '../fixtures.ts'
import type { WorldView } from '../index.ts'
import type { Person } from './person.ts'

const DAY_MS = 86_400_000

async function start() {
  const application = await startApplication()
  const sandbox = await startTestSandbox({ publicUrl: application.url })
  const act = (person: Person, name: string, body: unknown = {}) =>
    sandbox.control<Person>('POST', `/people/${person.clerkUserId}/${name}`, body)
  const signUp = (body: unknown = {}) => sandbox.control<Person>('POST', '/people/signup', body)
  return { application, sandbox, act, signUp }
}

async function idle(sandbox: TestSandbox): Promise<void> {
  const isIdle = async () =>
    expect(await sandbox.control('GET', '/deliveries/idle')).toMatchObject({ idle: true })
  await vi.waitFor(isIdle, { timeout: 30_000 })
}

/** The types received since the last time, in order of the alphabet: no order is promised. */
async function types(sandbox: TestSandbox, application: Application): Promise<string[]> {
  await idle(sandbox)
  return application.received
    .splice(0)
    .map(({ raw }) => String(JSON.parse(raw).type))
    .toSorted()
}

test('a signup that pays is a user, a customer, a checkout and a subscription', async () => {
  const { application, sandbox, signUp } = await start()
  const person = await signUp({ name: 'Ada Byron', email: 'ada@example.org', plan: 'patron-yearly' })
  expect(person).toMatchObject({ name: 'Ada Byron', status: 'active', plan: 'patron-yearly', deleted: false })
  await idle(sandbox)
  const events = application.received.map(({ raw }) => JSON.parse(raw))
  const checkout = events.find(({ type }) => type === 'checkout.session.completed').data.object
  expect(checkout).toMatchObject({
    mode: 'subscription',
    client_reference_id: person.clerkUserId,
    customer: person.customerId,
    customer_details: { email: 'ada@example.org' },
    subscription: person.subscriptionId,
    payment_status: 'paid',
  })
  expect(await types(sandbox, application)).toEqual([
    'checkout.session.completed',
    'customer.subscription.created',
    'invoice.paid',
    'user.created',
  ])
  expect(await signUp({ email: 'ADA@example.org' })).toHaveProperty('error')
})

test('one life: cancelled, taken back, ended, begun again, an address changed, deleted', async () => {
  const { application, sandbox, act, signUp } = await start()
  const person = await signUp({ seed: 7 })
  await types(sandbox, application)
  expect(await act(person, 'cancel')).toMatchObject({ cancelAtPeriodEnd: true, status: 'active' })
  expect(await act(person, 'resume')).toMatchObject({ cancelAtPeriodEnd: false })
  expect(await types(sandbox, application)).toEqual(Array(2).fill('customer.subscription.updated'))
  await act(person, 'cancel')
  await sandbox.control('POST', '/clock', { advanceMs: 32 * DAY_MS })
  expect(await sandbox.control('GET', `/people/${person.clerkUserId}`)).toMatchObject({ status: 'canceled' })
  expect(await types(sandbox, application)).toEqual([
    'customer.subscription.deleted',
    'customer.subscription.updated',
  ])
  const back = await act(person, 'reactivate')
  expect(back).toMatchObject({ status: 'active', customerId: person.customerId })
  expect(back.subscriptionId).not.toBe(person.subscriptionId)
  expect(await types(sandbox, application)).toHaveLength(3)
  expect(await act(person, 'change-email', { email: 'new@example.org' })).toMatchObject({
    email: 'new@example.org',
  })
  expect(await types(sandbox, application)).toEqual(['customer.updated', 'user.updated'])
  expect(await act(person, 'delete')).toMatchObject({ deleted: true, status: 'canceled' })
  expect(await types(sandbox, application)).toEqual(['customer.subscription.deleted', 'user.deleted'])
  expect(await act(person, 'reactivate')).toMatchObject({ error: { code: 'conflict' } })
})

test('a renewal moves one subscription; a failing card is dunned, then paid or ended', async () => {
  const { application, sandbox, act, signUp } = await start()
  const person = await signUp()
  await signUp()
  await types(sandbox, application)
  await act(person, 'renew')
  expect(await types(sandbox, application)).toEqual(['customer.subscription.updated', 'invoice.paid'])
  expect(await act(person, 'payment-failure')).toMatchObject({ status: 'past_due' })
  expect(await types(sandbox, application)).toEqual([
    'customer.subscription.updated',
    'invoice.payment_failed',
  ])
  expect(await act(person, 'pay')).toMatchObject({ status: 'active' })
  expect(await types(sandbox, application)).toEqual(['customer.subscription.updated', 'invoice.paid'])
  await act(person, 'payment-failure', { afterDunning: 'unpaid' })
  await sandbox.control('POST', '/clock', { advanceMs: 16 * DAY_MS })
  expect(await sandbox.control('GET', `/people/${person.clerkUserId}`)).toMatchObject({ status: 'unpaid' })
  const dunned = await types(sandbox, application)
  expect(dunned.filter((type) => type === 'invoice.payment_failed')).toHaveLength(4)
  await act(person, 'pay')
  await act(person, 'payment-failure')
  await sandbox.control('POST', '/clock', { advanceMs: 16 * DAY_MS })
  expect(await sandbox.control('GET', `/people/${person.clerkUserId}`)).toMatchObject({ status: 'canceled' })
  expect(await types(sandbox, application)).toContain('customer.subscription.deleted')
})

test('the same seed makes the same world, to the byte apart from times', async () => {
  const worlds = await Promise.all([1, 2].map(() => peopleOf(7, 40)))
  expect(worlds[0]).toBe(worlds[1])
  expect(await peopleOf(8, 40)).not.toBe(worlds[0])
})

async function peopleOf(seed: number, count: number): Promise<string> {
  const sandbox = await startTestSandbox()
  await sandbox.control('POST', '/deliveries/hold')
  await sandbox.control('POST', '/people', { count, seed })
  const { stripe, clerk, slack } = await sandbox.control<WorldView>('GET', '/world')
  const { deliveries } = await sandbox.control<{ deliveries: unknown }>('GET', '/deliveries')
  const events = await fetch(`${sandbox.url}/v1/events?limit=100`, {
    headers: { authorization: 'Bearer sk_test_sandbox' },
  })
  const everything = JSON.stringify([stripe, clerk, slack.users, deliveries, await events.json()])
  // Sandboxes on two ports differ in their own address.
  return everything
    .replaceAll(sandbox.url, '')
    .replace(
      /"(\w*(?:Ms|_at|_on|_end|_start|_date|_anchor|_attempt|created|start|end|cancel_at))":\d+/g,
      '"$1":0',
    )
}

test('two hundred people are believable: standings, plans, addresses, two years', async () => {
  const { application, sandbox } = await start()
  const people = { count: 200, seed: 7 }
  expect(await sandbox.control('POST', '/people', people)).toEqual({ created: 200, total: 200 })
  expect(await sandbox.control('POST', '/people', people)).toEqual({ created: 0, total: 200 })
  const { stripe, clerk } = await sandbox.control<WorldView>('GET', '/world')
  const { nowMs } = await sandbox.control<{ nowMs: number }>('GET', '/clock')
  expect(new Set(clerk.users.map(({ email }) => email)).size).toBe(200)
  for (const { email } of clerk.users)
    expect(email).toMatch(/^[a-z]+\.[a-z]+\d*@([\w.]+\.example|example\.(com|org|net))$/)
  const statuses = Map.groupBy(stripe.subscriptions, ({ status }) => status)
  expect(statuses.get('active')?.length).toBeGreaterThan(140)
  expect([...statuses.keys()].toSorted()).toEqual(['active', 'canceled', 'past_due', 'trialing'])
  expect(stripe.customers).toBeLessThan(200)
  for (const each of stripe.subscriptions) expect(each.periodEndMs > nowMs).toBe(each.status !== 'canceled')
  expect(
    stripe.subscriptions.filter(({ cancelAtPeriodEnd, status }) => cancelAtPeriodEnd && status === 'active')
      .length,
  ).toBeGreaterThan(2)
  await idle(sandbox)
  expect(application.received.length).toBeGreaterThan(800)
  const created = application.received.filter(({ raw }) => JSON.parse(raw).type === 'user.created')
  const ages = created.map(({ raw }) => nowMs - JSON.parse(raw).data.created_at)
  expect(Math.max(...ages)).toBeGreaterThan(500 * DAY_MS)
})

test('reset empties Stripe, Clerk and the outbox, and new events have new ids', async () => {
  const { application, sandbox, signUp } = await start()
  await signUp({ seed: 1 })
  await sandbox.control('POST', '/deliveries/hold')
  await signUp({ seed: 2 })
  await idle(sandbox)
  await sandbox.control('POST', '/reset')
  expect(await sandbox.control('GET', '/world')).toMatchObject({
    stripe: { customers: 0, subscriptions: [] },
    clerk: { users: [] },
  })
  expect(await sandbox.control('GET', '/deliveries')).toEqual({ total: 0, deliveries: [] })
  await signUp({ seed: 1 })
  await idle(sandbox)
  const ids = application.received.map(({ raw, headers }) => headers['svix-id'] ?? JSON.parse(raw).id)
  expect(ids).toHaveLength(8)
  expect(new Set(ids).size).toBe(8)
})

test('what was not delivered when the sandbox stopped is delivered after its next start', async () => {
  const application = await startApplication()
  const folder = mkdtempSync(join(tmpdir(), 'kinkeeper-outbox-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const options = { publicUrl: application.url, stateFile: join(folder, 'world.sqlite') }
  application.answer = () => {
    throw new Error('down')
  }
  const first = await startTestSandbox(options)
  await first.control('POST', '/people/signup', { seed: 3 })
  await vi.waitFor(() => expect(application.received.length).toBeGreaterThan(3))
  await first.stop()
  application.received.length = 0
  application.answer = () => ({})
  const second = await startTestSandbox(options)
  expect(await types(second, application)).toEqual([
    'checkout.session.completed',
    'customer.subscription.created',
    'invoice.paid',
    'user.created',
  ])
})
