/** Events from outside: by HTTP with a key, and by the official `inngest` package, which needs no change for it. */
import { createHash } from 'node:crypto'
import { Inngest } from 'inngest'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Person } from '../../src/sandbox/index.ts'
import { until } from '../support/sandbox-world.ts'
import { rowsEverywhere } from './attacks.ts'
import { type Stage, setStage } from './stage.ts'

const EVENTS_KEY = 'key-of-the-events+1='
const CRON_SECRET = 'the-secret-of-the-scheduler'
const IN_JUNE = '2027-06-01T00:00:00Z'
let stage: Stage
let person: Person
let memberId: string

beforeAll(async () => {
  stage = await setStage({ env: { EVENTS_KEY, CRON_SECRET } })
  person = await stage.world.control<Person>('POST', '/people/signup', { seed: 'ada' })
  memberId = await until(async () => {
    const [row] = await stage.rows<{ id: string }>('select id from members where welcomed_at is not null')
    return row?.id
  }, 'the member')
  await stage.quiet()
})
afterAll(() => stage.close())

/** As an application sets it up: by the environment, and by options. */
const byEnvironment = () => {
  const client = new Inngest({ id: 'shop', isDev: false })
  return client.setEnvVars({ INNGEST_BASE_URL: `${stage.url}/`, INNGEST_EVENT_KEY: EVENTS_KEY })
}
const byOptions = (eventKey = EVENTS_KEY) =>
  new Inngest({ id: 'shop', isDev: false, eventKey, baseUrl: stage.url })

type EventRow = {
  id: string
  name: string
  key: string
  outcome: string
  run_id: string
  problem: string | null
}
async function event(id: string | undefined): Promise<EventRow> {
  const [row] = await stage.rows<EventRow>('select * from events where id = $1', [id])
  if (!row) throw new Error(`No event ${id}`)
  return row
}
const syncs = (sourceEventId: string | undefined) =>
  stage.count(`from processed_events where job = 'member-sync' and source_event_id = $1`, [sourceEventId])

describe('the inngest package', () => {
  test.each([
    ['by the environment', byEnvironment],
    ['by options', byOptions],
  ])('pointed here %s, sends one event, which starts its run', async (_name, client) => {
    const { ids } = await client().send({
      name: 'member.updated',
      data: { memberId: person.clerkUserId, action: 'update' },
    })
    expect(ids).toHaveLength(1)
    expect(await event(ids[0])).toMatchObject({ name: 'member.updated', outcome: 'started' })
    await stage.quiet()
    expect(await syncs(ids[0])).toBe(1)
  })

  test('sends a batch of every kind, and names nobody knows', async () => {
    const [delivery] = await stage.rows<{ external_id: string }>(
      `select external_id from deliveries where source = 'stripe' limit 1`,
    )
    const { ids } = await byOptions().send([
      { name: 'member.updated', data: { memberId, action: 'update', sourceEventId: 'shop-17' } },
      { name: 'member.schedule_deactivation', data: { memberId: person.email, deactivateAt: IN_JUNE } },
      { name: 'webhook.failed', data: { source: 'stripe', externalId: delivery?.external_id } },
      { name: 'shop/cart.abandoned', data: { items: [1, 2] }, ts: 1_795_000_000_000 },
      { name: 'member.updated', data: { memberId: 'nobody@example.org', action: 'cancel' } },
    ])
    const rows = await Promise.all(ids.map(event))
    expect(rows.map(({ outcome }) => outcome)).toEqual([
      'started',
      'started',
      'started',
      'unknown',
      'refused',
    ])
    expect(rows.map(({ run_id }) => run_id?.split(':')[0])).toEqual([
      'member-sync',
      'member-deactivation',
      'webhook-retry',
      undefined,
      undefined,
    ])
    expect(rows[4]?.problem).toBe('There is no member this address. Nothing was started.')
    await stage.quiet()
    expect(await syncs('shop-17')).toBe(1)
    const ends = await stage.rows(
      `select due_at, status from deactivations where member_id = $1 and status = 'pending'`,
      [memberId],
    )
    expect(ends).toEqual([{ due_at: new Date(IN_JUNE), status: 'pending' }])
  })

  test('an event with an id of its own is one event, however often it is sent', async () => {
    const sent = () =>
      byOptions().send({ id: 'order-1', name: 'member.updated', data: { memberId, action: 'update' } })
    const answers = await Promise.all(Array.from({ length: 10 }, sent))
    const ids = new Set(answers.flatMap(({ ids: [id] }) => id))
    expect(ids.size).toBe(1)
    await stage.quiet()
    expect(await stage.count(`from events where key = 'order-1'`)).toBe(1)
    expect(
      await stage.count(`from dbos.workflow_status where workflow_uuid like $1`, [`%${[...ids][0]}%`]),
    ).toBe(1)
  })

  test('a request that it repeats because the answer was lost is one event', async () => {
    const before = await stage.count('from events')
    let calls = 0
    const client = new Inngest({
      id: 'shop',
      isDev: false,
      eventKey: EVENTS_KEY,
      baseUrl: stage.url,
      fetch: async (input: string | URL | Request, init?: RequestInit) => {
        const answer = await fetch(input, init)
        if (++calls === 1) throw new TypeError('the connection was cut')
        return answer
      },
    })
    await client.send([
      { name: 'member.updated', data: { memberId, action: 'update' } },
      { name: 'shop/seen', data: {} },
    ])
    expect(calls).toBe(2)
    expect(await stage.count('from events')).toBe(before + 2)
  })

  test('a wrong key is an error that says what to set, and data of a wrong shape one that says where', async () => {
    await stage.quiet()
    const rows = await rowsEverywhere(stage)
    await expect(byOptions('another').send({ name: 'shop/seen' })).rejects.toThrow(/401 .*EVENTS_KEY/)
    await expect(
      byOptions().send([{ name: 'shop/seen' }, { name: 'member.updated', data: { memberId } }]),
    ).rejects.toThrow(/400 1\.data\.action: /)
    expect(await rowsEverywhere(stage)).toEqual(rows)
  })
})

