/**
 * The engine room: durable jobs on DBOS Transact. A run is a DBOS workflow whose id is `<job>:<idempotency key>`, so
 * that starting it twice starts it once. Runs are started inside the caller's transaction; queues are polled every
 * 40 ms. The application version is a constant: a deploy never leaves runs waiting for code that is gone, and jobs
 * therefore change only in ways that runs under way survive (steps are added at the end, or under a new job name).
 */
import { DBOS, DBOSClient } from '@dbos-inc/dbos-sdk'
import { DBOSExecutor } from '@dbos-inc/dbos-sdk/internal/dbos-executor'
import { DBOSWorkflowConflictError } from '@dbos-inc/dbos-sdk/internal/error'
import { dbRetryConfig } from '@dbos-inc/dbos-sdk/internal/utils'
import { wfQueueRunner } from '@dbos-inc/dbos-sdk/internal/wfqueue'
import { sql } from 'drizzle-orm'
import { type Database, isDatabaseUnavailable, openDatabase, withMigrationLock } from '../database/index.ts'
import { type Clock, type Logger, monotonicMs } from '../primitives/index.ts'
import { APPLICATION_NAME, APPLICATION_VERSION } from './application.ts'
import { createCaretaker } from './caretaker.ts'
import type { OnDeadLetter } from './dead-letters.ts'
import { createDrain, type Drain } from './drain.ts'
import { registerJob } from './execution.ts'
import type { Job } from './jobs.ts'
import { createLease, type Lease } from './leases.ts'
import { type RunEnvironment, StepFailedError } from './run-context.ts'
import { ensureRunIndexes } from './run-indexes.ts'
import { createSlots, type Slots } from './slots.ts'
import { createStarter, type RunStarter } from './starter.ts'

export type Engine = {
  readonly starter: RunStarter
  readonly executorId: string
  /** Whether no other process can have this one's runs; see `leases.ts`. */
  holdsLease(): boolean
  /** A person has just paused a job, or let it go on: this process knows at once, the others within two seconds. */
  lookAgainWhatIsPaused(): Promise<void>
  /** Stops taking runs, lets attempts under way finish (at most `limitMs`), and gives the rest to the next process. */
  stop(limitMs: number): Promise<void>
}

const POLL_EVERY_MS = 40
/** Where nobody waits for the tenth of a second: each poll costs the idle machine something. */
const SLOWER_LANES: Record<string, number> = {
  deliveries: 100,
  members: 100,
  timers: 250,
  luma: 500,
  'slack-sync': 500,
  notices: 500,
  alerts: 500,
  maintenance: 1_000,
}
/** Runs that wait out a back-off occupy a place, so this is far above what two cores can do at once. */
const RUNS_AT_ONCE = 200
/** A pool of our own for DBOS, which gets over connections that go dead without a word; for its client too. */
const ENGINE_CONNECTIONS = 22
const LONGEST_BACKOFF_S = 4

type EngineOptions = {
  database: Database
  clock: Clock
  logger: Logger
  jobs: readonly Job[]
  /** Another process took this one for dead and has its runs now: nothing more may be begun here. */
  onLost?: () => void
  /** False: this process starts runs and executes none (default: it does). */
  works?: boolean
  onDeadLetter?: OnDeadLetter
  /** Shared with the HTTP edge, so that requests go first. Absent: the engine has its own. */
  slots?: Slots
}

/** Launches DBOS on the database, takes over the runs of dead processes, and begins to execute. One engine per process. */
export async function startEngine(options: EngineOptions): Promise<Engine> {
  const { database, logger, works = true } = options
  const drain = createDrain()
  const lease = createLease(database.url, logger)
  const own = openDatabase({ url: database.url, poolSize: ENGINE_CONNECTIONS, logger })
  const state = { stopping: false }
  const dbosLog = dbosLogger(logger, () => state.stopping)
  const environment: RunEnvironment = {
    executorId: lease.executorId,
    database,
    clock: options.clock,
    logger,
    drain,
    slots: options.slots ?? createSlots(),
    ...(options.onDeadLetter ? { onDeadLetter: options.onDeadLetter } : {}),
  }
  const begin = Promise.withResolvers<void>()
  const caretaker = createCaretaker({ ...options, executorId: lease.executorId })
  for (const job of options.jobs)
    registerJob(environment, job, { started: begin.promise, isPaused: caretaker.isPaused })
  DBOS.setConfig({
    name: APPLICATION_NAME,
    systemDatabaseUrl: database.url,
    systemDatabasePool: own.pool,
    applicationVersion: APPLICATION_VERSION,
    executorID: lease.executorId,
    logger: dbosLog,
    tracingEnabled: false,
    ...(works ? {} : { listenQueues: [] }),
  })
  // Before DBOS takes up what waits: runs of a process without a lease would be nobody's.
  await lease.start(options.onLost ?? (() => {}))
  // Its migrations too: two programs that start on one empty database must not make the same tables at once.
  await withMigrationLock(database, () => DBOS.launch())
  await registerQueues(database, options.jobs)
  endWhatIsHandedOver()
  comeBackSoonAfterOutages()
  const client = await DBOSClient.create({
    systemDatabaseUrl: database.url,
    systemDatabasePool: own.pool,
    applicationName: APPLICATION_NAME,
    logger: dbosLog,
  })
  await lease.takeOver()
  await caretaker.start(works)
  const indexes = ensureRunIndexes(database, logger)
  // Once the caller holds what is returned here: a run may start others.
  setImmediate(begin.resolve)
  return {
    starter: createStarter(client, options),
    executorId: lease.executorId,
    holdsLease: lease.isHeld,
    lookAgainWhatIsPaused: caretaker.lookAgain,
    async stop(limitMs) {
      state.stopping = true
      await Promise.all([caretaker.stop(), indexes.stop()])
      return stopEngine({ drain, lease, client, own, logger }, limitMs)
    },
  }
}

