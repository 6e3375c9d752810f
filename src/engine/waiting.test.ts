import { DBOSExecutor } from '@dbos-inc/dbos-sdk/internal/dbos-executor'
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { createTestDatabase } from '../../tests/support/test-database.ts'
import { type Database, openDatabase } from '../database/index.ts'
import { createClock, createLogger, NeverRetryError, ParkError, RetryError } from '../primitives/index.ts'
import {
  defineJob,
  type Engine,
  OutOfTouchError,
  pauseJob,
  readRun,
  resumeJob,
  startEngine,
  wakeParked,
} from './index.ts'

const logger = createLogger('silent')
let away = true
let performed = 0
const log: string[] = []
const holds = new Map<string, () => void>()

/** Two steps, the second at a provider that is away. */
const caller = defineJob({
  name: 'caller',
  input: z.object({ id: z.string() }),
  idempotencyKey: ({ id }) => id,
  retry: { attempts: 1 },
  async run(context, { id }) {
    await context.step('prepare', async () => {
      log.push(`prepare ${id}`)
      return null
    })
    await context.effect('send', {
      key: `send:${id}`,
      kind: 'test.send',
      description: 'a test',
      subjectId: id,
      perform: async () => {
        if (away) throw new ParkError('Luma is away', { provider: 'luma', untilMs: null })
        performed += 1
        return 'sent'
      },
      look: async () => null,
      objectId: (result) => result,
    })
  },
})

/** Holds its turn until the test lets it go. */
const inLine = defineJob({
  name: 'in-line',
  input: z.object({ key: z.string(), id: z.string(), fails: z.boolean().default(false) }),
  idempotencyKey: ({ id }) => id,
  perKey: { key: ({ key }) => key },
  retry: { attempts: 1 },
  async run(context, { id, fails }) {
    await context.step('hold', async () => {
      log.push(`begin ${id}`)
      await new Promise<void>((resolve) => holds.set(id, resolve))
      if (fails) throw new NeverRetryError('no')
      return null
    })
  },
})

const hurried = defineJob({
  name: 'hurried',
  input: z.object({ n: z.number() }),
  idempotencyKey: ({ n }) => String(n),
  perKey: { key: () => 'all', rate: { runs: 4, periodMs: 1_000 } },
  async run(context, { n }) {
    await context.step('go', async () => {
      log.push(`hurried ${n} ${performance.now()}`)
      return null
    })
  },
})

/** Throws these one after the other, and then goes through; nothing is tried later than half a second after the first. */
const hasty = defineJob({
  name: 'hasty',
  input: z.object({ id: z.string() }),
  idempotencyKey: ({ id }) => id,
  retry: { attempts: 2, baseMs: 1, giveUpAfterMs: 500 },
  async run(context) {
    await context.call('send', async () => {
      const failure = failures.shift()
      if (failure) throw failure
      return null
    })
  },
})
const failures: Error[] = []

let database: Database
let engine: Engine
let drop: () => Promise<void>

beforeAll(async () => {
  const created = await createTestDatabase()
  drop = created.drop
  database = openDatabase({ url: created.url, poolSize: 10, logger })
  await lumaIs('open')
  engine = await startEngine({
    database,
    clock: createClock(),
    logger,
    jobs: [caller, inLine, hurried, hasty],
  })
})

afterAll(async () => {
  await engine.stop(5_000)
  await database.close()
  await drop()
})

const lumaIs = (breaker: 'open' | 'closed') =>
  database.db.execute(sql`
    insert into provider_states (provider, breaker) values ('luma', ${breaker})
    on conflict (provider) do update set breaker = excluded.breaker`)
const begun = (id: string) => log.includes(`begin ${id}`)
const start = (id: string) => database.transaction((tx) => engine.starter.start(tx, caller, { id }))
const join = (key: string, id: string, fails = false) =>
  database.transaction((tx) => engine.starter.start(tx, inLine, { key, id, fails }))
