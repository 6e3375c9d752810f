/** The connectors of the membership's providers, as the program makes them, against the started stand-ins. */
import Stripe from 'stripe'
import { describe, expect, test } from 'vitest'
import { readConfig } from '../../src/config.ts'
import { type Connectors, openGate } from '../../src/connectors/index.ts'
import { CREDENTIAL_NAMES, type SandboxCredentials } from '../../src/provider-credentials.ts'
import {
  SANDBOX_CREDENTIALS,
  startApplication,
  startTestSandbox,
  type TestSandbox,
} from '../../src/sandbox/fixtures.ts'
import { connect } from '../../src/start/connect.ts'

const CREDENTIALS = Object.fromEntries(
  CREDENTIAL_NAMES.map((name) => [name, String(SANDBOX_CREDENTIALS[name])]),
) as SandboxCredentials // every name is there

async function start(
  options: Parameters<typeof startTestSandbox>[0] = {},
): Promise<{ sandbox: TestSandbox; connectors: Connectors }> {
  const sandbox = await startTestSandbox(options)
  const config = readConfig({ KINKEEPER_SANDBOX: sandbox.url }, CREDENTIALS)
  return { sandbox, connectors: connect(config, openGate) }
}
const never = (code: string) => ({ next: 'never-retry', facts: { code } })

describe('Mailchimp', () => {
  const jo = {
    email: 'Jo@Example.org',
    name: { first: 'Jo', last: 'Doe' },
    statusIfNew: 'subscribed',
  } as const

  test('a contact from the first mail to the last', async () => {
    const { connectors } = await start()
    const { mailchimp } = connectors
    await mailchimp.ping()
    expect(await mailchimp.findContact(jo.email)).toBeNull()
    expect(await mailchimp.putContact(jo)).toEqual({
      email: 'jo@example.org',
      status: 'subscribed',
      tags: [],
    })
    await mailchimp.setTags(jo.email, [{ name: 'active', active: true }])
    await mailchimp.triggerWelcome(jo.email)
    await mailchimp.setTags(jo.email, [
      { name: 'active', active: false },
      { name: 'alumni', active: true },
    ])
    expect(await mailchimp.findContact(jo.email)).toMatchObject({ tags: ['alumni'] })
    for (const _ of [1, 2]) await mailchimp.archiveContact(jo.email)
    expect(await mailchimp.findContact(jo.email)).toMatchObject({ status: 'archived' })
    await mailchimp.archiveContact('nobody@example.org')
  })

  test('an address that changed takes its tags along, and twice is as once', async () => {
    const { mailchimp } = (await start()).connectors
    await mailchimp.putContact(jo)
    await mailchimp.setTags(jo.email, [{ name: 'active', active: true }])
    const changed = { ...jo, email: 'jo@new.example.org', knownAs: jo.email }
    for (const _ of [1, 2]) {
      expect(await mailchimp.putContact(changed)).toMatchObject({
        email: 'jo@new.example.org',
        tags: ['active'],
      })
    }
    expect(await mailchimp.findContact(jo.email)).toBeNull()
  })

  test('an address that is a contact already stays one, and so does the old', async () => {
    const { mailchimp } = (await start()).connectors
    await mailchimp.putContact(jo)
    await mailchimp.setTags(jo.email, [{ name: 'active', active: true }])
    const other = { ...jo, email: 'other@example.org', statusIfNew: 'transactional' as const }
    await mailchimp.putContact(other)
    const moved = await mailchimp.putContact({ ...jo, email: other.email, knownAs: jo.email })
    expect(moved).toEqual({ email: other.email, status: 'transactional', tags: [] })
    expect(await mailchimp.findContact(jo.email)).toMatchObject({ tags: ['active'] })
  })

  test('who left is not subscribed again, and is told why', async () => {
    const { sandbox, connectors } = await start()
    await connectors.mailchimp.putContact(jo)
    await sandbox.control('POST', `/mailchimp/contacts/${encodeURIComponent(jo.email)}/unsubscribe`)
    expect(await connectors.mailchimp.putContact(jo)).toMatchObject({ status: 'unsubscribed' })
    const again = connectors.mailchimp.putContact({ ...jo, status: 'subscribed' })
    await expect(again).rejects.toMatchObject(never('member_in_compliance_state'))
  })
})

