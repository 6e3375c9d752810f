import { describe, expect, it } from 'vitest'
import { describeExact, describeMoment, describeRelative, describeTook } from './time.ts'

const NOW = Date.UTC(2026, 10, 22, 12)
const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

describe('describeRelative', () => {
  it.each([
    [0, 'just now'],
    [-44_000, 'just now'],
    [10_000, 'just now'],
    [30_000, 'in a moment'],
    [-50_000, '1 minute ago'],
    [-2 * MINUTE, '2 minutes ago'],
    [-80 * MINUTE, '80 minutes ago'],
    [-2 * HOUR, '2 hours ago'],
    [30 * HOUR, 'in 30 hours'],
    [6.4 * DAY, 'in 6 days'],
    [7 * DAY, 'in 7 days'],
    [-40 * DAY, '40 days ago'],
    [-90 * DAY, '3 months ago'],
    [-730 * DAY, '2 years ago'],
  ])('says %d ms from now as “%s”', (distanceMs, words) => {
    expect(describeRelative(NOW + distanceMs, NOW)).toBe(words)
  })
})

describe('describeExact', () => {
  it('says the time in the zone of the reader, and names the zone', () => {
    const tokyo = describeExact(NOW, 'en-GB', 'Asia/Tokyo')
    expect(tokyo).toContain('22 Nov 2026')
    expect(tokyo).toContain('21:00:00')
    expect(tokyo).toMatch(/GMT\+9|JST/)
  })
})

describe('describeTook', () => {
  it.each([
    [30, '30 ms'],
    [3_449, '3.4 s'],
    [125_000, '2 min 5 s'],
    [3 * HOUR + 12 * MINUTE, '3 h 12 min'],
    [9 * DAY + 19 * HOUR + 40 * MINUTE, '9 days 19 h'],
  ])('says %d ms as “%s”', (durationMs, words) => {
    expect(describeTook(durationMs)).toBe(words)
  })
})

describe('describeMoment', () => {
  it('says the day and the second', () => {
    expect(describeMoment(NOW + 9_000, 'en-GB', 'UTC')).toBe('22 Nov, 12:00:09')
  })
})
