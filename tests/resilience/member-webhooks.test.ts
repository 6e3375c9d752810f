/** News of members by webhook: doubled, shuffled, late, in old shapes, unclear, unreadable, and while Stripe is away. */
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Person, SANDBOX_CREDENTIALS } from '../../src/sandbox/index.ts'
import { until } from '../support/sandbox-world.ts'
import { send, signedClerk, signedStripe, wallClock } from './signed.ts'
import { type Stage, setStage } from './stage.ts'

const TIMES = 50
const DAY_MS = 86_400_000
let stage: Stage
/** Where nothing can be asked: the events' own content has to do. */
let deaf: Stage

beforeAll(async () => {
  const env = {
    STRIPE_WEBHOOK_SECRET: SANDBOX_CREDENTIALS.stripeWebhookSecret,
    CLERK_WEBHOOK_SIGNING_SECRET: SANDBOX_CREDENTIALS.clerkWebhookSecret,
  }
  ;[stage, deaf] = await Promise.all([setStage(), setStage({ env })])
})
afterAll(() => Promise.all([stage.close(), deaf.close()]))

type MemberRow = {
  id: string
  clerk_id: string | null
  email: string | null
  membership: string
  profile_hidden: boolean
  deleted_at: Date | null
  welcomed_at: Date | null
}
const members = (on: Stage, clerkId: string) =>
  on.rows<MemberRow>('select * from members where clerk_id = $1', [clerkId])

const act = (on: Stage, person: Person, what: string, body: unknown = {}) =>
  on.world.control<Person>('POST', `/people/${person.clerkUserId}/${what}`, body)
const signUp = (on: Stage, body: Record<string, unknown> = {}) =>
  on.world.control<Person>('POST', '/people/signup', { seed: randomBytes(8).toString('hex'), ...body })
/** All that was sent has been answered, and all that follows is done. */
const settled = async (on: Stage) => {
  await until(
    async () => (await on.world.control<{ idle: boolean }>('GET', '/deliveries/idle')).idle,
    'the webhooks to be taken',
  )
  // A delivery whose handling was cut off by a kill may have been handed over to the retry, which waits a second.
  await until(
    async () => (await on.count(`from deliveries where status = 'received'`)) === 0,
    'the deliveries',
  )
  await on.quiet()
}

type Delivery = {
  id: string
  status: string
  outcome: string | null
  repeats: number
  run_id: string | null
  problem: string | null
}
const delivery = async (on: Stage, externalId: string) => {
  const [row] = await on.rows<Delivery>('select * from deliveries where external_id = $1', [externalId])
  if (!row) throw new Error(`No delivery ${externalId}`)
  return row
}
async function contact(on: Stage, email: string | null) {
  const { mailchimp } = await on.world.read()
  return mailchimp.contacts.find((each) => each.email === email)
}

