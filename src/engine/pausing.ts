/**
 * A paused job begins no run: its runs are put down as they come up, with a row in `parked_runs` that says why, and are
 * taken up again, oldest first, when somebody lets the job go on. A run that is under way goes on to its end, unless it is
 * put down in between (its provider is away, its process died). Every process knows within two seconds.
 */
import { DBOSWorkflowConflictError } from '@dbos-inc/dbos-sdk/internal/error'
import { eq, sql } from 'drizzle-orm'
import { announceChange, type Database, type Transaction, tables } from '../database/index.ts'
import { ConflictError, SECOND_MS } from '../primitives/index.ts'
import { isOfThisExecution } from './ownership.ts'
import { UNTIL_WOKEN_MS, wakeParked } from './parking.ts'

export type PausedJob = typeof tables.pausedJobs.$inferSelect

/** Between two looks at which jobs are paused. */
export const LOOK_EVERY_MS = 2 * SECOND_MS
/** How many runs a second begin when a job goes on. */
const RESUMED_PER_SECOND = 50

const parkedAs = (job: string) => `job:${job}`

/** @throws ConflictError when it is paused already */
export async function pauseJob(
  tx: Transaction,
  job: string,
  by: { id: string; name: string; reason: string | null; atMs: number },
): Promise<void> {
  const paused = await tx.db
    .insert(tables.pausedJobs)
    .values({ job, pausedAt: new Date(by.atMs), pausedById: by.id, pausedByName: by.name, reason: by.reason })
    .onConflictDoNothing()
    .returning()
  if (paused.length === 0) throw new ConflictError(`${job} is paused already.`)
  await announceChange(tx, { topic: 'job', id: job })
}

/** Lets it go on. @returns how many runs waited @throws ConflictError when it is not paused */
export async function resumeJob(tx: Transaction, job: string): Promise<number> {
  const resumed = await tx.db.delete(tables.pausedJobs).where(eq(tables.pausedJobs.job, job)).returning()
  if (resumed.length === 0) throw new ConflictError(`${job} is not paused.`)
  await announceChange(tx, { topic: 'job', id: job })
  return wakeParked(tx, parkedAs(job), { perSecond: RESUMED_PER_SECOND })
}

export function listPausedJobs(database: Pick<Database, 'db'>): Promise<PausedJob[]> {
  return database.db.select().from(tables.pausedJobs)
}

/**
 * Runs that were put down by a process that did not know yet that their job goes on: an earlier waking missed them.
 */
export async function wakeLeftBehind(tx: Transaction): Promise<void> {
  const { rows } = await tx.db.execute<{ provider: string }>(sql`
    select distinct provider from ${tables.parkedRuns}
    where provider like 'job:%' and woken_at is null
      and not exists (select from ${tables.pausedJobs} where 'job:' || job = provider)`)
  for (const { provider } of rows) await wakeParked(tx, provider, { perSecond: RESUMED_PER_SECOND })
}

/**
 * Puts a run down that has just come up while its job is paused.
 * @throws DBOSWorkflowConflictError always: nothing of this execution may go on
 */
export async function putDownPaused(database: Database, run: { id: string; job: string }): Promise<never> {
  await database.transaction(async (tx) => {
    const reason = `${run.job} is paused`
    await tx.db
      .insert(tables.parkedRuns)
      .values({ runId: run.id, provider: parkedAs(run.job), reason, since: sql`now()` })
      .onConflictDoUpdate({
        target: tables.parkedRuns.runId,
        set: { provider: parkedAs(run.job), reason, since: sql`now()`, until: null, wokenAt: null, times: 1 },
      })
    await tx.db.execute(sql`
      update dbos.workflow_status
      set status = 'DELAYED', owner_xid = null, started_at_epoch_ms = null, delay_until_epoch_ms = ${UNTIL_WOKEN_MS}
      where ${isOfThisExecution(run.id)}`)
    await announceChange(tx, { topic: 'run', id: run.id })
  })
  throw new DBOSWorkflowConflictError(run.id)
}
