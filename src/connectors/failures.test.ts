import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { errorFor, type Failure, retryAfterMs, transportFailure } from './failures.ts'

const NOW = Date.parse('2026-11-22T12:00:00Z')

describe('what follows a failure', () => {
  const FAILURES: readonly (readonly [failure: Failure, once: string, repeatable: string])[] = [
    [{ kind: 'not_sent', code: 'ECONNREFUSED' }, 'retry', 'retry'],
    [{ kind: 'timeout' }, 'look-first', 'retry'],
    [{ kind: 'cut', code: 'ECONNRESET' }, 'look-first', 'retry'],
    [{ kind: 'broken', status: 500, code: null }, 'look-first', 'retry'],
    [{ kind: 'unreadable', status: 200 }, 'look-first', 'retry'],
    [{ kind: 'rate_limited', retryAfterMs: 5, status: 429, code: null }, 'retry-at', 'retry-at'],
    [{ kind: 'refused', explanation: 'No.', status: 400, code: 'no' }, 'never-retry', 'never-retry'],
  ]
  test.each(FAILURES)('%j', (failure, once, repeatable) => {
    const call = { provider: 'circle', operation: 'create post' } as const
    expect(errorFor({ ...call, effect: 'once' }, failure).next).toBe(once)
    const error = errorFor({ ...call, effect: 'repeatable' }, failure)
    expect(error.next).toBe(repeatable)
    expect(error.facts).toMatchObject(call)
  })

  test('what would overwrite is sent again when the first one cannot come late any more', () => {
    const call = { provider: 'slack', operation: 'chat.update', effect: 'overwrites' } as const
    expect(errorFor(call, { kind: 'timeout' })).toMatchObject({ next: 'retry', settleMs: 15_000 })
    expect(errorFor(call, { kind: 'cut', code: 'ECONNRESET' })).toMatchObject({ settleMs: 1_000 })
    expect(errorFor(call, { kind: 'not_sent', code: 'ECONNREFUSED' })).toMatchObject({ settleMs: 0 })
  })
})

describe('what an error of the network says about the request', () => {
  const coded = (code: string, more: object = {}) => Object.assign(new Error(code), { code, ...more })
  test.each([
    [coded('ECONNREFUSED'), 'not_sent'],
    [new TypeError('fetch failed', { cause: coded('ENOTFOUND') }), 'not_sent'],
    [
      new TypeError('fetch failed', { cause: new AggregateError([], 'all', { cause: coded('EAI_AGAIN') }) }),
      'not_sent',
    ],
    [new TypeError('fetch failed', { cause: coded('UND_ERR_CONNECT_TIMEOUT') }), 'not_sent'],
    [coded('ETIMEDOUT', { syscall: 'connect' }), 'not_sent'],
    [coded('DEPTH_ZERO_SELF_SIGNED_CERT'), 'not_sent'],
    [new DOMException('late', 'TimeoutError'), 'timeout'],
    [coded('ECONNABORTED'), 'timeout'],
    [coded('ETIMEDOUT'), 'timeout'],
    [new TypeError('terminated', { cause: coded('UND_ERR_SOCKET') }), 'cut'],
    [coded('ECONNRESET'), 'cut'],
    [new Error('anything'), 'cut'],
    ['not even an error', 'cut'],
    [null, 'cut'],
  ])('%s: %s', (error, kind) => {
    expect(transportFailure(error).kind).toBe(kind)
  })

  test('an error that is its own cause ends', () => {
    const error = coded('ECONNRESET')
    error.cause = error
    expect(transportFailure(error)).toEqual({ kind: 'cut', code: 'ECONNRESET' })
  })
})

describe('Retry-After', () => {
  test.each([
    ['7', 7_000],
    [' 0 ', 0],
    ['1.5', 1_500],
    ['Sun, 22 Nov 2026 12:00:30 GMT', 30_000],
    ['Sun, 22 Nov 2026 11:00:00 GMT', 0],
    ['999999999', 86_400_000],
    ['soon', 60_000],
    ['-5', 60_000],
    ['', 60_000],
    [null, 60_000],
    [undefined, 60_000],
  ])('%j is %d ms', (header, expected) => {
    expect(retryAfterMs(header, 60_000, NOW)).toBe(expected)
  })

  test('is never negative, endless or no number', () => {
    fc.assert(
      fc.property(fc.string(), (header) => {
        const ms = retryAfterMs(header, 60_000, NOW)
        expect(ms >= 0 && ms <= 86_400_000).toBe(true)
      }),
    )
  })
})
