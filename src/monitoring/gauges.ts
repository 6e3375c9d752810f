import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Attributes, Meter, Observable } from '@opentelemetry/api'
import type { Database } from '../database/index.ts'
import { SECOND_MS, within } from '../primitives/index.ts'
import { ALL, type GaugeName, type GaugeValue, readGauges } from './stats/index.ts'

/** A scrape never waits longer for the database; what is read from it is then left out. */
const READ_LIMIT_MS = SECOND_MS
const NANOSECONDS = 1e9
/** A timer of this length is watched; what it takes longer is how late the event loop is. */
const TIMER_MS = 20

/** How a sampled gauge is shown: under which name, with which label, in which unit. */
type Shown = {
  gauge: GaugeName
  name: string
  description: string
  label?: string
  divideBy?: number
  /** Of every job that there is, zero where nothing was sampled: a line that stops says nothing. */
  everyJob?: true
}

const SAMPLED: readonly Shown[] = [
  {
    gauge: 'running_jobs',
    name: 'kinkeeper_runs_running',
    description: 'Runs under way',
    label: 'job',
    everyJob: true,
  },
  {
    gauge: 'queued_jobs',
    name: 'kinkeeper_runs_queued',
    description: 'Runs that wait in line',
    label: 'job',
    everyJob: true,
  },
  {
    gauge: 'oldest_queued_age_ms',
    name: 'kinkeeper_runs_oldest_queued_seconds',
    description: 'How long the first in line has waited',
    divideBy: SECOND_MS,
  },
  {
    gauge: 'dlq_count',
    name: 'kinkeeper_dead_letters_open',
    description: 'Failed runs that wait for a person',
    label: 'job',
    everyJob: true,
  },
  {
    gauge: 'waiting_approvals',
    name: 'kinkeeper_approvals_waiting',
    description: 'Approvals and questions that wait for a person',
  },
  {
    gauge: 'unknown_effects',
    name: 'kinkeeper_effects_unknown',
    description: 'Outward calls of which nobody knows whether they happened',
  },
  {
    gauge: 'last_failure_at',
    name: 'kinkeeper_job_last_failure_timestamp_seconds',
    description: 'When a run of the job last failed for good (to the minute)',
    label: 'job',
    divideBy: SECOND_MS,
  },
  {
    gauge: 'last_delivery_at',
    name: 'kinkeeper_webhook_last_delivery_timestamp_seconds',
    description: 'When the source last delivered something',
    label: 'source',
    divideBy: SECOND_MS,
  },
  {
    gauge: 'breaker',
    name: 'kinkeeper_provider_breaker_state',
    description: '0: answering, 1: being tried, 2: away',
    label: 'provider',
  },
  {
    gauge: 'provider_budget_used',
    name: 'kinkeeper_provider_budget_used_ratio',
    description: 'Used of the month’s requests',
    label: 'provider',
    divideBy: 100,
  },
  {
    gauge: 'provider_limit_used',
    name: 'kinkeeper_provider_limit_used_ratio',
    description: 'Used of the provider’s rate or simultaneous requests, whichever is nearer',
    label: 'provider',
    divideBy: 100,
  },
  {
    gauge: 'database_connections',
    name: 'kinkeeper_database_connections',
    description: 'Connections to the database, of everybody',
  },
]

/** Shows what was last sampled. It is of the whole installation: every process shows the same. */
export function observeSamples(meter: Meter, database: Database, jobs: ReadonlySet<string>): void {
  const gauges = SAMPLED.map((shown) => ({
    ...shown,
    instrument: meter.createObservableGauge(shown.name, { description: shown.description }),
  }))
  const reachable = meter.createObservableGauge('kinkeeper_database_up', {
    description: '1 while the database answers within a second',
  })
  let reading: ReturnType<typeof readGauges> | null = null
  meter.addBatchObservableCallback(
    async (result) => {
      // One at a time: while the database hangs, scrapes must not take the pool's connections one after the other.
      reading ??= readGauges(database).finally(() => {
        reading = null
      })
      const read = await answerOf(reading)
      result.observe(reachable, read.ok ? 1 : 0)
      if (!read.ok || read.value === null) return
      // Where there are labels, the sum over them is Prometheus's to make.
      for (const { instrument, divideBy = 1, ...shown } of gauges)
        for (const [labels, value] of pointsOf(shown, read.value.all, jobs))
          result.observe(instrument, value / divideBy, labels)
    },
    [reachable, ...gauges.map(({ instrument }) => instrument)],
  )
}

