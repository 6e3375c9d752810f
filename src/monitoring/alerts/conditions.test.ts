import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Condition, type Operator, parseCondition, writeCondition } from './conditions.ts'
import { METRIC_NAMES, METRICS, type MetricName } from './metrics.ts'

const seed = Math.floor(Math.random() * 2 ** 31)
const OPERATORS: Operator[] = ['>', '>=', '<', '<=', '=', '!=']

function anyValue(metric: MetricName): fc.Arbitrary<number> {
  if (METRICS[metric].unit === 'ratio') return fc.integer({ min: 0, max: 1_000 }).map((n) => n / 1_000)
  return fc.integer({ min: 0, max: 1_000_000_000 })
}

const comparison = fc
  .constantFrom(...METRIC_NAMES.filter((metric) => METRICS[metric].by === 'job_name'))
  .chain((metric) =>
    fc.record({
      kind: fc.constant('comparison' as const),
      metric: fc.constant(metric),
      operator: fc.constantFrom(...OPERATORS),
      value: anyValue(metric),
    }),
  )
const selection = fc.record({
  kind: fc.constant('selection' as const),
  name: fc.constant('job_name' as const),
  operator: fc.constantFrom('=' as const, '!=' as const),
  value: fc.string({ minLength: 1, maxLength: 20 }).filter((text) => !text.includes('"')),
})
const { condition } = fc.letrec<{ condition: Condition; leaf: Condition }>((tie) => ({
  leaf: fc.oneof(comparison, comparison, selection),
  condition: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    tie('leaf'),
    fc.record({ kind: fc.constant('not' as const), part: tie('condition') }),
    fc.record({
      kind: fc.constantFrom('and' as const, 'or' as const),
      parts: fc.array(tie('condition'), { minLength: 2, maxLength: 4 }),
    }),
  ),
}))

test('any condition that is written reads back as the same, whatever the case of its words', () => {
  console.log(`conditions: seed ${seed}`)
  fc.assert(
    fc.property(condition, fc.boolean(), (written, lower) => {
      const measures = JSON.stringify(written).includes('"comparison"')
      const text = writeCondition(written)
      const shown = lower
        ? text.replaceAll(/\b(AND|OR|NOT)\b(?=[^"]*(?:"[^"]*"[^"]*)*$)/g, (word) => word.toLowerCase())
        : text
      const read = parseCondition(shown)
      if (measures) expect(read).toEqual({ ok: true, condition: written })
      else expect(read.ok).toBe(false)
    }),
    { seed, numRuns: 500 },
  )
})

test('no text makes the parser throw, and every problem is at a place in it', () => {
  const pieces = fc.constantFrom(
    'failure_rate',
    '>',
    '0.1',
    'AND',
    'not',
    '(',
    ')',
    '"x"',
    'job_name',
    '=',
    '30s',
    '%',
    '💥',
  )
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(pieces).map((words) => words.join(' ')),
      ),
      (text) => {
        const read = parseCondition(text)
        if (read.ok) return
        expect(read.problems.length).toBeGreaterThan(0)
        for (const { offset } of read.problems) expect(offset).toBeLessThanOrEqual(text.length)
      },
    ),
    { seed, numRuns: 1_000 },
  )
})

test.each([
  ['dlq_count >', 11, /ends too early; expected a number/],
  ['queued_jobs ~ 3', 12, /"~ 3" cannot stand here; expected a comparison/],
  ['dlq_count > 1 AND errors > 3', 18, /no metric "errors"/],
  ['failure_rate > 10', 15, /share between 0 and 1/],
  ['p95_duration > 1 fortnight', 15, /Write a duration/],
  ['provider_budget_used > 0.8', 23, /in percent/],
  ['job_name = 3', 11, /in quotes/],
  ['silence > "2h"', 10, /without quotes/],
  ['job_name = "x"', 0, /measures nothing/],
  ['job_name = "x" AND silence > 2h', 0, /silence is not known for each job_name.*source/],
  ['source = "stripe" AND provider = "luma" AND silence > 2h', 0, /one of them/],
  ['dlq_count > 20 OR process.exit(1)', 18, /cannot stand here|no metric/],
])('%s: the problem is at character %i', (text, offset, words) => {
  const read = parseCondition(text)
  expect(read).toMatchObject({ ok: false })
  if (read.ok) return
  expect(read.problems[0]?.message).toMatch(words)
  if (!text.includes('process')) expect(read.problems[0]?.offset).toBe(offset)
})

test('AND binds closer than OR; units are read', () => {
  const read = (text: string) => {
    const parsed = parseCondition(text)
    return parsed.ok ? writeCondition(parsed.condition) : JSON.stringify(parsed.problems)
  }
  expect(read('dlq_count > 1 OR dlq_count > 2 AND dlq_count > 3')).toBe(
    'dlq_count > 1 OR (dlq_count > 2 AND dlq_count > 3)',
  )
  expect(read('p95_duration > 30s')).toBe('p95_duration > 30000')
  expect(read('failure_rate >= 12.5%')).toBe('failure_rate >= 0.125')
  expect(read('provider_budget_used > 80%')).toBe('provider_budget_used > 80')
})
