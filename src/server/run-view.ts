import { and, inArray, isNull } from 'drizzle-orm'
import type { ProviderName } from '../connectors/contract.ts'
import { type Drizzle, tables } from '../database/index.ts'
import type { Run, Step } from '../engine/index.ts'
import { isRecord, maskJson, maskPersonalData } from '../primitives/index.ts'
import type * as contract from './contract.ts'

const JSON_LENGTH = 4_000

/** Runs as lists show them, each with the provider that it waits for, if any. */
export async function viewRuns(db: Drizzle, runs: readonly Run[]): Promise<contract.RunSummary[]> {
  const parked = await readParked(db, runs)
  return runs.map((run) => viewRun(run, parked.get(run.id) ?? null))
}

type Parked = contract.RunSummary['parked'] | 'paused' | null

/** Why those that were put down wait, by run. */
export async function readParked(db: Drizzle, runs: readonly Run[]): Promise<Map<string, Parked>> {
  const runIds = runs.filter(({ status }) => status === 'delayed').map(({ id }) => id)
  if (runIds.length === 0) return new Map()
  const { parkedRuns } = tables
  const rows = await db
    .select()
    .from(parkedRuns)
    .where(and(inArray(parkedRuns.runId, runIds), isNull(parkedRuns.wokenAt)))
  return new Map(
    rows.map(({ runId, provider, reason, since, times }): [string, Parked] => [
      runId,
      provider.startsWith('job:')
        ? 'paused'
        : {
            provider: provider as ProviderName, // written from a ParkError of the governor
            reason: maskPersonalData(reason),
            since: since.toISOString(),
            times,
          },
    ]),
  )
}

/** @param parked null for a run that is not delayed */
export function viewRun(run: Run, parked: Parked): contract.RunSummary {
  return {
    id: run.id,
    job: run.job,
    status: run.status,
    createdAt: new Date(run.createdAtMs).toISOString(),
    startedAt: isoOrNull(run.startedAtMs),
    finishedAt: isoOrNull(run.finishedAtMs),
    parked: parked === 'paused' ? null : parked,
    paused: parked === 'paused',
  }
}

export function viewStep(step: Step): contract.StepView {
  const { outcome } = step
  return {
    name: step.name,
    startedAt: isoOrNull(step.startedAtMs),
    finishedAt: isoOrNull(step.finishedAtMs),
    status: outcome.kind,
    output: outcome.kind === 'succeeded' && outcome.output != null ? showJson(outcome.output) : null,
    error: outcome.kind === 'failed' ? maskPersonalData(outcome.error.message) : null,
    attempts: step.failures.map(({ attempt, atMs, error, retryInMs }) => ({
      attempt,
      at: new Date(atMs).toISOString(),
      error: maskPersonalData(error.message),
      retryInMs,
    })),
  }
}

/** Masked, indented, and cut to what a page can show. */
export function showJson(value: unknown): string {
  const text = JSON.stringify(maskJson(value), null, 2) ?? 'null'
  return text.length > JSON_LENGTH ? `${text.slice(0, JSON_LENGTH - 1)}…` : text
}

/** What a run is about, by the ids in its input. */
export function subjectOf(run: Run): {
  submissionId: string | null
  approvalId: string | null
  memberId: string | null
  deactivationId: string | null
} {
  const input = isRecord(run.input) ? run.input : {}
  const idIn = (name: string) => (typeof input[name] === 'string' ? input[name] : null)
  return {
    submissionId: idIn('submissionId'),
    approvalId: idIn('approvalId'),
    memberId: idIn('memberId'),
    deactivationId: idIn('deactivationId'),
  }
}

/** Whether an effect's subject is a member; otherwise it is a submission. */
export function isMemberId(id: string): boolean {
  return id.startsWith('mem_')
}

function isoOrNull(atMs: number | null): string | null {
  return atMs === null ? null : new Date(atMs).toISOString()
}
