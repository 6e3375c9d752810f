import { randomInt } from 'node:crypto'
import { sql } from 'drizzle-orm'
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { createTestDatabase } from '../../../tests/support/test-database.ts'
import { type Database, openDatabase, tables } from '../../database/index.ts'
import { createClock, createLogger, HOUR_MS, MINUTE_MS, newId } from '../../primitives/index.ts'
import { percentileMs, readGauges, readRunNumbers, readRunSeries, type Stats, startStats } from './index.ts'

const logger = createLogger('silent')
const NEVER_MS = 24 * HOUR_MS
let database: Database
let drop: () => Promise<void>
let running: Stats[] = []

beforeAll(async () => {
  const created = await createTestDatabase()
  drop = created.drop
  database = openDatabase({ url: created.url, poolSize: 10, logger })
})
afterEach(startAfresh)
afterAll(async () => {
  await database.close()
  await drop()
})

async function startAfresh(): Promise<void> {
  for (const stats of running) await stats.stop()
  running = []
  await database.db.execute(
    sql`truncate run_stats, run_durations, gauge_samples, dead_letters, dbos.workflow_status cascade`,
  )
}

/** Counts at its start, and when it is told to. */
function start(options: { batchRuns?: number } = {}): Stats {
  const stats = startStats({
    database,
    logger,
    clock: createClock(),
    readProviderUse: async () => [{ provider: 'circle', budgetPercent: 81.6, limitPercent: null }],
    everyMs: NEVER_MS,
    ...options,
  })
  running.push(stats)
  return stats
}

/** Counts until this process has had its turn. */
async function refresh(stats: Stats): Promise<void> {
  while (!(await stats.refresh())) await new Promise(setImmediate)
}

type Status = 'SUCCESS' | 'ERROR' | 'MAX_RECOVERY_ATTEMPTS_EXCEEDED' | 'CANCELLED' | 'ENQUEUED' | 'PENDING'
type Row = { job: string; status: Status; endedMs: number | null; tookMs: number | null }

async function insertRuns(rows: readonly Row[]): Promise<void> {
  if (rows.length === 0) return
  const values = rows.map(({ job, status, endedMs, tookMs }) => {
    const startedMs = endedMs === null || tookMs === null ? null : endedMs - tookMs
    return sql`(${newId('run')}, ${status}, ${job}, ${endedMs}::bigint, ${startedMs}::bigint, 0, 0)`
  })
  await database.db.execute(sql`
    insert into dbos.workflow_status
      (workflow_uuid, status, name, completed_at, started_at_epoch_ms, created_at, updated_at)
    values ${sql.join(values, sql`, `)}`)
}

/** What the two tables must hold, counted from the runs one by one. */
async function recount() {
  const { rows } = await database.db.execute<Record<'job' | 'status' | 'ended' | 'began', string>>(sql`
    select name as job, status, completed_at as ended, started_at_epoch_ms as began from dbos.workflow_status
    where completed_at is not null and status not in ('ENQUEUED', 'PENDING')`)
  const stats = new Map<string, number[]>()
  const durations = new Map<string, number>()
  for (const { job, status, ended, began } of rows) {
    const key = `${Math.floor(Number(ended) / MINUTE_MS)} ${job}`
    const [succeeded = 0, failed = 0, cancelled = 0, tookMs = 0] = stats.get(key) ?? []
    const took = began === null ? 0 : Math.max(0, Number(ended) - Number(began))
    const [ok, gone] = [status === 'SUCCESS', status === 'CANCELLED']
    stats.set(key, [
      succeeded + (ok ? 1 : 0),
      failed + (ok || gone ? 0 : 1),
      cancelled + (gone ? 1 : 0),
      tookMs + (gone ? 0 : took),
    ])
    let bucket = 0
    while (1.05 ** bucket < took * (1 - 1e-12)) bucket += 1
    if (!gone) durations.set(`${key} ${bucket}`, (durations.get(`${key} ${bucket}`) ?? 0) + 1)
  }
  return { stats: sorted(stats), durations: sorted(durations) }
}

