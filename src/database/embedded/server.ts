/**
 * The PostgreSQL that the program brings with it. It is started in a process group of its own, so that Ctrl-C reaches
 * only the program, which drains its work first and stops the server last. When the program is killed the server stays
 * behind, unharmed; the next start finds it by its `postmaster.pid` and takes it over. Which program owns a running
 * server is decided by an advisory lock on one connection that lives as long as the program: a second program cannot
 * get it and says so.
 */
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import type { Logger } from '../../primitives/index.ts'
import { serverAccount } from './account.ts'
import { postgresPrograms } from './binaries.ts'
import { type Placement, place } from './placement.ts'
import { initialise, launch, runningServer, stopProcess } from './server-process.ts'

export type EmbeddedPostgres = {
  /** Connection string of the `kinkeeper` database; carries a password, so never log it. */
  url: string
  /** Where the data files are. */
  dataDir: string
  /** Whether a server left behind by a killed program was taken over. */
  tookOver: boolean
  /** Stops the server (fast shutdown: waits for nothing but its own checkpoint). */
  stop(): Promise<void>
}

/** Held by the program that owns the server. The number means nothing; it only has to be ours. */
const OWNER_LOCK = 746_573_991
const USER = 'kinkeeper'

/**
 * Starts the embedded server on `dataDir`, or takes over the one that a killed program left running there.
 * @throws Error with a sentence for the operator when another program uses the same data
 */
export async function startEmbeddedPostgres(options: {
  dataDir: string
  logger: Logger
}): Promise<EmbeddedPostgres> {
  const placement = place(postgresPrograms(), options.dataDir, serverAccount())
  const password = await readOrCreatePassword(options.dataDir, placement)
  const server = { placement, password, logger: options.logger }
  const first = await ensureRunning(server)
  const owner = await claim(server, first.port, options.dataDir)
  await createDatabase(owner)

  const state = { stopping: false }
  watchOwner(owner, { ...server, port: first.port }, options.dataDir, state)
  return {
    url: connectionString(first.port, password, USER),
    dataDir: placement.dataDir,
    tookOver: first.tookOver,
    async stop() {
      state.stopping = true
      await stopProcess(placement)
    },
  }
}

/** Connection string of the server that a program has running on this data folder; null when there is none. */
export function runningEmbeddedPostgres(dataDir: string): string | null {
  const file = join(dataDir, 'postgres.password')
  if (!existsSync(file)) return null
  const running = runningServer(place(postgresPrograms(), dataDir, serverAccount()))
  return running && connectionString(running.port, readFileSync(file, 'utf8').trim(), USER)
}

type OpenServer = Server & { port: number }
type Server = { placement: Placement; password: string; logger: Logger }

async function readOrCreatePassword(dataDir: string, placement: Placement): Promise<string> {
  const file = join(realpathSync(dataDir), 'postgres.password')
  if (existsSync(join(placement.dataDir, 'PG_VERSION'))) return readFileSync(file, 'utf8').trim()
  if (!existsSync(file)) writeFileSync(file, randomBytes(24).toString('hex'), { mode: 0o600 })
  const password = readFileSync(file, 'utf8').trim()
  await initialise(placement, { user: USER, password })
  return password
}

/**
 * The port of a server that accepts connections: the one that runs already, or a new one. @param mustPort the port that
 * pools are open to: a server brought back anywhere else would never be found
 */
async function ensureRunning(
  server: Server,
  mustPort: number | null = null,
): Promise<{ port: number; tookOver: boolean }> {
  const running = runningServer(server.placement)
  if (running && (await accepts(running.port, server.password))) return { port: running.port, tookOver: true }
  const port = await launch(server.placement, (candidate) => accepts(candidate, server.password), mustPort)
  return { port, tookOver: false }
}

async function accepts(port: number, password: string): Promise<boolean> {
  const client = new pg.Client({
    connectionString: connectionString(port, password, 'postgres'),
    connectionTimeoutMillis: 5_000,
  })
  client.on('error', () => {})
  try {
    await client.connect()
    return true
  } catch {
    return false
  } finally {
    await client.end().catch(() => {})
  }
}

async function claim(server: Server, port: number, dataDir: string): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: connectionString(port, server.password, 'postgres'),
    keepAlive: true,
  })
  client.on('error', () => {}) // the server may go again at any moment; `end` follows, and is what is acted on
  await client.connect()
  const { rows } = await client.query<{ claimed: boolean }>('select pg_try_advisory_lock($1) as claimed', [
    OWNER_LOCK,
  ])
  if (rows[0]?.claimed) return client
  await client.end()
  throw new Error(
    `Another Kinkeeper is already running on the data in ${realpathSync(dataDir)}. Stop it first, or give this one its own folder with KINKEEPER_DATA_DIR.`,
  )
}

async function createDatabase(client: pg.Client): Promise<void> {
  const { rowCount } = await client.query("select 1 from pg_database where datname = 'kinkeeper'")
  if (rowCount === 0) await client.query('create database kinkeeper')
}

/** A server that dies under us (out of memory, an operator's kill) is started again on the same port. */
function watchOwner(
  owner: pg.Client,
  server: OpenServer,
  dataDir: string,
  state: { stopping: boolean },
): void {
  owner.once('end', () => {
    if (state.stopping) return
    server.logger.warn({ event: 'postgres.lost' }, 'The embedded PostgreSQL went away; bringing it back')
    void recover(server, dataDir, state)
  })
}

async function recover(server: OpenServer, dataDir: string, state: { stopping: boolean }): Promise<void> {
  try {
    const running = await ensureRunning(server, server.port)
    const owner = await claim(server, running.port, dataDir)
    watchOwner(owner, server, dataDir, state)
    server.logger.info({ event: 'postgres.recovered' }, 'The embedded PostgreSQL is back')
  } catch (error) {
    if (state.stopping) return
    server.logger.error(
      { event: 'postgres.recovery_failed', err: error },
      'Could not bring PostgreSQL back; trying again',
    )
    setTimeout(() => void recover(server, dataDir, state), 1_000).unref()
  }
}

function connectionString(port: number, password: string, database: string): string {
  return `postgresql://${USER}:${password}@127.0.0.1:${port}/${database}`
}
