import { context as activeContext } from '@opentelemetry/api'
import type { Database } from '../database/index.ts'
import { isHandedOver, type Job, type RunContext, readTrace, StepFailedError } from '../engine/index.ts'
import { monotonicMs, SECOND_MS } from '../primitives/index.ts'
import type { Instruments, RunOutcome } from './instruments.ts'
import type { ErrorReporter } from './sentry.ts'
import { continuing, withSpan } from './traces.ts'

type Parts = {
  database: Database
  instruments: Instruments
  reporter: ErrorReporter
  /** False: no spans are made, and nobody asks what a run continues. */
  tracing: boolean
  /** Where the names of the jobs are noted. */
  jobs: Set<string>
}

/**
 * The same jobs, each of whose executions is counted and timed, and traced with its attempts: a run continues the trace
 * of whatever started it. Errors that end a run are reported.
 */
export function observeJobs(jobs: readonly Job[], parts: Parts): Job[] {
  for (const { name } of jobs) parts.jobs.add(name)
  return jobs.map((job) => ({
    ...job,
    run: (run, input) => observeRun(job, run, parts, (observed) => job.run(observed, input)),
  }))
}

async function observeRun<T>(
  job: Job,
  run: RunContext,
  parts: Parts,
  work: (run: RunContext) => Promise<T>,
): Promise<T> {
  const { instruments, reporter, tracing } = parts
  const begun = monotonicMs()
  const ended = (outcome: RunOutcome) => {
    instruments.runs.add(1, { job: job.name, outcome })
    if (outcome === 'succeeded' || outcome === 'failed')
      instruments.runSeconds.record((monotonicMs() - begun) / SECOND_MS, { job: job.name })
  }
  try {
    const result = tracing ? await traced(job, run, parts, work) : await work(run)
    ended('succeeded')
    return result
  } catch (error) {
    const outcome = outcomeOf(error)
    ended(outcome)
    if (outcome === 'failed') report(reporter, job, run, error)
    throw error
  }
}

/** The run as a span that continues what started it, with its attempts inside. */
async function traced<T>(
  job: Job,
  run: RunContext,
  { database }: Parts,
  work: (run: RunContext) => Promise<T>,
): Promise<T> {
  const carrier = await readTrace(database, run.runId)
  const parent = carrier ? continuing(carrier) : activeContext.active()
  const attributes = { 'kinkeeper.job': job.name, 'kinkeeper.run': run.runId }
  return withSpan(`run ${job.name}`, { kind: 'consumer', attributes, parent }, () => work(withAttempts(run)))
}

/** The run's context, of which every attempt of every step is a span. */
function withAttempts(run: RunContext): RunContext {
  const attempts = (name: string) => {
    let attempt = 0
    return <T>(work: () => Promise<T>) => {
      attempt += 1
      return withSpan(name, { attributes: { 'kinkeeper.step': name, 'kinkeeper.attempt': attempt } }, work)
    }
  }
  return {
    ...run,
    step: (name, work, ...more) => {
      const attempt = attempts(name)
      return run.step(name, () => attempt(work), ...more)
    },
    call: (name, work, ...more) => {
      const attempt = attempts(name)
      return run.call(name, () => attempt(work), ...more)
    },
    transaction: (name, work, ...more) => {
      const attempt = attempts(name)
      return run.transaction(name, (tx) => attempt(() => work(tx)), ...more)
    },
    effect: (name, spec, ...more) => {
      const attempt = attempts(name)
      return run.effect(name, { ...spec, perform: () => attempt(spec.perform) }, ...more)
    },
  }
}

function outcomeOf(error: unknown): RunOutcome {
  if (isHandedOver(error)) return 'parked'
  return error instanceof Error && /Cancelled/.test(error.name) ? 'cancelled' : 'failed'
}

function report(reporter: ErrorReporter, job: Job, run: RunContext, error: unknown): void {
  const step = error instanceof StepFailedError ? { step: error.step, ...error.failure.facts } : {}
  reporter.report(error, { where: `run ${job.name}`, tags: { job: job.name, run: run.runId, ...step } })
}