async function counted() {
  const minute = (at: Date) => at.getTime() / MINUTE_MS
  const stats = await database.db.select().from(tables.runStats)
  const durations = await database.db.select().from(tables.runDurations)
  return {
    stats: sorted(
      new Map(
        stats.map((row) => [
          `${minute(row.minute)} ${row.job}`,
          [row.succeeded, row.failed, row.cancelled, row.durationSumMs],
        ]),
      ),
    ),
    durations: sorted(
      new Map(durations.map((row) => [`${minute(row.minute)} ${row.job} ${row.bucket}`, row.count])),
    ),
  }
}

function sorted<T>(map: Map<string, T>): [string, T][] {
  return [...map].sort(([a], [b]) => a.localeCompare(b))
}

const job = fc.constantFrom('member-sync', 'cleanup', 'job-post-review')
const status = fc.constantFrom<Status>(
  'SUCCESS',
  'SUCCESS',
  'ERROR',
  'MAX_RECOVERY_ATTEMPTS_EXCEEDED',
  'CANCELLED',
)
/** Runs that ended so long ago. */
const ended = (withinMs: number) =>
  fc.record({
    job,
    status,
    agoMs: fc.integer({ min: 0, max: withinMs }),
    tookMs: fc.oneof(
      fc.constant(null),
      fc.integer({ min: 0, max: 200 }),
      fc.integer({ min: 0, max: HOUR_MS }),
    ),
  })

test('what is counted equals a plain recount, whatever commits late, starts again or was missed', async () => {
  const seed = randomInt(2 ** 31)
  console.info(`stats: seed ${seed}`)
  const rounds = fc.array(
    fc.record({
      // A run's end may commit minutes after the time that it bears; three are allowed for.
      runs: fc.array(ended(2 * MINUTE_MS), { maxLength: 25 }),
      startAgain: fc.boolean(),
      byTheOther: fc.boolean(),
    }),
    { minLength: 1, maxLength: 4 },
  )
  await fc.assert(
    fc.asyncProperty(fc.array(ended(3 * HOUR_MS), { maxLength: 60 }), rounds, async (missed, later) => {
      await startAfresh()
      const insert = (runs: typeof missed) =>
        insertRuns(runs.map(({ agoMs, ...run }) => ({ ...run, endedMs: Date.now() - agoMs })))
      await insert(missed)
      const processes = [start({ batchRuns: 7 }), start({ batchRuns: 7 })] as const
      for (const { runs, startAgain, byTheOther } of later) {
        await insert(runs)
        if (startAgain)
          await database.db.execute(sql`
            update dbos.workflow_status set status = 'ENQUEUED', completed_at = null where workflow_uuid in (
              select workflow_uuid from dbos.workflow_status
              where completed_at > ${Date.now() - 2 * MINUTE_MS} and status = 'ERROR' limit 1)`)
        await refresh(processes[byTheOther ? 1 : 0])
      }
      await refresh(processes[0])
      expect(await counted()).toEqual(await recount())
    }),
    { seed, numRuns: 25 },
  )
})

