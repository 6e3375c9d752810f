/** Runs as people see them: read from DBOS's own records, with our failed attempts beside them. */
import { DBOS, type WorkflowStatus } from '@dbos-inc/dbos-sdk'
import { asc, eq } from 'drizzle-orm'
import { type Drizzle, tables } from '../database/index.ts'
import { isRecord, type Json, NotFoundError, type SerializedError } from '../primitives/index.ts'

export type RunStatus = 'queued' | 'delayed' | 'running' | 'succeeded' | 'failed' | 'cancelled'

/** Times in epoch milliseconds. */
export type Run = {
  id: string
  job: string
  status: RunStatus
  createdAtMs: number
  startedAtMs: number | null
  finishedAtMs: number | null
  /** When a delayed run is due (machine time). */
  dueAtMs: number | null
  executorId: string | null
  /** How often a process died under it and another went on. */
  recoveries: number
  input: Json | null
  /** What the job answered in the end; null while it has not, and in lists. */
  output: Json | null
  error: string | null
}

export type Step = {
  name: string
  startedAtMs: number | null
  finishedAtMs: number | null
  outcome:
    | { kind: 'succeeded'; output: unknown }
    | { kind: 'failed'; error: SerializedError }
    | { kind: 'running' }
  failures: { attempt: number; atMs: number; error: SerializedError; retryInMs: number | null }[]
}

/** @throws NotFoundError */
export async function readRun(id: string): Promise<Run> {
  const status = await DBOS.getWorkflowStatus(id)
  if (!status) throw new NotFoundError(`There is no run ${id}. It may have been cleaned up.`)
  return asRun(status)
}

/** How these runs stand, by id; those that are gone are missing. */
export async function runStatuses(ids: readonly string[]): Promise<Map<string, RunStatus>> {
  if (ids.length === 0) return new Map()
  const found = await DBOS.listWorkflows({ workflowIDs: [...ids], loadInput: false, loadOutput: false })
  return new Map(found.map((status) => [status.workflowID, asRun(status).status]))
}

/** Runs whose id is `<job>:<key>` (with any suffix) for one of these pairs, oldest first. */
export async function listRunsOf(prefixes: readonly string[]): Promise<Run[]> {
  if (prefixes.length === 0) return []
  const found = await DBOS.listWorkflows({ workflow_id_prefix: [...prefixes], loadOutput: false })
  return found.map(asRun)
}

/** The steps of a run in order, each with the attempts that failed. The last may still be under way. */
export async function readSteps(db: Drizzle, run: Run): Promise<Step[]> {
  const [recorded, failures] = await Promise.all([
    DBOS.listWorkflowSteps(run.id),
    db
      .select()
      .from(tables.stepFailures)
      .where(eq(tables.stepFailures.runId, run.id))
      .orderBy(asc(tables.stepFailures.id)),
  ])
  const failuresOf = (name: string) =>
    failures
      .filter((row) => row.step === name)
      .map(({ attempt, at, error, retryInMs }) => ({ attempt, atMs: at.getTime(), error, retryInMs }))
  const steps = (recorded ?? []).map(
    (step): Step => ({
      name: step.name,
      startedAtMs: step.startedAtEpochMs ?? null,
      finishedAtMs: step.completedAtEpochMs ?? null,
      outcome: outcomeOf(step),
      failures: failuresOf(step.name),
    }),
  )
  // A step that has only failed so far has no record of its own yet.
  const underWay = [...new Set(failures.map((row) => row.step))].filter(
    (name) => !steps.some((step) => step.name === name),
  )
  return [
    ...steps,
    ...underWay.map((name): Step => {
      const own = failuresOf(name)
      return {
        name,
        startedAtMs: own[0]?.atMs ?? null,
        finishedAtMs: null,
        outcome: { kind: 'running' },
        failures: own,
      }
    }),
  ]
}

type StepInfo = NonNullable<Awaited<ReturnType<typeof DBOS.listWorkflowSteps>>>[number]

const STATUSES: Record<string, RunStatus> = {
  ENQUEUED: 'queued',
  DELAYED: 'delayed',
  PENDING: 'running',
  SUCCESS: 'succeeded',
  ERROR: 'failed',
  MAX_RECOVERY_ATTEMPTS_EXCEEDED: 'failed',
  CANCELLED: 'cancelled',
}

/** A run as DBOS records it. */
export function asRun(status: WorkflowStatus): Run {
  const input = status.input?.[0]
  return {
    id: status.workflowID,
    job: status.workflowName,
    status: STATUSES[status.status] ?? 'failed',
    createdAtMs: status.createdAt,
    startedAtMs: status.dequeuedAt ?? null,
    finishedAtMs: status.completedAt ?? null,
    dueAtMs: status.delayUntilEpochMS ?? null,
    executorId: status.executorId ?? null,
    recoveries: Math.max(0, (status.recoveryAttempts ?? 1) - 1),
    input: input === undefined ? null : JSON.parse(JSON.stringify(input)),
    output: status.output == null ? null : JSON.parse(JSON.stringify(status.output)),
    error: status.error instanceof Error ? status.error.message : status.error ? String(status.error) : null,
  }
}

/** What a step recorded: a value, or the failure that ended it (see `run-context.ts`). */
function outcomeOf(step: StepInfo): Step['outcome'] {
  const { output } = step
  if (isRecord(output) && 'failure' in output)
    return { kind: 'failed', error: output.failure as SerializedError }
  if (step.error)
    return {
      kind: 'failed',
      error: { name: step.error.name, message: step.error.message, next: 'unexpected', facts: {} },
    }
  return { kind: 'succeeded', output: isRecord(output) ? output.value : output }
}
