/** Reading the numbers over time. Windows are [from, to) in epoch milliseconds of the machine, to the minute. */
import { and, gte, lt, sql } from 'drizzle-orm'
import { type Drizzle, tables } from '../../database/index.ts'
import { MINUTE_MS, SECOND_MS } from '../../primitives/index.ts'
import { percentileMs } from './buckets.ts'

export type Window = { fromMs: number; toMs: number }

/** What became of the runs that ended in a window. Of nothing there is no rate, average or percentile: null. */
export type RunNumbers = {
  /** Succeeded, failed or cancelled. */
  total: number
  succeeded: number
  failed: number
  cancelled: number
  /** Of those that succeeded or failed, from 0 to 1; null without any. */
  successRate: number | null
  averageMs: number | null
  /** At most 5 % above the true one. */
  p50Ms: number | null
  p95Ms: number | null
}

type Counts = { succeeded: number; failed: number; cancelled: number; tookMs: number }

/** The numbers of all runs, and of each job that had any. */
export async function readRunNumbers(
  db: Drizzle,
  window: Window,
): Promise<{ all: RunNumbers; jobs: Map<string, RunNumbers> }> {
  const { runStats, runDurations } = tables
  const [stats, durations] = await Promise.all([
    db
      .select({
        job: runStats.job,
        succeeded: sql<number>`sum(${runStats.succeeded})`.mapWith(Number),
        failed: sql<number>`sum(${runStats.failed})`.mapWith(Number),
        cancelled: sql<number>`sum(${runStats.cancelled})`.mapWith(Number),
        tookMs: sql<number>`sum(${runStats.durationSumMs})`.mapWith(Number),
      })
      .from(runStats)
      .where(and(gte(runStats.minute, firstMinute(window)), lt(runStats.minute, endMinute(window))))
      .groupBy(runStats.job),
    db
      .select({
        job: runDurations.job,
        bucket: runDurations.bucket,
        count: sql<number>`sum(${runDurations.count})`.mapWith(Number),
      })
      .from(runDurations)
      .where(and(gte(runDurations.minute, firstMinute(window)), lt(runDurations.minute, endMinute(window))))
      .groupBy(runDurations.job, runDurations.bucket),
  ])
  const ofJob = Map.groupBy(durations, ({ job }) => job)
  return {
    all: numbersOf(stats.reduce(add, NOTHING), durations),
    jobs: new Map(stats.map(({ job, ...counts }) => [job, numbersOf(counts, ofJob.get(job) ?? [])])),
  }
}

/** One point of a line: what ended in the span that begins at `atMs`. */
export type SeriesPoint = { atMs: number; succeeded: number; failed: number }

/**
 * How many runs of each job ended, in spans of equal length that cover the window; spans without any are there too.
 * @param spanMs whole minutes
 */
export async function readRunSeries(
  db: Drizzle,
  window: Window,
  spanMs: number,
): Promise<Map<string, SeriesPoint[]>> {
  const { runStats } = tables
  const from = firstMinute(window).getTime()
  // Arithmetic on times is ten times as fast as on the numbers that they can be turned into.
  const span = sql`make_interval(secs => ${spanMs / SECOND_MS})`
  const begin = sql<Date>`date_bin(${span}, ${runStats.minute}, ${firstMinute(window)})`
  const rows = await db
    .select({
      job: runStats.job,
      begin: begin.mapWith(runStats.minute),
      succeeded: sql<number>`sum(${runStats.succeeded})`.mapWith(Number),
      failed: sql<number>`sum(${runStats.failed})`.mapWith(Number),
    })
    .from(runStats)
    .where(and(gte(runStats.minute, firstMinute(window)), lt(runStats.minute, endMinute(window))))
    .groupBy(runStats.job, sql`2`)
  const length = Math.ceil((endMinute(window).getTime() - from) / spanMs)
  const lines = new Map<string, SeriesPoint[]>()
  for (const { job, begin: beginsAt, succeeded, failed } of rows) {
    const at = Math.round((beginsAt.getTime() - from) / spanMs)
    const line = lines.get(job) ?? emptyLine(from, spanMs, length)
    line[at] = { atMs: from + at * spanMs, succeeded, failed }
    lines.set(job, line)
  }
  return lines
}

function emptyLine(fromMs: number, spanMs: number, length: number): SeriesPoint[] {
  return Array.from({ length }, (_, at) => ({ atMs: fromMs + at * spanMs, succeeded: 0, failed: 0 }))
}

const NOTHING: Counts = { succeeded: 0, failed: 0, cancelled: 0, tookMs: 0 }

function add(a: Counts, b: Counts): Counts {
  return {
    succeeded: a.succeeded + b.succeeded,
    failed: a.failed + b.failed,
    cancelled: a.cancelled + b.cancelled,
    tookMs: a.tookMs + b.tookMs,
  }
}

function numbersOf(counts: Counts, durations: readonly { bucket: number; count: number }[]): RunNumbers {
  const { succeeded, failed, cancelled, tookMs } = counts
  const ended = succeeded + failed
  const buckets = new Map<number, number>()
  for (const { bucket, count } of durations) buckets.set(bucket, (buckets.get(bucket) ?? 0) + count)
  return {
    total: ended + cancelled,
    succeeded,
    failed,
    cancelled,
    successRate: ended === 0 ? null : succeeded / ended,
    averageMs: ended === 0 ? null : Math.round(tookMs / ended),
    p50Ms: percentileMs(buckets, 0.5),
    p95Ms: percentileMs(buckets, 0.95),
  }
}

function firstMinute({ fromMs }: Window): Date {
  return new Date(Math.floor(fromMs / MINUTE_MS) * MINUTE_MS)
}

function endMinute({ toMs }: Window): Date {
  return new Date(Math.ceil(toMs / MINUTE_MS) * MINUTE_MS)
}
