import { expect, it } from 'vitest'
import type { Decision } from '../../../src/server/contract.ts'
import { ApiFailure } from '../../client.ts'
import { overtakenBy } from './use-decided-elsewhere.ts'

const DENIED: Decision = {
  outcome: 'denied',
  by: 'Dana Whitfield',
  via: 'dashboard',
  at: '2026-11-22T09:00:00.000Z',
  reason: 'We only post paid jobs',
}

it('says that nothing was sent to whoever has sent nothing', () => {
  expect(overtakenBy(DENIED, null)).toBe(
    'Denied by Dana Whitfield in the dashboard. Nothing of yours was sent.',
  )
})

it('says no such thing to whoever was refused', () => {
  const refusal = new ApiFailure(400, 'bad_input', 'reason: must be at most 300 characters.')
  expect(overtakenBy(DENIED, refusal)).toBe('Denied by Dana Whitfield in the dashboard.')
})

it.each([
  ['the connection was lost', new ApiFailure(0, 'unreachable', 'The server cannot be reached.')],
  ['it broke off in the middle of the answer', new TypeError('network error')],
  ['a proxy answered instead', new ApiFailure(504, 'http_504', 'The server answered 504.')],
])('does not deny what may have been taken: %s', (_how, error) => {
  expect(overtakenBy(DENIED, error)).toBe(
    'The answer to what you sent was lost. The post says now: Denied by Dana Whitfield in the dashboard.',
  )
})
