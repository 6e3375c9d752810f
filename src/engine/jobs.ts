import type { z } from 'zod'
import type { Transaction } from '../database/index.ts'
import { type Json, NeverRetryError, type SerializedError } from '../primitives/index.ts'
import { type Cause, OUTAGES } from './causes.ts'
import type { RetryPolicy } from './retry.ts'
import type { RunContext } from './run-context.ts'
import type { Rate } from './turns.ts'

/** What a developer writes to add a job. Everything but `name`, `input`, `idempotencyKey` and `run` has a good default. */
export type JobDefinition<Input> = {
  /** `kebab-case`, unique; part of every run's id, so renaming it orphans the runs that are under way. */
  name: string
  /** Checked when a run is started and again when it begins. */
  input: z.ZodType<Input>
  /** Two runs of this job with the same key are one run, for ever. */
  idempotencyKey(input: Input): string
  /** The job's durable body. It may be executed again after a crash: everything that matters happens in steps. */
  run(context: RunContext, input: Input): Promise<Json | void>
  /** Runs as one transaction when the run has failed for good: tells the tables about it. */
  onFailure?(tx: Transaction, input: Input, error: SerializedError, runId: string): Promise<void>
  /** What is done with a run that has failed for good without asking a person; null: a person decides. */
  deadLetters?: (cause: Cause) => DeadLetterPolicy | null
  /** How finished steps are taken back, by the step's name. A step that is not named changed nothing outside its run. */
  undo?: Readonly<Record<string, StepUndo<Input>>>
  /** For all steps; a step may override parts of it. */
  retry?: Partial<RetryPolicy>
  /** No attempt begins, and no wait ends, later than this after the run began. Milliseconds. */
  timeoutMs?: number
  /**
   * Runs that wait for a provider's limits or for their next attempt keep a place in their lane (200 a process), so what
   * must not stand behind them has a lane of its own: timers behind a provider, one provider behind another. Default:
   * `jobs`.
   */
  lane?: string
  /** Runs with the same key go one at a time and in order, at most `rate.runs` in any `rate.periodMs`, over all processes. */
  perKey?: { key(input: Input): string; rate?: Rate }
}

/** `replay-after-outage`: when the provider is back, at most three times in a row. `abandon`: nothing is to be done, and why. */
export type DeadLetterPolicy = { do: 'replay-after-outage' } | { do: 'abandon'; reason: string }

/** The policy of jobs whose work is wanted however late: an outage is waited out, everything else is for a person. */
export function replayAfterOutage({ errorClass }: Cause): DeadLetterPolicy | null {
  return OUTAGES.has(errorClass) ? { do: 'replay-after-outage' } : null
}

/** What taking a step back has to go by: what the run was asked, what the step gave, and what it noted beforehand. */
export type DoneStep<Input> = { runId: string; input: Input; output: Json | null; note: Json | null }

/**
 * How one step is taken back. `run` may be executed several times, and may find that somebody has taken it back already.
 * `effect`: the key in the ledger that is then undone. `impossible`: why it cannot be.
 */
export type StepUndo<Input> =
  | {
      describe: string
      effect?(input: Input): string
      run(done: DoneStep<Input>, tools: UndoTools): Promise<void>
    }
  | { impossible: string }

/** How this step is taken back; a name that ends in `*` is of all steps that begin so. Null: it changed nothing outside. */
export function undoOf<Input>(job: Pick<JobDefinition<Input>, 'undo'>, step: string): StepUndo<Input> | null {
  const ways = Object.entries(job.undo ?? {})
  const fits = (name: string) => (name.endsWith('*') ? step.startsWith(name.slice(0, -1)) : step === name)
  return ways.find(([name]) => fits(name))?.[1] ?? null
}

/** `actor`: the person who wants it. `transaction`: for what is taken back in our own tables. */
export type UndoTools = {
  actor: { kind: 'dashboard'; id: string; name: string } | { kind: 'system' }
  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T>
}

/** A job that the engine can start runs of. */
export type Job<Input = unknown> = JobDefinition<Input> & { readonly queue: string }

const DEFAULT_LANE = 'jobs'

const NAME = /^[a-z][a-z0-9-]*$/

/** Declares a job. @throws NeverRetryError when the name is not kebab-case */
export function defineJob<Input>(definition: JobDefinition<Input>): Job<Input> {
  if (!NAME.test(definition.name))
    throw new NeverRetryError(`Job name "${definition.name}" is not kebab-case`)
  return {
    ...definition,
    queue: definition.lane ?? DEFAULT_LANE,
  }
}

/** The id of the run that this input starts. A key that ends like the suffix of a retry (`~2`) must not be taken for one. */
export function runIdOf<Input>(job: Job<Input>, input: Input): string {
  return `${job.name}:${job.idempotencyKey(input)}`.replace(/~(?=\d+$)/, '%7E')
}

/** The job's name and the key inside a run's id; a retry's suffix (`~2`) is not part of the key. */
export function parseRunId(runId: string): { job: string; key: string; retry: number } {
  const [, job = runId, key = '', retry = '1'] = /^([^:]+):(.*?)(?:~(\d+))?$/.exec(runId) ?? []
  return { job, key, retry: Number(retry) }
}
