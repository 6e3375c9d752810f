import { expect, test } from 'vitest'
import { describeSpan } from './alert-words.ts'

test.each([
  ['failure_rate > 0.1', 5, 'over 5 minutes'],
  ['job_name = "member-sync" AND failure_count > 5', 60, 'over 1 hour'],
  ['dlq_count > 20', 30, 'for 30 minutes without a break'],
  ['QUEUED_JOBS > 100 AND failure_count > 5', 120, 'for 2 hours without a break'],
])('%s', (condition, minutes, words) => {
  expect(describeSpan(condition, minutes * 60_000)).toBe(words)
})
