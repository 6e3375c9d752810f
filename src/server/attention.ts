/**
 * What needs a person besides decisions. One trouble is shown once, as what says most about it: an effect whose outcome
 * is unknown, then a publication that failed, then the run.
 */
import { and, desc, eq, inArray, isNotNull, sql } from 'drizzle-orm'
import { type Drizzle, tables } from '../database/index.ts'
import { type Effect, listUnknownEffects, parseRunId, type Run, readRun } from '../engine/index.ts'
import { isRecord, maskPersonalData, NotFoundError } from '../primitives/index.ts'
import type { AttentionItem, SubmissionSummary } from './contract.ts'
import { listGroups } from './dead-letters.ts'
import type { LetterGroup } from './dead-letters-contract.ts'
import { isMemberId, subjectOf, viewRun } from './run-view.ts'
import { summariesOf, viewEffect } from './submission-view.ts'

/** Enough to see that something is badly wrong; the rest comes up as these are dealt with. */
const MOST = 50
const PUBLICATION_JOB = 'job-post-publication'

/** At most fifty of each kind, newest first within a kind. */
export async function listAttention(db: Drizzle): Promise<AttentionItem[]> {
  const [effects, failedPublications, letters] = await Promise.all([
    listUnknownEffects(db, MOST),
    listFailedPublications(db),
    listLetters(db),
  ])
  const { runs } = letters
  const approvalSubjects = await subjectsOfApprovals(db, runs)
  const submissionOf = (run: Run): string | null => {
    const { submissionId, approvalId } = subjectOf(run)
    return submissionId ?? (approvalId ? (approvalSubjects.get(approvalId) ?? null) : null)
  }
  const summaries = await summariesOf(db, [
    ...effects.flatMap(({ subjectId }) => subjectId ?? []),
    ...failedPublications,
    ...runs.flatMap((run) => submissionOf(run) ?? []),
  ])
  const summaryOf = (id: string | null) => (id === null ? null : (summaries.get(id) ?? null))
  const [rounds, reasons] = await Promise.all([publicationRounds(db, runs), lastFailures(db, runs)])
  return [
    ...effects.map(
      (effect): AttentionItem => ({
        kind: 'effect_unknown',
        effect: viewEffect(effect),
        submission: summaryOf(effect.subjectId),
        memberId: effect.subjectId !== null && isMemberId(effect.subjectId) ? effect.subjectId : null,
      }),
    ),
    ...failedPublications.flatMap((id) => failedPublication(summaryOf(id))),
    ...letters.groups.map((group): AttentionItem => ({ kind: 'dead_letters', group })),
    ...runs
      .filter((run) => !isToldOtherwise(run, effects, summaryOf(submissionOf(run)), rounds))
      .map(
        (run): AttentionItem => ({
          kind: 'run_failed',
          run: viewRun(run, null),
          submission: summaryOf(submissionOf(run)),
          memberId: subjectOf(run).memberId,
          error: maskPersonalData(reasons.get(run.id) ?? run.error ?? 'It ended without saying why.'),
        }),
      ),
  ]
}

/** Open dead letters: those that share their cause with others as a group, the rest one by one. */
async function listLetters(db: Drizzle): Promise<{ groups: LetterGroup[]; runs: Run[] }> {
  const groups = await listGroups(db)
  const single = groups.filter(({ count }) => count === 1).slice(0, MOST)
  const { deadLetters } = tables
  const rows = await db
    .select({ runId: deadLetters.runId })
    .from(deadLetters)
    .where(
      inArray(
        deadLetters.id,
        single.map(({ example }) => example.id),
      ),
    )
    .orderBy(desc(deadLetters.failedAt))
  const runs = await Promise.all(rows.map(({ runId }) => readRun(runId).catch(goneIsNull)))
  // Each of these is shown as the publication that failed, or as the effect of which nobody knows.
  const told = ({ job, errorClass }: LetterGroup) =>
    job === PUBLICATION_JOB || errorClass === 'outcome-unknown'
  const many = groups.filter((group) => group.count > 1 && !told(group))
  return { groups: many, runs: runs.filter((run) => run !== null) }
}

