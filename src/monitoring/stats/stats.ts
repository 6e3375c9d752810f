/**
 * Numbers over time: every five seconds one process counts what has ended (`roller.ts`), every fifteen it samples what
 * is true at that moment (`gauges.ts`), and now and then it removes what is too old. Which process that is, is decided
 * anew each time by an advisory lock, so it needs no leader; doing it twice would count the same again.
 */
import { type SQL, sql } from 'drizzle-orm'
import { type Database, isDatabaseUnavailable, type Transaction } from '../../database/index.ts'
import {
  type Clock,
  DAY_MS,
  type Logger,
  MINUTE_MS,
  SECOND_MS,
  serializeError,
} from '../../primitives/index.ts'
import { type ProviderUse, sampleGauges } from './gauges.ts'
import { countRuns } from './roller.ts'

export type Stats = {
  /** Brings the numbers up to date now. @returns false while another process is at it */
  refresh(): Promise<boolean>
  stop(): Promise<void>
}

export type StatsOptions = {
  database: Database
  clock: Clock
  logger: Logger
  readProviderUse(): Promise<ProviderUse[]>
  /** For tests: how often, and runs at once while catching up. */
  everyMs?: number
  batchRuns?: number
}

const EVERY_MS = 5 * SECOND_MS
/** Between two batches of what is caught up: others want the database too. */
const CATCH_UP_PAUSE_MS = 100
const KEEP_STATS_MS = 90 * DAY_MS
const KEEP_SAMPLES_MS = 2 * DAY_MS
const REMOVE_EVERY_MS = 5 * MINUTE_MS
/** Five minutes of samples are a thousand rows or so: more than comes is removed. */
const REMOVE_ROWS = 10_000

/** Keeps the numbers up to date until it is stopped. The first time is at once. */
export function startStats(options: StatsOptions): Stats {
  const everyMs = options.everyMs ?? EVERY_MS
  const state: State = { stopped: false, removeInMs: 0, countedTo: null }
  let timer: NodeJS.Timeout | null = null
  let working: Promise<void> = Promise.resolve()

  const once = async () => {
    const more = await turn(options, state).catch((error: unknown) => complain(options.logger, error))
    if (more === 'all' && state.removeInMs <= 0) {
      await removeOld(options.database).catch((error: unknown) => complain(options.logger, error))
      state.removeInMs = REMOVE_EVERY_MS
    }
    state.removeInMs -= everyMs
    if (!state.stopped) schedule(more === 'some' ? CATCH_UP_PAUSE_MS : everyMs)
  }
  const schedule = (inMs: number) => {
    timer = setTimeout(() => {
      working = once()
    }, inMs)
    timer.unref()
  }
  schedule(0)
  return {
    async refresh() {
      for (;;) {
        const outcome = await turn(options, state)
        if (outcome !== 'some') return outcome === 'all'
      }
    },
    async stop() {
      state.stopped = true
      if (timer) clearTimeout(timer)
      await working
    },
  }
}

type State = { stopped: boolean; removeInMs: number; countedTo: number | null }

/** @returns whether all was counted, or some of it, or nothing because another process is at it */
async function turn(options: StatsOptions, state: State): Promise<'all' | 'some' | 'nothing'> {
  const { database, batchRuns } = options
  const counted = await database.transaction(async (tx) =>
    (await tryLock(tx))
      ? countRuns(tx, state.countedTo, { keepMinutes: KEEP_STATS_MS / MINUTE_MS, batchRuns })
      : null,
  )
  if (counted === null) return 'nothing'
  state.countedTo = counted.to
  // Apart from the counting, which must not fail for want of what is sampled.
  await database.transaction(async (tx) => {
    if (await tryLock(tx)) await sampleGauges(tx, options)
  })
  return counted.more ? 'some' : 'all'
}

async function tryLock(tx: Transaction): Promise<boolean> {
  const { rows } = await tx.db.execute<{ locked: boolean }>(
    sql`select pg_try_advisory_xact_lock(hashtextextended('kinkeeper.stats', 7)) as locked`,
  )
  return rows[0]?.locked === true
}

async function removeOld(database: Database): Promise<void> {
  const remove = (table: SQL, column: SQL, keepMs: number) =>
    database.db.execute(sql`
      delete from ${table} where ctid = any(array(
        select ctid from ${table} where ${column} < now() - make_interval(secs => ${keepMs / SECOND_MS})
        limit ${REMOVE_ROWS}))`)
  await remove(sql`run_stats`, sql`minute`, KEEP_STATS_MS)
  await remove(sql`run_durations`, sql`minute`, KEEP_STATS_MS)
  await remove(sql`gauge_samples`, sql`at`, KEEP_SAMPLES_MS)
}

function complain(logger: Logger, error: unknown): 'nothing' {
  logger[isDatabaseUnavailable(error) ? 'debug' : 'error'](
    { event: 'stats.not_counted', error: serializeError(error) },
    'Could not bring the numbers over time up to date; trying again',
  )
  return 'nothing'
}
