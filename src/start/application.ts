import { createApprovals } from '../approvals/index.ts'
import { type Config, needsSandbox, providerModes } from '../config.ts'
import { type Connectors, openGate } from '../connectors/index.ts'
import {
  announceChange,
  type ChangeFeed,
  checkServer,
  type Database,
  migrateDatabase,
  openChangeFeed,
  openDatabase,
  startEmbeddedPostgres,
} from '../database/index.ts'
import { createSlots, type Engine, type RunStarter, type Slots, startEngine } from '../engine/index.ts'
import { createJobPostReview, type JobPostReview } from '../jobs/job-post-review/index.ts'
import { createMetrics } from '../monitoring/index.ts'
import { armSeams, type Clock, createClock, type Logger, SECOND_MS } from '../primitives/index.ts'
import { createServer, ensureOwnerLink, sessionSecret } from '../server/index.ts'
import { slackInteractionHandler, twilioSmsHandler } from '../webhooks/index.ts'
import { connect } from './connect.ts'
import { DASHBOARD_DIR, ensureDashboard } from './dashboard-build.ts'
import { listen } from './listen.ts'
import { followSandboxClock, readSandboxClock } from './sandbox-clock.ts'
import { sandboxCredentials } from './sandbox-credentials.ts'
import { startSandboxProcess } from './sandbox-process.ts'
import type { StartFacts } from './screen.ts'
import { slackDecisions } from './slack-decisions.ts'

export type Application = { facts: Omit<StartFacts, 'tookMs'>; stop(): Promise<void> }

/** How long a stop waits for outward calls that are under way: longer than any of them may take. */
const DRAIN_LIMIT_MS = 35 * SECOND_MS

/** Starts everything, in the order in which one thing needs another, and stops it in the reverse. */
export async function startApplication(config: Config, logger: Logger): Promise<Application> {
  armSeams({
    crashAt: config.seams.crashAt,
    onPass: config.seams.trace ? (name) => logger.info({ event: 'seam', name }, name) : null,
  })
  const undo: (() => Promise<unknown>)[] = []
  const stop = async () => {
    const failures: unknown[] = []
    // One part that cannot be stopped (a database that is away) must not leave the others running.
    for (const step of undo.splice(0).reverse()) await step().catch((error: unknown) => failures.push(error))
    if (failures.length > 0) throw failures[0]
  }
  try {
    const facts = await startParts(config, logger, undo)
    return { facts, stop }
  } catch (error) {
    await stop().catch(() => {})
    throw error
  }
}

async function startParts(
  config: Config,
  logger: Logger,
  undo: (() => Promise<unknown>)[],
): Promise<Application['facts']> {
  const [{ database, embedded }, sandbox] = await Promise.all([
    startDatabase(config, logger, undo),
    startSandbox(config, logger, undo),
    ensureDashboard(),
  ])
  const base: Base = { config, logger, database, clock: createClock(), slots: createSlots(), sandbox }
  if (sandbox) await readSandboxClock(`${sandbox.url}/control`, base.clock)
  const work = await startWork(base, undo)
  if (sandbox) undo.push(followClock(base, sandbox, work.wakeDue))
  const changes = openChangeFeed({ url: database.url, logger })
  undo.push(() => changes.close())
  undo.push(await listen(await createEdge(base, work, changes), config))
  const ownerLink = await ensureOwnerLink({ database, clock: base.clock, publicUrl: config.publicUrl })
  return { config, embedded, ownerLink }
}

/** What everything else stands on. */
type Base = {
  config: Config
  logger: Logger
  database: Database
  clock: Clock
  slots: Slots
  sandbox: { url: string } | null
}
type Work = {
  review: JobPostReview
  connectors: Connectors
  starter: () => RunStarter
  wakeDue: () => Promise<void>
}

