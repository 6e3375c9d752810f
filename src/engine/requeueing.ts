import { type SQL, sql } from 'drizzle-orm'
import type { Transaction } from '../database/index.ts'
import { holdBackSuspects } from './recoveries.ts'

/**
 * Hands runs back to their queues, as DBOS's own `resumeWorkflows` does, but in the transaction that has found and
 * locked them: another process may be at the same, or a person cancel one, and each of them has to see the other's doing.
 * @param whose of which runs under way; one that somebody else is just changing is left to the next look
 * @param released it ended in an orderly way: nothing speaks against the runs that it left
 * @returns how many were found
 */
export async function requeueRuns(tx: Transaction, whose: SQL, released: boolean): Promise<number> {
  const { rows } = await tx.db.execute<{ id: string }>(sql`
    select workflow_uuid as id from dbos.workflow_status
    where status = 'PENDING' and ${whose} for update skip locked`)
  const ids = rows.map(({ id }) => id)
  const suspects = released ? new Set<string>() : await holdBackSuspects(tx, ids)
  const innocent = ids.filter((id) => !suspects.has(id))
  if (innocent.length > 0)
    await tx.db.execute(sql`
      update dbos.workflow_status
      set status = 'ENQUEUED', owner_xid = null, recovery_attempts = 0, started_at_epoch_ms = null, completed_at = null,
          workflow_deadline_epoch_ms = null, deduplication_id = null,
          updated_at = (extract(epoch from now()) * 1000)::bigint
      where workflow_uuid in ${innocent}`)
  return ids.length
}
