export { type ApprovalKind, type Approvals, createApprovals, type DecideAnswer } from './approvals.ts'
export { describeDecision } from './decision-words.ts'
export { ask, type Question, type QuestionRequest, readQuestion } from './questions.ts'
export { type Approval, readApproval } from './read-approval.ts'
