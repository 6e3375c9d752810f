import { expect, test } from 'vitest'
import { judgeSuspect } from './recoveries.ts'

test.each([
  [1, { do: 'resume' }],
  [2, { do: 'resume' }],
  [3, { do: 'wait', waitMs: 10_000 }],
  [4, { do: 'wait', waitMs: 20_000 }],
  [5, { do: 'wait', waitMs: 40_000 }],
  [6, { do: 'wait', waitMs: 80_000 }],
  [7, { do: 'wait', waitMs: 160_000 }],
  [8, { do: 'wait', waitMs: 320_000 }],
  [9, { do: 'give-up' }],
  [100, { do: 'give-up' }],
])('a process died under it for the %ith time since it last finished a step', (fruitless, suspicion) => {
  expect(judgeSuspect(fruitless)).toEqual(suspicion)
})
