/**
 * Parking: a run whose provider is away is put down and costs nothing until the provider is back. Its row in DBOS goes
 * from PENDING to DELAYED, without an owner and with its finished steps; the execution in memory ends as DBOS ends one
 * that was taken over by another process (`DBOSWorkflowConflictError`: no outcome is recorded, and the step under way
 * leaves no record). Taking it up again is an earlier `delay_until`. The table `parked_runs` says why, for people and
 * for whoever wakes them.
 */
import { DBOSWorkflowConflictError } from '@dbos-inc/dbos-sdk/internal/error'
import { eq, sql } from 'drizzle-orm'
import { announceChange, type Database, type Transaction, tables } from '../database/index.ts'
import { HOUR_MS, type ParkError, systemNow } from '../primitives/index.ts'
import { isOfThisExecution } from './ownership.ts'

/** A run that a provider has kept waiting for so long is for a person to look at. */
const LONGEST_MS = 24 * HOUR_MS
/** `delay_until` of a run that is woken, not due: the year 3000. */
export const UNTIL_WOKEN_MS = 32_503_680_000_000

/**
 * Puts a run down.
 * @returns false when it has lain for a day already: then its failure stands
 * @throws DBOSWorkflowConflictError always, when it was put down: nothing of this execution may go on
 */
export async function parkRun(database: Database, runId: string, park: ParkError): Promise<false> {
  const until = park.untilMs ?? UNTIL_WOKEN_MS
  const parked = await database.transaction(async (tx) => {
    const now = new Date(systemNow())
    const untilAt = park.untilMs === null ? null : new Date(park.untilMs)
    // What it waited for before was something else (a moment, another provider, somebody who had paused the job).
    const longAgo = new Date(now.getTime() - HOUR_MS)
    const anew = sql`(lying.until is not null or lying.woken_at < ${longAgo} or lying.provider <> excluded.provider)`
    const { rows } = await tx.db.execute<{ since: string | Date }>(sql`
      insert into ${tables.parkedRuns} as lying (run_id, provider, reason, since, until)
      values (${runId}, ${park.provider}, ${park.message}, ${now}, ${untilAt})
      on conflict (run_id) do update set provider = excluded.provider, reason = excluded.reason, woken_at = null,
        until = excluded.until,
        since = case when ${anew} then excluded.since else lying.since end,
        times = case when ${anew} then 1 else lying.times + 1 end
      returning since`)
    const since = new Date(rows[0]?.since ?? now)
    if (now.getTime() - since.getTime() > LONGEST_MS) {
      await tx.db.update(tables.parkedRuns).set({ wokenAt: now }).where(eq(tables.parkedRuns.runId, runId))
      return false
    }
    await tx.db.execute(sql`
      update dbos.workflow_status
      set status = 'DELAYED', owner_xid = null, started_at_epoch_ms = null, delay_until_epoch_ms = ${until},
          updated_at = (extract(epoch from now()) * 1000)::bigint
      where ${isOfThisExecution(runId)}`)
    await announceChange(tx, { topic: 'run', id: runId })
    return true
  })
  if (!parked) return false
  throw new DBOSWorkflowConflictError(runId)
}

/** Whether an execution has ended without an outcome because the run is not its own any more (parked, taken over). */
export function isHandedOver(error: unknown): boolean {
  return error instanceof DBOSWorkflowConflictError
}

/** What comes late to a provider that is back is little: what waited for it was woken when it came back. */
const LATE_PER_SECOND = 10

/**
 * Takes up the runs that were put down for a provider after it was known to be back: whoever put them down had not heard,
 * or could not write it before.
 */
export async function wakeLate(tx: Transaction): Promise<void> {
  const { rows } = await tx.db.execute<{ provider: string }>(sql`
    select distinct provider from ${tables.parkedRuns}
    where provider not like 'job:%' and woken_at is null and (until is null or until <= now())
      and not exists (select from ${tables.providerStates} as state
                      where state.provider = parked_runs.provider and state.breaker <> 'closed')`)
  for (const { provider } of rows) await wakeParked(tx, provider, { perSecond: LATE_PER_SECOND })
}

/**
 * Takes up parked runs, oldest first.
 * @param options.perSecond how many a second are to begin: a provider that has just come back is not to be flooded
 * @param options.most at most so many (a single one is a probe)
 * @param options.alsoTimed those too that were put down until a moment that has not come (the budget was raised)
 * @returns how many
 */
export async function wakeParked(
  tx: Transaction,
  provider: string,
  options: { perSecond: number; most?: number; alsoTimed?: boolean },
): Promise<number> {
  const spacingMs = 1_000 / options.perSecond
  const { rows } = await tx.db.execute(sql`
    with chosen as (
      select run_id, row_number() over (order by times, since, run_id) - 1 as place
      from ${tables.parkedRuns}
      where provider = ${provider} and woken_at is null and (until is null or until <= now() or ${options.alsoTimed ?? false})
      order by times, since, run_id
      limit ${options.most ?? 1_000_000}),
    woken as (
      update ${tables.parkedRuns} set woken_at = now() where run_id in (select run_id from chosen))
    update dbos.workflow_status as run
    set delay_until_epoch_ms = ((extract(epoch from clock_timestamp()) * 1000) + chosen.place * ${spacingMs}::float8)::bigint,
        status = case when chosen.place = 0 then 'ENQUEUED' else run.status end
    from chosen
    where run.workflow_uuid = chosen.run_id and run.status = 'DELAYED'
    returning run.workflow_uuid`)
  return rows.length
}
