import { and, eq } from 'drizzle-orm'
import type { Approval, ApprovalKind, DecideAnswer } from '../../approvals/index.ts'
import type { Actor } from '../../audit/index.ts'
import {
  applyEdits,
  type EditableField,
  type FieldEdits,
  moveSubmission,
  readSubmission,
} from '../../community/index.ts'
import { type Transaction, tables } from '../../database/index.ts'
import { closeLetterOf, runIdOf } from '../../engine/index.ts'
import { BadInputError } from '../../primitives/index.ts'
import { type Continuations, type Parts, startMessageSync } from './parts.ts'
import { APPROVAL_KIND, parsedOf } from './post-view.ts'
import { publicationKey } from './publication.ts'
import type { ReminderJob } from './reminder.ts'

/** What a decision on a job post makes of it, all in the deciding transaction. */
export function jobPostApprovals(
  parts: Parts,
  next: Continuations & { reminder: ReminderJob },
): ApprovalKind {
  return {
    kind: APPROVAL_KIND,
    async onDecided(tx, approval, actor) {
      const { status } = approval
      if (status === 'open') return
      const submission = await moveSubmission(tx, approval.subjectId, {
        from: ['pending_approval'],
        to: status,
        set: { decisionReason: approval.reason, ...(status === 'approved' ? { publicationRound: 1 } : {}) },
        atMs: (approval.decidedAt ?? approval.openedAt).getTime(),
        actor,
        action: status,
        reason: approval.reason,
      })
      if (status === 'approved')
        await parts.starter().start(tx, next.publication, { submissionId: submission.id, round: 1 })
      else
        await parts
          .starter()
          .start(tx, next.notice, { submissionId: submission.id, notice: status, missing: [] })
      await startMessageSync(parts, next.messageSync, tx, submission)
    },
    async onReminder(tx, approval, number) {
      await parts.starter().start(tx, next.reminder, { approvalId: approval.id, number })
    },
  }
}

/** Edits that make no sense: each field with a sentence that says what to enter. */
export class FieldProblemsError extends BadInputError {
  readonly problems: { field: EditableField; problem: string }[]

  constructor(problems: { field: EditableField; problem: string }[]) {
    super(problems.map(({ field, problem }) => `${field}: ${problem}`).join(' '))
    this.problems = problems
  }
}

export type JobPostDecision =
  | { outcome: 'approved'; edits?: FieldEdits }
  | { outcome: 'denied'; reason: string }

/**
 * Decides a job post, from whichever surface. The edits are applied and audited as a diff only if this decision wins.
 * @throws FieldProblemsError when an edit makes no sense: nothing is decided then
 */
export async function decideJobPost(
  parts: Parts,
  request: {
    approvalId: string
    actor: Actor
    decision: JobPostDecision
    always?: (tx: Transaction) => Promise<void>
  },
): Promise<DecideAnswer> {
  const { decision } = request
  const edits = decision.outcome === 'approved' ? decision.edits : undefined
  return parts.approvals().decide({
    approvalId: request.approvalId,
    outcome: decision.outcome,
    actor: request.actor,
    reason: decision.outcome === 'denied' ? decision.reason : null,
    ...(edits
      ? { ifFirst: (tx: Transaction, approval: Approval) => edit(parts, tx, approval, request.actor, edits) }
      : {}),
    ...(request.always ? { always: request.always } : {}),
  })
}

async function edit(
  parts: Parts,
  tx: Transaction,
  approval: Approval,
  actor: Actor,
  changes: FieldEdits,
): Promise<void> {
  const submission = await readSubmission(tx, approval.subjectId)
  const applied = applyEdits(parsedOf(submission), changes)
  if (!applied.ok) throw new FieldProblemsError(applied.problems)
  if (applied.edits.length === 0) return
  await moveSubmission(tx, submission.id, {
    from: ['pending_approval'],
    set: {
      parsed: applied.parsed,
      edits: applied.edits,
      title: applied.parsed.fields.title.value,
      company: applied.parsed.fields.company.value,
    },
    atMs: parts.clock.now(),
    actor,
    action: 'edited',
    detail: { edits: applied.edits },
  })
}

/**
 * Tries once more to publish an approved post whose publication failed.
 * @throws ConflictError when it is not approved, or is being published right now
 */
export async function retryPublication(
  parts: Parts,
  next: Continuations,
  submissionId: string,
  actor: Actor,
): Promise<void> {
  await parts.database.transaction(async (tx) => {
    await tx.db.select().from(tables.submissions).where(eq(tables.submissions.id, submissionId)).for('update')
    const current = await readSubmission(tx, submissionId)
    if (current.publicationFailure === null) throw new PublicationNotFailedError(current.reference)
    const round = current.publicationRound + 1
    const submission = await moveSubmission(tx, submissionId, {
      from: ['approved'],
      set: { publicationFailure: null, publicationFailedAt: null, publicationRound: round },
      atMs: parts.clock.now(),
      actor,
      action: 'asked to publish again',
    })
    // Taken back, and wanted after all: the effect may happen once more.
    await tx.db
      .update(tables.effects)
      .set({ status: 'intended', attemptStartedAt: null, settledAt: null })
      .where(and(eq(tables.effects.key, publicationKey(submissionId)), eq(tables.effects.status, 'undone')))
    const failed = { submissionId, round: current.publicationRound }
    const followUpRunId = await parts.starter().start(tx, next.publication, { submissionId, round })
    await closeLetterOf(tx, runIdOf(next.publication, failed), {
      followUpRunId,
      actor,
      atMs: parts.clock.now(),
    })
    await startMessageSync(parts, next.messageSync, tx, submission)
  })
}

class PublicationNotFailedError extends BadInputError {
  constructor(reference: string) {
    super(`The publication of ${reference} has not failed, so there is nothing to retry.`)
  }
}
