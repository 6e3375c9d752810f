/**
 * What rules are judged by: three small tables that grow with time and not with runs, so that judging a million finished
 * runs costs what judging none does. Loading is here, meaning is in `judge.ts`.
 */
import { and, gt, inArray, lte, type SQL, sql } from 'drizzle-orm'
import { type Drizzle, tables } from '../../database/index.ts'
import { DAY_MS } from '../../primitives/index.ts'
import { ALL, type GaugeName } from '../stats/index.ts'
import { leavesOf, selectorOf } from './conditions.ts'
import { METRICS, type MetricName } from './metrics.ts'
import type { AlertRule } from './rules.ts'

/** Rows of the tables as plain data; times are epoch milliseconds, machine time. `of`: empty is of all. */
export type RunCount = { minuteMs: number; job: string; succeeded: number; failed: number }
export type DurationCount = { minuteMs: number; job: string; bucket: number; count: number }
export type Sample = { atMs: number; value: number }

export type Readings = {
  runs: readonly RunCount[]
  durations: readonly DurationCount[]
  /** When samples were taken, oldest first. One is of everything at once: what has no value at a time was zero then. */
  sampledAtMs: readonly number[]
  /** By gauge, then by what it is of; each oldest first. */
  samples: ReadonlyMap<string, ReadonlyMap<string, readonly Sample[]>>
}

/** The gauge that a metric's samples are kept as. */
export const GAUGE_OF: Partial<Record<MetricName, GaugeName>> = {
  queued_jobs: 'queued_jobs',
  oldest_queued_age: 'oldest_queued_age_ms',
  dlq_count: 'dlq_count',
  waiting_approvals: 'waiting_approvals',
  provider_budget_used: 'provider_budget_used',
  silence: 'last_delivery_at',
}

/** Notices of alerts are runs too; counted in, a broken channel would keep alerts alive about itself. */
export const NOTICE_JOB = 'alert-notice'

/** Every sample has a value of this, so it says when there was one. */
const ALWAYS: GaugeName = 'queued_jobs'

/** Reads what these rules need, in at most three statements. */
export async function loadReadings(
  db: Drizzle,
  rules: readonly AlertRule[],
  nowMs: number,
): Promise<Readings> {
  const needs = needsOf(rules)
  const samples = needs.gauges.length > 0 ? await loadSamples(db, needs.gauges, nowMs) : new Map()
  return {
    runs: needs.runsMs > 0 ? await loadRuns(db, nowMs - needs.runsMs, nowMs) : [],
    durations: needs.durationsMs > 0 ? await loadDurations(db, nowMs - needs.durationsMs, nowMs) : [],
    sampledAtMs: (samples.get(ALWAYS)?.get(ALL) ?? []).map(({ atMs }: Sample) => atMs),
    samples,
  }
}

type GaugeNeed = { gauge: string; windowMs: number; each: boolean }
type Needs = { runsMs: number; durationsMs: number; gauges: GaugeNeed[] }

function needsOf(rules: readonly AlertRule[]): Needs {
  const needs: Needs = { runsMs: 0, durationsMs: 0, gauges: [] }
  const longestMs = Math.max(...rules.map(({ windowMs }) => windowMs))
  for (const rule of rules) {
    const each = selectorOf(rule.condition) !== null
    for (const leaf of leavesOf(rule.condition)) {
      if (leaf.kind === 'selection') continue
      const gauge = GAUGE_OF[leaf.metric]
      // A budget has no value of all: the highest is taken.
      const wants = each || METRICS[leaf.metric].by === 'provider'
      if (gauge) needs.gauges.push({ gauge, windowMs: rule.windowMs, each: wants })
      else needs.runsMs = Math.max(needs.runsMs, rule.windowMs)
      if (leaf.metric === 'p95_duration') needs.durationsMs = Math.max(needs.durationsMs, rule.windowMs)
    }
  }
  if (needs.gauges.length > 0) needs.gauges.push({ gauge: ALWAYS, windowMs: longestMs, each: false })
  return needs
}

async function loadRuns(db: Drizzle, afterMs: number, untilMs: number): Promise<RunCount[]> {
  const { runStats } = tables
  const rows = await db
    .select()
    .from(runStats)
    .where(and(gt(runStats.minute, new Date(afterMs)), lte(runStats.minute, new Date(untilMs))))
  return rows.map(({ minute, job, succeeded, failed }) => ({
    minuteMs: minute.getTime(),
    job,
    succeeded,
    failed,
  }))
}

async function loadDurations(db: Drizzle, afterMs: number, untilMs: number): Promise<DurationCount[]> {
  const { runDurations } = tables
  const rows = await db
    .select()
    .from(runDurations)
    .where(and(gt(runDurations.minute, new Date(afterMs)), lte(runDurations.minute, new Date(untilMs))))
  return rows.map(({ minute, job, bucket, count }) => ({ minuteMs: minute.getTime(), job, bucket, count }))
}

async function loadSamples(
  db: Drizzle,
  needs: readonly GaugeNeed[],
  nowMs: number,
): Promise<Readings['samples']> {
  const { gaugeSamples } = tables
  const longest = (needed: readonly GaugeNeed[]) => Math.max(...needed.map(({ windowMs }) => windowMs))
  const wanted: (SQL | undefined)[] = [true, false].flatMap((each) => {
    const needed = needs.filter((need) => need.each === each)
    if (needed.length === 0) return []
    return and(
      inArray(gaugeSamples.gauge, [...new Set(needed.map(({ gauge }) => gauge))]),
      each ? undefined : sql`${gaugeSamples.of} = ''`,
      gt(gaugeSamples.at, new Date(nowMs - Math.min(longest(needed), DAY_MS))),
    )
  })
  const rows = await db
    .select()
    .from(gaugeSamples)
    .where(
      and(
        lte(gaugeSamples.at, new Date(nowMs)),
        sql`(${sql.join(
          wanted.map((one) => sql`(${one})`),
          sql` or `,
        )})`,
      ),
    )
    .orderBy(gaugeSamples.at)
  const samples = new Map<string, Map<string, Sample[]>>()
  for (const { gauge, of, at, value } of rows) {
    const byOf = samples.get(gauge) ?? new Map<string, Sample[]>()
    samples.set(gauge, byOf)
    const list = byOf.get(of) ?? []
    byOf.set(of, list)
    list.push({ atMs: at.getTime(), value })
  }
  return samples
}
