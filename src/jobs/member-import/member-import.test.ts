import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { connectorsAt } from '../../../tests/contracts/connectors-at.ts'
import { startRecordingServer } from '../../../tests/contracts/recording-server.ts'
import { readTruth } from '../../../tests/resilience/membership-truth.ts'
import { type JobStage, startJobStage } from '../../../tests/support/job-stage.ts'
import { until } from '../../../tests/support/sandbox-world.ts'
import { type Actor, SYSTEM } from '../../audit/index.ts'
import { onlyRow, tables } from '../../database/index.ts'
import { requestErasure } from '../erasure/index.ts'
import { createMembership, type Membership } from '../membership/index.ts'
import { importResultSchema } from './index.ts'

const MONA: Actor = { kind: 'dashboard', id: 'u1', name: 'Mona' }
type Person = { clerkUserId: string; email: string; customerId: string; name: string }

let stage: JobStage
let membership: Membership

beforeAll(async () => {
  stage = await startJobStage((parts) => {
    membership = createMembership(parts)
    return { jobs: membership.jobs, approvalKinds: membership.approvalKinds }
  })
})
afterAll(() => stage.stop())
beforeEach(async () => {
  await stage.reset()
  const { modes, settings } = stage.parts
  stage.parts.modes = { ...modes, clerk: 'sandbox', stripe: 'sandbox' }
  // As the truth of the tests has it.
  settings.graceMs = 14 * 86_400_000
})

const control = <T>(path: string, body: unknown = {}) => stage.world().control<T>('POST', path, body)
async function importMembers(actor: Actor = SYSTEM) {
  const { runId } = await membership.importMembers(actor)
  const run = await stage.finished(runId, 90_000)
  expect(run.error).toBeNull()
  return importResultSchema.parse(run.output)
}
const calm = () =>
  until(async () => {
    const { rows } = await stage.database.pool.query(
      `select 1 from dbos.workflow_status where status in ('ENQUEUED', 'PENDING')
       or (status = 'DELAYED' and name in ('member-sync', 'slack-group', 'webhook-delivery', 'webhook-retry')) limit 1`,
    )
    return rows.length === 0
  }, 'everything to be done')
const members = () => stage.database.db.select().from(tables.members).orderBy(tables.members.email)
const memberOf = async (person: Pick<Person, 'clerkUserId'>) => {
  const rows = await stage.database.db
    .select()
    .from(tables.members)
    .where(eq(tables.members.clerkId, person.clerkUserId))
  return onlyRow(rows, 'member')
}
const mails = async () =>
  (await stage.world().read()).mailchimp.contacts.flatMap(({ email, mails: all }) => all.map(() => email))

let events = 0
/** News of a webhook, of which the content is read again anyway. */
async function hear(source: 'clerk' | 'stripe', id: string, type = 'user.updated') {
  const externalId = `evt_${++events}`
  const payload =
    source === 'clerk'
      ? { type, data: { id } }
      : {
          id: externalId,
          type: 'invoice.paid',
          created: Math.floor(stage.parts.clock.now() / 1_000),
          data: { object: { object: 'invoice', customer: id, subscription: 'sub_1' } },
        }
  await stage.database.transaction(async (tx) => {
    const row = { source, externalId, receivedAt: new Date(), status: 'received' as const }
    const [delivery] = await tx.db.insert(tables.deliveries).values(row).returning()
    const deliveryId = delivery?.id ?? 0
    await tx.db.insert(tables.deliveryPayloads).values({ deliveryId, payload })
    await membership.startHandling(tx, deliveryId)
  })
  await calm()
}

test('a community that is there already is taken over: nobody is welcomed, and twice is as once', async () => {
  await control('/people', { count: 130, seed: 'import' })
  const { all } = await readTruth(stage.world())
  const paying = all.filter(({ entitled }) => entitled).map(({ person }) => person.clerkUserId)
  const result = await importMembers(MONA)
  expect(result).toMatchObject({
    users: 130,
    members: paying.length,
    alreadyKnown: 0,
    asked: 0,
    failed: 0,
    off: [],
  })
  expect(result.subscriptions).toBeGreaterThan(100)
  await calm()
  const rows = await members()
  expect(rows).toHaveLength(130)
  const active = rows.filter((row) => row.membership === 'active')
  expect(active.map(({ clerkId }) => clerkId).sort()).toEqual(paying.toSorted())
  for (const { membership: state, welcomedAt } of rows) expect(welcomedAt !== null).toBe(state === 'active')
  expect(await mails()).toEqual([])
  const { contacts } = (await stage.world().read()).mailchimp
  const tagged = contacts.filter(({ tags }) => tags.includes('active')).map(({ email }) => email)
  expect(tagged.sort()).toEqual(active.map(({ email }) => email).sort())
  const audited = await stage.database.db
    .select()
    .from(tables.auditEntries)
    .where(eq(tables.auditEntries.targetKind, 'community'))
  const imported = audited.filter(({ action }) => action === 'imported the members that there were')
  expect(imported).toMatchObject([{ actorKind: 'dashboard', actorName: 'Mona', detail: result }])

  const again = await importMembers()
  await calm()
  expect(again).toEqual({ ...result, members: 0, alreadyKnown: paying.length })
  const unchanged = (all: typeof rows) => all.map(({ updatedAt: _, ...row }) => row)
  expect(unchanged(await members())).toEqual(unchanged(rows))
  expect(await mails()).toEqual([])
}, 180_000)

