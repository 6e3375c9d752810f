import { eq, sql } from 'drizzle-orm'
import { announceChange, type Transaction, tables } from '../database/index.ts'
import { ConflictError, type SerializedError } from '../primitives/index.ts'
import { type Job, parseRunId } from './jobs.ts'
import { readRun } from './runs.ts'

/**
 * Ends a run that has not ended: queued and waiting ones do not begin, one that is under way ends before its next step
 * or attempt (an outward call that has been sent cannot be called back; the ledger says what became of it). The job's tables are
 * told as of any failure, so that nothing waits for a run that will not come. It can be started again.
 * @throws NotFoundError; ConflictError when it has ended already
 */
export async function cancelRun(
  tx: Transaction,
  jobs: ReadonlyMap<string, Job>,
  runId: string,
  by: { name: string; reason: string | null },
): Promise<void> {
  const run = await readRun(runId)
  const { rowCount } = await tx.db.execute(sql`
    update dbos.workflow_status
    set status = 'CANCELLED', owner_xid = null, started_at_epoch_ms = null,
        completed_at = (extract(epoch from now()) * 1000)::bigint,
        updated_at = (extract(epoch from now()) * 1000)::bigint
    where workflow_uuid = ${runId} and status in ('ENQUEUED', 'PENDING', 'DELAYED')`)
  if (rowCount !== 1) throw new ConflictError('This run has ended already, so there is nothing to cancel.')
  await tx.db.update(tables.parkedRuns).set({ wokenAt: sql`now()` }).where(eq(tables.parkedRuns.runId, runId))
  const job = jobs.get(parseRunId(runId).job)
  const checked = job?.input.safeParse(run.input)
  if (job && checked?.success) await job.onFailure?.(tx, checked.data, cancelled(by), runId)
  await announceChange(tx, { topic: 'run', id: runId })
}

const NAME = 'CancelledRun'

/** Whether a run's failure, as its `onFailure` is told, is that a person cancelled it: it is not going to be replayed by itself. */
export function isCancellation(error: SerializedError): boolean {
  return error.name === NAME
}

function cancelled({ name, reason }: { name: string; reason: string | null }): SerializedError {
  return {
    name: NAME,
    message: reason === null ? `${name} cancelled it.` : `${name} cancelled it: ${reason}`,
    next: 'never-retry',
    facts: {},
  }
}
