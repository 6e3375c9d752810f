import { setTimeout as pause } from 'node:timers/promises'
import { inArray, sql } from 'drizzle-orm'
import { type Database, tables } from '../database/index.ts'
import { monotonicMs } from '../primitives/index.ts'

const REST = 2

/**
 * Removes the oldest finished runs, with their steps, results, failed attempts and dead letters. A failed run that nobody
 * has started again is kept for longer; one with an effect that is not settled, or whose dead letter is open, is kept
 * until somebody has said what is to become of it.
 *
 * A run that is gone could be started again under its key, so whoever starts runs remembers by itself what it has
 * started: deliveries, events and firings of schedules are unique rows that are kept for at least as long as somebody
 * could ask again, and everything else is started by a change of a state that happens once.
 * @param before epoch milliseconds (machine time): finished before this; `failed`: for failed ones
 * @param pace `limit` in all, `batch` in one transaction, each followed by a rest of twice its time: the search for what is
 *   due passes over all that is kept, so it is done once for many, but nobody is to wait for a long transaction, and the
 *   database is everybody's for two thirds of the time, however slow it is
 * @returns how many; none when there are no more
 */
export async function deleteFinishedRuns(
  database: Database,
  before: { finished: number; failed: number },
  pace: { limit: number; batch: number },
): Promise<number> {
  const { rows } = await database.db.execute<{ id: string }>(sql`
    select run.workflow_uuid as id
    from dbos.workflow_status as run
    where run.completed_at < ${before.finished}
      and run.status in ('SUCCESS', 'CANCELLED', 'ERROR', 'MAX_RECOVERY_ATTEMPTS_EXCEEDED')
      and (run.status in ('SUCCESS', 'CANCELLED') or run.completed_at < ${before.failed} or exists (
        select from dbos.workflow_status as again where again.workflow_uuid =
          regexp_replace(run.workflow_uuid, '~[0-9]+$', '') || '~'
          || (coalesce(substring(run.workflow_uuid from '~([0-9]+)$')::int, 1) + 1)))
      and not exists (
        select from ${tables.effects} as effect
        where effect.run_id = run.workflow_uuid and effect.status in ('intended', 'unknown'))
      and not exists (
        select from ${tables.deadLetters} as letter
        where letter.run_id = run.workflow_uuid and letter.status in ('open', 'compensating'))
    order by run.completed_at
    limit ${pace.limit}`)
  const ids = rows.map(({ id }) => id)
  for (let from = 0; from < ids.length; from += pace.batch) {
    const begun = monotonicMs()
    await deleteRuns(database, ids.slice(from, from + pace.batch))
    await pause(REST * (monotonicMs() - begun))
  }
  return ids.length
}

/**
 * Ours and DBOS's (as its own `deleteWorkflows` does) in one transaction: a failed run without its letter would look like
 * one that nobody has been told of (`findUnlettered`).
 */
async function deleteRuns(database: Database, ids: string[]): Promise<void> {
  const { stepFailures, completedTransactions, parkedRuns, deadLetters, undoNotes, runRecoveries } = tables
  await database.transaction(async (tx) => {
    for (const table of [
      stepFailures,
      completedTransactions,
      parkedRuns,
      deadLetters,
      undoNotes,
      runRecoveries,
    ])
      await tx.db.delete(table).where(inArray(table.runId, ids))
    for (const table of ['workflow_input', 'workflow_output', 'operation_outputs', 'workflow_status'])
      await tx.db.execute(sql`delete from dbos.${sql.identifier(table)} where workflow_uuid in ${ids}`)
  })
}
