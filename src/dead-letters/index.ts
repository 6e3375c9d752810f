export { abandonLetter, type Replay, replayLetter, undoLetter } from './actions.ts'
export {
  type ActionRequest,
  answerAction,
  type Choice,
  type LetterAction,
  openLetters,
  readAction,
  requestAction,
} from './bulk.ts'
export { createDeadLetters, type DeadLetters } from './dead-letters.ts'
export { type Explanation, explain } from './explanations.ts'
export { ALONE_AT_MOST, type LetterParts } from './parts.ts'
export { type Plan, planFor, readLetter } from './plan.ts'