describe('the same again', () => {
  test('one event fifty times at once, and again after the program was killed, is one delivery and one change', async () => {
    await stage.world.control('POST', '/deliveries/hold', {})
    const person = await signUp(stage)
    const { deliveries } = await stage.world.control<{ deliveries: { id: string }[] }>(
      'GET',
      '/deliveries?pending=true',
    )
    const again = () =>
      Promise.all(
        deliveries.map(({ id }) =>
          stage.world.control<{ results: { status: number }[] }>('POST', `/deliveries/${id}/redeliver`, {
            times: TIMES,
            concurrent: true,
          }),
        ),
      )
    const first = await again()
    await stage.crash()
    const later = await again()
    expect(
      new Set([...first, ...later].flatMap(({ results }) => results.map(({ status }) => status))),
    ).toEqual(new Set([200]))
    await stage.world.control('POST', '/deliveries/release', {})
    await settled(stage)
    for (const { id } of deliveries) {
      expect(await delivery(stage, id)).toMatchObject({ status: 'processed', repeats: 2 * TIMES - 1 })
      expect(
        await stage.count(
          `from dbos.workflow_status where name = 'webhook-delivery' and workflow_uuid = $1`,
          [(await delivery(stage, id)).run_id],
        ),
      ).toBe(1)
    }
    const rows = await members(stage, person.clerkUserId)
    expect(rows).toMatchObject([{ membership: 'active', email: person.email }])
    expect(
      await stage.count(`from audit_entries where action = 'became a member' and target_id = $1`, [
        rows[0]?.id,
      ]),
    ).toBe(1)
    expect(await contact(stage, person.email)).toMatchObject({
      status: 'subscribed',
      tags: ['active'],
      mails: [expect.anything()],
    })
  })

  test('an event that nothing follows from is kept, answered 200, and left alone', async () => {
    const event = {
      id: 'evt_charge',
      object: 'event',
      created: 1,
      type: 'charge.succeeded',
      data: { object: { object: 'charge' } },
    }
    for (let time = 0; time < 2; time++) {
      const answer = await send(signedStripe(stage.world, event))
      expect([answer.status, await answer.json()]).toEqual([200, { received: true }])
    }
    expect(await delivery(stage, 'evt_charge')).toMatchObject({
      status: 'processed',
      outcome: 'charge.succeeded: nothing follows',
      repeats: 1,
      run_id: null,
    })
  })

  test('letters that PostgreSQL cannot keep are no reason to refuse a person', async () => {
    const data = { id: 'user_odd', first_name: 'Ada\u0000\ud83c', last_name: 'says \\u0000', updated_at: 5 }
    expect(
      (await send(signedClerk(stage.world, { type: 'user.created', data }, { id: 'msg_odd' }))).status,
    ).toBe(200)
    await stage.quiet()
    expect(await delivery(stage, 'msg_odd')).toMatchObject({ status: 'processed' })
  })
})

describe.each([
  ['where Stripe and Clerk can be asked', () => stage],
  ['where neither can be asked', () => deaf],
])('%s', (_where, on) => {
  test.each([false, true])(
    'a life in shuffled, doubled events ends as it is (old shapes: %s)',
    async (legacyShapes) => {
      await on().world.control('POST', '/deliveries/hold', {})
      const person = await signUp(on())
      const leaving = await signUp(on())
      // Stripe counts in seconds: what happens within one cannot be told apart by its time.
      const later = () => on().world.control('POST', '/clock', { advanceMs: 2_000 })
      await later()
      await act(on(), person, 'cancel')
      await act(on(), leaving, 'cancel')
      await later()
      await act(on(), person, 'resume')
      const changed = await act(on(), person, 'change-email', { email: `new.${person.email}` })
      await on().world.control('POST', '/deliveries/release', {
        shuffle: true,
        seed: 7,
        duplicates: 2,
        legacyShapes,
        concurrency: 5,
      })
      await settled(on())
      expect(await members(on(), person.clerkUserId)).toMatchObject([
        { membership: 'active', email: changed.email, profile_hidden: false },
      ])
      expect(await members(on(), leaving.clerkUserId)).toMatchObject([{ membership: 'active' }])
      const ends = (clerkId: string) =>
        on().rows<{ due_at: Date }>(
          `select due_at from deactivations join members on members.id = member_id where clerk_id = $1 and status = 'pending'`,
          [clerkId],
        )
      expect(await ends(person.clerkUserId)).toEqual([])
      const [end] = await ends(leaving.clerkUserId)
      expect(Math.abs((end?.due_at.getTime() ?? 0) - (leaving.periodEndMs ?? 0))).toBeLessThanOrEqual(1_000)
      expect(await contact(on(), changed.email)).toMatchObject({
        tags: ['active'],
        mails: [expect.anything()],
      })
    },
  )

  test('who deleted their account stays gone, whatever arrives late', async () => {
    const person = await signUp(on(), { pay: false })
    await settled(on())
    await on().world.control('POST', '/deliveries/hold', {})
    await act(on(), person, 'change-email', { email: `late.${person.email}` })
    await on().world.control('POST', '/clock', { advanceMs: 2_000 })
    await act(on(), person, 'delete')
    const { deliveries } = await on().world.control<{ deliveries: { id: string; type: string }[] }>(
      'GET',
      '/deliveries?pending=true',
    )
    for (const type of ['user.deleted', 'user.updated'])
      for (const { id } of deliveries.filter((each) => each.type === type)) {
        await on().world.control('POST', `/deliveries/${id}/redeliver`, {})
        await on().quiet()
      }
    await on().world.control('POST', '/deliveries/release', {})
    await settled(on())
    const rows = await members(on(), person.clerkUserId)
    expect(rows).toMatchObject([{ membership: 'none', profile_hidden: true, deleted_at: expect.any(Date) }])
    expect(rows[0]?.email).not.toMatch(/^late/)
  })
})

