/**
 * What nobody else looks after, in every process alike, each look harmless to repeat: which jobs are paused, whose turn
 * it is when a run ended without passing it on, which runs failed without leaving a letter, and which are under way in the
 * table alone.
 */
import { type Database, isDatabaseUnavailable } from '../database/index.ts'
import { type Clock, type Logger, SECOND_MS, serializeError } from '../primitives/index.ts'
import { findUnlettered, type OnDeadLetter } from './dead-letters.ts'
import type { Job } from './jobs.ts'
import { wakeLate } from './parking.ts'
import { LOOK_EVERY_MS, listPausedJobs, wakeLeftBehind } from './pausing.ts'
import { type Rate, sweepTurns } from './turns.ts'
import { createUnheldLook } from './unheld.ts'

const SWEEP_EVERY_MS = 10 * SECOND_MS

export type Caretaker = {
  isPaused(job: string): boolean
  /** Looks again at once which jobs are paused. */
  lookAgain(): Promise<void>
  /** First look, then every few seconds. @param works whether this process executes runs */
  start(works: boolean): Promise<void>
  stop(): Promise<void>
}

export function createCaretaker(parts: {
  database: Database
  clock: Clock
  logger: Logger
  jobs: readonly Job[]
  /** This process, as its lease names it. */
  executorId: string
  onDeadLetter?: OnDeadLetter
}): Caretaker {
  const { database, logger } = parts
  const byName = new Map(parts.jobs.map((job) => [job.name, job]))
  const rateOf = (queue: string): Rate | undefined => byName.get(queue)?.perKey?.rate
  const lookForUnheld = createUnheldLook(database, parts.executorId, logger)
  let paused: ReadonlySet<string> = new Set()
  let timers: NodeJS.Timeout[] = []
  const underWay = new Map<string, Promise<void>>()

  const look = async () => {
    paused = new Set((await listPausedJobs(database)).map(({ job }) => job))
  }
  const sweep = async () => {
    await sweepTurns(database, rateOf)
    await database.transaction(wakeLeftBehind)
    await database.transaction(wakeLate)
    await findUnlettered(parts, byName)
    await lookForUnheld()
  }
  /** One look of a kind at a time: while the database is slow they must not pile up. */
  const once = (name: string, work: () => Promise<void>) => {
    if (underWay.has(name)) return
    const done = work()
      .catch((error: unknown) =>
        logger[isDatabaseUnavailable(error) ? 'debug' : 'warn'](
          { event: 'engine.not_looked_after', what: name, error: serializeError(error) },
          'Could not look after the runs; trying again',
        ),
      )
      .finally(() => underWay.delete(name))
    underWay.set(name, done)
  }
  return {
    isPaused: (job) => paused.has(job),
    lookAgain: look,
    async start(works) {
      await look()
      timers = [setInterval(() => once('pauses', look), LOOK_EVERY_MS)]
      if (works) timers.push(setInterval(() => once('runs', sweep), SWEEP_EVERY_MS))
    },
    async stop() {
      for (const timer of timers) clearInterval(timer)
      await Promise.all(underWay.values())
    },
  }
}