test('who signs up while it runs is welcomed, once; who was there is not, when their next payment comes', async () => {
  const old = await control<Person>('/people/signup', { seed: 'old' })
  await control('/clock', { advanceMs: 60_000 })
  stage.parts.clock.advanceTo(60_000)
  const fault = {
    provider: 'stripe',
    operation: 'subscriptions.list',
    kind: 'delay',
    delayMs: 2_500,
    times: 1,
  }
  await control('/faults', fault)
  const { runId } = await membership.importMembers(SYSTEM)
  await until(async () => (await members()).length === 1, 'the account')
  const late = await control<Person>('/people/signup', { seed: 'late' })
  expect((await stage.finished(runId)).status).toBe('succeeded')
  await hear('clerk', late.clerkUserId)
  await hear('stripe', late.customerId)
  await hear('stripe', old.customerId)
  expect(await mails()).toEqual([late.email])
  await importMembers()
  await calm()
  expect(await mails()).toEqual([late.email])
  expect((await memberOf(old)).membership).toBe('active')
})

test('two that are asked for at once go one after the other', async () => {
  await control('/people', { count: 8, seed: 'twice' })
  const asked = await Promise.all([membership.importMembers(MONA), membership.importMembers(SYSTEM)])
  const runs = await Promise.all(asked.map(({ runId }) => stage.finished(runId, 60_000)))
  const [first, second] = runs.toSorted((a, b) => (a.finishedAtMs ?? 0) - (b.finishedAtMs ?? 0))
  expect(second?.startedAtMs).toBeGreaterThanOrEqual(first?.finishedAtMs ?? Number.NaN)
  const results = [first, second].map((run) => importResultSchema.parse(run?.output))
  expect(results[1]).toEqual({ ...results[0], members: 0, alreadyKnown: results[0]?.members })
})

test('a payment that came before the import, and the account with it, welcomes nobody years late', async () => {
  const person = await control<Person>('/people/signup', { seed: 'early' })
  await control('/clock', { advanceMs: 60_000 })
  stage.parts.clock.advanceTo(60_000)
  await hear('stripe', person.customerId)
  expect(await members()).toMatchObject([{ membership: 'active', clerkId: null, welcomedAt: null }])
  expect(await importMembers()).toMatchObject({ members: 0, alreadyKnown: 1 })
  await calm()
  expect(await mails()).toEqual([])
  expect(await memberOf(person)).toMatchObject({ membership: 'active', welcomedAt: expect.any(Date) })
})

test('who is being welcomed when the import is asked for is welcomed all the same', async () => {
  const person = await control<Person>('/people/signup', { seed: 'new' })
  await control('/clock', { advanceMs: 60_000 })
  stage.parts.clock.advanceTo(60_000)
  const fault = { provider: 'mailchimp', operation: 'members.put', kind: 'delay', delayMs: 3_000, times: 1 }
  await control('/faults', fault)
  await stage.database.transaction(async (tx) => {
    const [member] = await tx.db
      .insert(tables.members)
      .values({ id: 'mem_new', clerkId: person.clerkUserId, createdAt: new Date(), updatedAt: new Date() })
      .returning()
    expect(member).toBeDefined()
  })
  await hear('clerk', person.clerkUserId)
  const payment = hear('stripe', person.customerId)
  await until(async () => (await memberOf(person)).membership === 'active', 'the payment')
  await importMembers()
  await payment
  expect(await mails()).toEqual([person.email])
})