/** Where there are labels, the sum over them is Prometheus's to make. */
function pointsOf(
  { gauge, label, everyJob }: Pick<Shown, 'gauge' | 'label' | 'everyJob'>,
  sample: readonly GaugeValue[],
  jobs: ReadonlySet<string>,
): [Attributes, number][] {
  const own = sample.filter((each) => each.gauge === gauge)
  if (label === undefined) return own.flatMap(({ of, value }) => (of === ALL ? [[{}, value]] : []))
  const values = new Map(own.flatMap(({ of, value }) => (of === ALL ? [] : [[of, value] as const])))
  if (everyJob) for (const job of jobs) if (!values.has(job)) values.set(job, 0)
  return [...values].map(([of, value]) => [{ [label]: of }, value])
}

/** Shows how this process is: memory, processor, how late its event loop is, and its pool of connections. */
export function observeProcess(meter: Meter, database: Database): { stop(): void } {
  const delay = monitorEventLoopDelay({ resolution: TIMER_MS })
  delay.enable()
  const show = (name: string, description: string, read: () => [number, Attributes?][], unit = '') => {
    const gauge = meter.createObservableGauge(name, { description, unit })
    observeAll(gauge, read)
  }
  show('kinkeeper_process_resident_bytes', 'Resident memory of this process', () => [
    [process.memoryUsage.rss()],
  ])
  show('kinkeeper_process_heap_used_bytes', 'Memory that JavaScript objects of this process take', () => [
    [process.memoryUsage().heapUsed],
  ])
  show('kinkeeper_process_uptime_seconds', 'Since this process was started', () => [[process.uptime()]])
  show('kinkeeper_event_loop_lag_seconds', 'How late timers fired since this was last read', () => {
    const late = (nanoseconds: number) => Math.max(0, nanoseconds / NANOSECONDS - TIMER_MS / SECOND_MS)
    const lag: [number, Attributes][] = [
      [late(delay.percentile(50)), { quantile: '0.5' }],
      [late(delay.percentile(99)), { quantile: '0.99' }],
      [late(delay.max), { quantile: '1' }],
    ]
    delay.reset()
    return lag
  })
  const { pool } = database
  show('kinkeeper_database_pool_connections', 'This process’s connections by state', () => [
    [pool.totalCount - pool.idleCount, { state: 'in_use' }],
    [pool.idleCount, { state: 'idle' }],
  ])
  show('kinkeeper_database_pool_waiting', 'Statements of this process that wait for a connection', () => [
    [pool.waitingCount],
  ])
  const cpu = meter.createObservableCounter('kinkeeper_process_cpu_seconds_total', {
    description: 'Processor time that this process has used',
    unit: 's',
  })
  observeAll(cpu, () => {
    const { user, system } = process.cpuUsage()
    return [[(user + system) / 1e6]]
  })
  return { stop: () => delay.disable() }
}

function observeAll(instrument: Observable, read: () => [number, Attributes?][]): void {
  instrument.addCallback((result) => {
    for (const [value, labels] of read()) result.observe(value, labels)
  })
}

type Answer<T> = { ok: true; value: T } | { ok: false }

/** A read that fails and one that takes too long are the same here. */
function answerOf<T>(work: Promise<T>): Promise<Answer<T>> {
  const missing: Answer<T> = { ok: false }
  const answer = work.then(
    (value): Answer<T> => ({ ok: true, value }),
    () => missing,
  )
  return within(answer, READ_LIMIT_MS, () => missing)
}
