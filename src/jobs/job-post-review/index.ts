import type { ApprovalKind, DecideAnswer } from '../../approvals/index.ts'
import type { Actor } from '../../audit/index.ts'
import type { Transaction } from '../../database/index.ts'
import type { Job } from '../../engine/index.ts'
import { decideJobPost, type JobPostDecision, jobPostApprovals, retryPublication } from './decision.ts'
import { defineDetailsDeadline, wakeDueDetails } from './details-deadline.ts'
import { defineMessageSync } from './message-sync.ts'
import { defineNotice } from './notice.ts'
import type { Parts } from './parts.ts'
import { definePublication } from './publication.ts'
import { defineReminder } from './reminder.ts'
import { defineReview } from './review.ts'

export { FieldProblemsError, type JobPostDecision } from './decision.ts'
export type { Parts as JobPostReviewParts } from './parts.ts'
export { APPROVAL_KIND, type PostView, readPostView, uncertainFields } from './post-view.ts'
export { ACTIONS } from './slack-message.ts'
export { denyModal, editModal, MODALS, modalTexts, noticeModal } from './slack-modals.ts'

/** The main job: a texted job post is read, put to the moderators, and published, denied or expired. */
export type JobPostReview = {
  readonly jobs: readonly Job[]
  readonly approvalKind: ApprovalKind
  /** Starts reading a submission, in the transaction that received the text. Round 2 is after the sender completed it. */
  startReview(tx: Transaction, submissionId: string, round: number): Promise<void>
  decide(request: {
    approvalId: string
    actor: Actor
    decision: JobPostDecision
    always?: (tx: Transaction) => Promise<void>
  }): Promise<DecideAnswer>
  retryPublication(submissionId: string, actor: Actor): Promise<void>
  /** For when the community's clock jumps. */
  wakeDue(): Promise<void>
}

export function createJobPostReview(parts: Parts): JobPostReview {
  const notice = defineNotice(parts)
  const messageSync = defineMessageSync(parts)
  const publication = definePublication(parts, { notice, messageSync })
  const reminder = defineReminder(parts)
  const detailsDeadline = defineDetailsDeadline(parts)
  const continuations = { notice, messageSync, publication }
  const review = defineReview(parts, { ...continuations, detailsDeadline })
  return {
    jobs: [review, messageSync, publication, notice, reminder, detailsDeadline],
    approvalKind: jobPostApprovals(parts, { ...continuations, reminder }),
    async startReview(tx, submissionId, round) {
      await parts.starter().start(tx, review, { submissionId, round })
    },
    decide: (request) => decideJobPost(parts, request),
    retryPublication: (submissionId, actor) => retryPublication(parts, continuations, submissionId, actor),
    wakeDue: () => wakeDueDetails(parts, detailsDeadline),
  }
}
