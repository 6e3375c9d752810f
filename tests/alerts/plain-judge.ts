/**
 * What the rules of the recorded day mean, computed once more from the guide alone: every rule written out by hand over
 * plain rows, and the life of an alert as two variables. Nothing of the program is used here.
 */
import { type Day, JOBS, MINUTE, SECOND } from './recorded-day.ts'

/** Null: it cannot be said. */
type Answer = boolean | null
type PlainRule = {
  name: string
  causes: readonly string[]
  windowMs: number
  fires(atMs: number, cause: string): Answer
  stands(atMs: number, cause: string): Answer
}
export type PlainEvent = { atMs: number; rule: string; cause: string; what: 'fired' | 'resolved' }

/** The rules of `alerts.yaml` and of `RULES` in the test, by hand. */
export function plainRules(day: Day): PlainRule[] {
  const runs = overRuns(day)
  const all = sampled(day)
  return [
    share('failure-rate', 5, 10, (n, failed) => failed / n > 0.1, runs),
    held('queue-backlog', 10, (v) => v > 100, all('queued_jobs', '')),
    ...[syncFailing(runs)],
    held('dead-letters', 30, (v) => v > 20, all('dlq_count', '')),
    share('success-low', 10, 20, (n, failed) => (n - failed) / n < 0.8, runs),
    slow(day, runs),
    held('old-queue', 5, (v) => v >= 120_000, all('oldest_queued_age_ms', '')),
    held('approvals', 15, (v) => v >= 30, all('waiting_approvals', '')),
    held(
      'budget',
      5,
      (v) => v > 80,
      highest(all('provider_budget_used', 'circle'), all('provider_budget_used', 'luma')),
    ),
    held('silence', 5, (v) => v > 90 * MINUTE, silences(all('last_delivery_at', ''))),
    perProvider(all),
    bothBad(runs, all('queued_jobs', '')),
    eitherBad(runs, all('waiting_approvals', '')),
  ]
}

/** Evaluates all rules at these times. */
export function plainDay(rules: readonly PlainRule[], times: readonly number[]): PlainEvent[] {
  const events: PlainEvent[] = []
  for (const rule of rules) {
    const quietMs = rule.windowMs > 10 * MINUTE ? rule.windowMs / 5 : 2 * MINUTE
    for (const cause of rule.causes) {
      let open = false
      let quietFrom: number | null = null
      for (const atMs of times) {
        if (!open) {
          if (rule.fires(atMs, cause) !== true) continue
          events.push({ atMs, rule: rule.name, cause, what: 'fired' })
          open = true
          quietFrom = null
          continue
        }
        const bad = rule.stands(atMs, cause)
        if (bad === true) quietFrom = null
        if (bad !== false) continue
        if (quietFrom === null) quietFrom = atMs
        else if (atMs - quietFrom >= quietMs) {
          events.push({ atMs, rule: rule.name, cause, what: 'resolved' })
          open = false
        }
      }
    }
  }
  return events.sort((a, b) => a.atMs - b.atMs || (a.rule + a.cause < b.rule + b.cause ? -1 : 1))
}

type Totals = (atMs: number, minutes: number, job: string | null) => { n: number; failed: number }

function overRuns(day: Day): Totals {
  return (atMs, minutes, job) => {
    let n = 0
    let failed = 0
    // From the end: the day is in order.
    for (let index = lastBefore(day.runs, (row) => row.minuteMs, atMs); index >= 0; index--) {
      const row = day.runs[index]
      if (!row || row.minuteMs <= atMs - minutes * MINUTE) break
      if (job !== null && row.job !== job) continue
      n += row.succeeded + row.failed
      failed += row.failed
    }
    return { n, failed }
  }
}

/** The last row at or before a time. */
function lastBefore<T>(rows: readonly T[], timeOf: (row: T) => number, atMs: number): number {
  let low = 0
  let high = rows.length
  while (low < high) {
    const middle = (low + high) >> 1
    const row = rows[middle]
    if (row !== undefined && timeOf(row) <= atMs) low = middle + 1
    else high = middle
  }
  return low - 1
}

type Point = { atMs: number; value: number | null }
type Series = Point[]

/** One value at every time at which anything was sampled. */
function sampled(day: Day): (gauge: string, of: string) => Series {
  const times = [...new Set(day.samples.map(({ atMs }) => atMs))].sort((a, b) => a - b)
  return (gauge, of) => {
    const values = new Map<number, number>()
    for (const row of day.samples) if (row.gauge === gauge && row.of === of) values.set(row.atMs, row.value)
    return times.map((atMs) => ({ atMs, value: values.get(atMs) ?? 0 }))
  }
}

function highest(one: Series, other: Series): Series {
  return one.map(({ atMs, value }, index) => ({
    atMs,
    value: Math.max(value ?? 0, other[index]?.value ?? 0),
  }))
}

function silences(deliveries: Series): Series {
  return deliveries.map(({ atMs, value }) => ({ atMs, value: value ? atMs - value : null }))
}

