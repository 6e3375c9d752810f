import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LookFirstError, NeverRetryError, ParkError, RetryAtError, RetryError } from '../primitives/index.ts'
import {
  classifyFailure,
  DEFAULT_RETRY,
  decideAfterFailure,
  type FailureKind,
  type RetryPolicy,
} from './retry.ts'

const fresh = { counted: 1, uncounted: 0, elapsedMs: 0 }
const policy: RetryPolicy = {
  attempts: 3,
  baseMs: 1_000,
  factor: 2,
  maxMs: 10_000,
  giveUpAfterMs: 60_000,
  whenAway: 'park',
}

test.each<[string, FailureKind, typeof fresh, ReturnType<typeof decideAfterFailure>]>([
  ['a final failure ends it', { kind: 'final' }, fresh, { action: 'give-up' }],
  [
    'the first retry waits the base, half of it random',
    { kind: 'retry' },
    fresh,
    { action: 'retry', delayMs: 750, counts: true },
  ],
  [
    'the second waits twice as long',
    { kind: 'retry' },
    { ...fresh, counted: 2 },
    { action: 'retry', delayMs: 1_500, counts: true },
  ],
  ['the last attempt is the last', { kind: 'retry' }, { ...fresh, counted: 3 }, { action: 'give-up' }],
  [
    'no attempt begins after the time is up',
    { kind: 'retry' },
    { ...fresh, elapsedMs: 59_900 },
    { action: 'give-up' },
  ],
  [
    'looking waits until it can have settled',
    { kind: 'settle', settleMs: 15_000 },
    fresh,
    { action: 'retry', delayMs: 15_000, counts: true },
  ],
  [
    'being told when costs no attempt',
    { kind: 'retry-at', retryAfterMs: 5_000 },
    { ...fresh, counted: 9 },
    { action: 'retry', delayMs: 5_500, counts: false },
  ],
  [
    'being told "in an hour" is too late',
    { kind: 'retry-at', retryAfterMs: 3_600_000 },
    fresh,
    { action: 'give-up' },
  ],
  [
    'the database is waited for',
    { kind: 'database-unavailable' },
    { ...fresh, counted: 9, elapsedMs: 9e9 },
    { action: 'retry', delayMs: 187.5, counts: false },
  ],
])('%s', (_name, failure, tried, expected) => {
  expect(decideAfterFailure(failure, tried, policy, 0.5)).toEqual(expected)
})

test('a provider that is away is waited for, unless there is another way', () => {
  const tried = { ...fresh, counted: 9, elapsedMs: 9e9 }
  expect(decideAfterFailure({ kind: 'park' }, tried, policy, 0.5)).toEqual({ action: 'park' })
  const hasAnother: RetryPolicy = { ...policy, whenAway: 'give-up' }
  expect(decideAfterFailure({ kind: 'park' }, fresh, hasAnother, 0.5)).toEqual({ action: 'give-up' })
})

test('errors are sorted by their class, and the unforeseen is tried again', () => {
  const away = (error: unknown) => error instanceof Error && error.message === 'away'
  expect(classifyFailure(new RetryError('x'), away)).toEqual({ kind: 'retry' })
  expect(classifyFailure(new RetryAtError('x', 7), away)).toEqual({ kind: 'retry-at', retryAfterMs: 7 })
  expect(classifyFailure(new LookFirstError('x', 9), away)).toEqual({ kind: 'settle', settleMs: 9 })
  expect(classifyFailure(new RetryError('x', { settleMs: 9 }), away)).toEqual({ kind: 'settle', settleMs: 9 })
  expect(classifyFailure(new NeverRetryError('x'), away)).toEqual({ kind: 'final' })
  expect(classifyFailure(new ParkError('x', { provider: 'luma', untilMs: null }), away)).toEqual({
    kind: 'park',
  })
  expect(classifyFailure(new Error('away'), away)).toEqual({ kind: 'database-unavailable' })
  expect(classifyFailure(new TypeError('x is not a function'), away)).toEqual({ kind: 'retry' })
})

test('whatever fails, it ends: never more attempts than the policy has, never a negative wait', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.boolean(), fc.nat(100_000), fc.double({ min: 0, max: 0.999, noNaN: true }))),
      (failures) => {
        let tried = { counted: 1, uncounted: 0, elapsedMs: 0 }
        for (const [told, retryAfterMs, random] of failures) {
          const failure: FailureKind = told ? { kind: 'retry-at', retryAfterMs } : { kind: 'retry' }
          const next = decideAfterFailure(failure, tried, DEFAULT_RETRY, random)
          if (next.action !== 'retry') return
          expect(next.delayMs).toBeGreaterThanOrEqual(0)
          tried = {
            counted: tried.counted + (next.counts ? 1 : 0),
            uncounted: tried.uncounted + (next.counts ? 0 : 1),
            elapsedMs: tried.elapsedMs + next.delayMs,
          }
          expect(tried.counted).toBeLessThanOrEqual(DEFAULT_RETRY.attempts)
          expect(tried.elapsedMs).toBeLessThanOrEqual(DEFAULT_RETRY.giveUpAfterMs)
        }
      },
    ),
  )
})
