/**
 * `GET /api/overview`: what needs a person, and the numbers as they change. Reads small tables only (the counts by
 * minute, the latest sample, open dead letters by index): its time does not grow with the number of finished runs.
 */
import { sql } from 'drizzle-orm'
import { type Drizzle, tables } from '../database/index.ts'
import { type ProviderStatus, readProviderStatuses } from '../governor/index.ts'
import {
  ALL,
  type RunNumbers,
  readGauges,
  readRunNumbers,
  readRunSeries,
  sumOfGauge,
} from '../monitoring/index.ts'
import {
  DAY_MS,
  HOUR_MS,
  MINUTE_MS,
  maskPersonalData,
  monotonicMs,
  SECOND_MS,
  systemNow,
} from '../primitives/index.ts'
import type { RouteHandler } from './access.ts'
import type { JobNumbers, OverviewView } from './overview-contract.ts'
import { listNeeded } from './overview-needed.ts'
import type { ServerParts } from './parts.ts'

const SPAN_MS = 30 * MINUTE_MS

/** The numbers are counted every five seconds: whoever asks within two of somebody else hears the same. */
const KNOWN_FOR_MS = 2 * SECOND_MS

export function readOverview(parts: ServerParts): RouteHandler {
  const numbers = remembered(KNOWN_FOR_MS, () => readNumbers(parts.database))
  return async (context) => context.json<OverviewView>(await overviewOf(parts, await numbers()))
}

type Numbers = Awaited<ReturnType<typeof readNumbers>>

/** What has been counted, which may be a few seconds old. */
async function readNumbers(database: ServerParts['database']) {
  const now = systemNow()
  const hour = { fromMs: now - HOUR_MS, toMs: now }
  // The half hours end with the one that is under way.
  const day = { fromMs: Math.floor(now / SPAN_MS) * SPAN_MS - DAY_MS + SPAN_MS, toMs: now }
  const [runs, lines, gauges, accepted, refused] = await Promise.all([
    readRunNumbers(database.db, hour),
    readRunSeries(database.db, day, SPAN_MS),
    readGauges(database),
    sumOfGauge(database, 'webhook_deliveries', hour.fromMs),
    sumOfGauge(database, 'webhook_refusals', hour.fromMs),
  ])
  const atWork = (gauges?.all ?? []).flatMap(({ gauge, of, value }) =>
    (gauge === 'running_jobs' || gauge === 'queued_jobs') && of !== ALL && value > 0 ? [of] : [],
  )
  const jobs = [...new Set([...lines.keys(), ...atWork])].sort()
  const lastErrors = await readLastErrors(database.db, jobs)
  return { runs, lines, gauges, accepted, refused, jobs, lastErrors, dayFromMs: day.fromMs }
}

async function overviewOf(parts: ServerParts, numbers: Numbers): Promise<OverviewView> {
  const { db } = parts.database
  const { runs, lines, gauges, jobs, lastErrors } = numbers
  // What a person has just dealt with must be gone when they come back.
  const statuses = await readProviderStatuses(parts.database, parts.limits)
  const [needed, fresh] = await Promise.all([
    listNeeded(db, statuses, parts.modes),
    jobs.length > 0 ? false : hasNeverRun(db),
  ])
  return {
    needed,
    lastHour: {
      ...runs.all,
      running: gauges?.get('running_jobs') ?? 0,
      queued: gauges?.get('queued_jobs') ?? 0,
      oldestQueuedMs: gauges?.get('oldest_queued_age_ms') ?? 0,
    },
    jobs: jobs.map((job): JobNumbers => {
      const line = lines.get(job) ?? []
      return {
        job,
        ...(runs.jobs.get(job) ?? NONE),
        running: gauges?.get('running_jobs', job) ?? 0,
        queued: gauges?.get('queued_jobs', job) ?? 0,
        failedToday: line.reduce((sum, { failed }) => sum + failed, 0),
        lastError: lastErrors.get(job) ?? null,
        line: line.map(({ succeeded, failed }) => ({ succeeded, failed })),
      }
    }),
    lineFrom: new Date(numbers.dayFromMs).toISOString(),
    lineSpanMs: SPAN_MS,
    webhooks: webhooksOf(numbers.accepted, numbers.refused, gauges),
    providers: statuses.map((status) => viewProvider(status, parts)),
    countedAt: gauges === null ? null : new Date(gauges.atMs).toISOString(),
    fresh,
  }
}

