/**
 * Schedules: jobs that the clock starts. A slot is a moment that the cron expression names in the schedule's zone; who
 * inserts the row of a slot starts its run in the same transaction, so a slot fires once over all processes, whoever
 * comes first: the clock, an outside scheduler, or a start that catches up.
 */
import { Cron } from 'croner'
import { and, desc, eq, gte } from 'drizzle-orm'
import {
  announceChange,
  type Database,
  isDatabaseUnavailable,
  type Transaction,
  tables,
} from '../database/index.ts'
import {
  type Clock,
  HOUR_MS,
  type Json,
  type Logger,
  MINUTE_MS,
  NeverRetryError,
  NotFoundError,
  SECOND_MS,
  seam,
  serializeError,
} from '../primitives/index.ts'
import type { Job } from './jobs.ts'
import type { RunStarter } from './starter.ts'

export type ScheduleDefinition = {
  /** `kebab-case`, unique, and part of every run's id. */
  name: string
  /** For people: what it does, in a sentence. */
  description: string
  /** Five fields, as in crontab. https://croner.56k.guru (2026-11) */
  cron: string
  /** IANA, such as `Europe/Stockholm`. */
  zone: string
  /** The path that an outside scheduler may call; null: none. */
  path: string | null
  /** Starts a run of the job for a slot (epoch milliseconds); its idempotency key must come from the slot. */
  job: Job<{ slot: string }>
}

export type FiringCause = (typeof tables.scheduleFirings.$inferSelect)['cause']
export type Firing = typeof tables.scheduleFirings.$inferSelect

export type ScheduleOverview = ScheduleDefinition & {
  /** Epoch milliseconds, soonest first. */
  nextMs: number[]
  /** The last five, newest first. */
  last: Firing[]
}

type Also = (tx: Transaction, runId: string) => Promise<void>

export type Schedules = {
  list(): Promise<ScheduleOverview[]>
  /**
   * Starts the run of the slot that a request belongs to: the schedule's own when it begins within half a minute or began
   * within the last half hour, else the current five minutes. The second request of a slot is told the first one's run.
   * @throws NotFoundError when there is no such schedule
   */
  request(name: string): Promise<{ runId: string; first: boolean; slotMs: number }>
  /**
   * Starts it now, because a person wants it.
   * @param also more work for the same transaction, such as the record of who it was
   * @throws NotFoundError
   */
  runNow(name: string, also?: Also): Promise<{ runId: string }>
  /** Fires what is due, also what was missed within the window; to be called when the clock has jumped. */
  fireDue(): Promise<void>
  stop(): Promise<void>
}

/** A slot that was missed for longer than this is not caught up: the next one is nearer than the last. */
const CATCH_UP_MS = 6 * HOUR_MS
const REQUEST_BELONGS_MS = 30 * MINUTE_MS
/** By how much the clock of an outside scheduler may be ahead of ours. */
const REQUEST_EARLY_MS = 30 * SECOND_MS
const REQUEST_SLOT_MS = 5 * MINUTE_MS
/** Looked at no less often than this, so that a clock that was set is noticed. */
const LOOK_EVERY_MS = 30 * SECOND_MS
/** A slot that is found this late was missed, not merely late. */
const MISSED_AFTER_MS = MINUTE_MS

type Options = {
  database: Database
  clock: Clock
  logger: Logger
  starter: () => RunStarter
  definitions: readonly ScheduleDefinition[]
}

/** Begins to keep the schedules. @throws NeverRetryError when an expression or a zone cannot be understood */
export async function startSchedules(options: Options): Promise<Schedules> {
  const schedules = options.definitions.map((definition) => ({ definition, cron: parse(definition) }))
  await remember(options)
  const of = (name: string) => {
    const found = schedules.find(({ definition }) => definition.name === name)
    if (!found) throw new NotFoundError(`There is no schedule "${name}".`)
    return found
  }
  const fireDue = async () => {
    for (const schedule of schedules) await fireLast(options, schedule)
  }
  const clockwork = keepLooking(options, schedules, fireDue)

  return {
    list: () =>
      Promise.all(
        schedules.map(async ({ definition, cron }) => ({
          ...definition,
          nextMs: cron.nextRuns(5, new Date(options.clock.now())).map((at) => at.getTime()),
          last: await lastFirings(options.database, definition.name, 5),
        })),
      ),
    async request(name) {
      const { definition, cron } = of(name)
      const slotMs = requestedSlot(cron, options.clock.now())
      const { runId, first } = await fire(options, definition, slotMs, 'request')
      return { runId, first, slotMs }
    },
    async runNow(name, also) {
      const { definition } = of(name)
      return fire(options, definition, options.clock.now(), 'person', also)
    },
    fireDue,
    stop: clockwork.stop,
  }
}

/** The slot that a request at `nowMs` belongs to. */
export function requestedSlot(cron: Cron, nowMs: number): number {
  const next = cron.nextRun(new Date(nowMs))?.getTime()
  if (next !== undefined && next - nowMs <= REQUEST_EARLY_MS) return next
  const last = lastSlot(cron, nowMs)
  if (last !== null && nowMs - last <= REQUEST_BELONGS_MS) return last
  return Math.floor(nowMs / REQUEST_SLOT_MS) * REQUEST_SLOT_MS
}

