import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest'
import { z } from 'zod'
import { createTestDatabase } from '../../tests/support/test-database.ts'
import { type Database, openDatabase, tables } from '../database/index.ts'
import { createClock, createLogger, type Logger, NeverRetryError, RetryError } from '../primitives/index.ts'
import { defineJob, type Engine, startEngine } from './index.ts'

/** What is told as an error. */
const errors: string[] = []
const logger: Logger = Object.assign(Object.create(createLogger('silent')), {
  error: (...line: unknown[]) => void errors.push(String(line.at(-1))),
  child: () => logger,
})
const seen: string[] = []

const greeting = defineJob({
  name: 'greeting',
  input: z.object({ name: z.string() }),
  idempotencyKey: ({ name }) => name,
  async run(context, { name }) {
    await context.step('greet', async () => {
      seen.push(`begin ${name} ${performance.now()}`)
      return null
    })
  },
})

let attempts = 0
const stubborn = defineJob({
  name: 'stubborn',
  input: z.object({ failures: z.number() }),
  idempotencyKey: ({ failures }) => String(failures),
  retry: { attempts: 4, baseMs: 1, maxMs: 5 },
  async run(context, { failures }) {
    await context.step('try', async () => {
      attempts += 1
      if (attempts <= failures) throw new RetryError('not yet')
      return null
    })
  },
  async onFailure(tx, _input, error, runId) {
    await tx.client.query('select pg_notify($1, $2)', ['never-heard', `${runId} ${error.message}`])
    seen.push(`failed ${runId} ${error.message}`)
  },
})

let database: Database
let engine: Engine
let drop: () => Promise<void>

beforeAll(async () => {
  expect(inject('postgresUrl')).toContain('postgresql://')
  const created = await createTestDatabase()
  drop = created.drop
  database = openDatabase({ url: created.url, poolSize: 10, logger })
  engine = await startEngine({ database, clock: createClock(), logger, jobs: [greeting, stubborn] })
})

afterAll(async () => {
  await engine.stop(5_000)
  await database.close()
  await drop()
})

test('a run starts when, and only when, the transaction commits; the same key starts one run', async () => {
  const rolledBack = database.transaction(async (tx) => {
    await engine.starter.start(tx, greeting, { name: 'nobody' })
    throw new NeverRetryError('no')
  })
  await expect(rolledBack).rejects.toThrow('no')
  const id = await database.transaction((tx) => engine.starter.start(tx, greeting, { name: 'ada' }))
  await database.transaction((tx) => engine.starter.start(tx, greeting, { name: 'ada' }))
  expect(id).toBe('greeting:ada')
  await vi.waitFor(() => expect(seen.filter((line) => line.startsWith('begin ada'))).toHaveLength(1), 5_000)
  const { rows } = await database.pool.query('select workflow_uuid from dbos.workflow_status')
  expect(rows).toEqual([{ workflow_uuid: 'greeting:ada' }])
})

test('input that does not fit the schema never becomes a run', async () => {
  const bad = database.transaction((tx) => engine.starter.start(tx, greeting, JSON.parse('{"name": 3}')))
  await expect(bad).rejects.toThrow(/expected string/)
})

test('a step is retried with back-off, and each failed attempt leaves a row', async () => {
  attempts = 0
  await database.transaction((tx) => engine.starter.start(tx, stubborn, { failures: 2 }))
  await vi.waitFor(() => expect(attempts).toBe(3), 5_000)
  const rows = await database.db.select().from(tables.stepFailures)
  expect(rows.map((row) => [row.attempt, row.retryInMs !== null])).toEqual([
    [1, true],
    [2, true],
  ])
})

test('a run that used up its attempts tells the tables, once', async () => {
  attempts = 0
  await database.transaction((tx) => engine.starter.start(tx, stubborn, { failures: 99 }))
  await vi.waitFor(
    () => expect(seen.filter((line) => line === 'failed stubborn:99 not yet')).toHaveLength(1),
    5_000,
  )
  expect(attempts).toBe(4)
  await vi.waitFor(async () => {
    const { rows } = await database.pool.query(
      `select status from dbos.workflow_status where workflow_uuid = 'stubborn:99'`,
    )
    expect(rows).toEqual([{ status: 'ERROR' }])
  }, 5_000)
  expect(errors).toEqual(['not yet'])
})

test('a run that was claimed here without anybody here knowing is taken up all the same', async () => {
  const later = { notBeforeMs: Date.now() + 3_600_000 }
  const id = await database.transaction((tx) => engine.starter.start(tx, greeting, { name: 'lost' }, later))
  await database.pool.query(
    `update dbos.workflow_status set status = 'PENDING', executor_id = $2, owner_xid = 'lost' where workflow_uuid = $1`,
    [id, engine.executorId],
  )
  await vi.waitFor(() => expect(seen.some((line) => line.startsWith('begin lost '))).toBe(true), 30_000)
}, 40_000)

test('a run begins soon after the commit', async () => {
  const delays: number[] = []
  for (let index = 0; index < 20; index++) {
    const name = `quick-${index}`
    await database.transaction((tx) => engine.starter.start(tx, greeting, { name }))
    const committed = performance.now()
    await vi.waitFor(() => expect(seen.some((line) => line.startsWith(`begin ${name} `))).toBe(true), {
      interval: 1,
      timeout: 5_000,
    })
    const begun = Number(seen.find((line) => line.startsWith(`begin ${name} `))?.split(' ')[2])
    delays.push(begun - committed)
  }
  delays.sort((a, b) => a - b)
  console.log(`event to first step: median ${delays[10]?.toFixed(1)} ms, worst ${delays[19]?.toFixed(1)} ms`)
})
