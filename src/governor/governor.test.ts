import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'drizzle-orm'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { createTestDatabase } from '../../tests/support/test-database.ts'
import type { ProviderLimits, ProviderName } from '../connectors/contract.ts'
import { type Database, openDatabase, tables } from '../database/index.ts'
import {
  createLogger,
  LookFirstError,
  listenToSending,
  NeverRetryError,
  ParkError,
  RetryError,
} from '../primitives/index.ts'
import { createGovernor, type Governor, readProviderStatuses } from './index.ts'

const logger = createLogger('silent')
const NONE: Record<ProviderName, ProviderLimits> = {
  twilio: {},
  slack: {},
  openai: {},
  circle: {},
  mailchimp: {},
  luma: {},
  stripe: {},
  clerk: {},
  pagerduty: {},
  email: {},
}
const request = { provider: 'mailchimp', operation: 'members.put' } as const

let database: Database
let drop: () => Promise<void>
let governors: Governor[] = []

beforeAll(async () => {
  const created = await createTestDatabase()
  drop = created.drop
  database = openDatabase({ url: created.url, poolSize: 10, logger })
  // What the engine keeps, as far as waking runs needs it.
  await database.db.execute(
    sql`create schema if not exists dbos; create table if not exists dbos.workflow_status (workflow_uuid text primary key, status text, delay_until_epoch_ms bigint)`,
  )
})
afterAll(async () => {
  await database.close()
  await drop()
})
afterEach(async () => {
  for (const governor of governors) await governor.stop()
  governors = []
  for (const table of [
    tables.providerStates,
    tables.providerPlaces,
    tables.providerUsage,
    tables.rateBuckets,
  ])
    await database.db.delete(table)
})

function start(limits: Partial<typeof NONE> = {}): Governor {
  const holder = `holder-${governors.length + 1}`
  const governor = createGovernor({ database, limits: { ...NONE, ...limits }, holder, logger })
  governors.push(governor)
  return governor
}

const fails = (error: Error) => () => Promise.reject(error)
const breakerOf = async () => {
  const [status] = (await readProviderStatuses(database, NONE)).filter(
    (each) => each.provider === 'mailchimp',
  )
  return status?.breaker
}

test('three failures in a row open the breaker for every process; a probe closes it', async () => {
  const [one, other] = [start(), start()]
  const lost = new LookFirstError('The answer was lost', 1_000)
  await expect(one.gate(request, fails(lost))).rejects.toBe(lost)
  await expect(one.gate(request, fails(lost))).rejects.toBe(lost)
  await expect(one.gate(request, fails(lost))).rejects.toMatchObject({ name: 'ParkError', cause: lost })
  expect(await breakerOf()).toBe('open')

  const sent = vi.fn(async () => 'ok')
  await expect(other.gate(request, sent)).rejects.toBeInstanceOf(ParkError)
  expect(sent).not.toHaveBeenCalled()
  // The first probe is due a second later: whoever comes then tries, and only one.
  await vi.waitFor(
    async () => {
      const answers = await Promise.allSettled([1, 2, 3, 4].map(() => other.gate(request, sent)))
      expect(answers.filter((each) => each.status === 'fulfilled')).toHaveLength(1)
    },
    { timeout: 5_000, interval: 50 },
  )
  expect(sent).toHaveBeenCalledTimes(1)
  expect(await breakerOf()).toBe('closed')
  await vi.waitFor(async () => expect(await one.gate(request, sent)).toBe('ok'), { timeout: 3_000 })
})

test('a request that was waiting for its turn when the provider went away is the probe, and closes the breaker', async () => {
  const luma = { provider: 'luma', operation: 'x' } as const
  const { gate } = start({ luma: { rates: [{ name: 'all', burst: 1, perMinute: 40 }] } })
  await gate(luma, async () => null)
  const waiting = gate(luma, async () => 'answered')
  const now = new Date()
  await database.db
    .insert(tables.providerStates)
    .values({ provider: 'luma', breaker: 'open', reason: 'away', openedAt: now, probeAt: now })
    .onConflictDoUpdate({ target: tables.providerStates.provider, set: { breaker: 'open', probeAt: now } })
  expect(await waiting).toBe('answered')
  const [row] = await database.db.select().from(tables.providerStates)
  expect(row?.breaker).toBe('closed')
})

test('a probe that is not sent after all is the next request’s', async () => {
  const { gate } = start()
  const now = new Date()
  await database.db
    .insert(tables.providerStates)
    .values({ provider: 'mailchimp', breaker: 'open', reason: 'away', openedAt: now, probeAt: now })
  const cancelled = async () => {
    throw new Error('The run was cancelled')
  }
  await expect(listenToSending(cancelled, () => gate(request, async () => 'sent'))).rejects.toThrow(
    'cancelled',
  )
  expect(await gate(request, async () => 'answered')).toBe('answered')
  expect(await breakerOf()).toBe('closed')
})

test('an answer stands, also when what follows from it cannot be noted', async () => {
  const { gate } = start()
  const now = new Date()
  await database.db
    .insert(tables.providerStates)
    .values({ provider: 'mailchimp', breaker: 'open', reason: 'away', openedAt: now, probeAt: now })
  const rename = (from: string, to: string) =>
    database.db.execute(sql`alter table ${sql.identifier(from)} rename to ${sql.identifier(to)}`)
  try {
    const answer = gate(request, async () => {
      await rename('parked_runs', 'parked_elsewhere')
      return 'sent'
    })
    expect(await answer).toBe('sent')
  } finally {
    await rename('parked_elsewhere', 'parked_runs')
  }
  expect(await breakerOf()).toBe('half-open')
})

