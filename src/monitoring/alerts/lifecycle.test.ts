import { expect, test } from 'vitest'
import type { Truth } from './judge.ts'
import { nextStep, type OpenAlert, quietMsOf, type Step } from './lifecycle.ts'

const NOW = 1_000_000
const QUIET = 120_000
const firing: OpenAlert = { status: 'firing', quietSinceMs: null }
const taken: OpenAlert = { status: 'acknowledged', quietSinceMs: null }
const quietFor = (ms: number): OpenAlert => ({ ...firing, quietSinceMs: NOW - ms })

test.each<[string, OpenAlert | null, Truth, Truth, Step['kind']]>([
  ['nothing open, nothing true', null, 'false', 'false', 'stay'],
  ['nothing open, true', null, 'true', 'true', 'fire'],
  ['nothing open, too few runs', null, 'few', 'true', 'stay'],
  ['nothing open, not measured', null, 'blind', 'true', 'stay'],
  ['firing, stands', firing, 'true', 'true', 'stay'],
  ['firing, stands by less than it takes to fire', firing, 'few', 'true', 'stay'],
  ['firing, false', firing, 'false', 'false', 'begin-quiet'],
  ['firing, no run at all', firing, 'few', 'few', 'begin-quiet'],
  ['firing, not measured', firing, 'blind', 'blind', 'stay'],
  ['quiet for a moment, false', quietFor(QUIET - 1), 'false', 'false', 'stay'],
  ['quiet for a moment, true again', quietFor(QUIET - 1), 'true', 'true', 'disturb'],
  ['quiet for long enough', quietFor(QUIET), 'false', 'false', 'resolve'],
  ['quiet for long enough, not measured', quietFor(QUIET), 'blind', 'blind', 'stay'],
  ['quiet for long enough, but true again', quietFor(QUIET), 'false', 'true', 'disturb'],
  ['acknowledged, stands', taken, 'true', 'true', 'stay'],
  ['acknowledged, false', taken, 'false', 'false', 'begin-quiet'],
  [
    'acknowledged, quiet for long enough',
    { ...taken, quietSinceMs: NOW - QUIET },
    'false',
    'false',
    'resolve',
  ],
])('%s', (_what, alert, fires, stands, expected) => {
  expect(nextStep(alert, { fires, stands }, NOW, QUIET).kind).toBe(expected)
})

test('quiet is two minutes, or a fifth of a longer window', () => {
  expect(quietMsOf({ windowMs: 60_000 })).toBe(120_000)
  expect(quietMsOf({ windowMs: 600_000 })).toBe(120_000)
  expect(quietMsOf({ windowMs: 3_600_000 })).toBe(720_000)
})