function parse({ name, cron, zone }: ScheduleDefinition): Cron {
  const unclear = (why: string, cause?: unknown) =>
    new NeverRetryError(`The schedule "${name}" (${cron}, ${zone}) cannot be understood. ${why}`, { cause })
  if (cron.trim().split(/\s+/).length !== 5)
    throw unclear('Write five fields: minute, hour, day, month, weekday.')
  if (zone === '') throw unclear('Name a zone, such as UTC or Europe/Stockholm.')
  try {
    const parsed = new Cron(cron, { timezone: zone, paused: true, mode: '5-part' })
    if (parsed.nextRun()) return parsed
  } catch (error) {
    throw unclear('Look at its fields and its zone.', error)
  }
  throw unclear('There is no such day.')
}

async function remember({ database, clock, definitions }: Options): Promise<void> {
  if (definitions.length === 0) return
  await database.db
    .insert(tables.scheduleStates)
    .values(definitions.map(({ name }) => ({ schedule: name, since: new Date(clock.now()) })))
    .onConflictDoNothing()
}

type Schedule = { definition: ScheduleDefinition; cron: Cron }

/** Fires the last slot that has come, unless it has been fired, or is too old. Older ones are passed over: once is enough. */
async function fireLast(options: Options, { definition, cron }: Schedule): Promise<void> {
  const nowMs = options.clock.now()
  const slotMs = lastSlot(cron, nowMs)
  if (slotMs === null || nowMs - slotMs > CATCH_UP_MS) return
  const [state] = await options.database.db
    .select()
    .from(tables.scheduleStates)
    .where(eq(tables.scheduleStates.schedule, definition.name))
  if (!state || slotMs < state.since.getTime()) return
  const [fired] = await options.database.db
    .select({ slotAt: tables.scheduleFirings.slotAt })
    .from(tables.scheduleFirings)
    .where(
      and(
        eq(tables.scheduleFirings.schedule, definition.name),
        gte(tables.scheduleFirings.slotAt, new Date(slotMs)),
      ),
    )
    .limit(1)
  if (fired) return
  await fire(options, definition, slotMs, nowMs - slotMs > MISSED_AFTER_MS ? 'catch-up' : 'clock')
}

function lastSlot(cron: Cron, nowMs: number): number | null {
  // `previousRuns` looks strictly before its reference; a slot is due in its very millisecond.
  return cron.previousRuns(1, new Date(nowMs + 1))[0]?.getTime() ?? null
}

async function fire(
  { database, clock, starter }: Options,
  definition: ScheduleDefinition,
  slotMs: number,
  cause: FiringCause,
  also?: Also,
): Promise<{ runId: string; first: boolean }> {
  const { scheduleFirings } = tables
  const slotAt = new Date(slotMs)
  return database.transaction(async (tx) => {
    const claimed = await tx.db
      .insert(scheduleFirings)
      .values({ schedule: definition.name, slotAt, firedAt: new Date(clock.now()), cause })
      .onConflictDoNothing()
      .returning()
    const mine = and(eq(scheduleFirings.schedule, definition.name), eq(scheduleFirings.slotAt, slotAt))
    if (claimed.length === 0) {
      const [other] = await tx.db.select().from(scheduleFirings).where(mine)
      return { runId: other?.runId ?? '', first: false }
    }
    const runId = await startRun(tx, starter(), definition, slotAt)
    await tx.db.update(scheduleFirings).set({ runId }).where(mine)
    await also?.(tx, runId)
    await announceChange(tx, { topic: 'schedule', id: definition.name })
    seam('schedules.fire.before-commit')
    return { runId, first: true }
  })
}

function startRun(tx: Transaction, starter: RunStarter, definition: ScheduleDefinition, slotAt: Date) {
  return starter.start(tx, definition.job, { slot: slotAt.toISOString() } satisfies Json)
}

async function lastFirings(database: Database, schedule: string, limit: number): Promise<Firing[]> {
  return database.db
    .select()
    .from(tables.scheduleFirings)
    .where(eq(tables.scheduleFirings.schedule, schedule))
    .orderBy(desc(tables.scheduleFirings.slotAt))
    .limit(limit)
}

/** Looks when the next slot is due, and at least every half minute. */
function keepLooking(options: Options, schedules: Schedule[], fireDue: () => Promise<void>) {
  let timer: NodeJS.Timeout | null = null
  let looking: Promise<void> = Promise.resolve()
  let stopped = false
  const look = async () => {
    // Of before the look: a slot that begins while it lasts is the next one.
    const sinceMs = options.clock.now()
    try {
      await fireDue()
    } catch (error) {
      const level = isDatabaseUnavailable(error) ? 'debug' : 'error'
      options.logger[level](
        { event: 'schedules.not_fired', error: serializeError(error) },
        'Could not look after the schedules; trying again',
      )
    }
    if (!stopped) next(sinceMs)
  }
  const next = (sinceMs: number) => {
    const nowMs = options.clock.now()
    const dueMs = schedules.flatMap(({ cron }) => cron.nextRun(new Date(sinceMs))?.getTime() ?? [])
    const waitMs = Math.min(LOOK_EVERY_MS, ...dueMs.map((due) => Math.max(10, due - nowMs)))
    timer = setTimeout(() => {
      looking = look()
    }, waitMs)
  }
  looking = look()
  return {
    async stop() {
      stopped = true
      if (timer) clearTimeout(timer)
      await looking
    },
  }
}
