import type { Run, Step } from '../engine/index.ts'
import { isRecord, maskJson, maskPersonalData } from '../primitives/index.ts'
import type * as contract from './contract.ts'

const JSON_LENGTH = 4_000

export function viewRun(run: Run): contract.RunSummary {
  return {
    id: run.id,
    job: run.job,
    status: run.status,
    createdAt: new Date(run.createdAtMs).toISOString(),
    startedAt: isoOrNull(run.startedAtMs),
    finishedAt: isoOrNull(run.finishedAtMs),
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

/** The submission or the approval that a run is about, by the ids in its input. */
export function subjectOf(run: Run): { submissionId: string | null; approvalId: string | null } {
  const input = isRecord(run.input) ? run.input : {}
  const { submissionId, approvalId } = input
  return {
    submissionId: typeof submissionId === 'string' ? submissionId : null,
    approvalId: typeof approvalId === 'string' ? approvalId : null,
  }
}

function isoOrNull(atMs: number | null): string | null {
  return atMs === null ? null : new Date(atMs).toISOString()
}