describe('Slack’s people', () => {
  test('come, are found, and fill the group', async () => {
    const { sandbox, connectors } = await start()
    const { slackPeople } = connectors
    const group = SANDBOX_CREDENTIALS.slackMembersUsergroup
    const { id } = await sandbox.control<{ id: string }>('POST', '/slack/users', {
      email: 'Jo@Example.org',
      realName: 'Jo Doe',
    })
    const found = await slackPeople.findPerson('jo@example.org')
    expect(found).toMatchObject({ id, email: 'jo@example.org', deleted: false, isBot: false })
    expect(await slackPeople.findPerson('nobody@example.org')).toBeNull()

    const everybody = []
    let cursor: string | null = null
    do {
      const page: Awaited<ReturnType<typeof slackPeople.listPeople>> = await slackPeople.listPeople(cursor)
      everybody.push(...page.items)
      cursor = page.next
    } while (cursor !== null)
    expect(everybody).toContainEqual(found)
    expect(everybody.some(({ isBot }) => isBot)).toBe(true)

    await slackPeople.setGroupMembers(group, [id])
    expect(await slackPeople.groupMembers(group)).toEqual([id])
    await slackPeople.setGroupMembers(group, [])
    await slackPeople.setGroupMembers(group, [])
    expect(await slackPeople.groupMembers(group)).toEqual([])
    await slackPeople.setGroupMembers(group, [id])
    expect(await slackPeople.groupMembers(group)).toEqual([id])
  })

  test('a group that does not exist, and somebody who cannot be in it, are refused', async () => {
    const { slackPeople } = (await start()).connectors
    await expect(slackPeople.groupMembers('S404')).rejects.toMatchObject(never('no_such_subteam'))
    const group = SANDBOX_CREDENTIALS.slackMembersUsergroup
    await expect(slackPeople.setGroupMembers(group, ['U404'])).rejects.toMatchObject(never('invalid_users'))
  })
})

describe('Stripe', () => {
  test('customers and their subscriptions are read as they are', async () => {
    const { sandbox, connectors } = await start()
    const { port } = new URL(sandbox.url)
    const stripe = new Stripe(SANDBOX_CREDENTIALS.stripeApiKey, {
      host: '127.0.0.1',
      port,
      protocol: 'http',
      telemetry: false,
    })
    const { id } = await stripe.customers.create({
      email: 'Jo@Example.org',
      name: 'Jo Doe',
      metadata: { clerk_user_id: 'user_1' },
    })
    const [price] = (await stripe.prices.list()).data
    const { id: subscriptionId } = await stripe.subscriptions.create({
      customer: id,
      items: [{ price: price?.id ?? '' }],
    })
    await connectors.stripe.ping()
    expect(await connectors.stripe.customer(id)).toEqual({
      id,
      email: 'jo@example.org',
      name: 'Jo Doe',
      deleted: false,
      clerkUserId: 'user_1',
    })
    const subscription = await connectors.stripe.subscription(subscriptionId)
    expect(subscription).toMatchObject({ id: subscriptionId, customerId: id, cancelAtPeriodEnd: false })
    expect(subscription?.periodEndMs).toBeGreaterThan(subscription?.periodStartMs ?? Number.NaN)
    expect(await connectors.stripe.subscriptionsOf(id)).toEqual([subscription])
    expect(await connectors.stripe.subscription('sub_404')).toBeNull()
    expect(await connectors.stripe.customer('cus_404')).toBeNull()
    await stripe.customers.del(id)
    expect(await connectors.stripe.customer(id)).toMatchObject({ id, deleted: true, email: null })
  })
})

describe('Luma', () => {
  const HOUR = 3_600_000
  const person = (name: string) => ({ name, email: `${name}@Example.org` })

  test('pending guests are listed, approved once, and found as they are', async () => {
    const { sandbox, connectors } = await start()
    const { luma } = connectors
    await luma.ping()
    const guests = [
      person('ann'),
      { ...person('bo'), ticket: { amountCents: 2_500, currency: 'eur' } },
      { ...person('cy'), status: 'approved' },
    ]
    for (const [name, startsInMs] of [
      ['over', -HOUR],
      ['later', 48 * HOUR],
      ['soon', HOUR],
    ] as const) {
      await sandbox.control('POST', '/luma/events', { name, startsInMs, guests })
    }
    const { items: events, next } = await luma.listUpcomingEvents({ afterMs: Date.now(), cursor: null })
    expect(events.map(({ name }) => name)).toEqual(['soon', 'later'])
    expect(next).toBeNull()
    const eventId = events[0]?.id ?? ''

    const { items: pending } = await luma.listPendingGuests({ eventId, cursor: null })
    expect(pending).toMatchObject([
      { email: 'ann@example.org', name: 'ann', status: 'pending_approval', paid: null },
      { email: 'bo@example.org', paid: { amountCents: 2_500, currency: 'eur' } },
    ])
    const guestId = pending[1]?.id ?? ''
    await luma.setGuestStatus({ eventId, guestId, status: 'approved' })
    const approved = await luma.findGuest({ eventId, guestId })
    expect(approved, 'the money is taken: nothing is left to charge').toMatchObject({
      status: 'approved',
      paid: null,
    })
    expect((await luma.listPendingGuests({ eventId, cursor: null })).items).toEqual([pending[0]])
    expect(await luma.findGuest({ eventId, guestId: 'gst-404' })).toBeNull()
    const nobody = luma.setGuestStatus({ eventId, guestId: 'gst-404', status: 'approved' })
    await expect(nobody).rejects.toMatchObject({ next: 'never-retry', facts: { status: 404 } })
  })

  test('a crowd is read page by page, though it is approved meanwhile', async () => {
    const { sandbox, connectors } = await start()
    const { luma } = connectors
    const guests = Array.from({ length: 230 }, (_, index) => person(`guest${index}`))
    await sandbox.control('POST', '/luma/events', { name: 'crowd', startsInMs: HOUR, guests })
    const { items } = await luma.listUpcomingEvents({ afterMs: Date.now(), cursor: null })
    const eventId = items[0]?.id ?? ''
    const seen: string[] = []
    let cursor: string | null = null
    do {
      const page: Awaited<ReturnType<typeof luma.listPendingGuests>> = await luma.listPendingGuests({
        eventId,
        cursor,
      })
      seen.push(...page.items.map(({ email }) => email))
      for (const { id: guestId } of page.items.slice(0, 3)) {
        await luma.setGuestStatus({ eventId, guestId, status: 'approved' })
      }
      cursor = page.next
    } while (cursor !== null)
    expect(seen).toEqual(guests.map(({ email }) => email.toLowerCase()))
  })
})

