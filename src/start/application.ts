import { createApprovals } from '../approvals/index.ts'
import { type Config, needsSandbox, providerModes } from '../config.ts'
import {
  announceChange,
  checkServer,
  type Database,
  migrateDatabase,
  openChangeFeed,
  openDatabase,
  startEmbeddedPostgres,
} from '../database/index.ts'
import { createSlots, type Engine, startEngine } from '../engine/index.ts'
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
  const clock = createClock()
  const slots = createSlots()
  const late: { engine: Engine | null } = { engine: null }
  const starter = () => {
    if (!late.engine) throw new Error('The engine has not started yet')
    return late.engine.starter
  }
  const modes = providerModes(config)
  const connectors = connect(config)
  const review: JobPostReview = createJobPostReview({
    database,
    clock,
    connectors,
    modes,
    slackChannel: config.slack.settings?.jobsChannel ?? null,
    starter,
    approvals: () => approvals,
  })
  const approvals = createApprovals({
    database,
    clock,
    starter,
    kinds: [review.approvalKind],
    ...config.approvals,
  })
  if (sandbox) await readSandboxClock(`${sandbox.url}/control`, clock)
  late.engine = await startEngine({
    database,
    clock,
    logger,
    slots,
    jobs: [...review.jobs, approvals.timer],
    onLost: () => endAsLost(logger),
  })
  undo.push(() => late.engine?.stop(DRAIN_LIMIT_MS) ?? Promise.resolve())
  if (sandbox)
    undo.push(followClock(sandbox, { database, clock, logger, wakeDue: () => wakeAll(approvals, review) }))

  const changes = openChangeFeed({ url: database.url, logger })
  undo.push(() => changes.close())
  const metrics = createMetrics()
  metrics.gauge('kinkeeper_process_resident_bytes', 'Resident memory of this process', () =>
    process.memoryUsage.rss(),
  )
  const refusals = (source: string, reason: string) =>
    metrics.count('kinkeeper_webhook_refusals_total', { source, reason })
  const server = createServer({
    database,
    clock,
    logger,
    changes,
    starter,
    review,
    modes,
    webhooks: {
      twilioSms: twilioSmsHandler({
        database,
        clock,
        logger,
        twilio: config.twilio.settings,
        publicUrl: config.publicUrl,
        startReview: review.startReview,
        refusals,
        first: slots.foreground,
      }),
      slackInteraction: slackInteractionHandler({
        database,
        clock,
        logger,
        slack: config.slack.settings,
        connector: connectors.slack,
        decisions: slackDecisions(database, review),
        refusals,
        first: slots.foreground,
      }),
    },
    sandbox: sandbox ? { controlUrl: `${sandbox.url}/control` } : null,
    publicUrl: config.publicUrl,
    production: config.production,
    sessionSecret: await sessionSecret(database),
    dashboardDir: DASHBOARD_DIR,
    readiness: () => readiness(database, late.engine !== null),
    metrics: () => metrics.text(),
  })
  undo.push(await listen(server.fetch, config))
  const ownerLink = await ensureOwnerLink({ database, clock, publicUrl: config.publicUrl })
  return { config, embedded, ownerLink }
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

function followClock(
  sandbox: { url: string },
  options: { database: Database; clock: Clock; logger: Logger; wakeDue: () => Promise<void> },
): () => Promise<void> {
  const unfollow = followSandboxClock({
    ...options,
    controlUrl: `${sandbox.url}/control`,
    async onMoved() {
      await options.wakeDue()
      await options.database.transaction((tx) => announceChange(tx, { topic: 'clock', id: null }))
    },
  })
  return async () => unfollow()
}

async function wakeAll(
  approvals: { wakeDue(): Promise<void> },
  review: { wakeDue(): Promise<void> },
): Promise<void> {
  await approvals.wakeDue()
  await review.wakeDue()
}

async function readiness(
  database: Database,
  engine: boolean,
): Promise<{ ready: boolean; checks: Record<string, boolean> }> {
  const answers = await database.pool.query('select 1').then(
    () => true,
    () => false,
  )
  return { ready: answers && engine, checks: { database: answers, migrations: answers, engine } }
}

/** Another process has this one's runs: going on would do things twice. Whatever supervises us starts us again. */
function endAsLost(logger: Logger): void {
  logger.fatal(
    { event: 'executor.lost' },
    'This process was away for so long that another one took over its work. It ends now; start it again.',
  )
  process.exit(1)
}