const NOW_MS = Math.floor(wallClock())
const BEGIN_MS = NOW_MS - 20 * DAY_MS

/** A person's news by the content alone, as Clerk and Stripe word them. */
const clerkUser = (id: string, email: string, updatedAtMs: number, type = 'user.updated') => ({
  type,
  data: {
    id,
    first_name: 'Kim',
    last_name: 'Lee',
    created_at: BEGIN_MS,
    updated_at: updatedAtMs,
    primary_email_address_id: 'idn_1',
    email_addresses: [{ id: 'idn_1', email_address: email, verification: { status: 'verified' } }],
  },
})
const seconds = (ms: number) => Math.floor(ms / 1_000)
const subscriptionEvent = (customerId: string, atMs: number, more: Record<string, unknown> = {}) => ({
  id: `evt_${randomBytes(8).toString('hex')}`,
  object: 'event',
  created: seconds(atMs),
  type: 'customer.subscription.updated',
  data: {
    object: {
      object: 'subscription',
      id: `sub_of_${customerId}`,
      customer: customerId,
      status: 'active',
      created: seconds(atMs - DAY_MS),
      items: {
        data: [{ current_period_start: seconds(atMs), current_period_end: seconds(atMs + 30 * DAY_MS) }],
      },
      ...more,
    },
  },
})
const customerEvent = (id: string, email: string, atMs: number, clerkUserId?: string) => ({
  id: `evt_${randomBytes(8).toString('hex')}`,
  object: 'event',
  created: seconds(atMs),
  type: 'customer.updated',
  data: {
    object: { object: 'customer', id, email, name: 'Kim Lee', metadata: clerkUserId ? { clerkUserId } : {} },
  },
})
async function tell(on: Stage, event: unknown, source: 'stripe' | 'clerk'): Promise<void> {
  const request = source === 'stripe' ? signedStripe(on.world, event) : signedClerk(on.world, event)
  expect((await send(request)).status).toBe(200)
  await on.quiet()
}

test('somebody who pays with the address of a deleted account is not buried with it by late news', async () => {
  const email = 'phoenix@example.org'
  await tell(deaf, clerkUser('user_phoenix', email, BEGIN_MS, 'user.created'), 'clerk')
  await tell(deaf, { type: 'user.deleted', data: { id: 'user_phoenix' } }, 'clerk')
  await tell(deaf, customerEvent('cus_phoenix', email, BEGIN_MS), 'stripe')
  await tell(deaf, subscriptionEvent('cus_phoenix', NOW_MS), 'stripe')
  const payer = () => deaf.rows<MemberRow>(`select * from members where stripe_customer_id = 'cus_phoenix'`)
  expect(await payer()).toMatchObject([{ membership: 'active', deleted_at: null }])
  await tell(deaf, clerkUser('user_phoenix', email, BEGIN_MS + 5_000), 'clerk')
  expect(await payer()).toMatchObject([{ membership: 'active', deleted_at: null }])
})

