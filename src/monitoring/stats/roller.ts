/**
 * The roller: counts finished runs by minute and job, so that numbers over time are read from small tables however
 * many runs there are. A minute that lies at least three minutes back is final (a run's end commits within seconds of
 * the time that it bears); the last three and the one under way are counted anew each time. What was missed while
 * nothing ran is caught up in batches, oldest first. Minutes are those of the database's clock, which all processes
 * share and by which the engine says when a run ended.
 */
import { sql } from 'drizzle-orm'
import type { Transaction } from '../../database/index.ts'
import { MINUTE_MS } from '../../primitives/index.ts'
import { BUCKET_GROWTH } from './buckets.ts'

const NOT_FINAL_MINUTES = 3
/** Runs that one transaction catches up on: a tenth of a second's work. */
const BATCH_RUNS = 20_000

export type Counted = {
  /** Everything before this minute (of the epoch) has been counted. True once the transaction has committed. */
  to: number
  /** More waits to be caught up. */
  more: boolean
}

/**
 * Counts what has ended since, at most one batch of what lies further back. To be called by one process at a time.
 * @param counted.to what the last call gave; null at the start of a process
 * @param options.keepMinutes how far back the numbers go @param options.batchRuns runs at once while catching up
 */
export async function countRuns(
  tx: Transaction,
  countedTo: number | null,
  { keepMinutes, batchRuns = BATCH_RUNS }: { keepMinutes: number; batchRuns?: number | undefined },
): Promise<Counted> {
  const { now, last } = await readPosition(tx)
  const begun = countedTo ?? last ?? (await oldestMinute(tx, now - keepMinutes)) ?? now
  const from = Math.min(begun, now - NOT_FINAL_MINUTES)
  const end = await batchEnd(tx, from, batchRuns)
  const more = end !== null && end <= now - NOT_FINAL_MINUTES
  const to = more ? Math.max(end, from + 1) : now + 1
  await countMinutes(tx, from, to)
  return { to, more }
}

/** The minute of now, and the last that has any runs counted. */
async function readPosition(tx: Transaction): Promise<{ now: number; last: number | null }> {
  const { rows } = await tx.db.execute<{ now: string; last: string | null }>(sql`
    select floor(extract(epoch from clock_timestamp()) / 60) as now,
      (select floor(extract(epoch from max(minute)) / 60) from run_stats) as last`)
  const row = rows[0]
  return { now: Number(row?.now), last: row?.last == null ? null : Number(row.last) }
}

/** The minute in which the first run ended that is still to be counted; null without any. */
async function oldestMinute(tx: Transaction, notBefore: number): Promise<number | null> {
  const { rows } = await tx.db.execute<{ at: string | null }>(sql`
    select min(completed_at) as at from dbos.workflow_status where completed_at >= ${notBefore * MINUTE_MS}`)
  return rows[0]?.at == null ? null : Math.floor(Number(rows[0].at) / MINUTE_MS)
}

/** The minute before which one batch ends; null: fewer runs than that are left. */
async function batchEnd(tx: Transaction, from: number, runs: number): Promise<number | null> {
  const { rows } = await tx.db.execute<{ at: string }>(sql`
    select completed_at as at from dbos.workflow_status where completed_at >= ${from * MINUTE_MS}
    order by completed_at offset ${runs} limit 1`)
  return rows[0] ? Math.floor(Number(rows[0].at) / MINUTE_MS) : null
}

/**
 * Counts the minutes in [from, to) anew, in one statement and so from one moment. Rows that stay as they are, are not
 * written; rows whose runs are gone (started again from within) are removed.
 */
async function countMinutes(tx: Transaction, from: number, to: number): Promise<void> {
  const inRange = sql`minute >= to_timestamp(${from * 60}::float8) and minute < to_timestamp(${to * 60}::float8)`
  await tx.db.execute(sql`
    with ended as materialized (
      select to_timestamp(div(completed_at, 60000) * 60::float8) as minute, name as job, status,
        greatest(0, completed_at - coalesce(started_at_epoch_ms, completed_at)) as took
      from dbos.workflow_status
      where completed_at >= ${from * MINUTE_MS} and completed_at < ${to * MINUTE_MS} and name is not null
        and status in ('SUCCESS', 'ERROR', 'MAX_RECOVERY_ATTEMPTS_EXCEEDED', 'CANCELLED')
    ), counts as materialized (
      select minute, job,
        count(*) filter (where status = 'SUCCESS') as succeeded,
        count(*) filter (where status in ('ERROR', 'MAX_RECOVERY_ATTEMPTS_EXCEEDED')) as failed,
        count(*) filter (where status = 'CANCELLED') as cancelled,
        coalesce(sum(took) filter (where status <> 'CANCELLED'), 0) as took
      from ended group by minute, job
    ), durations as materialized (
      select minute, job, ceil(ln(greatest(took, 1)::float8) / ln(${BUCKET_GROWTH}::float8))::int as bucket,
        count(*) as count
      from ended where status <> 'CANCELLED' group by minute, job, bucket
    ), gone_counts as (
      delete from run_stats as old where ${inRange} and not exists (
        select from counts where counts.minute = old.minute and counts.job = old.job)
    ), gone_durations as (
      delete from run_durations as old where ${inRange} and not exists (
        select from durations
        where durations.minute = old.minute and durations.job = old.job and durations.bucket = old.bucket)
    ), kept_durations as (
      insert into run_durations as old (minute, job, bucket, count)
      select minute, job, bucket, count from durations
      on conflict (minute, job, bucket) do update set count = excluded.count where old.count <> excluded.count
    )
    insert into run_stats as old (minute, job, succeeded, failed, cancelled, duration_sum_ms)
    select minute, job, succeeded, failed, cancelled, took from counts
    on conflict (minute, job) do update set succeeded = excluded.succeeded, failed = excluded.failed,
      cancelled = excluded.cancelled, duration_sum_ms = excluded.duration_sum_ms
    where (old.succeeded, old.failed, old.cancelled, old.duration_sum_ms)
      is distinct from (excluded.succeeded, excluded.failed, excluded.cancelled, excluded.duration_sum_ms)`)
}