const wake = (provider: string, perSecond: number) =>
  database.transaction((tx) => wakeParked(tx, provider, { perSecond }))

test('a run whose provider is away is put down with its steps, and goes on where it was when woken', async () => {
  away = true
  const id = await start('a')
  await vi.waitFor(async () => expect((await readRun(id)).status).toBe('delayed'), 5_000)
  // Woken while it is still away, it is put down again and counts it.
  expect(await wake('luma', 100)).toBe(1)
  await vi.waitFor(async () => {
    const { rows } = await database.db.execute(sql`select times from parked_runs where run_id = ${id}`)
    expect(rows).toEqual([{ times: 2 }])
  }, 5_000)
  away = false
  await wake('luma', 100)
  await vi.waitFor(async () => expect((await readRun(id)).status).toBe('succeeded'), 5_000)
  expect(log.filter((entry) => entry === 'prepare a')).toHaveLength(1)
  expect(performed).toBe(1)
})

test('an execution that has put its run down is over: it does not go on asking how the run ends', async () => {
  away = true
  const { pool } = DBOSExecutor.globalInstance?.systemDatabase ?? {}
  if (!pool) throw new Error('DBOS is not launched')
  const asked = vi.spyOn(pool, 'query')
  const id = await start('over')
  await vi.waitFor(async () => expect((await readRun(id)).status).toBe('delayed'), 5_000)
  // Another one's whole life later.
  failures.length = 0
  await succeeded(await hurry('meanwhile'))
  const waits = asked.mock.calls.filter(
    ([statement]) => typeof statement === 'string' && statement.includes('COALESCE(wo.output, ws.output)'),
  )
  asked.mockRestore()
  expect(waits).toEqual([])
  away = false
  await wake('luma', 100)
  await succeeded('caller:over')
})

test('parked runs are woken at the pace that is asked for, and only those of the provider', async () => {
  away = true
  for (const id of ['p1', 'p2', 'p3']) await start(id)
  await vi.waitFor(async () => {
    const { rows } = await database.db.execute(sql`select 1 from parked_runs where woken_at is null`)
    expect(rows).toHaveLength(3)
  }, 5_000)
  away = false
  expect(await wake('stripe', 1)).toBe(0)
  expect(await wake('luma', 2)).toBe(3)
  const { rows } = await database.db.execute<{ due: string }>(
    sql`select delay_until_epoch_ms as due from dbos.workflow_status where workflow_uuid like 'caller:p%' order by 1`,
  )
  const dues = rows.map((row) => Number(row.due))
  for (const [index, due] of dues.slice(1).entries())
    expect(Math.abs(due - (dues[index] ?? 0) - 500)).toBeLessThanOrEqual(1)
})

test('runs of one key go one at a time and in order; other keys do not wait for them', async () => {
  for (const id of ['x1', 'x2', 'x3']) await join('x', id, id === 'x2')
  await join('y', 'y1')
  await vi.waitFor(() => expect(begun('x1') && begun('y1')).toBe(true), 5_000)
  expect(begun('x2')).toBe(false)
  holds.get('x1')?.()
  await vi.waitFor(() => expect(begun('x2')).toBe(true), 5_000)
  expect(begun('x3')).toBe(false)
  holds.get('x2')?.() // it fails, and its turn passes all the same
  await vi.waitFor(() => expect(begun('x3')).toBe(true), 5_000)
  holds.get('x3')?.()
  holds.get('y1')?.()
  await vi.waitFor(async () => {
    const { rows } = await database.db.execute(sql`select * from run_turns`)
    expect(rows).toEqual([])
  }, 5_000)
})

test('the same run asked for again after it has ended takes no place in the line', async () => {
  await join('z', 'z1')
  await vi.waitFor(() => expect(begun('z1')).toBe(true), 5_000)
  holds.get('z1')?.()
  await vi.waitFor(async () => expect((await readRun('in-line:z1')).status).toBe('succeeded'), 5_000)
  await join('z', 'z1')
  await join('z', 'z2')
  await vi.waitFor(() => expect(begun('z2')).toBe(true), 5_000)
  holds.get('z2')?.()
})

