import type { DBOSClient } from '@dbos-inc/dbos-sdk'
import { sql } from 'drizzle-orm'
import type { Transaction } from '../database/index.ts'
import { BadInputError, type Clock, type Json, NeverRetryError, systemNow } from '../primitives/index.ts'
import { APPLICATION_VERSION } from './application.ts'
import { type Job, runIdOf } from './jobs.ts'
import { traceAttributes } from './trace.ts'
import { takeTurn } from './turns.ts'

/** Starts runs, from anywhere in the program. Exists before the engine executes any. */
export type RunStarter = {
  /**
   * Starts a run when, and only when, the transaction commits. The same idempotency key again changes nothing.
   * @param options.notBeforeMs community time (epoch milliseconds) before which the run stays a row
   * @returns the run's id
   */
  start<Input extends Json>(
    tx: Transaction,
    job: Job<Input>,
    input: Input,
    options?: { notBeforeMs?: number },
  ): Promise<string>
  /** Starts a run again from its beginning under the next id (`…~2`); effects that are done are not repeated. */
  startAgain(
    tx: Transaction,
    run: { jobName: string; baseId: string; input: Json; retry: number },
  ): Promise<string>
  /** Makes delayed runs due now. Runs that have begun or do not exist are left alone. */
  wake(runIds: string[]): Promise<void>
  /** Removes delayed runs that have not begun; others are left alone. */
  cancelDelayed(tx: Transaction, runIds: readonly string[]): Promise<void>
}

/** Starts runs by a client of the engine's tables; see `request-run.ts` for who does so without an engine. */
export function createStarter(
  client: DBOSClient,
  { jobs, clock }: { jobs: readonly Job[]; clock: Clock },
): RunStarter {
  const byName = new Map(jobs.map((job) => [job.name, job]))

  const enqueue = async (tx: Transaction, job: Job, runId: string, input: unknown, notBeforeMs: number) => {
    const checked = checkInput(job, input)
    const dueMs = notBeforeMs > 0 ? notBeforeMs - clock.now() + systemNow() : 0
    const beginMs = job.perKey
      ? await takeTurn(
          tx,
          { queue: job.name, key: job.perKey.key(checked) },
          { id: runId, notBeforeMs: dueMs, rate: job.perKey.rate },
        )
      : dueMs
    const delayMs = Math.ceil(beginMs - systemNow())
    await client.enqueueInTransaction(
      tx.client,
      {
        queueName: job.queue,
        workflowName: job.name,
        workflowID: runId,
        appVersion: APPLICATION_VERSION,
        ...traceAttributes(),
        ...(delayMs > 0 ? { delaySeconds: delayMs / 1_000 } : {}),
      },
      checked,
    )
    return runId
  }
  const known = (name: string): Job => {
    const job = byName.get(name)
    if (!job) throw new NeverRetryError(`There is no job "${name}"`)
    return job
  }

  return {
    start: (tx, job, input, options = {}) =>
      enqueue(tx, known(job.name), runIdOf(job, input), input, options.notBeforeMs ?? 0),
    startAgain: (tx, run) => enqueue(tx, known(run.jobName), `${run.baseId}~${run.retry + 1}`, run.input, 0),
    async wake(runIds) {
      await Promise.all(runIds.map((id) => client.setWorkflowDelay(id, { delayUntilEpochMS: 1 })))
    },
    async cancelDelayed(tx, runIds) {
      if (runIds.length === 0) return
      await tx.db.execute(sql`
        update dbos.workflow_status
        set status = 'CANCELLED', completed_at = (extract(epoch from now()) * 1000)::bigint
        where status = 'DELAYED' and workflow_uuid in ${[...runIds]}`)
    },
  }
}

/** @throws BadInputError naming the fields that do not fit */
export function checkInput(job: Job, input: unknown): unknown {
  const checked = job.input.safeParse(input)
  if (checked.success) return checked.data
  const faults = checked.error.issues.map(
    ({ path, message }) => `${path.join('.') || 'the input'}: ${message}`,
  )
  throw new BadInputError(`The input does not fit ${job.name}: ${faults.join('; ')}.`)
}
