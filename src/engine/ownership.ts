import { DBOSWorkflowConflictError } from '@dbos-inc/dbos-sdk/internal/error'
import { type SQL, sql } from 'drizzle-orm'
import type { Database } from '../database/index.ts'

/** True where this process executes this run: nobody has cancelled it, and no other process has taken it over. */
export function isExecutedBy(executorId: string, runId: string): SQL {
  return sql`exists (
    select from dbos.workflow_status
    where workflow_uuid = ${runId} and status = 'PENDING' and executor_id = ${executorId})`
}

/**
 * Between two attempts, which may be hours apart, a person may have cancelled the run.
 * @throws DBOSWorkflowConflictError when it is not this process's to go on with: this execution ends without an outcome
 */
export async function checkOwnership(database: Database, executorId: string, runId: string): Promise<void> {
  const { rows } = await database.db.execute<{ mine: boolean }>(
    sql`select ${isExecutedBy(executorId, runId)} as mine`,
  )
  if (!rows[0]?.mine) throw new DBOSWorkflowConflictError(runId)
}
