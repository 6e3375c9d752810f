import { DBOS } from '@dbos-inc/dbos-sdk'
import { DBOSWorkflowConflictError } from '@dbos-inc/dbos-sdk/internal/error'
import { and, eq, sql } from 'drizzle-orm'
import { type Database, isDatabaseUnavailable, type Transaction, tables } from '../database/index.ts'
import {
  type Clock,
  type Json,
  type Logger,
  listenToSending,
  MINUTE_MS,
  monotonicMs,
  NeverRetryError,
  ParkError,
  SECOND_MS,
  type SerializedError,
  seam,
  serializeError,
  systemNow,
} from '../primitives/index.ts'
import type { OnDeadLetter } from './dead-letters.ts'
import type { Drain } from './drain.ts'
import { type EffectSpec, performEffect, settleAbandoned } from './effects.ts'
import { OutOfTouchError } from './leases.ts'
import { throughOutages } from './outages.ts'
import { checkOwnership, isOfThisExecution } from './ownership.ts'
import { isHandedOver, parkRun } from './parking.ts'
import {
  classifyFailure,
  DEFAULT_RETRY,
  decideAfterFailure,
  type FailureKind,
  type RetryPolicy,
} from './retry.ts'
import type { Slots } from './slots.ts'

/** What a job's body works with. Step names are unique within a run. */
export type RunContext = {
  readonly runId: string
  readonly log: Logger
  /** Work of our own (reading, composing): its result is recorded, and a run that is executed again gets the record. */
  step<T extends Json | void>(name: string, work: () => Promise<T>, retry?: Partial<RetryPolicy>): Promise<T>
  /** A call to a provider, or other waiting, that is harmless to repeat. Recorded like a step, but takes no slot (`slots.ts`). */
  call<T extends Json | void>(name: string, work: () => Promise<T>, retry?: Partial<RetryPolicy>): Promise<T>
  /** One database transaction that commits together with the record of its own result: exactly once. */
  transaction<T extends Json | void>(name: string, work: (tx: Transaction) => Promise<T>): Promise<T>
  /** Before this step changes something: how it was, for whoever takes the step back. The first note of a run stays. */
  note(step: string, asItWas: Json): Promise<void>
  /** An outward call that the provider does not make idempotent, through the effect ledger. */
  effect<T extends Json>(name: string, spec: EffectSpec<T>, retry?: Partial<RetryPolicy>): Promise<T>
}

/** A step has failed for good. Carries the failure as plain data: the same after a crash as before it. */
export class StepFailedError extends NeverRetryError {
  readonly step: string
  readonly failure: SerializedError

  constructor(step: string, failure: SerializedError) {
    super(failure.message, { facts: failure.facts })
    this.step = step
    this.failure = failure
  }
}

export type RunEnvironment = {
  /** This process, as its lease names it. */
  executorId: string
  database: Database
  clock: Clock
  logger: Logger
  drain: Drain
  slots: Slots
  onDeadLetter?: OnDeadLetter
}
/** How a step ended, as it is kept in its run. */
export type Recorded<T> = { value: T } | { failure: SerializedError }

/**
 * After the last attempt at an effect whose answer was lost: is it there? As patient as the run, at most two minutes, and
 * at least until what may still be under way is there (`settleMs` of a timeout).
 */
const lastLook = (timeoutMs: number | undefined): RetryPolicy => ({
  ...DEFAULT_RETRY,
  attempts: 3,
  giveUpAfterMs: Math.min(Math.max(timeoutMs ?? Number.POSITIVE_INFINITY, 20 * SECOND_MS), 2 * MINUTE_MS),
})
/** For so long a look at whose a run is counts also for what is sent after it. */
const LOOK_AGAIN_AFTER_MS = SECOND_MS

/** Makes the context of one execution of a run. */
export function createRunContext(
  environment: RunEnvironment,
  run: { id: string; job: string; retry: Partial<RetryPolicy>; timeoutMs: number | undefined },
): RunContext {
  const log = environment.logger.child({ run: run.id })
  const begun = monotonicMs()
  const policyFor = (override: Partial<RetryPolicy> | undefined): RetryPolicy => {
    const policy = { ...DEFAULT_RETRY, ...run.retry, ...override }
    if (run.timeoutMs === undefined) return policy
    return {
      ...policy,
      giveUpAfterMs: Math.min(policy.giveUpAfterMs, run.timeoutMs - (monotonicMs() - begun)),
    }
  }

  const recorded = async <T extends Json | void>(
    name: string,
    loop: () => Promise<Recorded<T>>,
  ): Promise<T> => {
    const outcome = await DBOS.runStep(loop, { name })
    if ('failure' in outcome) throw new StepFailedError(name, outcome.failure)
    return outcome.value
  }

  const attempted: RunContext['step'] = (name, work, retry) =>
    recorded(name, () => attempt(environment, { ...run, log }, name, work, policyFor(retry)))
  /** Hours may lie within one call, held back by a provider's limits: the attempt began as ours, but it may not be any more. */
  const whileOurs = <T>(work: () => Promise<T>): Promise<T> => {
    let lookedMs = monotonicMs()
    return listenToSending(async () => {
      if (monotonicMs() - lookedMs < LOOK_AGAIN_AFTER_MS) return
      await checkOwnership(environment.database, run.id)
      lookedMs = monotonicMs()
    }, work)
  }
  const betweenSeams = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    seam(`${run.job}.${name}.before`)
    const result = await work()
    seam(`${run.job}.${name}.after`)
    return result
  }

  return {
    runId: run.id,
    log,
    step: (name, work, retry) =>
      attempted(name, () => environment.slots.run(() => betweenSeams(name, work)), retry),
    call: (name, work, retry) => attempted(name, () => betweenSeams(name, () => whileOurs(work)), retry),
    transaction: (name, work) =>
      attempted(name, async () => {
        const result = await environment.slots.run(() => once(environment, run, name, work))
        seam(`${run.job}.${name}.after-commit`)
        return result
      }),
    async note(step, asItWas) {
      const row = { runId: run.id, step, note: asItWas }
      await environment.database.db.insert(tables.undoNotes).values(row).onConflictDoNothing()
    },
    effect: (name, spec, retry) =>
      recorded(name, async () => {
        const trying = <T extends Json>(work: () => Promise<T>, policy: RetryPolicy) =>
          attempt(environment, { ...run, log }, name, work, policy)
        const outcome = await trying(() => performEffect(environment, run.id, spec), policyFor(retry))
        if (!('failure' in outcome)) return outcome
        return settleAbandoned(environment, spec, outcome.failure, (look) =>
          trying(look, lastLook(run.timeoutMs)),
        )
      }),
  }
}

