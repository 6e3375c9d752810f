/** One execution of a run, from the moment a process takes it up to its end, its failure, or its being handed over. */
import { DBOS } from '@dbos-inc/dbos-sdk'
import { type Json, monotonicMs, NeverRetryError, serializeError } from '../primitives/index.ts'
import { ON_FAILURE, recordDeadLetter } from './dead-letters.ts'
import type { Job } from './jobs.ts'
import { throughOutages } from './outages.ts'
import { isHandedOver } from './parking.ts'
import { putDownPaused } from './pausing.ts'
import { createRunContext, type RunContext, type RunEnvironment, StepFailedError } from './run-context.ts'
import { passTurn } from './turns.ts'

/**
 * Registers the durable function behind a job: check the input, run the body, and tell the tables when it has failed
 * for good. @param isPaused whether a person has paused the job
 */
export function registerJob(
  environment: RunEnvironment,
  job: Job,
  options: { started: Promise<void>; isPaused: (job: string) => boolean },
): void {
  const body = async (input: unknown): Promise<Json | void> => {
    await options.started // DBOS takes up what waited as soon as it is launched, and the rest of the program is not there yet
    const runId = DBOS.workflowID
    if (runId === undefined) throw new NeverRetryError(`Job "${job.name}" was called outside a run`)
    if (options.isPaused(job.name)) {
      await throughOutages(environment, () =>
        putDownPaused(environment.database, { id: runId, job: job.name }),
      )
    }
    const context = createRunContext(environment, {
      id: runId,
      job: job.name,
      retry: job.retry ?? {},
      timeoutMs: job.timeoutMs,
    })
    const checked = job.input.parse(input)
    const begun = monotonicMs()
    let result: Json | void
    try {
      result = await job.run(context, checked)
    } catch (error) {
      if (isHandedOver(error)) throw error
      if (error instanceof StepFailedError) await fail(environment, context, job, checked, error)
      await endTurn(environment, job, runId)
      throw error
    }
    context.log.debug(
      { event: 'run.succeeded', job: job.name, tookMs: Math.round(monotonicMs() - begun) },
      `${job.name} succeeded`,
    )
    await endTurn(environment, job, runId)
    return result
  }
  DBOS.registerWorkflow(body, { name: job.name, maxRecoveryAttempts: 1_000 })
}

async function fail<Input>(
  environment: RunEnvironment,
  context: RunContext,
  job: Job<Input>,
  input: Input,
  error: StepFailedError,
): Promise<void> {
  await context.transaction(ON_FAILURE, async (tx) => {
    await job.onFailure?.(tx, input, error.failure, context.runId)
    const { step, failure } = error
    const failed = { job: job.name, runId: context.runId, step, error: failure }
    const letter = await recordDeadLetter(tx, { ...failed, atMs: environment.clock.now() })
    if (letter) await environment.onDeadLetter?.(tx, letter)
  })
  context.log.error(
    { event: 'run.failed', job: job.name, step: error.step, error: serializeError(error) },
    error.message,
  )
}

/** Never the run's failure: a turn that could not be passed is passed by whoever looks after the lines. */
async function endTurn(environment: RunEnvironment, job: Job, runId: string): Promise<void> {
  if (!job.perKey) return
  try {
    await throughOutages(environment, () =>
      environment.database.transaction((tx) => passTurn(tx, runId, () => job.perKey?.rate)),
    )
  } catch (error) {
    environment.logger.warn(
      { event: 'turn.not_passed', run: runId, error: serializeError(error) },
      'A run could not pass its turn; it is passed within seconds',
    )
  }
}
