import { expect, test } from 'vitest'
import { maskPersonalData } from './index.ts'

test.each([
  ['+14155550123', '+1415•••0123'],
  ['call 4155550123 now', 'call •••0123 now'],
  ['(415)555-0123', '•••0123'],
  ['415.555.0123', '•••0123'],
  ['+44 20 7946 0958', '+4420•••0958'],
  ['+33 6 12 34 56 78', '+3361•••5678'],
  ['020 7946 0958', '•••0958'],
  ['write to jo@example.org', 'write to j•••@example.org'],
])('%j is masked', (text, masked) => {
  expect(maskPersonalData(text)).toBe(masked)
})

test.each([
  '2026-11-22T17:33:54.238Z',
  '"ts":"1795365235.247000"',
  'SM29402665b7167df3923dd968f582a71c',
  '60,000–70,000 USD per year',
  'KK-7F3QA',
  'sub_8291043758QAWERT',
  'Deadline: 2026-12-31',
  'http://127.0.0.1:3100/circle',
])('%j is left as it is', (text) => {
  expect(maskPersonalData(text)).toBe(text)
})

test.each([['a'], ['1 '], ['a@'], ['a.'], ['+1-']])('a long text of %j is masked in no time', (piece) => {
  const text = piece.repeat(200_000 / piece.length)
  const began = performance.now()
  maskPersonalData(text)
  expect(performance.now() - began).toBeLessThan(1_000)
})
