import { DBOS } from '@dbos-inc/dbos-sdk'
import { inArray, sql } from 'drizzle-orm'
import { type Database, tables } from '../database/index.ts'

/**
 * Removes the oldest finished runs, with their steps, results and failed attempts. A failed run that nobody has started
 * again is kept for longer; one with an effect that is not settled is kept until somebody has said what became of it,
 * because that starts it again.
 *
 * A run that is gone could be started again under its key, so whoever starts runs remembers by itself what it has
 * started: deliveries, events and firings of schedules are unique rows that are kept for at least as long as somebody
 * could ask again, and everything else is started by a change of a state that happens once.
 * @param before epoch milliseconds (machine time): finished before this; `failed`: for failed ones
 * @returns how many; none when there are no more
 */
export async function deleteFinishedRuns(
  database: Database,
  before: { finished: number; failed: number },
  limit: number,
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
    order by run.completed_at
    limit ${limit}`)
  const ids = rows.map(({ id }) => id)
  if (ids.length === 0) return 0
  // Ours first: when the process dies in between, the run is found again.
  await database.transaction(async (tx) => {
    await tx.db.delete(tables.stepFailures).where(inArray(tables.stepFailures.runId, ids))
    await tx.db.delete(tables.completedTransactions).where(inArray(tables.completedTransactions.runId, ids))
    await tx.db.delete(tables.parkedRuns).where(inArray(tables.parkedRuns.runId, ids))
  })
  await DBOS.deleteWorkflows(ids)
  return ids.length
}
