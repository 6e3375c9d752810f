import { expect, test } from 'vitest'
import { describeCron, describeResult, describeSlot, sameTime } from './schedule-words.ts'

test.each([
  ['0 9,21 * * *', 'Every day at 09:00 and 21:00'],
  ['0 3 * * *', 'Every day at 03:00'],
  ['30 8,12,17 * * *', 'Every day at 08:30, 12:30 and 17:30'],
  ['15 9 * * 1-5', 'Monday to Friday at 09:15'],
  ['0 9 * * 1,4', 'Every Monday and Thursday at 09:00'],
  ['0 9 * * 7', 'Every Sunday at 09:00'],
  ['0 6 1 * *', 'On day 1 of each month at 06:00'],
  ['*/5 * * * *', 'Every 5 minutes'],
  ['7 * * * *', 'Every hour, at 07 past'],
  ['* * * * *', 'Every minute'],
  ['0 9-17 * * *', 'By the expression 0 9-17 * * *'],
  ['0 9 1 1 *', 'By the expression 0 9 1 1 *'],
  ['@daily', 'By the expression @daily'],
])('%s is said as “%s”', (cron, words) => {
  expect(describeCron(cron)).toBe(words)
})

test.each([
  [{ processed: 1_240, approved: 12, declined: 0, errors: ['x'] }, '1,240 processed, 12 approved, 1 errors'],
  [{ finishedRuns: 3 }, '3 finished runs'],
  [{ approved: 0 }, 'Nothing to do'],
  ['3 joined, 1 left', '3 joined, 1 left'],
  [null, null],
  [[1], null],
])('a run that answered %j is said as %s', (result, words) => {
  expect(describeResult(result)).toBe(words)
})

test('a slot is said in the zone that was asked for, across a change of summer time', () => {
  const atMs = Date.UTC(2026, 9, 25, 9)
  expect(describeSlot(atMs, 'UTC', 'en-GB')).toBe('Sun 25 Oct, 09:00')
  expect(describeSlot(atMs, 'Europe/Stockholm', 'en-GB')).toBe('Sun 25 Oct, 10:00')
  expect(sameTime(atMs, 'Europe/Stockholm', 'Europe/Berlin')).toBe(true)
  expect(sameTime(atMs, 'Europe/Stockholm', 'UTC')).toBe(false)
})
