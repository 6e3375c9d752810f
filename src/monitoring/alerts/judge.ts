/**
 * What a condition means. Pure: the same rule, readings and time give the same verdict.
 *
 * Two questions are asked of one condition, because what is enough to wake somebody is more than what keeps them up:
 *
 * - Does it fire? Shares and percentiles need `min_samples` runs in the window; what is sampled has to have held at
 *   every sample of a window without gaps.
 * - Does it still stand, once it has fired? Shares are judged by whatever runs there are; what is sampled, by its newest
 *   sample.
 *
 * NOT is moved to the comparisons first (NOT a > 1 is a <= 1), so that it too has to have held all the time. An answer
 * is true, false, `few` (too few runs to say) or `blind` (nobody has measured); AND and OR know an answer that does not
 * depend on what is not known.
 */
import { describeDuration, MINUTE_MS } from '../../primitives/index.ts'
import { ALL, percentileMs } from '../stats/index.ts'
import { type Comparison, type Condition, leavesOf, type Operator, selectorOf } from './conditions.ts'
import { METRIC_NAMES, METRICS, type MetricName } from './metrics.ts'
import { GAUGE_OF, NOTICE_JOB, type Readings, type Sample } from './readings.ts'
import type { AlertRule } from './rules.ts'

export type Truth = 'true' | 'false' | 'few' | 'blind'
/** `seen`: the present values, in plain words. */
export type Verdict = { fires: Truth; stands: Truth; seen: string }

/** Samples come every 15 s; so long without one, and nobody knows what was in between. */
const LONGEST_GAP_MS = MINUTE_MS

/**
 * What the rule is judged for: each job, source or provider that has been heard of when it names one, else once for
 * everything (the empty cause).
 */
export function causesOf(rule: AlertRule, readings: Readings): string[] {
  const selector = selectorOf(rule.condition)
  if (selector === null) return ['']
  const named = leavesOf(rule.condition).flatMap((leaf) => (leaf.kind === 'selection' ? [leaf.value] : []))
  const sampled = METRIC_NAMES.filter((metric) => METRICS[metric].by === selector).flatMap((metric) => [
    ...(readings.samples.get(GAUGE_OF[metric] ?? '')?.keys() ?? []),
  ])
  const ran = selector === 'job_name' ? readings.runs.map(({ job }) => job) : []
  return [...new Set([...named, ...sampled, ...ran])].filter((cause) => cause !== '' && cause !== NOTICE_JOB)
}

/** Judges a rule for one cause at a moment (epoch milliseconds, machine time). */
export function judge(rule: AlertRule, readings: Readings, nowMs: number, cause: string): Verdict {
  const scope: Scope = { rule, readings, nowMs, cause }
  const condition = withoutNot(rule.condition, false)
  const seen = leavesOf(condition)
    .filter((leaf) => leaf.kind === 'comparison')
    .map(({ metric }) => describe(scope, metric))
  return {
    fires: truthOf(scope, condition, 'fires'),
    stands: truthOf(scope, condition, 'stands'),
    seen: [...new Set(seen)].join('; '),
  }
}

type Scope = { rule: AlertRule; readings: Readings; nowMs: number; cause: string }
type Question = 'fires' | 'stands'

const OPPOSITES: Record<Operator, Operator> = {
  '>': '<=',
  '>=': '<',
  '<': '>=',
  '<=': '>',
  '=': '!=',
  '!=': '=',
}

function withoutNot(condition: Condition, negated: boolean): Condition {
  switch (condition.kind) {
    case 'not':
      return withoutNot(condition.part, !negated)
    case 'and':
    case 'or': {
      const opposite = condition.kind === 'and' ? 'or' : 'and'
      return {
        kind: negated ? opposite : condition.kind,
        parts: condition.parts.map((part) => withoutNot(part, negated)),
      }
    }
    case 'comparison':
      return negated ? { ...condition, operator: OPPOSITES[condition.operator] } : condition
    case 'selection':
      return negated ? { ...condition, operator: condition.operator === '=' ? '!=' : '=' } : condition
  }
}

function truthOf(scope: Scope, condition: Condition, question: Question): Truth {
  switch (condition.kind) {
    case 'and':
    case 'or': {
      const truths = condition.parts.map((part) => truthOf(scope, part, question))
      const [decisive, otherwise]: [Truth, Truth] =
        condition.kind === 'and' ? ['false', 'true'] : ['true', 'false']
      return ([decisive, 'blind', 'few'] as const).find((truth) => truths.includes(truth)) ?? otherwise
    }
    case 'not':
      return truthOf(scope, withoutNot(condition, false), question)
    case 'selection':
      return asTruth((scope.cause === condition.value) === (condition.operator === '='))
    case 'comparison':
      return METRICS[condition.metric].from === 'runs'
        ? truthOverRuns(scope, condition, question)
        : truthOverSamples(scope, condition, question)
  }
}

function truthOverRuns(scope: Scope, comparison: Comparison, question: Question): Truth {
  const counted = countRuns(scope)
  const enough = question === 'fires' ? Math.max(1, scope.rule.minSamples) : 1
  if (METRICS[comparison.metric].guarded && counted.finished < enough) return 'few'
  const value = valueOverRuns(scope, comparison.metric, counted)
  return value === null ? 'few' : asTruth(compare(value, comparison))
}

