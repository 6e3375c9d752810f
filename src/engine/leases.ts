import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { and, eq, ne, or, sql } from 'drizzle-orm'
import { type Database, isDatabaseUnavailable, openDatabase, tables } from '../database/index.ts'
import {
  type Logger,
  monotonicMs,
  newId,
  RetryAtError,
  SECOND_MS,
  serializeError,
} from '../primitives/index.ts'
import { requeueRuns } from './requeueing.ts'

/**
 * A process that executes runs renews its lease row every two seconds, by the database's clock. When a row is not
 * renewed for ten, or its process on this very machine is gone, the process is dead: whoever notices first locks the
 * row, hands the dead process's runs back to their queues, and deletes it. Finished steps are not run again. A process
 * that was only frozen finds its row gone when it comes back; it begins nothing more (see `effects.ts`) and ends. Until it
 * has found that out it sends nothing: by its own steady clock it knows that it has not renewed for ten seconds.
 *
 * The lease is also the pulse by which a process notices that the database is away, and the one place that says so.
 */
const RENEW_EVERY_MS = 2 * SECOND_MS
const EXPIRES_AFTER_MS = 10 * SECOND_MS
const EXPIRED = sql<boolean>`${tables.executors.renewedAt} < now() - make_interval(secs => ${EXPIRES_AFTER_MS / SECOND_MS})`
const RELEASED = sql<boolean>`${tables.executors.renewedAt} = 'epoch'`

export type Lease = {
  readonly executorId: string
  /** Writes the lease, before anything is executed under it, and keeps it. `onLost`: another process took over from us. */
  start(onLost: () => void): Promise<void>
  /** Takes over from the dead, now and from now on. The engine has to be launched. */
  takeOver(): Promise<void>
  /**
   * Whether no other process can have this one's runs: it has renewed within the last ten seconds. Known without asking,
   * for the last look before something is sent that cannot be taken back.
   */
  isHeld(): boolean
  /** Ends it: what is still under way here belongs to whoever comes next. */
  release(): Promise<void>
}

/**
 * After the database was away for everybody, all leases look expired to whoever beats first. So nobody takes over by the
 * clock who has not held a lease without a break for longer than the others need to beat again (a beat that hangs takes
 * its limit, and the next comes two seconds later).
 */
const STEADY_MS = 8 * SECOND_MS

/** A connection that has died without a word is given up by then, and the next beat opens another. */
const BEAT_LIMIT_MS = 4 * SECOND_MS

/** Makes this process's lease, on a connection of its own: a busy pool must never make it look dead. */
export function createLease(url: string, logger: Logger): Lease {
  const database = openDatabase({ url, poolSize: 1, logger, limitMs: BEAT_LIMIT_MS })
  const executorId = newId('exe')
  const host = hostIdentity()
  const mine = eq(tables.executors.id, executorId)
  let timer: NodeJS.Timeout | null = null
  let beating: Promise<void> = Promise.resolve()
  let lost: () => void = () => {}
  /** The database's clock is read after this moment, so the lease ends for the others no earlier than for us. */
  let renewedMs = Number.NEGATIVE_INFINITY
  /** Since when each beat came in time. */
  let steadySinceMs = Number.POSITIVE_INFINITY
  let takesOver = false
  const outage = createOutage(logger)

  const beat = async () => {
    const begunMs = monotonicMs()
    try {
      const renewed = await database.db
        .update(tables.executors)
        .set({ renewedAt: sql`now()` })
        .where(mine)
        .returning()
      if (renewed.length === 0) {
        timer = null
        return lost()
      }
      if (begunMs - renewedMs > STEADY_MS) steadySinceMs = begunMs
      renewedMs = begunMs
      outage.over()
      if (takesOver) await takeOverDead(database, logger, { executorId, host, steady: isSteady() })
    } catch (error) {
      if (isDatabaseUnavailable(error)) outage.begun(error)
      else
        logger.error(
          { event: 'lease.not_renewed', error: serializeError(error) },
          'Could not renew the lease; trying again',
        )
    }
    if (timer) timer = setTimeout(renew, RENEW_EVERY_MS)
  }
  const renew = () => {
    beating = beat()
  }
  const isSteady = () => monotonicMs() - steadySinceMs > STEADY_MS

  return {
    executorId,
    async start(onLost) {
      lost = onLost
      const now = sql`now()`
      const begunMs = monotonicMs()
      await database.db
        .insert(tables.executors)
        .values({ id: executorId, host, pid: process.pid, startedAt: now, renewedAt: now })
      renewedMs = begunMs
      steadySinceMs = begunMs
      timer = setTimeout(renew, RENEW_EVERY_MS)
    },
    async takeOver() {
      takesOver = true
      await takeOverDead(database, logger, { executorId, host, steady: isSteady() })
    },
    isHeld: () => monotonicMs() - renewedMs < EXPIRES_AFTER_MS,
    async release() {
      if (timer) clearTimeout(timer)
      timer = null
      await beating
      renewedMs = Number.NEGATIVE_INFINITY
      // An expired lease says "dead" at once.
      await database.db.update(tables.executors).set({ renewedAt: sql`'epoch'::timestamptz` }).where(mine)
      await database.close()
    },
  }
}

