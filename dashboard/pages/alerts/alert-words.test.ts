import { expect, test } from 'vitest'
import { describeSpan } from './alert-words.ts'

test.each([
  [false, 5, 'over 5 minutes'],
  [false, 60, 'over 1 hour'],
  [true, 30, 'for 30 minutes without a break'],
  [true, 120, 'for 2 hours without a break'],
])('throughout: %s, %i minutes', (throughout, minutes, words) => {
  expect(describeSpan({ throughout, windowMs: minutes * 60_000 })).toBe(words)
})