test('a refusal or a success between failures keeps it closed', async () => {
  const { gate } = start()
  for (let round = 0; round < 3; round++) {
    await expect(gate(request, fails(new RetryError('down')))).rejects.toThrow('down')
    await expect(gate(request, fails(new RetryError('down')))).rejects.toThrow('down')
    await expect(gate(request, fails(new NeverRetryError('no')))).rejects.toThrow('no')
  }
  expect(await breakerOf()).toBe('closed')
})

test('what a person waits for is sent even while the breaker is open', async () => {
  const { gate } = start()
  for (let count = 0; count < 3; count++)
    await gate(request, fails(new RetryError('down'))).catch(() => undefined)
  expect(await gate({ ...request, urgent: true }, async () => 'shown')).toBe('shown')
})

test('two processes together never have more requests under way than the limit, and share it fairly', async () => {
  const limits = { mailchimp: { concurrency: 6 } }
  const processes = [start(limits), start(limits)]
  let underWay = 0
  let most = 0
  const done = [0, 0]
  const act = (index: number) => async () => {
    underWay += 1
    most = Math.max(most, underWay)
    await sleep(10)
    underWay -= 1
    done[index] = (done[index] ?? 0) + 1
  }
  // The first is there alone and takes all places; the second comes later and must get its share.
  const first = Array.from({ length: 400 }, () => processes[0]?.gate(request, act(0)))
  await vi.waitFor(() => expect(done[0]).toBeGreaterThan(20))
  const second = Array.from({ length: 150 }, () => processes[1]?.gate(request, act(1)))
  await Promise.all(second)
  expect(done[0]).toBeLessThan(400)
  await Promise.all(first)
  expect(most).toBeLessThanOrEqual(6)
  expect(most).toBeGreaterThanOrEqual(5)
  // Idle, they hold nothing.
  await vi.waitFor(async () => expect(await database.db.select().from(tables.providerPlaces)).toEqual([]), {
    timeout: 8_000,
    interval: 100,
  })
})

test('the places of a process that died are free after its lease', async () => {
  await database.db.execute(
    sql`insert into provider_places values ('mailchimp', 'dead', 6, true, now() - interval '11 seconds')`,
  )
  const { gate } = start({ mailchimp: { concurrency: 6 } })
  expect(await gate(request, async () => 'ok')).toBe('ok')
})

test('a rate holds over two processes, in any window', async () => {
  const limits = { luma: { rates: [{ name: 'all', burst: 3, perMinute: 1_200 }] } }
  const processes = [start(limits), start(limits)]
  const times: number[] = []
  await Promise.all(
    Array.from({ length: 30 }, (_, index) =>
      processes[index % 2]?.gate({ provider: 'luma', operation: 'x' }, async () => {
        times.push(performance.now())
      }),
    ),
  )
  const sorted = times.sort((a, b) => a - b)
  // 1,200 a minute: one in 50 ms after the burst. 30 ms of slack for timers that fire late.
  for (const [index, time] of sorted.entries())
    expect(time - (sorted[0] ?? 0)).toBeGreaterThanOrEqual((index - 3) * 50 - 30)
})

test('a bucket for each subject, and only for its own operations', async () => {
  const rates = [
    { name: 'post', operations: ['chat.postMessage'], perSubject: true, burst: 1, perMinute: 60 },
  ]
  const { gate } = start({ slack: { rates } })
  const post = (subject: string) =>
    gate({ provider: 'slack', operation: 'chat.postMessage', subject }, async () => subject)
  await Promise.all([post('C1'), post('C2')])
  await gate({ provider: 'slack', operation: 'chat.update', subject: 'C1' }, async () => null)
  const { rows } = await database.db.execute(sql`select key from rate_buckets order by key`)
  expect(rows.map((row) => row.key)).toEqual(['slack/post/C1', 'slack/post/C2'])
})

test('when the month is used up, work is put down until the next one', async () => {
  const limits = { circle: { perMonth: 2 } }
  const { gate } = start(limits)
  const circle = { provider: 'circle', operation: 'posts.create' } as const
  await gate(circle, async () => null)
  await gate(circle, async () => null)
  const refused = gate(circle, async () => null)
  await expect(refused).rejects.toBeInstanceOf(ParkError)
  await refused.catch((error: ParkError) => expect(new Date(error.untilMs ?? 0).getUTCDate()).toBe(1))
  await governors[0]?.stop()
  const [status] = (await readProviderStatuses(database, { ...NONE, ...limits })).filter(
    (each) => each.provider === 'circle',
  )
  expect(status?.month).toMatchObject({ used: 2, budget: 2 })
})

test('the last requests of a month are not used twice by those that come at once, in one process or in two', async () => {
  const processes = [start({ circle: { perMonth: 4 } }), start({ circle: { perMonth: 4 } })]
  const circle = { provider: 'circle', operation: 'posts.create' } as const
  let sent = 0
  const send = (index: number) =>
    processes[index]?.gate(circle, async () => {
      sent += 1
      await sleep(50)
    })
  await Promise.allSettled(Array.from({ length: 10 }, () => send(0)))
  expect(sent).toBe(4)
  // What the one has counted is written at its next beat.
  await vi.waitFor(async () => expect(await database.db.select().from(tables.providerUsage)).toHaveLength(2))
  await expect(send(1)).rejects.toBeInstanceOf(ParkError)
})

test('a process that has looked a moment ago sees near the end of the budget what others have used since', async () => {
  const [one, other] = [start({ circle: { perMonth: 4 } }), start({ circle: { perMonth: 4 } })]
  const circle = { provider: 'circle', operation: 'posts.create' } as const
  await other.gate(circle, async () => null)
  for (let count = 0; count < 3; count++) await one.gate(circle, async () => null)
  await one.stop()
  await expect(other.gate(circle, async () => null)).rejects.toBeInstanceOf(ParkError)
})