function truthOverSamples(scope: Scope, comparison: Comparison, question: Question): Truth {
  const samples = samplesOf(scope, comparison.metric)
  if (question === 'stands') {
    const newest = samples.at(-1)
    if (!newest || scope.nowMs - newest.atMs > LONGEST_GAP_MS) return 'blind'
    return asTruth(compare(newest.value, comparison))
  }
  if (!samples.every(({ value }) => compare(value, comparison))) return 'false'
  return isCovered(scope, samples) ? 'true' : 'blind'
}

/** Whether the samples tell of the whole window: no gap at its beginning, between two of them, or at its end. */
function isCovered({ rule, nowMs }: Scope, samples: readonly Sample[]): boolean {
  const times = [nowMs - rule.windowMs, ...samples.map(({ atMs }) => atMs), nowMs]
  return (
    samples.length > 0 && times.every((atMs, index) => atMs - (times[index - 1] ?? atMs) <= LONGEST_GAP_MS)
  )
}

/** The window's samples of what the rule is about, in the metric's unit, oldest first. */
function samplesOf({ rule, readings, nowMs, cause }: Scope, metric: MetricName): Sample[] {
  const byOf = readings.samples.get(GAUGE_OF[metric] ?? '')
  const own = new Map((byOf?.get(cause) ?? []).map(({ atMs, value }) => [atMs, value]))
  const times = readings.sampledAtMs.filter((atMs) => atMs > nowMs - rule.windowMs && atMs <= nowMs)
  // Nobody has fallen silent who never delivered anything.
  if (metric === 'silence')
    return times.flatMap((atMs) => {
      const lastMs = own.get(atMs)
      return lastMs ? [{ atMs, value: Math.max(0, atMs - lastMs) }] : []
    })
  // A budget is a provider's: of all, it is the one that is used up furthest.
  const values =
    metric === 'provider_budget_used' && cause === ALL ? highest([...(byOf?.values() ?? [])]) : own
  return times.map((atMs) => ({ atMs, value: values.get(atMs) ?? 0 }))
}

function highest(lists: readonly (readonly Sample[])[]): Map<number, number> {
  const byTime = new Map<number, number>()
  for (const { atMs, value } of lists.flat()) byTime.set(atMs, Math.max(value, byTime.get(atMs) ?? value))
  return byTime
}

type Counted = { finished: number; failed: number }

/** Runs that ended in the minutes that began within the window. */
function countRuns(scope: Scope): Counted {
  const counted = { finished: 0, failed: 0 }
  for (const row of scope.readings.runs) {
    if (!isAbout(scope, row)) continue
    counted.finished += row.succeeded + row.failed
    counted.failed += row.failed
  }
  return counted
}

function isAbout({ rule, nowMs, cause }: Scope, row: { minuteMs: number; job: string }): boolean {
  if (row.minuteMs <= nowMs - rule.windowMs || row.minuteMs > nowMs) return false
  return cause === '' ? row.job !== NOTICE_JOB : row.job === cause
}

function valueOverRuns(scope: Scope, metric: MetricName, { finished, failed }: Counted): number | null {
  if (metric === 'failure_count') return failed
  if (metric === 'p95_duration') return percentile95(scope)
  if (finished === 0) return null
  return metric === 'failure_rate' ? failed / finished : (finished - failed) / finished
}

function percentile95(scope: Scope): number | null {
  const buckets = new Map<number, number>()
  for (const row of scope.readings.durations)
    if (isAbout(scope, row)) buckets.set(row.bucket, (buckets.get(row.bucket) ?? 0) + row.count)
  return percentileMs(buckets, 0.95)
}

function compare(seen: number, { operator, value }: Comparison): boolean {
  switch (operator) {
    case '>':
      return seen > value
    case '>=':
      return seen >= value
    case '<':
      return seen < value
    case '<=':
      return seen <= value
    case '=':
      return seen === value
    case '!=':
      return seen !== value
  }
}

function asTruth(holds: boolean): Truth {
  return holds ? 'true' : 'false'
}

function describe(scope: Scope, metric: MetricName): string {
  const over = describeDuration(scope.rule.windowMs)
  if (METRICS[metric].from === 'samples') {
    const values = samplesOf(scope, metric).map(({ value }) => value)
    const newest = values.at(-1)
    if (newest === undefined) return `${metric} has not been measured for ${over}`
    const least = inWords(metric, Math.min(...values))
    const most = inWords(metric, Math.max(...values))
    const range = least === most ? '' : ` (from ${least} to ${most} over ${over})`
    return `${metric} is ${inWords(metric, newest)}${range}`
  }
  const counted = countRuns(scope)
  const value = valueOverRuns(scope, metric, counted)
  if (value === null) return `${metric}: no run ended within ${over}`
  const runs = `${counted.finished} ${counted.finished === 1 ? 'run' : 'runs'}`
  return `${metric} is ${inWords(metric, value)} over ${over} (of ${runs})`
}

function inWords(metric: MetricName, value: number): string {
  switch (METRICS[metric].unit) {
    case 'ratio':
      return String(Math.round(value * 1_000) / 1_000)
    case 'percent':
      return `${value} %`
    case 'count':
      return String(value)
    case 'duration':
      return describeDuration(Math.round(value))
  }
}
