import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { createTestDatabase } from '../../tests/support/test-database.ts'
import { type Database, openDatabase, tables } from '../database/index.ts'
import { createClock, createLogger, HOUR_MS, systemNow } from '../primitives/index.ts'
import { defineJob, type Engine, readRun, startEngine } from './index.ts'

const logger = createLogger('silent')
const work = defineJob({
  name: 'work',
  input: z.object({ id: z.string() }),
  idempotencyKey: ({ id }) => id,
  run: async (context) => context.step('do it', async () => 'done'),
})

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