async function stopEngine(
  parts: { drain: Drain; lease: Lease; client: DBOSClient; own: Database; logger: Logger },
  limitMs: number,
): Promise<void> {
  const begun = monotonicMs()
  // First: what is claimed from here on would only lie here until the end.
  wfQueueRunner.stop()
  const left = await parts.drain.drain(limitMs)
  await parts.lease.release()
  await DBOS.shutdown()
  await parts.client.destroy()
  await parts.own.close()
  parts.logger.info(
    { event: 'engine.stopped', unfinishedAttempts: left, drainedInMs: Math.round(monotonicMs() - begun) },
    'The engine has stopped',
  )
}

/**
 * In DBOS an execution that was handed over waits, and asks, for the outcome that another one records. Nobody waits for
 * that here, and with a thousand runs that are parked again and again such executions would pile up: it ends at once.
 */
function endWhatIsHandedOver(): void {
  const system = DBOSExecutor.globalInstance?.systemDatabase
  if (!system) return
  const wait = system.awaitWorkflowResult.bind(system)
  system.awaitWorkflowResult = async (runId, ...options) => {
    const ofTheExecutionItself = options.at(4) === true // `failIfMissing`: nobody else knows that the run is there
    if (ofTheExecutionItself) throw new DBOSWorkflowConflictError(runId)
    return wait(runId, ...options)
  }
}

/** DBOS waits up to a minute and a half between two attempts to reach the database; whoever waits for a run does not. */
function comeBackSoonAfterOutages(): void {
  dbRetryConfig.maxBackoffSec = LONGEST_BACKOFF_S
}

async function registerQueues(database: Database, jobs: readonly Job[]): Promise<void> {
  const common = { minPollingIntervalMs: POLL_EVERY_MS, onConflict: 'always_update' as const }
  for (const lane of new Set(jobs.map((job) => job.queue))) {
    const minPollingIntervalMs = SLOWER_LANES[lane] ?? POLL_EVERY_MS
    await DBOS.registerQueue(lane, { ...common, minPollingIntervalMs, workerConcurrency: RUNS_AT_ONCE })
  }
  // A job that has moved to another lane takes its waiting runs along.
  for (const job of jobs)
    await database.db.execute(sql`
      update dbos.workflow_status set queue_name = ${job.queue}, queue_partition_key = null
      where name = ${job.name} and queue_name <> ${job.queue} and status in ('ENQUEUED', 'DELAYED')`)
}

/**
 * DBOS's own lines. A failed run has been told by `run.failed`, that the database is away (here a line for every queue
 * and poll) by the lease, and while the engine stops, connections end under it: none is news.
 */
const NO_NEWS =
  /is no longer owned by this execution|Database connection failed|connection|ECONN|EPIPE|ETIMEDOUT|timeout|terminat|shutting down|starting up|too many clients|not queryable/i
function dbosLogger(logger: Logger, isStopping: () => boolean) {
  const isNews = (what: unknown, text: string) =>
    !isStopping() && !(what instanceof StepFailedError) && !NO_NEWS.test(text) && !isDatabaseUnavailable(what)
  // Of an error DBOS gives the message, and the error beside it.
  const log = (level: 'debug' | 'warn' | 'error') => (entry: unknown, beside?: object) => {
    const what = beside && 'error' in beside ? beside.error : entry
    const text = what instanceof Error ? what.message : String(what)
    logger[isNews(what, text) ? level : 'debug']({ event: 'dbos' }, text)
  }
  return { debug: log('debug'), info: log('debug'), warn: log('warn'), error: log('error') }
}
