import { expect, test } from 'vitest'
import type { RunSummary } from '../../../src/server/contract.ts'
import { placeOn, spanOf } from './timeline-places.ts'

const at = (seconds: number) => new Date(seconds * 1_000).toISOString()
const run: RunSummary = {
  ...{ id: 'a:b', job: 'a', status: 'succeeded', parked: null, paused: false },
  ...{ createdAt: at(100), startedAt: at(101), finishedAt: at(105) },
}

test('the wait before a run is shown unless it would dwarf the run', () => {
  expect(spanOf({ run, steps: [] }, 999_000)).toEqual({ startMs: 100_000, endMs: 105_000 })
  const waited = { ...run, startedAt: at(5_000), finishedAt: at(5_001) }
  expect(spanOf({ run: waited, steps: [] }, 9_999_000)).toEqual({ startMs: 5_000_000, endMs: 5_001_000 })
  expect(spanOf({ run: { ...run, finishedAt: null }, steps: [] }, 110_000).endMs).toBe(110_000)
})

test('a bar lies within the track, is never too thin to see, and is absent outside', () => {
  const span = { startMs: 0, endMs: 1_000 }
  expect(placeOn(span, 250, 750)).toEqual({ left: '25%', width: '50%' })
  expect(placeOn(span, -500, 500)).toEqual({ left: '0%', width: '50%' })
  expect(placeOn(span, 1_000, 1_000)).toEqual({ left: '99%', width: '1%' })
  expect(placeOn(span, 1_001, 2_000)).toBeNull()
  expect(placeOn(span, -2, -1)).toBeNull()
})
