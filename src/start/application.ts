import { startAuditSealer } from '../audit/index.ts'
import { type Config, ConfigError, needsSandbox } from '../config.ts'
import {
  announceChange,
  checkServer,
  migrateDatabase,
  openChangeFeed,
  openDatabase,
  startEmbeddedPostgres,
} from '../database/index.ts'
import { createSlots } from '../engine/index.ts'
import { armSeams, createClock, type Logger } from '../primitives/index.ts'
import { ensureOwnerLink } from '../server/index.ts'
import { loadAlertRules } from './alert-rules.ts'
import type { Base, Undo } from './base.ts'
import { ensureDashboard } from './dashboard-build.ts'
import { createEdge } from './edge.ts'
import { listen } from './listen.ts'
import { beginTelemetry, keepNumbers } from './monitoring.ts'
import type { Role } from './role.ts'
import { followSandboxClock, readSandboxClock } from './sandbox-clock.ts'
import { sandboxCredentials } from './sandbox-credentials.ts'
import { startSandboxProcess } from './sandbox-process.ts'
import type { StartFacts } from './screen.ts'
import { startWork } from './work.ts'

export type Application = { facts: Omit<StartFacts, 'tookMs'>; stop(): Promise<void> }

/** Starts everything, in the order in which one thing needs another, and stops it in the reverse. */
export async function startApplication(config: Config, role: Role, logger: Logger): Promise<Application> {
  armSeams({
    crashAt: config.seams.crashAt,
    onPass: config.seams.trace ? (name) => logger.info({ event: 'seam', name }, name) : null,
  })
  const undo: Undo = []
  const stop = async () => {
    const failures: unknown[] = []
    // One part that cannot be stopped (a database that is away) must not leave the others running.
    for (const step of undo.splice(0).reverse()) await step().catch((error: unknown) => failures.push(error))
    if (failures.length > 0) throw failures[0]
  }
  try {
    const facts = await startParts(config, role, logger, undo)
    return { facts, stop }
  } catch (error) {
    await stop().catch(() => {})
    throw error
  }
}

async function startParts(
  config: Config,
  role: Role,
  logger: Logger,
  undo: Undo,
): Promise<Application['facts']> {
  // First: what is wrong with the file is said before anything has been started.
  const alertRules = loadAlertRules(config.alertsFile)
  const [{ database, embedded }, sandbox] = await Promise.all([
    startDatabase(config, role, logger, undo),
    startSandbox(config, logger, undo),
    ensureDashboard(),
  ])
  const sealer = startAuditSealer({ database, logger })
  undo.push(() => sealer.stop())
  const base: Base = {
    config,
    logger,
    database,
    clock: createClock(),
    slots: createSlots(),
    telemetry: await beginTelemetry({ config, database, logger }, undo),
    sandbox,
    role,
    sealer,
    alertRules,
  }
  if (sandbox) await readSandboxClock(`${sandbox.url}/control`, base.clock)
  const work = await startWork(base, undo)
  keepNumbers(base, work.limits, undo)
  if (sandbox) undo.push(followClock(base, sandbox, work.wakeDue))
  const changes = openChangeFeed({ url: database.url, logger })
  undo.push(() => changes.close())
  // Another process may have found a provider away, or back.
  changes.subscribe((change) => change.topic === 'provider' && work.governor.wake())
  undo.push(await listen(await createEdge(base, work, changes, undo), config))
  const ownerLink = await ensureOwnerLink({ database, clock: base.clock, publicUrl: config.publicUrl })
  return { config, role, embedded, ownerLink }
}

async function startDatabase(config: Config, role: Role, logger: Logger, undo: Undo) {
  if (role !== 'all' && !config.databaseUrl)
    throw new ConfigError([
      'Processes that share the work need one database: set DATABASE_URL to a PostgreSQL that all of them reach, or start without --role.',
    ])
  const server = config.databaseUrl ? null : await startEmbeddedPostgres({ dataDir: config.dataDir, logger })
  if (server) undo.push(() => server.stop())
  const database = openDatabase({ url: server?.url ?? config.databaseUrl ?? '', poolSize: 20, logger })
  undo.push(() => database.close())
  await checkServer(database)
  await migrateDatabase(database)
  return { database, embedded: server ? { dataDir: server.dataDir, tookOver: server.tookOver } : null }
}

async function startSandbox(config: Config, logger: Logger, undo: Undo): Promise<{ url: string } | null> {
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
