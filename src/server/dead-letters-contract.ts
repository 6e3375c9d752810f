/** Dead letters, pausing jobs and cancelling runs as the dashboard sees them: types only. */
import type { EffectView, RunStatus, StepView } from './contract.ts'

export type LetterStatus = 'open' | 'replayed' | 'compensating' | 'compensated' | 'abandoned'

export type LetterSummary = {
  id: string
  runId: string
  job: string
  /** What the run was about: its idempotency key. */
  key: string
  status: LetterStatus
  failedAt: string
  step: string | null
  /** Masked. */
  error: string
  provider: string | null
  errorClass: string
  cause: string
  attempts: number
  /** Who settled it, when and why; null while it is open. */
  resolved: { by: string; at: string; reason: string | null } | null
  /** The run that replays it or takes its steps back, and how that stands. */
  followUp: { runId: string; status: RunStatus | null } | null
  /** The letter whose replay this run was. */
  replayOf: string | null
  /** What could not be taken back, or why taking back did not come to an end. */
  problem: string | null
}

/** Open letters with one cause, in plain words. */
export type LetterGroup = {
  cause: string
  title: string
  suggestion: string
  /** The runbook's name: `dead-letter-credentials`. */
  runbook: string
  job: string
  step: string | null
  provider: string | null
  errorClass: string
  count: number
  firstAt: string
  latestAt: string
  /** One of them, for the words of its error. */
  example: { id: string; error: string }
}

/** An action on many letters. `waiting`: for a second person. */
export type LetterActionView = {
  id: string
  kind: 'replay' | 'compensate' | 'abandon'
  from: 'failed-step' | 'start' | null
  reason: string | null
  status: 'waiting' | 'running' | 'finished' | 'refused'
  chosen: string
  total: number
  done: number
  failed: number
  /** The first few that could not be done, and why. */
  problems: { letterId: string; problem: string }[]
  requestedBy: string
  requestedAt: string
  answeredBy: string | null
  finishedAt: string | null
  /** Whether the person who asks may be the second one. */
  mayAgree: boolean
}

/** GET /api/dead-letters?status=open&job=&provider=&errorClass=&cause=&cursor= (newest first, 50 a page) */
export type LetterPage = {
  items: LetterSummary[]
  nextCursor: string | null
  /** Open letters by cause, most first; at most a hundred. They ignore the filters but job and provider. */
  groups: LetterGroup[]
  openCount: number
  /** The latest ten, and all that are not finished. */
  actions: LetterActionView[]
  /** More than so many at once need a second person. */
  aloneAtMost: number
}

/** GET /api/dead-letters/:id */
export type LetterDetail = {
  letter: LetterSummary
  title: string
  suggestion: string
  runbook: string
  /** The run's input, masked, for reading. */
  input: string
  steps: StepView[]
  plan: {
    /** Why it cannot be replayed now; null: it can. */
    replayBlocked: string | null
    /** Steps whose records a replay from the failed step takes over. */
    keptSteps: string[]
    /** `kept`: exists and is not repeated; `tried`: would be tried; `blocked`: a person has to say first. */
    effects: { effect: EffectView; fate: 'kept' | 'tried' | 'blocked' }[]
    undo: { step: string; what: string; possible: boolean }[]
  }
}

/**
 * POST /api/dead-letters/:id/replay (operator) → { runId }. `input`: JSON text instead of the run's own, from the start only.
 * POST /api/dead-letters/:id/compensate (operator) {} → { runId }
 * POST /api/dead-letters/:id/abandon (operator) { reason } → {}
 * GET /api/dead-letters/:id/input (operator) → { input }: the run's input unmasked, to be edited; leaves an audit entry
 */
export type ReplayRequest = { from: 'failed-step' } | { from: 'start'; input?: string }

/** Which open letters: these, or all that fit. */
export type LetterChoice =
  | { ids: string[] }
  | { job?: string; provider?: string; errorClass?: string; cause?: string }
/**
 * POST /api/dead-letters/actions (operator) → LetterActionView
 * POST /api/dead-letters/actions/:id/answer (operator) { agreed } → LetterActionView
 */
export type LetterActionRequest = { choice: LetterChoice } & (
  | { kind: 'replay'; from: 'failed-step' | 'start' }
  | { kind: 'compensate' }
  | { kind: 'abandon'; reason: string }
)

/**
 * GET /api/jobs (viewer): every job, by name; `paused` while a person has paused it.
 * POST /api/jobs/:name/pause (operator) { reason? } → {}, POST /api/jobs/:name/resume (operator) {} → { waiting }
 */
export type JobList = {
  jobs: {
    name: string
    paused: { by: string; at: string; reason: string | null; waiting: number } | null
  }[]
}

/** POST /api/runs/:id/cancel (operator) { reason? } → {} */