/** Refused, because another process may have taken this one for dead; it knows within seconds, or ends. Nothing was sent. */
export class OutOfTouchError extends RetryAtError {
  constructor() {
    super(
      'This process was out of touch for a while, and another may have its work; nothing was sent',
      RENEW_EVERY_MS,
    )
  }
}

/** One line when the database goes away, and one when it is back. */
function createOutage(logger: Logger) {
  let sinceMs: number | null = null
  return {
    begun(error: unknown) {
      if (sinceMs !== null) return
      sinceMs = monotonicMs()
      logger.warn(
        { event: 'database.away', error: serializeError(error) },
        'PostgreSQL does not answer. Runs wait and requests are answered with 503 until it is back; nothing is lost',
      )
    },
    over() {
      if (sinceMs === null) return
      const awayMs = Math.round(monotonicMs() - sinceMs)
      sinceMs = null
      logger.info(
        { event: 'database.back', awayMs },
        `PostgreSQL answers again after ${Math.round(awayMs / SECOND_MS)} s; work goes on`,
      )
    },
  }
}

/**
 * Hands the runs of every dead process back to their queues, and those that nobody has.
 * @param self.steady whether it may be concluded from the clock alone that a process is dead
 */
async function takeOverDead(
  database: Database,
  logger: Logger,
  self: { executorId: string; host: string; steady: boolean },
): Promise<void> {
  const { executors } = tables
  const rows = await database.db
    .select({ id: executors.id, host: executors.host, pid: executors.pid, released: RELEASED })
    .from(executors)
    .where(and(ne(executors.id, self.executorId), or(EXPIRED, eq(executors.host, self.host))))
  for (const { id, released, ...row } of rows) {
    const isGone = released || (row.host === self.host && !isAlive(row.pid))
    if (!isGone && !self.steady) continue
    await database.transaction(async (tx) => {
      const locked = await tx.db
        .select()
        .from(executors)
        // It may have beaten again meanwhile.
        .where(isGone ? eq(executors.id, id) : and(eq(executors.id, id), EXPIRED))
        .for('update', { skipLocked: true })
      if (locked.length === 0) return
      const count = await requeueRuns(tx, sql`executor_id = ${id}`, released)
      await tx.db.delete(executors).where(eq(executors.id, id))
      logger.info(
        { event: 'executor.taken_over', dead: id, runs: count },
        `Took over the runs of a process that is gone: ${count}`,
      )
    })
  }
  if (self.steady) await takeOverNobodys(database, logger)
}

/** A process that thaws may take up a run after its lease is gone, and before it has noticed. */
async function takeOverNobodys(database: Database, logger: Logger): Promise<void> {
  const nobodys = sql`executor_id not in (select id from ${tables.executors})`
  const count = await database.transaction((tx) => requeueRuns(tx, nobodys, false))
  if (count > 0)
    logger.info({ event: 'executor.nobodys', runs: count }, `Took up runs that nobody had: ${count}`)
}

/**
 * This machine since it was booted, and on Linux its process-id namespace: only there does a process id mean anything.
 * Where that cannot be told for certain (a name alone may be shared), a name that nobody else has: then only an expired
 * lease says "dead".
 */
function hostIdentity(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    return `${hostname()}/${boot}/${readlinkSync('/proc/self/ns/pid')}`
  } catch {
    return newId('host')
  }
}

function isAlive(pid: number): boolean {
  if (pid === process.pid) return false // an earlier process had the number that is ours now
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