test('a payment that names an account is its payment, also when we heard of the account’s end first', async () => {
  await tell(deaf, { type: 'user.deleted', data: { id: 'user_gone' } }, 'clerk')
  await tell(deaf, customerEvent('cus_gone', 'gone@example.org', BEGIN_MS), 'stripe')
  await tell(deaf, subscriptionEvent('cus_gone', NOW_MS), 'stripe')
  await tell(deaf, customerEvent('cus_gone', 'gone@example.org', NOW_MS, 'user_gone'), 'stripe')
  const rows = await deaf.rows<MemberRow>(`select * from members where 'cus_gone' = stripe_customer_id`)
  expect(rows).toMatchObject([{ clerk_id: 'user_gone', membership: 'ended', deleted_at: expect.any(Date) }])
  expect(await questions('cus_gone')).toEqual([])
  const { contacts } = (await deaf.world.read()).mailchimp
  expect(contacts.find(({ email }) => email === 'gone@example.org')).toMatchObject({ status: 'archived' })
})

type Question = { approval_id: string; status: string; title: string }
const questions = (customerId: string) =>
  deaf.rows<Question>(
    `select approvals.id as approval_id, approvals.status, title from questions
     join approvals on subject_id = questions.id
     where questions.kind = 'member-match' and data->>'customerId' = $1`,
    [customerId],
  )
/** Who counts as the owner of a customer's subscription. */
const ownerOf = async (customerId: string) => {
  const [row] = await deaf.rows<{ clerk_id: string | null; membership: string }>(
    `select clerk_id, membership from members
     where id = (select member_id from subscriptions where customer_id = $1)`,
    [customerId],
  )
  return row
}
async function answer(customerId: string, decision: 'approve' | 'deny'): Promise<void> {
  const [question] = await questions(customerId)
  const dashboard = await deaf.dashboard()
  const answered = await dashboard.post(`/approvals/${question?.approval_id}/decision`, { decision })
  expect(answered.status).toBe(200)
  await deaf.quiet()
}

describe('when it is not clear whose a payment is', () => {
  /** A member with an account, an address and a customer of their own. */
  async function member(name: string): Promise<void> {
    await tell(deaf, clerkUser(`user_${name}`, `${name}@example.org`, BEGIN_MS, 'user.created'), 'clerk')
    await tell(deaf, customerEvent(`cus_${name}`, `${name}@example.org`, BEGIN_MS, `user_${name}`), 'stripe')
    await tell(deaf, subscriptionEvent(`cus_${name}`, BEGIN_MS), 'stripe')
    expect(await ownerOf(`cus_${name}`)).toEqual({ clerk_id: `user_${name}`, membership: 'active' })
  }

  test.each([
    ['deny' as const, { clerk_id: null, membership: 'active' }],
    ['approve' as const, { clerk_id: 'user_of_approve', membership: 'active' }],
  ])(
    'another customer with the address of a member: a person is asked, once (%s)',
    async (decision, owner) => {
      const name = `of_${decision}`
      await member(name)
      const other = `cus_other_${decision}`
      // The address is known from the customer's own event; the payment comes before and after it.
      await tell(deaf, customerEvent(other, `${name}@example.org`, BEGIN_MS), 'stripe')
      await tell(deaf, customerEvent(other, `${name}@example.org`, BEGIN_MS + 1_000), 'stripe')
      expect(await questions(other)).toMatchObject([{ status: 'open', title: 'Is this Kim Lee?' }])
      await answer(other, decision)
      await tell(deaf, subscriptionEvent(other, BEGIN_MS), 'stripe')
      expect(await ownerOf(other)).toEqual(owner)
      expect(await ownerOf(`cus_${name}`)).toEqual({ clerk_id: `user_${name}`, membership: 'active' })
      await tell(deaf, customerEvent(other, `${name}@example.org`, BEGIN_MS + 2_000), 'stripe')
      expect(await questions(other)).toHaveLength(1)
    },
  )

  test.each([
    ['deny' as const, 'user_payer_deny'],
    ['approve' as const, 'user_named_approve'],
  ])(
    'a payment names another account than its customer has: nobody loses anything (%s)',
    async (decision, owner) => {
      const [payer, named] = [`payer_${decision}`, `named_${decision}`]
      await member(payer)
      await member(named)
      const claim = (atMs: number) =>
        tell(deaf, customerEvent(`cus_${payer}`, `${payer}@example.org`, atMs, `user_${named}`), 'stripe')
      await claim(BEGIN_MS + 1_000)
      // While it is open, what is new of the subscription counts for whom it counted before.
      await tell(deaf, subscriptionEvent(`cus_${payer}`, BEGIN_MS + DAY_MS), 'stripe')
      expect(await questions(`cus_${payer}`)).toMatchObject([{ status: 'open' }])
      expect(await ownerOf(`cus_${payer}`)).toEqual({ clerk_id: `user_${payer}`, membership: 'active' })
      await answer(`cus_${payer}`, decision)
      await claim(BEGIN_MS + 2 * DAY_MS)
      await tell(deaf, subscriptionEvent(`cus_${payer}`, BEGIN_MS + 3 * DAY_MS), 'stripe')
      expect(await ownerOf(`cus_${payer}`)).toEqual({ clerk_id: owner, membership: 'active' })
      expect(await ownerOf(`cus_${named}`)).toEqual({ clerk_id: `user_${named}`, membership: 'active' })
      expect(await questions(`cus_${payer}`)).toHaveLength(1)
    },
  )
})

