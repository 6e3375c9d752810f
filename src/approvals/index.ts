export {
  type Approval,
  type ApprovalKind,
  type Approvals,
  createApprovals,
  type DecideAnswer,
  readApproval,
} from './approvals.ts'
export { describeDecision } from './decision-words.ts'
export { ask, type Question, type QuestionRequest, readQuestion } from './questions.ts'
