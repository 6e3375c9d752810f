import type { Database } from '../database/index.ts'
import {
  ACTIONS,
  denyModal,
  editModal,
  FieldProblemsError,
  type JobPostReview,
  MODALS,
  modalTexts,
  noticeModal,
  readPostView,
} from '../jobs/job-post-review/index.ts'
import type { SlackDecisions } from '../webhooks/index.ts'

/** Joins the buttons in Slack to the job behind them, so that neither room knows the other. */
export function slackDecisions(database: Database, review: JobPostReview): SlackDecisions {
  return {
    actions: ACTIONS,
    modals: MODALS,
    denyModal,
    editModal: async (approval) => editModal(approval.id, await readPostView(database, approval.subjectId)),
    noticeModal,
    modalTexts,
    decide: (request) => review.decide(request),
    fieldProblems: (error) =>
      error instanceof FieldProblemsError
        ? Object.fromEntries(error.problems.map(({ field, problem }) => [field, problem]))
        : null,
  }
}