describe('everybody', () => {
  test('is on Clerk’s and Stripe’s lists once, the oldest first', async () => {
    const { sandbox, connectors } = await start()
    await sandbox.control('POST', '/people', { count: 120 })
    const read = async <T>(list: (cursor: string | null) => Promise<{ items: T[]; next: string | null }>) => {
      const all: T[] = []
      for (let cursor: string | null = null, pages = 0; ; pages++) {
        const page = await list(cursor)
        all.push(...page.items)
        cursor = page.next
        if (cursor === null) return { all, pages: pages + 1 }
      }
    }
    const users = await read(connectors.clerk.listUsers)
    const created = users.all.map((one) => ('object' in one ? one.object.createdAtMs : Number.NaN))
    expect([new Set(users.all.map(({ id }) => id)).size, users.pages]).toEqual([120, 2])
    expect(created).toEqual(created.toSorted((a, b) => a - b))
    const subscriptions = await read(connectors.stripe.listSubscriptions)
    const ids = new Set(subscriptions.all.map(({ id }) => id))
    expect(ids.size).toBe(subscriptions.all.length)
    for (const one of subscriptions.all) expect(one).toHaveProperty('object.customer.clerkUserId')
    const { people } = await sandbox.control<{ people: { customerId: string | null }[] }>('GET', '/people')
    const customers = people.flatMap(({ customerId }) => customerId ?? [])
    const seen = subscriptions.all.map((one) => ('object' in one ? one.object.customer.id : ''))
    expect(new Set(seen)).toEqual(new Set(customers))
  })
})

describe('Clerk and Stripe of one person', () => {
  test('a signup is read alike from the API and from the webhooks', async () => {
    const application = await startApplication()
    const { sandbox, connectors } = await start({ publicUrl: application.url })
    const { clerk, stripe } = connectors
    await clerk.ping()
    const { clerkUserId } = await sandbox.control<{ clerkUserId: string }>('POST', '/people/signup', {
      email: 'Jo@Example.org',
      name: 'Jo Doe',
    })
    const user = await clerk.user(clerkUserId)
    expect(user).toMatchObject({ id: clerkUserId, email: 'jo@example.org', emailVerified: true })
    expect([user?.firstName, user?.lastName]).toEqual(['Jo', 'Doe'])
    expect(await clerk.user('user_404')).toBeNull()

    const objects = () =>
      application.received.map(({ raw }) => {
        const { type, data } = JSON.parse(raw)
        return { type: String(type), object: data.object === 'user' ? data : data.object }
      })
    const received = (type: string) => objects().find((event) => event.type === type)?.object
    await expect.poll(() => received('user.created')).toBeDefined()
    await expect.poll(() => received('customer.subscription.created')).toBeDefined()
    expect(clerk.readUser(received('user.created'))).toEqual(user)
    const { customerId } = stripe.readSubscription(received('customer.subscription.created'))
    const [subscription] = await stripe.subscriptionsOf(customerId)
    expect(subscription).toMatchObject({ customerId, status: 'active', endedForNonPayment: false })
    expect(await stripe.customer(customerId)).toMatchObject({
      email: 'jo@example.org',
      clerkUserId,
      deleted: false,
    })

    await sandbox.control('POST', `/people/${clerkUserId}/delete`, { cancelSubscription: true })
    expect(await clerk.user(clerkUserId)).toBeNull()
    expect((await stripe.subscriptionsOf(customerId)).map(({ status }) => status)).toEqual(['canceled'])
  })

  test('a wrong key is said so', async () => {
    const sandbox = await startTestSandbox({ clerkSecretKey: 'sk_test_other', stripeApiKey: 'sk_test_other' })
    const { clerk, stripe } = connect(readConfig({ KINKEEPER_SANDBOX: sandbox.url }, CREDENTIALS), openGate)
    await expect(clerk.ping()).rejects.toMatchObject({ next: 'never-retry', message: /CLERK_SECRET_KEY/ })
    await expect(stripe.ping()).rejects.toMatchObject({ next: 'never-retry', message: /STRIPE_API_KEY/ })
  })
})