/**
 * Tries until it succeeds or the policy gives up. Each failed attempt leaves a row. While draining, nothing begins. The
 * time for which the database was away, or this process out of touch with it, is not counted.
 */
async function attempt<T extends Json | void>(
  environment: RunEnvironment,
  run: { id: string; log: Logger },
  name: string,
  work: () => Promise<T>,
  policy: RetryPolicy,
): Promise<Recorded<T>> {
  let begun = monotonicMs()
  let counted = 0
  let uncounted = 0
  const again = async () => {
    await checkOwnership(environment.database, run.id)
    return work()
  }
  for (let number = 1; ; number++) {
    const attemptMs = monotonicMs()
    try {
      return { value: await environment.drain.track(number === 1 ? work : again) }
    } catch (error) {
      if (isHandedOver(error)) throw error
      const failure = whatItMeans(error)
      const tried = { counted: counted + 1, uncounted, elapsedMs: monotonicMs() - begun }
      const next = decideAfterFailure(failure, tried, policy, Math.random())
      if (error instanceof ParkError && next.action === 'park') {
        const at = { step: name, attempt: number }
        await throughOutages(environment, () => recordParking(environment, run, at, error))
        return { failure: serializeError(error.cause ?? error) }
      }
      const serialized = serializeError(error)
      const retryInMs = next.action === 'retry' ? Math.round(next.delayMs) : null
      // That the database is away is said once, and not for each step that waits for it.
      const isAway = failure.kind === 'database-unavailable'
      run.log[isAway ? 'debug' : 'warn'](
        { event: 'step.failed', step: name, attempt: number, retryInMs, error: serialized },
        serialized.message,
      )
      await recordFailure(environment, {
        runId: run.id,
        step: name,
        attempt: number,
        error: serialized,
        retryInMs,
      })
      if (next.action !== 'retry') return { failure: serialized }
      if (next.counts) counted += 1
      else uncounted += 1
      await environment.drain.pause(next.delayMs)
      if (isAway) begun += monotonicMs() - attemptMs
    }
  }
}

/** Out of touch is away too: nothing was sent, and this process knows within seconds whether it may, or ends. */
function whatItMeans(error: unknown): FailureKind {
  if (error instanceof OutOfTouchError) return { kind: 'database-unavailable' }
  return classifyFailure(error, isDatabaseUnavailable)
}

/** Puts the run down, which ends this execution by throwing. Returns when it has lain for too long: then it fails. */
async function recordParking(
  environment: RunEnvironment,
  run: { id: string; log: Logger },
  at: { step: string; attempt: number },
  park: ParkError,
): Promise<void> {
  if (park.cause !== undefined)
    await recordFailure(environment, {
      ...at,
      runId: run.id,
      error: serializeError(park.cause),
      retryInMs: null,
    })
  run.log.info({ event: 'run.parked', step: at.step, provider: park.provider }, park.message)
  await parkRun(environment.database, run.id, park)
}

/** The row is for people to read: while the database is away, waiting for it here would only hold up the retry. */
async function recordFailure(
  environment: RunEnvironment,
  failure: { runId: string; step: string; attempt: number; error: SerializedError; retryInMs: number | null },
): Promise<void> {
  try {
    // By the machine's clock, as DBOS measures the step that it belongs to.
    const row = { ...failure, at: new Date(systemNow()) }
    await environment.database.db.insert(tables.stepFailures).values(row)
  } catch (error) {
    if (!isDatabaseUnavailable(error)) throw error
  }
}

async function once<T extends Json | void>(
  environment: RunEnvironment,
  run: { id: string; job: string },
  name: string,
  work: (tx: Transaction) => Promise<T>,
): Promise<T> {
  const mine = and(
    eq(tables.completedTransactions.runId, run.id),
    eq(tables.completedTransactions.step, name),
  )
  return environment.database.transaction(async (tx) => {
    // Whoever cancels the run waits for the end of this transaction, or is seen here.
    const claimed = await tx.db.execute(sql`
      insert into ${tables.completedTransactions} (run_id, step, at)
      select ${run.id}, ${name}, ${new Date(environment.clock.now())}::timestamptz
      from dbos.workflow_status where ${isOfThisExecution(run.id)} for share
      on conflict do nothing`)
    if (claimed.rowCount === 0) {
      const [done] = await tx.db.select().from(tables.completedTransactions).where(mine)
      if (!done) throw new DBOSWorkflowConflictError(run.id)
      return (done.output ?? undefined) as T // recorded by this very step
    }
    const result = await work(tx)
    if (result !== undefined)
      await tx.db
        .update(tables.completedTransactions)
        .set({ output: result as Json })
        .where(mine)
    seam(`${run.job}.${name}.before-commit`)
    return result
  })
}
