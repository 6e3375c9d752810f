import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres'
import pg from 'pg'
import { type Logger, NeverRetryError, RetryError } from '../primitives/index.ts'
import { closeWhenSilent } from './silence.ts'

export type Drizzle = NodePgDatabase

/** One open transaction: Drizzle on it, and its raw client for the engine to start runs on. */
export type Transaction = { readonly db: Drizzle; readonly client: pg.PoolClient }

export type Database = {
  /** For single statements outside a transaction. */
  readonly db: Drizzle
  readonly pool: pg.Pool
  readonly url: string
  /**
   * Runs `work` in one transaction: committed when it returns, rolled back when it throws. Serialisation failures and
   * deadlocks are tried again (at most five times), so `work` must have no effect outside the database.
   */
  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T>
  close(): Promise<void>
}

export type DatabaseOptions = {
  /** A PostgreSQL connection string. */
  url: string
  /** Most connections at once. */
  poolSize: number
  logger: Logger
  /** The longest that a connection or a statement may take (default: 15 s, and 30 s). */
  limitMs?: number
}

/** Opens a pool. */
export function openDatabase(options: DatabaseOptions): Database {
  const pool = createPool(options)
  const db = drizzle(pool)
  return {
    db,
    pool,
    url: options.url,
    transaction: (work) => withTransaction(pool, work),
    close: () => pool.end(),
  }
}

/** No statement of ours takes this long: a connection that has gone dead without a word is noticed by it. */
const LONGEST_STATEMENT_MS = 30_000
const LONGEST_CONNECT_MS = 15_000
/**
 * The server's side of it: a process that is frozen or cut off in the middle of a transaction must not keep its locks
 * from those who take over. The first ends transactions that stand still, the others notice a peer that has vanished
 * (system defaults: two hours).
 * https://www.postgresql.org/docs/current/runtime-config-client.html#GUC-IDLE-IN-TRANSACTION-SESSION-TIMEOUT
 */
const SESSION = `set idle_in_transaction_session_timeout = '15s'; set tcp_keepalives_idle = 10;
  set tcp_keepalives_interval = 5; set tcp_keepalives_count = 3`

/** A pool whose connections may break, idle or in the middle of a transaction, without taking the process down. */
function createPool(options: DatabaseOptions): pg.Pool {
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.poolSize,
    connectionTimeoutMillis: options.limitMs ?? LONGEST_CONNECT_MS,
    // A new connection costs more than a query: one that a flood has opened stays for the next.
    idleTimeoutMillis: 5 * 60_000,
    keepAlive: true,
    async onConnect(client) {
      await client.query(SESSION)
    },
    query_timeout: options.limitMs ?? LONGEST_STATEMENT_MS,
  })
  // Between two statements of a transaction nothing else listens; the next statement tells that the connection is gone.
  pool.on('connect', (client) => client.on('error', () => {}))
  pool.on('connect', closeWhenSilent)
  pool.on('error', (error) => {
    if (pool.ending) return // the server may stop before the last connection has said goodbye
    // One line for each of forty connections says nothing; that the database is away is said by the lease.
    options.logger.debug(
      { event: 'database.connection_lost', err: error.message },
      'An idle database connection broke',
    )
  })
  return pool
}

const ATTEMPTS = 5
/** https://www.postgresql.org/docs/current/mvcc-serialization-failure-handling.html */
const TRY_AGAIN = new Set(['40001', '40P01'])

async function withTransaction<T>(pool: pg.Pool, work: (tx: Transaction) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const client = await pool.connect()
    let broken: Error | undefined
    try {
      await client.query('begin')
      const result = await work({ db: drizzle(client), client })
      await client.query('commit')
      return result
    } catch (error) {
      await client.query('rollback').catch((failure: Error) => {
        broken = failure
      })
      if (attempt < ATTEMPTS && TRY_AGAIN.has(sqlState(error) ?? '')) continue
      throw error
    } finally {
      client.release(broken)
    }
  }
}

/** PostgreSQL's five-character error code, also when Drizzle has wrapped the error; null for other errors. */
export function sqlState(error: unknown): string | null {
  for (
    let current = error, depth = 0;
    current instanceof Error && depth < 5;
    current = current.cause, depth++
  ) {
    if ('code' in current && typeof current.code === 'string' && /^[0-9A-Z]{5}$/.test(current.code))
      return current.code
  }
  return null
}

/** Too many connections; a transaction that stood still for too long (the process was frozen). */
const TRANSIENT = new Set(['53300', '25P03'])

/** Whether an error says that the database cannot be reached or is restarting, so that waiting may help. */
export function isDatabaseUnavailable(error: unknown): boolean {
  const state = sqlState(error)
  if (state !== null) return state.startsWith('08') || state.startsWith('57P') || TRANSIENT.has(state)
  for (
    let current = error, depth = 0;
    current instanceof Error && depth < 5;
    current = current.cause, depth++
  ) {
    if ('code' in current && typeof current.code === 'string' && /^E(CONN|PIPE|TIMEDOUT)/.test(current.code))
      return true
    if (
      /Connection terminated|is not queryable|Query read timeout|timeout exceeded when trying to connect/.test(
        current.message,
      )
    )
      return true
  }
  return false
}

/** The database's clock, epoch milliseconds: the one that all processes on all machines share. */
export async function readDatabaseClock(database: Pick<Database, 'pool'>): Promise<number> {
  const { rows } = await database.pool.query<{ ms: string }>(
    'select floor(extract(epoch from clock_timestamp()) * 1000) as ms',
  )
  return Number(rows[0]?.ms)
}

/** Exactly one row, or an error: for `RETURNING` of statements that must have hit. */
export function onlyRow<T>(rows: readonly T[], what: string): T {
  const row = rows[0]
  if (row === undefined || rows.length > 1)
    throw new NeverRetryError(`Expected one ${what}, found ${rows.length}`)
  return row
}

/** PostgreSQL 15 or later answers at the address. @throws RetryError | NeverRetryError in words for the operator */
export async function checkServer(database: Database): Promise<void> {
  let version: number
  try {
    const { rows } = await database.pool.query<{ version: string }>(
      "select current_setting('server_version_num') as version",
    )
    version = Number(rows[0]?.version)
  } catch (error) {
    throw new RetryError(
      `PostgreSQL did not answer at DATABASE_URL: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    )
  }
  if (version < 150_000)
    throw new NeverRetryError(
      `DATABASE_URL leads to PostgreSQL ${Math.floor(version / 10_000)}; Kinkeeper needs 15 or later.`,
    )
}
