export { cancelRun, isCancellation } from './cancelling.ts'
export { type Cause, type ErrorClass, OUTAGES } from './causes.ts'
export {
  closeLetterOf,
  type DeadLetter,
  type LetterActor,
  type OnDeadLetter,
  settleLetter,
} from './dead-letters.ts'
export type { EffectSpec } from './effects.ts'
export { type Engine, startEngine } from './engine.ts'
export { deleteFinishedRuns } from './finished-runs.ts'
export {
  type DeadLetterPolicy,
  type DoneStep,
  defineJob,
  type Job,
  type JobDefinition,
  parseRunId,
  replayAfterOutage,
  runIdOf,
  type StepUndo,
  type UndoTools,
  undoOf,
} from './jobs.ts'
export { OutOfTouchError } from './leases.ts'
export { isHandedOver, wakeParked } from './parking.ts'
export { listPausedJobs, type PausedJob, pauseJob, resumeJob } from './pausing.ts'
export {
  type Effect,
  listEffectsOfRun,
  listEffectsOfSubject,
  listUnknownEffects,
  resolveEffect,
} from './recorded-effects.ts'
export { recoveriesOf } from './recoveries.ts'
export { finishedSteps, replayRun, startRunAgain } from './replays.ts'
export { openStarter } from './request-run.ts'
export { PATIENT_RETRY, type RetryPolicy } from './retry.ts'
export { type RunContext, StepFailedError } from './run-context.ts'
export { type RunFilter, type RunPlace, searchRuns } from './run-search.ts'
export { listRunsOf, type Run, type RunStatus, readRun, readSteps, runStatuses, type Step } from './runs.ts'
export {
  type FiringCause,
  type ScheduleDefinition,
  type ScheduleOverview,
  type Schedules,
  startSchedules,
} from './schedules.ts'
export { createSlots, type Slots } from './slots.ts'
export { checkInput, type RunStarter } from './starter.ts'
export { readTrace } from './trace.ts'
