import {
  KinkeeperError,
  LookFirstError,
  MINUTE_MS,
  ParkError,
  RetryAtError,
  RetryError,
  SECOND_MS,
} from '../primitives/index.ts'

/** How often and how patiently a step is tried. Durations in milliseconds. */
export type RetryPolicy = {
  /** Attempts in all, the first included. Waiting because the other side told us to, or for the database, is free. */
  attempts: number
  /** The wait before the second attempt; each further one waits `factor` times as long, at most `maxMs`. */
  baseMs: number
  factor: number
  maxMs: number
  /** No attempt begins later than this after the first. */
  giveUpAfterMs: number
  /** A provider that is known to be away is waited for, however long; or given up at once, where there is another way. */
  whenAway: 'park' | 'give-up'
}

export const DEFAULT_RETRY: RetryPolicy = {
  attempts: 8,
  baseMs: SECOND_MS,
  factor: 2,
  maxMs: MINUTE_MS,
  giveUpAfterMs: 60 * MINUTE_MS,
  whenAway: 'park',
}

/** For what must be done however long the outage: about a day, at most five minutes apart. */
export const PATIENT_RETRY: Partial<RetryPolicy> = {
  attempts: 300,
  maxMs: 5 * MINUTE_MS,
  giveUpAfterMs: 24 * 60 * MINUTE_MS,
}

/** What a failure means for the next attempt, without the error itself. */
export type FailureKind =
  | { kind: 'final' }
  | { kind: 'retry' }
  | { kind: 'retry-at'; retryAfterMs: number }
  /** What was sent may still be at work on the other side: not before it has settled. */
  | { kind: 'settle'; settleMs: number }
  | { kind: 'database-unavailable' }
  | { kind: 'park' }

/** What has been tried so far: attempts that count, those that do not, and the time since the first. */
export type Tried = { counted: number; uncounted: number; elapsedMs: number }

export type AfterFailure =
  | { action: 'retry'; delayMs: number; counts: boolean }
  | { action: 'give-up' }
  /** Put down until the provider is back; costs no attempt. */
  | { action: 'park' }

/** Sorts anything thrown into what it means for the next attempt. @param databaseUnavailable see `isDatabaseUnavailable` */
export function classifyFailure(
  error: unknown,
  databaseUnavailable: (error: unknown) => boolean,
): FailureKind {
  if (error instanceof RetryAtError) return { kind: 'retry-at', retryAfterMs: error.retryAfterMs }
  if (error instanceof LookFirstError) return { kind: 'settle', settleMs: error.settleMs }
  if (error instanceof RetryError && error.settleMs > 0) return { kind: 'settle', settleMs: error.settleMs }
  if (error instanceof ParkError) return { kind: 'park' }
  if (error instanceof KinkeeperError) return error.next === 'retry' ? { kind: 'retry' } : { kind: 'final' }
  if (databaseUnavailable(error)) return { kind: 'database-unavailable' }
  return { kind: 'retry' }
}

/**
 * The one decision on what follows a failed attempt. Pure: the same arguments give the same answer.
 * @param random a number in [0, 1): spreads the waits, so that many runs that failed together do not return together
 *   (equal jitter: half of the wait is fixed, half is random)
 */
export function decideAfterFailure(
  failure: FailureKind,
  tried: Tried,
  policy: RetryPolicy,
  random: number,
): AfterFailure {
  const backoffMs = (step: number) =>
    Math.min(policy.maxMs, policy.baseMs * policy.factor ** Math.max(0, step - 1)) * (0.5 + random / 2)
  switch (failure.kind) {
    case 'final':
      return { action: 'give-up' }
    case 'park':
      return { action: policy.whenAway }
    case 'retry':
      return counted(backoffMs(tried.counted), tried, policy)
    case 'settle':
      return counted(Math.max(failure.settleMs, backoffMs(tried.counted)), tried, policy)
    case 'retry-at': {
      // The more often we were sent away, the wider we spread: a hundred runs told "in one second" must not all come then.
      const spreadMs =
        Math.min(policy.maxMs, policy.baseMs * policy.factor ** Math.min(tried.uncounted, 16)) * random
      const delayMs = failure.retryAfterMs + spreadMs
      return tried.elapsedMs + delayMs > policy.giveUpAfterMs
        ? { action: 'give-up' }
        : { action: 'retry', delayMs, counts: false }
    }
    case 'database-unavailable':
      return {
        action: 'retry',
        delayMs: Math.min(5_000, 250 * 2 ** Math.min(tried.uncounted, 8)) * (0.5 + random / 2),
        counts: false,
      }
    default:
      return failure satisfies never
  }
}

function counted(delayMs: number, tried: Tried, policy: RetryPolicy): AfterFailure {
  const exhausted = tried.counted >= policy.attempts || tried.elapsedMs + delayMs > policy.giveUpAfterMs
  return exhausted ? { action: 'give-up' } : { action: 'retry', delayMs, counts: true }
}