test('where it is not clear who somebody is, a person is asked once', async () => {
  const person = await control<Person>('/people/signup', { seed: 'double' })
  const post = async (path: string, fields: Record<string, string>) => {
    const response = await fetch(`${stage.world().url}/stripe/v1/${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${stage.world().credentials.stripeApiKey}` },
      body: new URLSearchParams(fields),
    })
    const { id } = (await response.json()) as { id: string } // Stripe's own shape
    return id
  }
  const customer = await post('customers', { email: person.email, name: person.name })
  const prices = await fetch(`${stage.world().url}/stripe/v1/prices`, {
    headers: { authorization: `Bearer ${stage.world().credentials.stripeApiKey}` },
  })
  const [price] = ((await prices.json()) as { data: { id: string }[] }).data // Stripe's own shape
  await post('subscriptions', { customer, 'items[0][price]': price?.id ?? '' })
  expect(await importMembers()).toMatchObject({ members: 1, asked: 1, subscriptions: 2 })
  expect(await importMembers()).toMatchObject({ alreadyKnown: 1, asked: 0 })
  expect(await stage.database.db.$count(tables.questions)).toBe(1)
})

test('a deleted account stays gone, and who was erased is not brought back', async () => {
  const gone = await control<Person>('/people/signup', { seed: 'gone' })
  const forgotten = await control<Person>('/people/signup', { seed: 'forgotten' })
  await importMembers()
  await calm()
  await control(`/people/${gone.clerkUserId}/delete`, { cancelSubscription: false })
  await hear('clerk', gone.clerkUserId, 'user.deleted')
  const request = { who: { email: forgotten.email }, actor: SYSTEM, alsoActive: true }
  const { runId } = await stage.database.transaction((tx) => requestErasure(tx, stage.parts, request))
  expect((await stage.finished(runId)).status).toBe('succeeded')
  await importMembers()
  await calm()
  const rows = await members()
  expect(rows).toHaveLength(2)
  expect(rows.find(({ clerkId }) => clerkId === gone.clerkUserId)).toMatchObject({
    membership: 'ended',
    deletedAt: expect.any(Date),
  })
  expect(rows.find(({ erasedAt }) => erasedAt !== null)).toMatchObject({ clerkId: null, email: null })
})

test('with Clerk off the payments are read, with Stripe off the accounts; and it is said what to set', async () => {
  await control('/people', { count: 12, seed: 'half' })
  stage.parts.modes.clerk = 'off'
  const paying = (await readTruth(stage.world())).all.filter(({ entitled }) => entitled).length
  expect(await importMembers()).toMatchObject({
    users: 0,
    members: paying,
    off: ['Clerk is off: set CLERK_SECRET_KEY.'],
  })
  await calm()
  expect(await mails()).toEqual([])
  stage.parts.modes.clerk = 'sandbox'
  stage.parts.modes.stripe = 'off'
  expect(await importMembers()).toMatchObject({
    users: 12,
    subscriptions: 0,
    members: 0,
    off: ['Stripe is off: set STRIPE_API_KEY.'],
  })
  await calm()
  expect(await mails()).toEqual([])
  expect(await members()).toHaveLength(12)
})

test('what cannot be read is named by its id, and the others are taken over', async () => {
  const user = (id: string, address: string, fields = {}) => ({
    id,
    object: 'user',
    primary_email_address_id: 'idn_1',
    email_addresses: [
      { id: 'idn_1', email_address: address, verification: { status: 'verified' }, linked_to: [] },
    ],
    first_name: 'Jo',
    created_at: 1_000,
    updated_at: 1_000,
    ...fields,
  })
  const users = [
    user('user_1', 'one@example.org', { updated_at: 'never' }),
    user('user_2', 'two@example.org', { first_name: 'a\u0000b' }),
    user('user_3', 'three@example.org'),
    user('a secret <script>', 'four@example.org', { created_at: null }),
  ]
  await using server = await startRecordingServer(({ path }) =>
    path.endsWith('/count')
      ? { status: 200, body: { object: 'total_count', total_count: users.length } }
      : { status: 200, body: users },
  )
  await control('/faults', {
    provider: 'stripe',
    operation: 'subscriptions.list',
    kind: 'status',
    status: 200,
    body: {
      object: 'list',
      has_more: false,
      data: [{ id: 'sub_1', object: 'subscription', customer: 'cus_1', status: 'who knows' }],
    },
  })
  stage.parts.connectors = { ...stage.parts.connectors, clerk: connectorsAt(server.url).clerk }
  expect(await importMembers()).toMatchObject({
    users: 4,
    subscriptions: 1,
    failed: 4,
    problems: [
      'user_1: updatedAt is not as expected',
      'somebody without a readable id: createdAt is not as expected',
      expect.stringMatching(/^user_2: cannot be kept \(22/),
      'sub_1: status is not as expected',
    ],
  })
  expect(await members()).toMatchObject([{ clerkId: 'user_3', email: 'three@example.org' }])
})
