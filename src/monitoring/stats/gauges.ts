/**
 * Values that are only true at a moment, sampled for whoever looks at a window of them. One sample bears one time and
 * is of everything at once: a gauge without a row at a time was zero then. The first such zero is written down, so that
 * whoever looks at rows alone sees the end of a queue too.
 */
import { and, desc, eq, gt, gte, sql } from 'drizzle-orm'
import { type Database, type Transaction, tables } from '../../database/index.ts'
import { type Clock, SECOND_MS, systemNow } from '../../primitives/index.ts'

const GAUGES = [
  /** Runs that wait for a place, of each job and of all ('' in `of`). */
  'queued_jobs',
  'running_jobs',
  /** How long the first in line has waited, milliseconds. */
  'oldest_queued_age_ms',
  /** Open dead letters, of each job and of all. */
  'dlq_count',
  /** Open approvals, of each kind and of all. */
  'waiting_approvals',
  /** Effects of which nobody knows whether they happened. */
  'unknown_effects',
  /** Of a provider with a monthly budget, percent. */
  'provider_budget_used',
  /** Of a provider's rate or places, whichever is nearer, percent. */
  'provider_limit_used',
  /** 0 closed, 1 being tried, 2 open: of each provider that was ever asked. */
  'breaker',
  /** To the database, of everybody. */
  'database_connections',
  /** When something last came, of each source and of any: epoch milliseconds by the machine's clock. */
  'last_delivery_at',
  /** When a run of a job last failed for good, epoch milliseconds. */
  'last_failure_at',
  /** Deliveries that were accepted and turned away since the sample before, of each source. */
  'webhook_deliveries',
  'webhook_refusals',
] as const
export type GaugeName = (typeof GAUGES)[number]
export type GaugeValue = { gauge: GaugeName; of: string; value: number }

/** These count what came since the sample before; their rows are added up. */
const SINCE_LAST: ReadonlySet<GaugeName> = new Set(['webhook_deliveries', 'webhook_refusals'])

/** A gauge of nothing in particular. */
export const ALL = ''
export const SAMPLE_EVERY_MS = 15 * SECOND_MS
/** Two processes that take turns must not sample twice. */
const SLACK_MS = SECOND_MS
/** A sample older than this says nothing about now. */
const STALE_AFTER_MS = 4 * SAMPLE_EVERY_MS

/** How much of its limits is used, percent; null where there is none. */
export type ProviderUse = { provider: string; budgetPercent: number | null; limitPercent: number | null }
export type SamplerOptions = { clock: Clock; readProviderUse(): Promise<ProviderUse[]> }

/** Takes a sample when the last one is old enough. To be called by one process at a time. */
export async function sampleGauges(tx: Transaction, options: SamplerOptions): Promise<boolean> {
  const at = systemNow()
  const last = await lastSampleMs(tx)
  if (last !== null && at - last < SAMPLE_EVERY_MS - SLACK_MS && at >= last) return false
  const values = [
    ...(await readRunGauges(tx, at)),
    ...(await readWaiting(tx)),
    ...(await readProviders(tx, options)),
    ...(await readDeliveries(tx, options.clock.offsetMs())),
  ]
  await writeSample(tx, at, [...values, ...(await fallenToZero(tx, last, values))])
  return true
}

/** Adds values to the sample of this moment. */
export async function writeSample(
  tx: Pick<Transaction, 'db'>,
  atMs: number,
  values: readonly GaugeValue[],
): Promise<void> {
  if (values.length === 0) return
  await tx.db
    .insert(tables.gaugeSamples)
    .values(values.map((each) => ({ ...each, at: new Date(atMs), value: Math.round(each.value) })))
    .onConflictDoUpdate({
      target: [tables.gaugeSamples.gauge, tables.gaugeSamples.of, tables.gaugeSamples.at],
      set: { value: sql`${tables.gaugeSamples.value} + excluded.value` },
    })
}

