import { expect, test } from 'vitest'
import { percent } from './words.ts'

test('a rate is never all while anything failed, and nothing is no rate', () => {
  expect(percent(null)).toBe('–')
  expect(percent(1)).toBe('100 %')
  expect(percent(0)).toBe('0 %')
  expect(percent(0.9999)).toBe('99.9 %')
  expect(percent(0.875)).toBe('87.5 %')
})