type Answer = { events: { id: string }[]; error: { code: string; message: string } }

async function post(body: unknown): Promise<{ status: number; json: Answer }> {
  const answer = await fetch(`${stage.url}/api/events`, {
    method: 'POST',
    headers: { authorization: `Bearer ${EVENTS_KEY}`, 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
  return { status: answer.status, json: (await answer.json()) as Answer } // either half of it
}

describe('POST /api/events', () => {
  const update = { name: 'member.updated', key: 'crm-1', data: { memberId: 'mem_nobody', action: 'update' } }

  test('one event and a list of them; the same key again is the same event; another name is another', async () => {
    const first = await post({ ...update, data: { memberId, action: 'update' } })
    expect(first.status).toBe(202)
    const [stored] = first.json.events
    expect(stored).toEqual({
      id: expect.stringMatching(/^evt_/),
      name: 'member.updated',
      outcome: 'started',
      runId: `member-sync:${memberId}:${stored?.id}`,
      problem: null,
      repeated: false,
    })
    const again = await post([update, { name: 'crm/seen', key: 'crm-1' }])
    expect(again.json.events).toEqual([
      { ...stored, repeated: true },
      {
        id: expect.stringMatching(/^evt_/),
        name: 'crm/seen',
        outcome: 'unknown',
        runId: null,
        problem: 'Nothing follows from events of this name.',
        repeated: false,
      },
    ])
    await stage.quiet()
  })

  const END = 'member.schedule_deactivation'
  test.each([
    ['text', 'hello', 'The body is not JSON.'],
    ['a number', 7, 'the event: '],
    ['no name', { key: 'k', data: {} }, 'name: '],
    ['an empty name', { name: ' ', key: 'k' }, 'name: '],
    ['no key', { name: 'shop/seen' }, 'key: '],
    ['data that is a list', { name: 'shop/seen', key: 'k', data: [] }, 'data: '],
    ['the second of a list', [{ name: 'a', key: 'k' }, { name: 'b' }], '1.key: '],
    ['data of a wrong shape', { name: 'member.updated', key: 'k', data: { memberId: 'm' } }, 'data.action: '],
    [
      'an action there is not',
      { ...update, key: 'k', data: { memberId: 'm', action: 'delete' } },
      'data.action: ',
    ],
    [
      'a day that is none',
      { name: END, key: 'k', data: { memberId: 'm', deactivateAt: 'soon' } },
      'data.deactivateAt: ',
    ],
    [
      'a day beyond all time',
      { name: END, key: 'k', data: { memberId: 'm', deactivateAt: 1e18 } },
      'data.deactivateAt: ',
    ],
    [
      'a year that PostgreSQL does not know',
      { name: END, key: 'k', data: { memberId: 'm', deactivateAt: '0000-01-01' } },
      'data.deactivateAt: ',
    ],
    [
      'a year of five digits',
      { name: END, key: 'k', data: { memberId: 'm', deactivateAt: 1e15 } },
      'data.deactivateAt: ',
    ],
    ['a delivery without a name', { name: 'webhook.failed', key: 'k', data: {} }, 'data: '],
    [
      'too many',
      Array.from({ length: 1_001 }, (_, i) => ({ name: 'a', key: `${i}` })),
      'At most 1000 events at once',
    ],
  ])('%s is refused with the path of the fault, and nothing is stored', async (_name, body, fault) => {
    const rows = await rowsEverywhere(stage)
    const { status, json } = await post(body)
    expect(status).toBe(400)
    expect(json.error.code).toBe('malformed')
    expect(json.error.message.startsWith(fault)).toBe(true)
    expect(await rowsEverywhere(stage)).toEqual(rows)
  })

  test.each([
    ['seconds', 1_811_808_000, '2027-06-01T00:00:00.000Z'],
    ['milliseconds', 1_811_808_000_000, '2027-06-01T00:00:00.000Z'],
    ['a day', '2027-06-02', '2027-06-02T00:00:00.000Z'],
    ['a time in a zone', '2027-06-02T02:00:00+02:00', '2027-06-02T00:00:00.000Z'],
  ])('an end may be named in %s', async (name, deactivateAt, due) => {
    await post({ name: END, key: `end-${name}`, data: { memberId, deactivateAt } })
    const ends = await stage.rows<{ due_at: Date }>(
      `select due_at from deactivations where status = 'pending'`,
    )
    expect(ends.map(({ due_at }) => due_at.toISOString())).toEqual([due])
  })
})

describe('an outside scheduler', () => {
  type Started = { runId: string; slot: string; started: boolean; message: string; url: string }
  const ask = async (path: string, method: 'GET' | 'POST') => {
    const begun = performance.now()
    const headers = { authorization: `Bearer ${CRON_SECRET}` }
    const answer = await fetch(`${stage.url}/api/jobs/${path}`, { method, headers })
    const json = (await answer.json()) as Started // the door's own shape
    return { status: answer.status, json, tookMs: performance.now() - begun }
  }

  test.each(['luma-auto-approve', 'slack-sync', 'cleanup'])(
    'may ask for %s by GET and by POST, twice and at once: it is one run, named at once',
    async (path) => {
      const methods = ['GET', 'POST', 'POST', 'GET'] as const
      const answers = await Promise.all(methods.map((method) => ask(path, method)))
      const [first] = answers
      // Five minutes may end between two requests; the slots are then two, and so are the runs.
      const slots = new Set(answers.map(({ json }) => json.slot))
      expect(new Set(answers.map(({ json }) => json.runId)).size).toBe(slots.size)
      expect(answers.filter(({ json }) => json.started)).toHaveLength(slots.size)
      expect(answers.map(({ status }) => status).toSorted()).toEqual(
        slots.size === 1 ? [200, 200, 200, 202] : expect.anything(),
      )
      expect(first?.json.url).toBe(`${stage.url}/runs/${encodeURIComponent(first?.json.runId ?? '')}`)
      expect(Math.max(...answers.map(({ tookMs }) => tookMs))).toBeLessThan(5_000)
      await stage.quiet()
      expect(
        await stage.count('from dbos.workflow_status where workflow_uuid = $1', [first?.json.runId]),
      ).toBe(1)
    },
  )

  test('there is no such job', async () => {
    expect(
      (await fetch(`${stage.url}/api/jobs/coffee`, { headers: { authorization: `Bearer ${CRON_SECRET}` } }))
        .status,
    ).toBe(404)
  })
})

/** So that PostgreSQL cannot make it shorter for an index. */
const long = Array.from({ length: 150 }, (_, n) => createHash('sha256').update(`${n}`).digest('hex')).join('')

test('what is too long for an index is refused by whoever sends it', async () => {
  const data = { memberId, action: 'update', sourceEventId: long }
  expect(await post({ name: 'member.updated', key: 'long', data })).toMatchObject({
    status: 400,
    json: { error: { message: expect.stringMatching(/^data\.sourceEventId: /) } },
  })
  const answer = await fetch(`${stage.url}/e/${encodeURIComponent(EVENTS_KEY)}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-inngest-event-id-seed': long },
    body: JSON.stringify([{ name: 'shop/seen', data: {} }]),
  })
  expect(answer.status).toBe(400)
})

test('a list of no events is taken', async () => {
  expect(await post([])).toMatchObject({ status: 202, json: { events: [] } })
})
