export type { EffectSpec } from './effects.ts'
export { type Engine, startEngine } from './engine.ts'
export { deleteFinishedRuns } from './finished-runs.ts'
export { defineJob, type Job, type JobDefinition, parseRunId, runIdOf } from './jobs.ts'
export { wakeParked } from './parking.ts'
export { openStarter } from './request-run.ts'
export { PATIENT_RETRY, type RetryPolicy } from './retry.ts'
export { type RunContext, StepFailedError } from './run-context.ts'
export {
  type Effect,
  listEffectsOfRun,
  listEffectsOfSubject,
  listFailedRuns,
  listRunsOf,
  listUnknownEffects,
  type Run,
  type RunStatus,
  readRun,
  readSteps,
  resolveEffect,
  type Step,
  startRunAgain,
} from './runs.ts'
export {
  type FiringCause,
  type ScheduleDefinition,
  type ScheduleOverview,
  type Schedules,
  startSchedules,
} from './schedules.ts'
export { createSlots, type Slots } from './slots.ts'
export type { RunStarter } from './starter.ts'