test('a rate for each key is kept: never more than so many in any period', async () => {
  for (let n = 0; n < 10; n++) await database.transaction((tx) => engine.starter.start(tx, hurried, { n }))
  const starts = () =>
    log.filter((entry) => entry.startsWith('hurried')).map((entry) => Number(entry.split(' ')[2]))
  await vi.waitFor(() => expect(starts()).toHaveLength(10), { timeout: 20_000 })
  for (const begin of starts()) {
    // Less than a period, because a start may come late, and then the one after it is that much closer.
    const within = starts().filter((other) => other >= begin && other < begin + 850)
    expect(within.length).toBeLessThanOrEqual(4)
  }
})

const hurry = (id: string) => database.transaction((tx) => engine.starter.start(tx, hasty, { id }))
const succeeded = (id: string) =>
  vi.waitFor(async () => expect((await readRun(id)).status).toBe('succeeded'), { timeout: 15_000 })

test('no run is given up because its process was out of touch with the database', async () => {
  failures.splice(0, failures.length, new OutOfTouchError(), new OutOfTouchError())
  await succeeded(await hurry('out of touch'))
})

test('the time for which the database was away is not taken off a run’s patience', async () => {
  const away = () => new Error('Connection terminated unexpectedly')
  failures.splice(0, failures.length, away(), away(), away(), new RetryError('a hiccup'))
  await succeeded(await hurry('outage, then a hiccup'))
})

test('a run that is put down because its job is paused survives that the database is away just then', async () => {
  await database.db.execute(sql`create sequence outages`)
  await database.db.execute(sql`
    create function be_away() returns trigger language plpgsql as
    'begin if nextval(''outages'') = 1 then raise exception ''away'' using errcode = ''08006''; end if; return new; end'`)
  await database.db.execute(sql`
    create trigger be_away before insert on parked_runs for each row execute function be_away()`)
  const by = { id: 'usr_ada', name: 'Ada', reason: null, atMs: 0 }
  await database.transaction((tx) => pauseJob(tx, 'hasty', by))
  await engine.lookAgainWhatIsPaused()
  const id = await hurry('paused')
  await vi.waitFor(async () => expect((await readRun(id)).status).toBe('delayed'), { timeout: 10_000 })
  await database.transaction((tx) => resumeJob(tx, 'hasty'))
  await engine.lookAgainWhatIsPaused()
  await succeeded(id)
})

test('a run whose job was paused for days waits for an absent provider like any other', async () => {
  away = true
  const by = { id: 'usr_ada', name: 'Ada', reason: null, atMs: 0 }
  await database.transaction((tx) => pauseJob(tx, 'caller', by))
  await engine.lookAgainWhatIsPaused()
  const id = await start('paused for days')
  await vi.waitFor(async () => expect((await readRun(id)).status).toBe('delayed'), 10_000)
  await database.db.execute(
    sql`update parked_runs set since = now() - interval '3 days' where run_id = ${id}`,
  )
  await database.transaction((tx) => resumeJob(tx, 'caller'))
  await engine.lookAgainWhatIsPaused()
  await vi.waitFor(async () => {
    const { rows } = await database.db.execute(
      sql`select provider, woken_at from parked_runs where run_id = ${id}`,
    )
    expect(rows).toEqual([{ provider: 'luma', woken_at: null }])
  }, 10_000)
  expect((await readRun(id)).status).toBe('delayed')

  // It was put down by somebody who had not heard that Luma is back: nobody comes for it, and yet it goes on.
  away = false
  await lumaIs('closed')
  await vi.waitFor(async () => expect((await readRun(id)).status).toBe('succeeded'), { timeout: 20_000 })
})
