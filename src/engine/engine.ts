/**
 * The engine room: durable jobs on DBOS Transact. A run is a DBOS workflow whose id is `<job>:<idempotency key>`, so
 * that starting it twice starts it once. Runs are started inside the caller's transaction; queues are polled every
 * 40 ms. The application version is a constant: a deploy never leaves runs waiting for code that is gone, and jobs
 * therefore change only in ways that runs under way survive (steps are added at the end, or under a new job name).
 */
import { DBOS, DBOSClient } from '@dbos-inc/dbos-sdk'
import { DBOSExecutor } from '@dbos-inc/dbos-sdk/internal/dbos-executor'
import { sql } from 'drizzle-orm'
import { type Database, withMigrationLock } from '../database/index.ts'
import {
  type Clock,
  type Json,
  type Logger,
  MINUTE_MS,
  monotonicMs,
  NeverRetryError,
  serializeError,
} from '../primitives/index.ts'
import { createDrain, type Drain } from './drain.ts'
import type { Job } from './jobs.ts'
import { createLease, type Lease } from './leases.ts'
import { isHandedOver } from './parking.ts'
import {
  createRunContext,
  type RunContext,
  type RunEnvironment,
  StepFailedError,
  throughOutages,
} from './run-context.ts'
import { createSlots, type Slots } from './slots.ts'
import { createStarter, type RunStarter } from './starter.ts'
import { passTurn, type Rate, watchTurns } from './turns.ts'

export type Engine = {
  readonly starter: RunStarter
  readonly executorId: string
  /** Stops taking runs, lets attempts under way finish (at most `limitMs`), and gives the rest to the next process. */
  stop(limitMs: number): Promise<void>
}

/** Raised only when runs of the older code could not be continued by the newer; see docs/decisions. */
export const APPLICATION_VERSION = 'kinkeeper-1'
export const APPLICATION_NAME = 'kinkeeper'
const POLL_EVERY_MS = 40
/** Where nobody waits for the tenth of a second: each poll costs the idle machine something. */
const SLOWER_LANES: Record<string, number> = {
  deliveries: 100,
  members: 100,
  timers: 250,
  luma: 500,
  'slack-sync': 500,
  notices: 500,
  maintenance: 1_000,
}
/** Runs that wait out a back-off occupy a place, so this is far above what two cores can do at once. */
const RUNS_AT_ONCE = 200
const ENGINE_CONNECTIONS = 20
/** Starting runs happens on the caller's connection; these are for waking delayed ones. */
const CLIENT_CONNECTIONS = 2

type EngineOptions = {
  database: Database
  clock: Clock
  logger: Logger
  jobs: readonly Job[]
  /** Another process took this one for dead and has its runs now: nothing more may be begun here. */
  onLost?: () => void
  /** Shared with the HTTP edge, so that requests go first. Absent: the engine has its own. */
  slots?: Slots
}

/** Launches DBOS on the database, takes over the runs of dead processes, and begins to execute. One engine per process. */
export async function startEngine(options: EngineOptions): Promise<Engine> {
  const { database, logger } = options
  const drain = createDrain()
  const lease = createLease(database.url, logger)
  const state = { stopping: false }
  const dbosLog = dbosLogger(logger, () => state.stopping)
  const environment: RunEnvironment = {
    executorId: lease.executorId,
    database,
    clock: options.clock,
    logger,
    drain,
    slots: options.slots ?? createSlots(),
  }
  const begin = Promise.withResolvers<void>()
  for (const job of options.jobs) register(environment, job, begin.promise)
  DBOS.setConfig({
    name: APPLICATION_NAME,
    systemDatabaseUrl: database.url,
    systemDatabasePoolSize: ENGINE_CONNECTIONS,
    applicationVersion: APPLICATION_VERSION,
    executorID: lease.executorId,
    logger: dbosLog,
    tracingEnabled: false,
    // It would be set by a query of its own on each new connection, under the first one, which pg deprecates.
    systemDatabaseIdleTransactionTimeoutMs: 0,
  })
  // Its migrations too: two programs that start on one empty database must not make the same tables at once.
  await withMigrationLock(database, () => DBOS.launch())
  await registerQueues(database, options.jobs)
  pollFinishedRunsRarely()
  const rateOf = ratesOf(options.jobs)
  const stopWatching = watchTurns(database, rateOf, (error) =>
    logger.warn(
      { event: 'turns.not_watched', error: serializeError(error) },
      'Could not look after the lines of runs',
    ),
  )
  const client = await DBOSClient.create({
    systemDatabaseUrl: database.url,
    systemDatabasePoolSize: CLIENT_CONNECTIONS,
    systemDatabaseIdleTransactionTimeoutMs: 0,
    applicationName: APPLICATION_NAME,
    logger: dbosLog,
  })
  await lease.start(options.onLost ?? (() => {}))
  // Once the caller holds what is returned here: a run may start others.
  setImmediate(begin.resolve)
  return {
    starter: createStarter(client, options),
    executorId: lease.executorId,
    async stop(limitMs) {
      state.stopping = true
      await stopWatching()
      return stopEngine({ drain, lease, client, logger }, limitMs)
    },
  }
}