/** Reads once for all who ask at a time and a little later; a reading that failed is not remembered. */
function remembered<T>(forMs: number, read: () => Promise<T>): () => Promise<T> {
  let known: { atMs: number; value: Promise<T> } | null = null
  return () => {
    if (known && monotonicMs() - known.atMs < forMs) return known.value
    const value = read()
    known = { atMs: monotonicMs(), value }
    value.catch(() => {
      if (known?.value === value) known = null
    })
    return value
  }
}

const NONE: RunNumbers = {
  ...{ total: 0, succeeded: 0, failed: 0, cancelled: 0 },
  ...{ successRate: null, averageMs: null, p50Ms: null, p95Ms: null },
}

function webhooksOf(
  accepted: ReadonlyMap<string, number>,
  refused: ReadonlyMap<string, number>,
  gauges: Awaited<ReturnType<typeof readGauges>>,
): OverviewView['webhooks'] {
  const last = new Map(
    (gauges?.all ?? []).flatMap(({ gauge, of, value }) =>
      gauge === 'last_delivery_at' && of !== '' ? [[of, value] as const] : [],
    ),
  )
  const sources = [...new Set([...accepted.keys(), ...refused.keys(), ...last.keys()])].sort()
  return sources.map((source) => {
    const lastMs = last.get(source)
    return {
      source,
      accepted: accepted.get(source) ?? 0,
      refused: refused.get(source) ?? 0,
      lastAt: lastMs === undefined ? null : new Date(lastMs).toISOString(),
    }
  })
}

function viewProvider(
  { provider, breaker, month, parkedRuns }: ProviderStatus,
  { modes }: ServerParts,
): OverviewView['providers'][number] {
  const budgetUsed = month.budget === null ? null : Math.round((100 * month.used) / month.budget)
  return { provider, mode: modes[provider], breaker, budgetUsed, parkedRuns }
}

/** The latest dead letter of each job, whatever became of it: one look into an index for each job and status. */
async function readLastErrors(
  db: Drizzle,
  jobs: readonly string[],
): Promise<Map<string, JobNumbers['lastError']>> {
  if (jobs.length === 0) return new Map()
  const statuses = sql.join(
    tables.DEAD_LETTER_STATUSES.map((status) => sql`(${status})`),
    sql`, `,
  )
  const names = sql.join(
    jobs.map((job) => sql`(${job})`),
    sql`, `,
  )
  const { rows } = await db.execute<{ job: string; at: string; message: string | null; run_id: string }>(sql`
    select distinct on (job.name) job.name as job, extract(epoch from letter.failed_at) * 1000 as at,
      letter.error ->> 'message' as message, letter.run_id
    from (values ${names}) as job (name), (values ${statuses}) as status (name), lateral (
      select failed_at, error, run_id from dead_letters
      where dead_letters.job = job.name and dead_letters.status = status.name
      order by failed_at desc, id desc limit 1) as letter
    order by job.name, letter.failed_at desc`)
  return new Map(
    rows.map(({ job, at, message, run_id: runId }) => [
      job,
      {
        at: new Date(Math.round(Number(at))).toISOString(),
        message: maskPersonalData(message ?? 'It ended without saying why.'),
        runId,
      },
    ]),
  )
}

async function hasNeverRun(db: Drizzle): Promise<boolean> {
  const { rows } = await db.execute<{ any: boolean }>(sql`
    select exists (select from run_stats) or exists (select from dbos.workflow_status) as any`)
  return rows[0]?.any !== true
}