/** The jobs, the approvals that they open, and the engine that runs them. */
async function startWork(base: Base, undo: (() => Promise<unknown>)[]): Promise<Work> {
  const { config, logger, database, clock, slots } = base
  const late: { engine: Engine | null } = { engine: null }
  const starter = () => {
    if (!late.engine) throw new Error('The engine has not started yet')
    return late.engine.starter
  }
  const connectors = connect(config, openGate)
  const review: JobPostReview = createJobPostReview({
    database,
    clock,
    connectors,
    modes: providerModes(config),
    slackChannel: config.slack.settings?.jobsChannel ?? null,
    starter,
    approvals: () => approvals,
  })
  const kinds = [review.approvalKind]
  const approvals = createApprovals({ database, clock, starter, kinds, ...config.approvals })
  const jobs = [...review.jobs, approvals.timer]
  const engine = await startEngine({ database, clock, logger, slots, jobs, onLost: () => endAsLost(logger) })
  late.engine = engine
  undo.push(() => engine.stop(DRAIN_LIMIT_MS))
  const wakeDue = async () => {
    await approvals.wakeDue()
    await review.wakeDue()
  }
  return { review, connectors, starter, wakeDue }
}

/** The HTTP edge: what answers a request. */
async function createEdge(base: Base, work: Work, changes: ChangeFeed) {
  const { config, logger, database, clock, sandbox } = base
  const { publicUrl, production } = config
  const metrics = createMetrics()
  metrics.gauge('kinkeeper_process_resident_bytes', 'Resident memory of this process', () =>
    process.memoryUsage.rss(),
  )
  const refusals = (source: string, reason: string) =>
    metrics.count('kinkeeper_webhook_refusals_total', { source, reason })
  const inbound = { database, clock, logger, refusals, first: base.slots.foreground }
  const { startReview } = work.review
  const decisions = slackDecisions(database, work.review)
  const server = createServer({
    database,
    clock,
    logger,
    changes,
    starter: work.starter,
    review: work.review,
    modes: providerModes(config),
    webhooks: {
      twilioSms: twilioSmsHandler({ ...inbound, twilio: config.twilio.settings, publicUrl, startReview }),
      slackInteraction: slackInteractionHandler({
        ...inbound,
        slack: config.slack.settings,
        connector: work.connectors.slack,
        decisions,
      }),
    },
    sandbox: sandbox ? { controlUrl: `${sandbox.url}/control` } : null,
    publicUrl,
    production,
    sessionSecret: await sessionSecret(database),
    dashboardDir: DASHBOARD_DIR,
    readiness: () => readiness(database),
    metrics: () => metrics.text(),
  })
  return server.fetch
}

async function startDatabase(config: Config, logger: Logger, undo: (() => Promise<unknown>)[]) {
  const server = config.databaseUrl ? null : await startEmbeddedPostgres({ dataDir: config.dataDir, logger })
  if (server) undo.push(() => server.stop())
  const database = openDatabase({ url: server?.url ?? config.databaseUrl ?? '', poolSize: 20, logger })
  undo.push(() => database.close())
  await checkServer(database)
  await migrateDatabase(database)
  return { database, embedded: server ? { dataDir: server.dataDir, tookOver: server.tookOver } : null }
}

async function startSandbox(
  config: Config,
  logger: Logger,
  undo: (() => Promise<unknown>)[],
): Promise<{ url: string } | null> {
  if (!needsSandbox(config)) return null
  if (config.sandbox.url) return { url: config.sandbox.url }
  const sandbox = await startSandboxProcess(config, sandboxCredentials(config.dataDir), logger)
  undo.push(() => sandbox.stop())
  return sandbox
}

/** Gives what stops following. */
function followClock(
  { database, clock, logger }: Base,
  sandbox: { url: string },
  wakeDue: () => Promise<void>,
): () => Promise<void> {
  const unfollow = followSandboxClock({
    clock,
    logger,
    wakeDue,
    controlUrl: `${sandbox.url}/control`,
    async onMoved() {
      await wakeDue()
      await database.transaction((tx) => announceChange(tx, { topic: 'clock', id: null }))
    },
  })
  return async () => unfollow()
}

/** The edge only listens once the schema is up to date and the engine runs, so the database is what can go away. */
async function readiness(database: Database): Promise<{ ready: boolean; checks: Record<string, boolean> }> {
  const answers = await database.pool.query('select 1').then(
    () => true,
    () => false,
  )
  return { ready: answers, checks: { database: answers, migrations: true, engine: true } }
}

/** Another process has this one's runs: going on would do things twice. Whatever supervises us starts us again. */
function endAsLost(logger: Logger): void {
  logger.fatal(
    { event: 'executor.lost' },
    'This process was away for so long that another one took over its work. It ends now; start it again.',
  )
  process.exit(1)
}