async function stopEngine(
  parts: { drain: Drain; lease: Lease; client: DBOSClient; logger: Logger },
  limitMs: number,
): Promise<void> {
  const begun = monotonicMs()
  const left = await parts.drain.drain(limitMs)
  await parts.lease.release()
  await DBOS.shutdown()
  await parts.client.destroy()
  parts.logger.info(
    { event: 'engine.stopped', unfinishedAttempts: left, drainedInMs: Math.round(monotonicMs() - begun) },
    'The engine has stopped',
  )
}

/** The durable function behind a job: check the input, run the body, and tell the tables when it has failed for good. */
function register(environment: RunEnvironment, job: Job, started: Promise<void>): void {
  const body = async (input: unknown): Promise<Json | void> => {
    await started // DBOS takes up what waited as soon as it is launched, and the rest of the program is not there yet
    const runId = DBOS.workflowID
    if (runId === undefined) throw new NeverRetryError(`Job "${job.name}" was called outside a run`)
    const context = createRunContext(environment, {
      id: runId,
      job: job.name,
      retry: job.retry ?? {},
      timeoutMs: job.timeoutMs,
    })
    const checked = job.input.parse(input)
    const begun = monotonicMs()
    let result: Json | void
    try {
      result = await job.run(context, checked)
    } catch (error) {
      if (isHandedOver(error)) throw error
      if (error instanceof StepFailedError) await fail(context, job, checked, error)
      await endTurn(environment, job, runId)
      throw error
    }
    context.log.debug(
      { event: 'run.succeeded', job: job.name, tookMs: Math.round(monotonicMs() - begun) },
      `${job.name} succeeded`,
    )
    await endTurn(environment, job, runId)
    return result
  }
  DBOS.registerWorkflow(body, { name: job.name, maxRecoveryAttempts: 1_000 })
}

async function fail<Input>(
  context: RunContext,
  job: Job<Input>,
  input: Input,
  error: StepFailedError,
): Promise<void> {
  await context.transaction('on failure', async (tx) => {
    await job.onFailure?.(tx, input, error.failure, context.runId)
  })
  context.log.error(
    { event: 'run.failed', job: job.name, step: error.step, error: serializeError(error) },
    error.message,
  )
}

/** Never the run's failure: a turn that could not be passed is passed by whoever looks after the lines. */
async function endTurn(environment: RunEnvironment, job: Job, runId: string): Promise<void> {
  if (!job.perKey) return
  try {
    await throughOutages(environment, () =>
      environment.database.transaction((tx) => passTurn(tx, runId, () => job.perKey?.rate)),
    )
  } catch (error) {
    environment.logger.warn(
      { event: 'turn.not_passed', run: runId, error: serializeError(error) },
      'A run could not pass its turn; it is passed within seconds',
    )
  }
}

function ratesOf(jobs: readonly Job[]): (queue: string) => Rate | undefined {
  const byName = new Map(jobs.map((job) => [job.name, job.perKey?.rate]))
  return (name) => byName.get(name)
}

/**
 * An execution that was handed over goes on asking for the outcome, each second. Nobody waits for it here, and a
 * thousand parked runs must not ask a thousand times a second.
 */
function pollFinishedRunsRarely(): void {
  const executor = DBOSExecutor.globalInstance
  if (executor) executor.systemDatabase.dbPollingIntervalResultMs = 5 * MINUTE_MS
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
 * DBOS's own lines. A failed run has been told by `run.failed`, and while the engine stops, connections end under it:
 * neither is news.
 */
function dbosLogger(logger: Logger, isStopping: () => boolean) {
  const isNews = (entry: unknown) =>
    !isStopping() &&
    !(entry instanceof StepFailedError) &&
    !(typeof entry === 'string' && entry.includes('is no longer owned by this execution'))
  const log = (level: 'debug' | 'warn' | 'error') => (entry: unknown) =>
    logger[isNews(entry) ? level : 'debug'](
      { event: 'dbos' },
      entry instanceof Error ? entry.message : String(entry),
    )
  return { debug: log('debug'), info: log('debug'), warn: log('warn'), error: log('error') }
}
