/**
 * Runs that this process has claimed without knowing: the answer to the claim's commit was lost (PostgreSQL went away at
 * that moment), so the table says that the run is under way here, and nothing here executes it. DBOS would find that out
 * at the next start of the program.
 */
import { DBOSExecutor } from '@dbos-inc/dbos-sdk/internal/dbos-executor'
import { sql } from 'drizzle-orm'
import type { Database } from '../database/index.ts'
import type { Logger } from '../primitives/index.ts'
import { requeueRuns } from './requeueing.ts'

/**
 * Makes the look. A run that two looks in a row find under way in the table and not in memory, by the same claim, goes
 * back to its queue. Should its execution only have been slow to begin, it has lost the run (`ownership.ts`), and does nothing.
 * @param executorId this process, as its lease names it
 */
export function createUnheldLook(
  database: Database,
  executorId: string,
  logger: Logger,
): () => Promise<void> {
  let before: ReadonlySet<string> = new Set()
  return async () => {
    const { rows } = await database.db.execute<{ id: string; claim: string }>(sql`
      select workflow_uuid as id, owner_xid as claim from dbos.workflow_status
      where status = 'PENDING' and executor_id = ${executorId} and owner_xid is not null`)
    const unheld = rows.filter(({ id }) => !isInMemory(id)).map(({ id, claim }) => [id, claim] as const)
    const again = unheld.filter((claimed) => before.has(claimed.join(' ')))
    before = new Set(unheld.map((claimed) => claimed.join(' ')))
    if (again.length === 0) return
    // One claim takes many runs, of which others may be in memory.
    const pairs = sql.join(
      again.map(([id, claim]) => sql`(${id}, ${claim})`),
      sql`, `,
    )
    const whose = sql`(workflow_uuid, owner_xid) in (${pairs})`
    const count = await database.transaction((tx) => requeueRuns(tx, whose, true))
    if (count > 0)
      logger.info(
        { event: 'executor.unheld', runs: count },
        `Took up runs that were claimed and not begun: ${count}`,
      )
  }
}

function isInMemory(runId: string): boolean {
  return DBOSExecutor.globalInstance?.systemDatabase.checkForRunningWorkflow(runId) === true
}