describe('when the handling fails', () => {
  test.concurrent('a payload that cannot be read is tried again five times, and then waits for a person', async () => {
    const event = subscriptionEvent('cus_unreadable', NOW_MS, { status: 'on-the-moon' })
    expect((await send(signedStripe(deaf.world, event))).status).toBe(200)
    const failed = await until(
      async () => {
        const now = await delivery(deaf, event.id)
        return now.status === 'failed' && now
      },
      'the end of the retries',
      60_000,
    )
    expect(failed.problem).toMatch(/^[A-Z][^{}[\]]*status is not as expected\.$/)
    const tries = await deaf.rows<{ attempt: number; retry_in_ms: number | null; message: string }>(
      `select attempt, retry_in_ms, error->>'message' as message from step_failures
       where run_id like $1 order by attempt`,
      [`webhook-retry:${failed.id}:%`],
    )
    expect(tries.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4, 5])
    const pauses = tries.flatMap(({ retry_in_ms: pause }) => pause ?? [])
    for (const [index, most] of [2_000, 4_000, 8_000, 16_000].entries()) {
      expect(pauses[index]).toBeGreaterThanOrEqual(most / 2)
      expect(pauses[index]).toBeLessThanOrEqual(most)
    }
    // The tables hear of it a moment before the run has ended.
    await until(async () => {
      const [run] = await deaf.rows<{ status: string }>(
        'select status from dbos.workflow_status where workflow_uuid like $1',
        [`webhook-retry:${failed.id}:%`],
      )
      return run?.status === 'ERROR'
    }, 'the run to have failed')
    const dashboard = await deaf.dashboard()
    expect(JSON.stringify(await dashboard.get('/inbox'))).toContain('is not as expected')
  })

  test.concurrent('while Stripe is away the news are put down, and all is right when it is back', async () => {
    await settled(stage)
    await stage.world.control('POST', '/faults', {
      provider: 'stripe',
      operation: '*',
      kind: 'status',
      status: 500,
    })
    const people = [await signUp(stage), await signUp(stage), await signUp(stage)]
    await until(
      async () => (await stage.count(`from parked_runs where provider = 'stripe' and woken_at is null`)) > 0,
      'the runs to be put down',
    )
    expect(await stage.count(`from deliveries where status = 'failed'`)).toBe(0)
    await stage.world.control('DELETE', '/faults')
    await settled(stage)
    for (const person of people) {
      expect(await members(stage, person.clerkUserId)).toMatchObject([{ membership: 'active' }])
      expect((await contact(stage, person.email))?.mails).toHaveLength(1)
    }
    expect(await stage.count(`from deliveries where status <> 'processed'`)).toBe(0)
    expect(await stage.count(`from dbos.workflow_status where status = 'ERROR'`)).toBe(0)
  })
})