test('the numbers of a window: rates, averages and percentiles, and nothing but null where there is nothing', async () => {
  const stats = start()
  const now = Date.now()
  await refresh(stats)
  const nothing = await readRunNumbers(database.db, { fromMs: now - HOUR_MS, toMs: now })
  expect(nothing.all).toEqual({
    total: 0,
    succeeded: 0,
    failed: 0,
    cancelled: 0,
    successRate: null,
    averageMs: null,
    p50Ms: null,
    p95Ms: null,
  })
  // What follows ended long ago: it is caught up by a process that starts, and not by one that has counted on from here.
  await stats.stop()
  const runs = Array.from({ length: 100 }, (_, index) => ({
    job: 'member-sync',
    status: index < 90 ? ('SUCCESS' as const) : ('ERROR' as const),
    endedMs: now - 10 * MINUTE_MS - index,
    tookMs: (index + 1) * 100,
  }))
  await insertRuns([...runs, { job: 'cleanup', status: 'CANCELLED', endedMs: now, tookMs: 5 }])
  await refresh(start())
  const { all, jobs } = await readRunNumbers(database.db, { fromMs: now - HOUR_MS, toMs: now + 1 })
  expect(all).toMatchObject({ total: 101, succeeded: 90, failed: 10, cancelled: 1, successRate: 0.9 })
  expect(all.averageMs).toBe(5_050)
  expect(all.p50Ms).toBeGreaterThanOrEqual(5_000)
  expect(all.p50Ms).toBeLessThanOrEqual(5_000 * 1.05)
  expect(all.p95Ms).toBeGreaterThanOrEqual(9_500)
  expect(all.p95Ms).toBeLessThanOrEqual(9_500 * 1.05)
  expect(jobs.get('cleanup')).toMatchObject({ total: 1, successRate: null, p95Ms: null })
  const series = await readRunSeries(database.db, { fromMs: now - HOUR_MS, toMs: now + 1 }, 30 * MINUTE_MS)
  const line = series.get('member-sync') ?? []
  expect(line.reduce((sum, { succeeded, failed }) => sum + succeeded + failed, 0)).toBe(100)
  expect(line.length).toBeGreaterThanOrEqual(2)
})

test('a first start on very many runs catches up in batches', async () => {
  await database.db.execute(sql`
    insert into dbos.workflow_status
      (workflow_uuid, status, name, completed_at, started_at_epoch_ms, created_at, updated_at)
    select 'run' || n, 'SUCCESS', 'member-sync', ${Date.now()}::bigint - n * 500, ${Date.now()}::bigint - n * 500 - 40, 0, 0
    from generate_series(1, 30000) as n`)
  const stats = start({ batchRuns: 2_000 })
  await refresh(stats)
  const { rows } = await database.db.execute<{ sum: string }>(sql`select sum(succeeded) from run_stats`)
  expect(Number(rows[0]?.sum)).toBe(30_000)
})

test('the gauges of now: queues, dead letters, budgets; what has emptied is zero', async () => {
  await insertRuns([
    { job: 'member-sync', status: 'ENQUEUED', endedMs: null, tookMs: null },
    { job: 'member-sync', status: 'ENQUEUED', endedMs: null, tookMs: null },
    { job: 'cleanup', status: 'PENDING', endedMs: null, tookMs: null },
  ])
  const stats = start()
  await refresh(stats)
  const first = await readGauges(database)
  expect(first?.get('queued_jobs')).toBe(2)
  expect(first?.get('queued_jobs', 'member-sync')).toBe(2)
  expect(first?.get('running_jobs', 'cleanup')).toBe(1)
  expect(first?.get('dlq_count')).toBe(0)
  expect(first?.get('provider_budget_used', 'circle')).toBe(82)
  expect(first?.get('oldest_queued_age_ms')).toBeGreaterThan(HOUR_MS)
  // As if a quarter of a minute had passed.
  await database.db.execute(
    sql`update gauge_samples set at = at - interval '15 seconds'; update dbos.workflow_status set status = 'SUCCESS'`,
  )
  await refresh(stats)
  const second = await readGauges(database)
  expect(second?.atMs).toBeGreaterThan(first?.atMs ?? 0)
  expect(second?.all).toContainEqual({ gauge: 'queued_jobs', of: 'member-sync', value: 0 })
  expect(second?.get('running_jobs')).toBe(0)
})

test('percentiles of buckets are by the nearest rank', () => {
  expect(percentileMs(new Map(), 0.95)).toBeNull()
  expect(percentileMs(new Map([[0, 1]]), 0.95)).toBe(1)
  const counts = new Map([
    [100, 5],
    [0, 95],
  ])
  expect(percentileMs(counts, 0.95)).toBe(1)
  expect(percentileMs(counts, 0.96)).toBe(Math.round(1.05 ** 100))
})
