/**
 * A run that kills its process (by using up the memory, say) would take every process down in turn, for ever. So it is
 * counted how often a process died under a run that had not finished a step since the last time. From the third time on
 * such a run waits, longer each time, so that the others get on without it, and those that only happened to be there
 * are not counted any more; after the eighth it is given up, and becomes a dead letter.
 */
import { eq, sql } from 'drizzle-orm'
import { type Drizzle, type Transaction, tables } from '../database/index.ts'
import { MINUTE_MS, SECOND_MS } from '../primitives/index.ts'

const FREE_TAKEOVERS = 2
const MOST_TAKEOVERS = 8
const FIRST_WAIT_MS = 10 * SECOND_MS
const LONGEST_WAIT_MS = 10 * MINUTE_MS

export type Suspicion = { do: 'resume' } | { do: 'wait'; waitMs: number } | { do: 'give-up' }

/** Pure. @param fruitless takeovers since it last finished a step, this one included */
export function judgeSuspect(fruitless: number): Suspicion {
  if (fruitless <= FREE_TAKEOVERS) return { do: 'resume' }
  if (fruitless > MOST_TAKEOVERS) return { do: 'give-up' }
  return {
    do: 'wait',
    waitMs: Math.min(FIRST_WAIT_MS * 2 ** (fruitless - FREE_TAKEOVERS - 1), LONGEST_WAIT_MS),
  }
}

/**
 * Counts that a process has died under these runs, and puts those aside that have brought it down too often.
 * @returns those that are not to be resumed now
 */
export async function holdBackSuspects(tx: Transaction, runIds: readonly string[]): Promise<Set<string>> {
  const heldBack = new Set<string>()
  if (runIds.length === 0) return heldBack
  const { rows } = await tx.db.execute<{ run_id: string; fruitless: number }>(sql`
    insert into ${tables.runRecoveries} as known (run_id, fruitless, total, steps, at)
    select run.workflow_uuid, 1, 1,
           (select count(*) from dbos.operation_outputs as step where step.workflow_uuid = run.workflow_uuid), now()
    from dbos.workflow_status as run where run.workflow_uuid in ${[...runIds]}
    on conflict (run_id) do update set total = known.total + 1, at = excluded.at, steps = excluded.steps,
      fruitless = case when excluded.steps > known.steps then 1 else known.fruitless + 1 end
    returning run_id, fruitless`)
  for (const { run_id: runId, fruitless } of rows) {
    const suspicion = judgeSuspect(fruitless)
    if (suspicion.do === 'resume') continue
    heldBack.add(runId)
    await tx.db.execute(
      suspicion.do === 'wait'
        ? // Spread, so that they do not come back together: then the one that does it would stand out no more than before.
          sql`update dbos.workflow_status
              set status = 'DELAYED', owner_xid = null, started_at_epoch_ms = null,
                  delay_until_epoch_ms = ((extract(epoch from now()) + random() * ${suspicion.waitMs / SECOND_MS}::float8) * 1000)::bigint
                    + ${suspicion.waitMs}
              where workflow_uuid = ${runId} and status = 'PENDING'`
        : sql`update dbos.workflow_status
              set status = 'MAX_RECOVERY_ATTEMPTS_EXCEEDED', owner_xid = null,
                  completed_at = (extract(epoch from now()) * 1000)::bigint
              where workflow_uuid = ${runId} and status = 'PENDING'`,
    )
  }
  return heldBack
}

/** How often a process died under this run and another went on. */
export async function recoveriesOf(db: Drizzle, runId: string): Promise<number> {
  const [row] = await db.select().from(tables.runRecoveries).where(eq(tables.runRecoveries.runId, runId))
  return row?.total ?? 0
}
