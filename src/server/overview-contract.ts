/** What `GET /api/overview` and `GET /api/health` answer. Types only. Times are ISO 8601 strings in UTC. */
import type { ProviderName } from '../connectors/contract.ts'

/** What became of the runs that ended in a window; null where there is nothing to say it of. */
export type RunNumbersView = {
  total: number
  succeeded: number
  failed: number
  cancelled: number
  /** From 0 to 1. */
  successRate: number | null
  averageMs: number | null
  p50Ms: number | null
  p95Ms: number | null
}

/** Something that waits for a person, with how many there are. */
export type PersonNeeded = {
  kind: 'approvals' | 'questions' | 'unknown_effects' | 'dead_letters' | 'alerts' | 'breakers'
  count: number
  /** Which, where a few names say it. */
  names: string[]
  /** Since when the oldest waits; null where that is not known. */
  since: string | null
}

export type JobNumbers = RunNumbersView & {
  job: string
  running: number
  queued: number
  /** Of the last 24 hours. */
  failedToday: number
  /** The latest that failed for good: when, why, and where it can be seen. */
  lastError: { at: string; message: string; runId: string } | null
  /** What ended in each half hour of the last 24 hours, oldest first. */
  line: { succeeded: number; failed: number }[]
}

export type OverviewView = {
  /** What waits for a person, most pressing first; only what there is. */
  needed: PersonNeeded[]
  /** Of the last hour. */
  lastHour: RunNumbersView & { running: number; queued: number; oldestQueuedMs: number }
  /** Every job that ended, ran or waited in the last 24 hours; the numbers are of the last hour. */
  jobs: JobNumbers[]
  /** When the first of the line's half hours begins. */
  lineFrom: string
  lineSpanMs: number
  /** Of the last hour, by source. */
  webhooks: { source: string; accepted: number; refused: number; lastAt: string | null }[]
  providers: {
    provider: ProviderName
    mode: 'live' | 'sandbox' | 'off'
    breaker: 'closed' | 'open' | 'half-open'
    /** Percent of the month's requests; null: no budget. */
    budgetUsed: number | null
    parkedRuns: number
  }[]
  /** When the numbers were last brought up to date; null: not yet. */
  countedAt: string | null
  /** Nothing has ever run here. */
  fresh: boolean
}

export type HealthView = {
  healthy: boolean
  /** Why not, in plain words; empty while healthy. */
  reasons: string[]
  window: '1h'
  /** In words: `none in the last hour`, `12 in the last hour`. */
  runs: string
  totalRuns: number
  succeededRuns: number
  failedRuns: number
  /** From 0 to 1; null without runs that succeeded or failed. */
  successRate: number | null
  averageDurationMs: number | null
  p50DurationMs: number | null
  p95DurationMs: number | null
  runningRuns: number | null
  queuedRuns: number | null
  deadLetters: number | null
  waitingApprovals: number | null
}