/** The latest sample of everything; null when none has been taken for a minute. */
export async function readGauges(
  database: Pick<Database, 'db'>,
): Promise<{ atMs: number; get(gauge: GaugeName, of?: string): number; all: GaugeValue[] } | null> {
  const { gaugeSamples } = tables
  const [latest] = await database.db
    .select({ at: gaugeSamples.at })
    .from(gaugeSamples)
    .where(eq(gaugeSamples.gauge, 'queued_jobs'))
    .orderBy(desc(gaugeSamples.at))
    .limit(1)
  if (!latest || systemNow() - latest.at.getTime() > STALE_AFTER_MS) return null
  const rows = await database.db.select().from(gaugeSamples).where(eq(gaugeSamples.at, latest.at))
  const all = rows.flatMap(({ gauge, of, value }) => (isGauge(gauge) ? [{ gauge, of, value }] : []))
  const byKey = new Map(all.map((each) => [`${each.gauge}/${each.of}`, each.value]))
  return { atMs: latest.at.getTime(), get: (gauge, of = ALL) => byKey.get(`${gauge}/${of}`) ?? 0, all }
}

/** Sums of a gauge that counts what came since the sample before, by what it is of. */
export async function sumOfGauge(
  database: Pick<Database, 'db'>,
  gauge: GaugeName,
  fromMs: number,
): Promise<Map<string, number>> {
  const { gaugeSamples } = tables
  const rows = await database.db
    .select({ of: gaugeSamples.of, sum: sql<number>`sum(${gaugeSamples.value})`.mapWith(Number) })
    .from(gaugeSamples)
    .where(sql`${eq(gaugeSamples.gauge, gauge)} and ${gte(gaugeSamples.at, new Date(fromMs))}`)
    .groupBy(gaugeSamples.of)
  return new Map(rows.map(({ of, sum }) => [of, sum]))
}

/** What was counted in the sample before and is no more. */
async function fallenToZero(
  tx: Transaction,
  lastMs: number | null,
  values: readonly GaugeValue[],
): Promise<GaugeValue[]> {
  if (lastMs === null) return []
  const present = new Set(values.map(({ gauge, of }) => `${gauge}/${of}`))
  const rows = await tx.db
    .select()
    .from(tables.gaugeSamples)
    .where(and(eq(tables.gaugeSamples.at, new Date(lastMs)), gt(tables.gaugeSamples.value, 0)))
  return rows.flatMap(({ gauge, of }) =>
    isGauge(gauge) && !SINCE_LAST.has(gauge) && !present.has(`${gauge}/${of}`)
      ? [{ gauge, of, value: 0 }]
      : [],
  )
}

async function lastSampleMs(tx: Transaction): Promise<number | null> {
  const { gaugeSamples } = tables
  const [row] = await tx.db
    .select({ at: gaugeSamples.at })
    .from(gaugeSamples)
    .where(sql`${gaugeSamples.gauge} = 'queued_jobs' and ${gaugeSamples.of} = ''`)
    .orderBy(desc(gaugeSamples.at))
    .limit(1)
  return row?.at.getTime() ?? null
}

/** Only the runs that wait or run: the engine has an index of those alone. */
async function readRunGauges(tx: Transaction, nowMs: number): Promise<GaugeValue[]> {
  const { rows } = await tx.db.execute<{ job: string; status: string; count: string; since: string }>(sql`
    select name as job, status, count(*) as count, min(updated_at) as since
    from dbos.workflow_status where status in ('ENQUEUED', 'PENDING') and name is not null group by 1, 2`)
  const of = (status: string, gauge: GaugeName): GaugeValue[] => {
    const some = rows.filter((row) => row.status === status)
    const total = some.reduce((sum, { count }) => sum + Number(count), 0)
    return [
      { gauge, of: ALL, value: total },
      ...some.map(({ job, count }) => ({ gauge, of: job, value: Number(count) })),
    ]
  }
  // A run that becomes due after days has waited in line only since then, which is when its row was last touched.
  const queued = rows.filter(({ status }) => status === 'ENQUEUED')
  const age = (since: string) => Math.max(0, nowMs - Number(since))
  return [
    ...of('ENQUEUED', 'queued_jobs'),
    ...of('PENDING', 'running_jobs'),
    {
      gauge: 'oldest_queued_age_ms',
      of: ALL,
      value: Math.max(0, ...queued.map(({ since }) => age(since))),
    },
    ...queued.map(({ job, since }) => ({
      gauge: 'oldest_queued_age_ms' as const,
      of: job,
      value: age(since),
    })),
  ]
}

