/** Submissions, approvals and effects as the dashboard shows them. Reads are batched: a page is a handful of queries. */
import { and, eq, inArray } from 'drizzle-orm'
import type { Approval } from '../approvals/index.ts'
import type { Submission, SubmissionText } from '../community/index.ts'
import { type Drizzle, tables } from '../database/index.ts'
import type { Effect } from '../engine/index.ts'
import { APPROVAL_KIND } from '../jobs/job-post-review/index.ts'
import { maskPersonalData, maskPhone } from '../primitives/index.ts'
import type * as contract from './contract.ts'

/** What one submission is shown with. */
export type SubmissionParts = {
  submission: Submission
  /** E.164, in clear; views mask it. */
  phone: string
  texts: SubmissionText[]
  approval: Approval | null
  /** The effect of which nobody knows whether it published the post. */
  unknownPublication: Effect | null
}

const PUBLICATION_EFFECT = 'circle.post'
const EXCERPT_LENGTH = 160

/** Reads what belongs to these submissions, in four queries, in the order given. */
export async function gatherSubmissions(
  db: Drizzle,
  found: readonly Submission[],
): Promise<SubmissionParts[]> {
  if (found.length === 0) return []
  const ids = found.map(({ id }) => id)
  const { senders, submissionTexts, approvals, effects } = tables
  const [people, texts, decided, unknown] = await Promise.all([
    db
      .select()
      .from(senders)
      .where(inArray(senders.id, [...new Set(found.map(({ senderId }) => senderId))])),
    db
      .select()
      .from(submissionTexts)
      .where(inArray(submissionTexts.submissionId, ids))
      .orderBy(submissionTexts.receivedAt, submissionTexts.messageSid),
    db
      .select()
      .from(approvals)
      .where(and(eq(approvals.kind, APPROVAL_KIND), inArray(approvals.subjectId, ids))),
    db
      .select()
      .from(effects)
      .where(
        and(
          eq(effects.status, 'unknown'),
          eq(effects.kind, PUBLICATION_EFFECT),
          inArray(effects.subjectId, ids),
        ),
      ),
  ])
  const phones = new Map(people.map((sender) => [sender.id, sender.phone]))
  const textsOf = Map.groupBy(texts, (text) => text.submissionId)
  const approvalOf = new Map(decided.map((approval) => [approval.subjectId, approval]))
  const unknownOf = new Map(unknown.map((effect) => [effect.subjectId, effect]))
  return found.map((submission) => ({
    submission,
    phone: phones.get(submission.senderId) ?? '',
    texts: textsOf.get(submission.id) ?? [],
    approval: approvalOf.get(submission.id) ?? null,
    unknownPublication: unknownOf.get(submission.id) ?? null,
  }))
}

/** Summaries of the submissions with these ids, by id; ids that are no submission's are left out. */
export async function summariesOf(
  db: Drizzle,
  ids: readonly string[],
): Promise<Map<string, contract.SubmissionSummary>> {
  if (ids.length === 0) return new Map()
  const rows = await db
    .select()
    .from(tables.submissions)
    .where(inArray(tables.submissions.id, [...new Set(ids)]))
  const gathered = await gatherSubmissions(db, rows)
  return new Map(gathered.map((parts) => [parts.submission.id, viewSubmission(parts)]))
}

export function viewSubmission(parts: SubmissionParts): contract.SubmissionSummary {
  const { submission, approval, texts } = parts
  return {
    id: submission.id,
    reference: submission.reference,
    status: submission.status,
    publication: viewPublication(parts),
    title: submission.title,
    company: submission.company,
    sender: maskPhone(parts.phone),
    receivedAt: submission.receivedAt.toISOString(),
    excerpt: excerptOf(texts[0]?.body ?? ''),
    decision: approval ? viewDecision(approval) : null,
  }
}

/** Where the publication stands; see the states in `community/submissions.ts`. */
export function viewPublication(
  parts: Pick<SubmissionParts, 'submission' | 'unknownPublication'>,
): contract.Publication {
  const { submission, unknownPublication } = parts
  if (submission.status === 'published') {
    const at = (submission.publishedAt ?? submission.receivedAt).toISOString()
    return { state: 'published', url: submission.publishedUrl ?? '', at }
  }
  if (submission.status !== 'approved') return { state: 'none' }
  const { publicationFailure, publicationFailedAt } = submission
  if (unknownPublication) {
    const at = (unknownPublication.settledAt ?? unknownPublication.createdAt).toISOString()
    const reason = publicationFailure ?? unknownPublication.error?.message ?? 'The answer was lost.'
    return { state: 'unknown', reason: maskPersonalData(reason), at }
  }
  if (publicationFailure === null) return { state: 'in_progress' }
  return {
    state: 'failed',
    reason: maskPersonalData(publicationFailure),
    at: (publicationFailedAt ?? submission.receivedAt).toISOString(),
  }
}

/** Null while it is open. */
export function viewDecision(approval: Approval): contract.Decision | null {
  if (approval.status === 'open') return null
  const via =
    approval.status === 'expired' ? 'deadline' : approval.decidedByKind === 'slack' ? 'slack' : 'dashboard'
  return {
    outcome: approval.status,
    by: via === 'deadline' ? 'Nobody' : (approval.decidedByName ?? 'Somebody'),
    via,
    at: (approval.decidedAt ?? approval.deadlineAt).toISOString(),
    reason: approval.reason,
  }
}

export function viewApproval(approval: Approval): contract.ApprovalSummary {
  const next = approval.status === 'open' ? approval.reminderTimes[approval.remindersSent] : undefined
  return {
    id: approval.id,
    status: approval.status,
    openedAt: approval.openedAt.toISOString(),
    deadlineAt: approval.deadlineAt.toISOString(),
    remindersSent: approval.remindersSent,
    nextReminderAt: next ?? null,
  }
}

export function viewTexts(texts: readonly SubmissionText[]): contract.SubmissionText[] {
  return texts.map(({ receivedAt, body, media }) => ({ receivedAt: receivedAt.toISOString(), body, media }))
}

export function viewEffect(effect: Effect): contract.EffectView {
  return {
    id: effect.id,
    kind: effect.kind,
    description: maskPersonalData(effect.description),
    status: effect.status,
    attempts: effect.attempts,
    providerObjectId: effect.objectId,
    error: effect.error ? maskPersonalData(effect.error.message) : null,
    createdAt: effect.createdAt.toISOString(),
    settledAt: effect.settledAt?.toISOString() ?? null,
    runId: effect.runId,
  }
}

/** Cut between characters, not inside one. */
function excerptOf(body: string): string {
  return Array.from(body.replaceAll(/\s+/g, ' ').trim()).slice(0, EXCERPT_LENGTH).join('')
}
