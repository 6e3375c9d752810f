/**
 * Runs with one key go one at a time, in the order in which they were started, over all processes. Each stands in a
 * line (`run_turns`); the first is queued, the others are delayed rows until the one before them has ended. Nothing is
 * polled, so a thousand keys cost what one does (a DBOS partition costs several queries for each key at each poll).
 */
import { sql } from 'drizzle-orm'
import { type Database, type Transaction, tables } from '../database/index.ts'
import { SECOND_MS, systemNow } from '../primitives/index.ts'
import { UNTIL_WOKEN_MS } from './parking.ts'

export type Rate = { runs: number; periodMs: number }
type Line = { queue: string; key: string }

/**
 * Takes a place at the end of the line, in the caller's transaction; a run that exists already (waiting or
 * ended) gets no second one.
 * @returns epoch milliseconds (machine time) before which the run is not to be queued
 */
export async function takeTurn(
  tx: Transaction,
  line: Line,
  run: { id: string; notBeforeMs: number; rate: Rate | undefined },
): Promise<number> {
  await lock(tx, line)
  const notBefore = run.notBeforeMs > 0 ? new Date(run.notBeforeMs) : null
  const { rows } = await tx.db.execute<{ first: boolean }>(sql`
    with placed as (
      insert into ${tables.runTurns} (queue, key, run_id, not_before)
      select ${line.queue}, ${line.key}, ${run.id}, ${notBefore}::timestamptz
      where not exists (select from dbos.workflow_status where workflow_uuid = ${run.id})
      on conflict (run_id) do nothing returning seq)
    select not exists (
      select from ${tables.runTurns} where queue = ${line.queue} and key = ${line.key} and run_id <> ${run.id}
    ) as first`)
  if (!rows[0]?.first) return UNTIL_WOKEN_MS
  return Math.max(run.notBeforeMs, await nextByRate(tx, line, run.rate))
}

/** The run has ended: leaves the line, and lets the next one in it begin. A run that stands in none is left alone. */
export async function passTurn(tx: Transaction, runId: string, rateOf: (queue: string) => Rate | undefined) {
  const { rows } = await tx.db.execute<Line>(
    sql`select queue, key from ${tables.runTurns} where run_id = ${runId}`,
  )
  const line = rows[0]
  if (!line) return
  await lock(tx, line)
  await tx.db.execute(sql`delete from ${tables.runTurns} where run_id = ${runId}`)
  await letNextBegin(tx, line, rateOf(line.queue))
}

/** What a cancelled run had sent may still be at work at a provider: as long as after a timeout. */
const CANCELLED_SETTLES_MS = 15 * SECOND_MS

/** Lets the lines go on whose first run has ended without telling (cancelled by a person, given up by recovery). */
export async function sweepTurns(
  database: Database,
  rateOf: (queue: string) => Rate | undefined,
): Promise<void> {
  const { rows } = await database.db.execute<{ run_id: string }>(sql`
    select turn.run_id from ${tables.runTurns} as turn
    left join dbos.workflow_status as run on run.workflow_uuid = turn.run_id
    where run.status is null or run.status = 'CANCELLED' and coalesce(run.completed_at, 0) < ${systemNow() - CANCELLED_SETTLES_MS}
      or run.status not in ('PENDING', 'ENQUEUED', 'DELAYED', 'CANCELLED')
    limit 500`)
  for (const row of rows) await database.transaction((tx) => passTurn(tx, row.run_id, rateOf))
}

/** Due runs are queued here and now: DBOS itself looks for delayed ones that have come due about once a second. */
async function letNextBegin(tx: Transaction, line: Line, rate: Rate | undefined): Promise<void> {
  const { rows } = await tx.db.execute<{ run_id: string; not_before_ms: number | null }>(sql`
    select run_id, (extract(epoch from not_before) * 1000)::float8 as not_before_ms
    from ${tables.runTurns} where queue = ${line.queue} and key = ${line.key} order by seq limit 1`)
  const next = rows[0]
  if (!next) return
  const beginMs = Math.max(next.not_before_ms ?? 1, await nextByRate(tx, line, rate))
  await tx.db.execute(sql`
    update dbos.workflow_status
    set delay_until_epoch_ms = ${Math.round(beginMs)},
        status = case when ${Math.round(beginMs)}::float8 <= extract(epoch from clock_timestamp()) * 1000
                 then 'ENQUEUED' else status end
    where workflow_uuid = ${next.run_id} and status = 'DELAYED'`)
}

/**
 * When the line's rate allows the next run: never more than `runs` in any `periodMs`, half of which may come at once.
 * https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm
 */
async function nextByRate(tx: Transaction, line: Line, rate: Rate | undefined): Promise<number> {
  if (!rate) return 0
  const burst = Math.max(1, Math.floor(rate.runs / 2))
  const spacingUs = Math.ceil((rate.periodMs * 1_000) / Math.max(1, rate.runs - burst))
  const { rows } = await tx.db.execute<{ begin_ms: number }>(sql`
    insert into ${tables.rateBuckets} as bucket (key, due_us)
    values (${`turn/${line.queue}/${line.key}`}, (extract(epoch from clock_timestamp()) * 1e6)::bigint + ${spacingUs}::bigint)
    on conflict (key) do update set due_us =
      greatest(bucket.due_us, (extract(epoch from clock_timestamp()) * 1e6)::bigint) + ${spacingUs}::bigint
    returning ((due_us - ${spacingUs * burst}::bigint) / 1000)::float8 as begin_ms`)
  return rows[0]?.begin_ms ?? 0
}

/** Whoever joins and whoever leaves a line do so one after the other; until the transaction ends. */
async function lock(tx: Transaction, line: Line): Promise<void> {
  await tx.db.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`${line.queue}/${line.key}`}, 7))`)
}
