import { expect, test } from 'vitest'
import { sparklineWords } from './sparkline.tsx'

const HALF_HOUR_MS = 30 * 60_000

test('a line says in words what it shows', () => {
  expect(sparklineWords([{ succeeded: 0, failed: 0 }], 0, HALF_HOUR_MS)).toBe('No runs in 24 hours')
  const from = new Date(2026, 10, 22, 8, 30).getTime()
  const bars = [
    { succeeded: 2, failed: 1 },
    { succeeded: 1_200, failed: 0 },
  ]
  expect(sparklineWords(bars, from, HALF_HOUR_MS)).toBe(
    '1,203 runs in 24 hours, 1 failed; busiest around 09:00 with 1,200',
  )
  expect(sparklineWords([{ succeeded: 1, failed: 0 }], from, HALF_HOUR_MS)).toContain(
    '1 run in 24 hours, none failed',
  )
})
