/**
 * Whose a run is. Each claim writes a token of its own into the run's row (`owner_xid`), and each hand-over takes it
 * out, so of several executions of one run, in whatever process, the row names one.
 */
import { currentOwnerXid } from '@dbos-inc/dbos-sdk/internal/context'
import { DBOSWorkflowConflictError } from '@dbos-inc/dbos-sdk/internal/error'
import { type SQL, sql } from 'drizzle-orm'
import type { Database } from '../database/index.ts'

/** The condition on `dbos.workflow_status` under which the run is the calling execution's. Only inside an execution of the run. */
export function isOfThisExecution(runId: string): SQL {
  return sql`(workflow_uuid = ${runId} and status = 'PENDING' and owner_xid = ${currentOwnerXid(runId) ?? null})`
}

/** True where this execution has the run: nobody has cancelled it, and no other execution has been given it. */
export function isExecutedHere(runId: string): SQL {
  return sql`exists (select from dbos.workflow_status where ${isOfThisExecution(runId)})`
}

/**
 * Between two attempts, which may be hours apart, a person may have cancelled the run.
 * @throws DBOSWorkflowConflictError when it is not this execution's to go on with: it ends without an outcome
 */
export async function checkOwnership(database: Database, runId: string): Promise<void> {
  const { rows } = await database.db.execute<{ mine: boolean }>(sql`select ${isExecutedHere(runId)} as mine`)
  if (!rows[0]?.mine) throw new DBOSWorkflowConflictError(runId)
}