/** It held at every sample of the window, and no minute of the window is without one. */
function heldFor(series: Series, bad: (value: number) => boolean, atMs: number, minutes: number): Answer {
  let edge = atMs
  let gap = false
  let any = false
  for (let index = lastBefore(series, (point) => point.atMs, atMs); index >= 0; index--) {
    const point = series[index]
    if (!point || point.atMs <= atMs - minutes * MINUTE) break
    if (point.value === null) continue
    if (!bad(point.value)) return false
    any = true
    if (edge - point.atMs > 60 * SECOND) gap = true
    edge = point.atMs
  }
  if (edge - (atMs - minutes * MINUTE) > 60 * SECOND) gap = true
  return any && !gap ? true : null
}

function isNow(series: Series, bad: (value: number) => boolean, atMs: number): Answer {
  const point = series[lastBefore(series, ({ atMs: time }) => time, atMs)]
  if (!point || point.value === null || atMs - point.atMs > 60 * SECOND) return null
  return bad(point.value)
}

function held(name: string, minutes: number, bad: (value: number) => boolean, series: Series): PlainRule {
  return {
    name,
    causes: [''],
    windowMs: minutes * MINUTE,
    fires: (atMs) => heldFor(series, bad, atMs, minutes),
    stands: (atMs) => isNow(series, bad, atMs),
  }
}

function share(
  name: string,
  minutes: number,
  least: number,
  bad: (n: number, failed: number) => boolean,
  runs: Totals,
): PlainRule {
  const judged = (atMs: number, enough: number) => {
    const { n, failed } = runs(atMs, minutes, null)
    return n >= enough && n > 0 && bad(n, failed)
  }
  return {
    name,
    causes: [''],
    windowMs: minutes * MINUTE,
    fires: (atMs) => judged(atMs, least),
    stands: (atMs) => judged(atMs, 1),
  }
}

function syncFailing(runs: Totals): PlainRule {
  const bad = (atMs: number, job: string) => job === 'member-sync' && runs(atMs, 15, job).failed > 5
  return { name: 'member-sync-failing', causes: JOBS, windowMs: 15 * MINUTE, fires: bad, stands: bad }
}

/** For each job but one: of its runs in ten minutes, one in twenty took longer than ten seconds. */
function slow(day: Day, runs: Totals): PlainRule {
  const p95 = (atMs: number, job: string) => {
    const took: number[] = []
    for (let index = lastBefore(day.durations, (row) => row.minuteMs, atMs); index >= 0; index--) {
      const row = day.durations[index]
      if (!row || row.minuteMs <= atMs - 10 * MINUTE) break
      if (row.job === job) for (let run = 0; run < row.count; run++) took.push(1.05 ** row.bucket)
    }
    took.sort((a, b) => a - b)
    return took[Math.ceil(took.length * 0.95) - 1] ?? 0
  }
  const bad = (enough: number) => (atMs: number, job: string) =>
    job !== 'luma-approval' && runs(atMs, 10, job).n >= enough && p95(atMs, job) > 10_000
  return { name: 'slow', causes: JOBS, windowMs: 10 * MINUTE, fires: bad(15), stands: bad(1) }
}

function perProvider(all: (gauge: string, of: string) => Series): PlainRule {
  const of = { circle: all('provider_budget_used', 'circle'), luma: all('provider_budget_used', 'luma') }
  const series = (cause: string) => (cause === 'circle' ? of.circle : of.luma)
  const bad = (cause: string) => (value: number) => cause === 'circle' && value >= 90
  return {
    name: 'circle-budget',
    causes: ['circle', 'luma'],
    windowMs: 3 * MINUTE,
    fires: (atMs, cause) => heldFor(series(cause), bad(cause), atMs, 3),
    stands: (atMs, cause) => isNow(series(cause), bad(cause), atMs),
  }
}

/** Failures and a queue: both have to be bad, and no answer counts unless the other one is good. */
function bothBad(runs: Totals, queue: Series): PlainRule {
  const and = (one: Answer, other: Answer): Answer =>
    one === false || other === false ? false : one === null || other === null ? null : true
  const failing = (atMs: number) => runs(atMs, 5, null).failed > 3
  return {
    name: 'both',
    causes: [''],
    windowMs: 5 * MINUTE,
    fires: (atMs) =>
      and(
        failing(atMs),
        heldFor(queue, (value) => value > 60, atMs, 5),
      ),
    stands: (atMs) =>
      and(
        failing(atMs),
        isNow(queue, (value) => value > 60, atMs),
      ),
  }
}

/** Not so few failures, or not so few waiting: either is enough, whatever is known of the other. */
function eitherBad(runs: Totals, waiting: Series): PlainRule {
  const or = (one: Answer, other: Answer): Answer =>
    one === true || other === true ? true : one === null || other === null ? null : false
  const failing = (atMs: number) => runs(atMs, 20, null).failed > 40
  return {
    name: 'either',
    causes: [''],
    windowMs: 20 * MINUTE,
    fires: (atMs) =>
      or(
        failing(atMs),
        heldFor(waiting, (value) => value >= 45, atMs, 20),
      ),
    stands: (atMs) =>
      or(
        failing(atMs),
        isNow(waiting, (value) => value >= 45, atMs),
      ),
  }
}