function goneIsNull(error: unknown): null {
  if (error instanceof NotFoundError) return null
  throw error
}

async function listFailedPublications(db: Drizzle): Promise<string[]> {
  const { submissions, deadLetters } = tables
  const rows = await db
    .select({ id: submissions.id })
    .from(submissions)
    .where(
      and(
        eq(submissions.status, 'approved'),
        isNotNull(submissions.publicationFailure),
        // Given up on, once and for all, by somebody who said why.
        sql`not exists (select from ${deadLetters} where status in ('abandoned', 'compensated')
          and run_id like ${`${PUBLICATION_JOB}:`} || ${submissions.id} || ':' || ${submissions.publicationRound} || '%')`,
      ),
    )
    .orderBy(desc(submissions.publicationFailedAt))
    .limit(MOST)
  return rows.map(({ id }) => id)
}

function failedPublication(submission: SubmissionSummary | null): AttentionItem[] {
  if (submission?.publication.state !== 'failed') return []
  return [{ kind: 'publication_failed', submission, reason: submission.publication.reason }]
}

/** Whether the failure of this run is shown as something else already, or has been overtaken by a later publication. */
function isToldOtherwise(
  run: Run,
  effects: readonly Effect[],
  submission: SubmissionSummary | null,
  rounds: ReadonlyMap<string, number>,
): boolean {
  const sameWork = (runId: string) => workOf(runId) === workOf(run.id)
  if (effects.some((effect) => sameWork(effect.runId))) return true
  if (run.job !== PUBLICATION_JOB || !submission) return false
  if (submission.publication.state !== 'in_progress') return true
  return roundOf(run) < (rounds.get(submission.id) ?? 0)
}

/** A run and those that were started again after it do the same work. */
function workOf(runId: string): string {
  const { job, key } = parseRunId(runId)
  return `${job}:${key}`
}

/** What the last failed attempt of each run said. */
async function lastFailures(db: Drizzle, runs: readonly Run[]): Promise<Map<string, string>> {
  const ids = runs.map(({ id }) => id)
  if (ids.length === 0) return new Map()
  const { stepFailures } = tables
  const rows = await db
    .selectDistinctOn([stepFailures.runId], { runId: stepFailures.runId, error: stepFailures.error })
    .from(stepFailures)
    .where(inArray(stepFailures.runId, ids))
    .orderBy(stepFailures.runId, desc(stepFailures.id))
  return new Map(rows.map(({ runId, error }) => [runId, error.message]))
}

/** How often the publication of each run's submission has been asked for. */
async function publicationRounds(db: Drizzle, runs: readonly Run[]): Promise<Map<string, number>> {
  const ids = runs
    .filter((run) => run.job === PUBLICATION_JOB)
    .flatMap((run) => subjectOf(run).submissionId ?? [])
  if (ids.length === 0) return new Map()
  const { submissions } = tables
  const rows = await db
    .select({ id: submissions.id, round: submissions.publicationRound })
    .from(submissions)
    .where(inArray(submissions.id, ids))
  return new Map(rows.map(({ id, round }) => [id, round]))
}

async function subjectsOfApprovals(db: Drizzle, runs: readonly Run[]): Promise<Map<string, string>> {
  const ids = runs.flatMap((run) => subjectOf(run).approvalId ?? [])
  if (ids.length === 0) return new Map()
  const { approvals } = tables
  const rows = await db
    .select({ id: approvals.id, subjectId: approvals.subjectId })
    .from(approvals)
    .where(inArray(approvals.id, ids))
  return new Map(rows.map(({ id, subjectId }) => [id, subjectId]))
}

function roundOf(run: Run): number {
  return isRecord(run.input) && typeof run.input.round === 'number' ? run.input.round : 0
}
