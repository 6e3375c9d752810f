import { expect, test } from 'vitest'
import { extractJobPost } from '../extraction/index.ts'
import { applyEdits, consentWord, editableTexts } from './index.ts'

test.each([
  ['STOP', null, 'stop'],
  [' stop ', null, 'stop'],
  ['Unsubscribe', null, 'stop'],
  ['Stop please', null, null],
  ['START', null, 'start'],
  ['yes', null, 'start'],
  ['help', null, 'help'],
  ['Hiring a cook', null, null],
  ['arrêt', 'STOP', 'stop'],
  ['', null, null],
])('%j with OptOutType %j is %j', (body, optOutType, expected) => {
  expect(consentWord(body, optOutType)).toBe(expected)
})

const parsed = extractJobPost(
  'Hiring a Gardener at Green Thumb in Portland, $60k-70k a year. Apply https://greenthumb.example/jobs',
  {
    referenceDate: new Date('2026-11-22T12:00:00Z'),
  },
)

test('edits change what they name, keep the rest, and are kept as a diff', () => {
  const applied = applyEdits(parsed, {
    title: ' Head Gardener ',
    salaryMax: '75,000',
    tags: 'plants, outdoors',
  })
  if (!applied.ok) throw new Error('refused')
  expect(applied.parsed.fields.title).toEqual({ value: 'Head Gardener', confidence: 1, source: null })
  expect(applied.parsed.fields.salary.value).toMatchObject({ min: 60_000, max: 75_000, currency: 'USD' })
  expect(applied.parsed.fields.apply).toEqual(parsed.fields.apply)
  expect(applied.edits.map(({ field }) => field)).toEqual(['title', 'salaryMax', 'tags'])
  expect(applied.edits[0]).toEqual({
    field: 'title',
    before: parsed.fields.title.value,
    after: 'Head Gardener',
  })
})

test('fields sent as they were are no edits', () => {
  expect(applyEdits(parsed, editableTexts(parsed.fields))).toEqual({ ok: true, parsed, edits: [] })
})

test.each([
  ['75000', 75_000],
  ['75,000', 75_000],
  ['75 000.50', 75_000.5],
  ['1_250_000', 1_250_000],
])('a salary of %s is %d', (text, value) => {
  const applied = applyEdits(parsed, { salaryMax: text })
  expect(applied.ok && applied.parsed.fields.salary.value).toMatchObject({ min: 60_000, max: value })
})

test.each(['75.000', '75,5', '75.000,50', '7,50,000', '1,5000', '-5', '75k', '59,999'])(
  'a salary of %s is asked about: what is meant differs from place to place, or it is below the other',
  (text) => {
    const applied = applyEdits(parsed, { salaryMax: text })
    expect(applied.ok ? [] : applied.problems.map(({ field }) => field)).toEqual(['salaryMax'])
  },
)

test('every problem is told at once, with its field and what to enter', () => {
  const applied = applyEdits(parsed, {
    title: '',
    applyUrl: 'javascript:alert(1)',
    deadline: 'soon',
    salaryMin: 'lots',
  })
  expect(applied.ok ? [] : applied.problems.map(({ field }) => field)).toEqual([
    'title',
    'salaryMin',
    'applyUrl',
    'deadline',
  ])
})
