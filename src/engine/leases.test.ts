import { setTimeout as pause } from 'node:timers/promises'
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { createTestDatabase } from '../../tests/support/test-database.ts'
import { type Database, openDatabase, tables } from '../database/index.ts'
import { createClock, createLogger, HOUR_MS, systemNow } from '../primitives/index.ts'
import { cancelRun, defineJob, type Engine, readRun, startEngine } from './index.ts'
import { createLease } from './leases.ts'

const logger = createLogger('silent')
const work = defineJob({
  name: 'work',
  input: z.object({ id: z.string() }),
  idempotencyKey: ({ id }) => id,
  run: (context, { id }) =>
    context.step('do it', async () => {
      done.push(id)
      return 'done'
    }),
})
const done: string[] = []

let database: Database
let engine: Engine
let drop: () => Promise<void>

beforeAll(async () => {
  const created = await createTestDatabase()
  drop = created.drop
  database = openDatabase({ url: created.url, poolSize: 5, logger })
  engine = await startEngine({ database, clock: createClock(), logger, jobs: [work] })
})
afterAll(async () => {
  await engine.stop(5_000)
  await database.close()
  await drop()
})

/** A run as a process leaves it that has taken it up and is not there any more. */
async function underWayAt(executorId: string, id: string): Promise<string> {
  const runId = await database.transaction((tx) =>
    engine.starter.start(tx, work, { id }, { notBeforeMs: systemNow() + HOUR_MS }),
  )
  await database.db.execute(sql`
    update dbos.workflow_status set status = 'PENDING', executor_id = ${executorId} where workflow_uuid = ${runId}`)
  return runId
}
const succeeded = (runId: string) =>
  vi.waitFor(async () => expect((await readRun(runId)).status).toBe('succeeded'), {
    timeout: 40_000,
    interval: 100,
  })

test('the runs of a process whose lease has expired are taken over', async () => {
  const renewedAt = sql`now() - interval '1 minute'`
  const dead = { id: 'exe_dead', host: 'elsewhere', pid: 1, startedAt: renewedAt, renewedAt }
  await database.db.insert(tables.executors).values(dead)
  await succeeded(await underWayAt('exe_dead', 'of the dead'))
})

test('runs under way at a process that has no lease are nobody’s, and are taken up', async () => {
  await succeeded(await underWayAt('exe_never_there', 'of nobody'))
})

test('a process that beats again is left alone, however late it is', async () => {
  const alive = { id: 'exe_alive', host: 'elsewhere', pid: 1, startedAt: sql`now()`, renewedAt: sql`now()` }
  await database.db.insert(tables.executors).values(alive)
  const runId = await underWayAt('exe_alive', 'of the living')
  await succeeded(await underWayAt('exe_never_there', 'a beat later'))
  expect((await readRun(runId)).status).toBe('running')
})

/** Another process that looks after the same dead one, and is slow: what happens while it waits? */
async function whileItIsTakenUp(runId: string, act: () => Promise<unknown>): Promise<void> {
  const rival = await database.pool.connect()
  let acting: Promise<unknown> = Promise.resolve()
  try {
    await rival.query('begin')
    await rival.query(
      `insert into run_recoveries (run_id, fruitless, total, steps, at) values ($1, 0, 0, 0, now())`,
      [runId],
    )
    await vi.waitFor(
      async () => {
        const { rows } = await database.db.execute(sql`
          select 1 from pg_stat_activity where wait_event_type = 'Lock' and query ilike '%run_recoveries%'
            and datname = current_database()`)
        expect(rows).toHaveLength(1)
      },
      { timeout: 20_000, interval: 20 },
    )
    acting = act()
    await Promise.race([acting, pause(300)])
  } finally {
    await rival.query('rollback')
    rival.release()
  }
  await acting
}

test('what somebody cancels while it is being taken up stays cancelled', async () => {
  const runId = await underWayAt('exe_never_there', 'cancelled meanwhile')
  await whileItIsTakenUp(runId, () =>
    database.transaction((tx) => cancelRun(tx, new Map(), runId, { name: 'Ada', reason: null })),
  )
  await succeeded(await underWayAt('exe_never_there', 'after the cancelled one'))
  expect((await readRun(runId)).status).toBe('cancelled')
  expect(done).not.toContain('cancelled meanwhile')
})

test('of two processes that take up the same run one has it', async () => {
  const alive = {
    id: 'exe_rival',
    host: 'elsewhere',
    pid: 1,
    startedAt: sql`now()`,
    renewedAt: sql`now() + interval '1 hour'`,
  }
  await database.db.insert(tables.executors).values(alive)
  const runId = await underWayAt('exe_never_there', 'wanted by two')
  let rivals = 0
  await whileItIsTakenUp(runId, async () => {
    const { rowCount } = await database.db.execute(sql`
      update dbos.workflow_status set executor_id = 'exe_rival'
      where workflow_uuid = ${runId} and status = 'PENDING' and executor_id = 'exe_never_there'`)
    rivals = rowCount ?? 0
  })
  await succeeded(await underWayAt('exe_never_there', 'after the wanted one'))
  expect(rivals + done.filter((id) => id === 'wanted by two').length).toBe(1)
})

test('a process that has given its work away sends nothing more', async () => {
  const lease = createLease(database.url, logger)
  await lease.start(() => {})
  expect(lease.isHeld()).toBe(true)
  await lease.release()
  expect(lease.isHeld()).toBe(false)
})