async function readWaiting(tx: Transaction): Promise<GaugeValue[]> {
  const { rows } = await tx.db.execute<{ gauge: GaugeName; of: string; value: string }>(sql`
    select 'dlq_count' as gauge, job as of, count(*) as value from dead_letters where status = 'open' group by job
    union all
    select 'waiting_approvals', kind, count(*) from approvals where status = 'open' group by kind
    union all
    select 'unknown_effects', '', count(*) from effects where status = 'unknown'
    union all
    select 'database_connections', '', count(*) from pg_stat_activity where datname = current_database()
    union all
    select 'last_failure_at', job, max(at) from (
      select job, floor(extract(epoch from minute) * 1000) as at
      from run_stats where failed > 0 and minute > now() - interval '10 minutes'
      union all
      select of, value from gauge_samples where gauge = 'last_failure_at' and at = (
        select max(at) from gauge_samples where gauge = 'queued_jobs' and of = '')
    ) as failures group by job`)
  const values = rows.map(({ gauge, of, value }) => ({ gauge, of, value: Number(value) }))
  const totals = (['dlq_count', 'waiting_approvals'] as const).map((gauge) => ({
    gauge,
    of: ALL,
    value: values.filter((each) => each.gauge === gauge).reduce((sum, { value }) => sum + value, 0),
  }))
  return [...values, ...totals]
}

const BREAKERS = { closed: 0, 'half-open': 1, open: 2 } as const

async function readProviders(tx: Transaction, options: SamplerOptions): Promise<GaugeValue[]> {
  const states = await tx.db
    .select({ of: tables.providerStates.provider, breaker: tables.providerStates.breaker })
    .from(tables.providerStates)
  const uses = await options.readProviderUse()
  const use = (gauge: GaugeName, of: string, value: number | null): GaugeValue[] =>
    value === null ? [] : [{ gauge, of, value }]
  return [
    ...states.map(({ of, breaker }) => ({ gauge: 'breaker' as const, of, value: BREAKERS[breaker] })),
    ...uses.flatMap(({ provider, budgetPercent, limitPercent }) => [
      ...use('provider_budget_used', provider, budgetPercent),
      ...use('provider_limit_used', provider, limitPercent),
    ]),
  ]
}

/** Receipts that are looked through for the latest of each source; what lies further back is known from the last sample. */
const RECENT_DELIVERIES = 5_000

/**
 * Receipts are dated by the community's time. Here they are on the machine's clock, so that `now - value` is how long a
 * source has been silent by either.
 */
async function readDeliveries(tx: Transaction, aheadMs: number): Promise<GaugeValue[]> {
  const { rows } = await tx.db.execute<{ of: string; value: string }>(sql`
    with known as (
      select source as of, floor(extract(epoch from max(received_at)) * 1000) - ${aheadMs}::bigint as value
      from deliveries where id > (select max(id) from deliveries) - ${RECENT_DELIVERIES} group by source
      union all
      select of, value from gauge_samples where gauge = 'last_delivery_at' and of <> '' and at = (
        select max(at) from gauge_samples where gauge = 'queued_jobs' and of = '')
    ) select distinct on (of) of, value from known order by of, value desc`)
  const values = rows.map(({ of, value }) => ({
    gauge: 'last_delivery_at' as const,
    of,
    value: Number(value),
  }))
  if (values.length === 0) return []
  const latest = Math.max(...values.map(({ value }) => value))
  return [{ gauge: 'last_delivery_at', of: ALL, value: latest }, ...values]
}

function isGauge(name: string): name is GaugeName {
  return GAUGES.some((known) => known === name)
}
