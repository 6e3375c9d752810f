/**
 * Whether this process can do its work now. Asked on a connection of its own, so that neither a pool that is used up
 * nor one whose connections hang can hold up the answer, which comes within two seconds whatever the database does.
 */
import pg from 'pg'
import { SECOND_MS, serializeError, within } from '../primitives/index.ts'

export type Readiness = {
  ready: boolean
  checks: { database: boolean; migrations: boolean; engine: boolean }
  /** What is wrong, in plain words. */
  problems: string[]
}

const LIMIT_MS = 2 * SECOND_MS
/** By then another process has taken over this one's runs; see `engine/leases.ts`. */
const LEASE_SECONDS = 10

export type ReadinessCheck = { check(): Promise<Readiness>; close(): Promise<void> }

/**
 * @param options.executorId this process as its lease names it; null for a process that executes no runs
 * @param options.limitMs for tests
 */
export function createReadiness(options: {
  url: string
  executorId: string | null
  limitMs?: number
}): ReadinessCheck {
  const { url, executorId, limitMs = LIMIT_MS } = options
  let client: pg.Client | null = null
  let asking: Promise<Readiness> | null = null

  const connected = async (): Promise<pg.Client> => {
    if (client) return client
    const next = new pg.Client({
      connectionString: url,
      connectionTimeoutMillis: limitMs,
      query_timeout: limitMs,
    })
    next.on('error', () => drop(next))
    client = next
    await next.connect()
    return next
  }
  /** Without waiting for its goodbye, which may never come. */
  const drop = (gone: pg.Client | null) => {
    if (gone !== null && client === gone) client = null
    void gone?.end().catch(() => {})
  }
  const ask = async (): Promise<Readiness> => {
    try {
      const { rows } = await (await connected()).query<{ migrated: boolean; leased: boolean | null }>(
        `select to_regclass('run_stats') is not null as migrated, (
           select renewed_at > now() - make_interval(secs => $2) from executors where id = $1) as leased`,
        [executorId, LEASE_SECONDS],
      )
      return readinessOf(rows[0]?.migrated === true, executorId === null || rows[0]?.leased === true)
    } catch (error) {
      drop(client)
      return unreachable(serializeError(error).message)
    }
  }
  return {
    async check() {
      // Those who ask meanwhile hear the same.
      asking ??= ask().finally(() => {
        asking = null
      })
      return within(asking, limitMs, () => unreachable(`no answer within ${limitMs / SECOND_MS} s`))
    },
    async close() {
      drop(client)
      await asking
    },
  }
}

function readinessOf(migrations: boolean, engine: boolean): Readiness {
  const problems = [
    ...(migrations ? [] : ['The tables are not those of this version: start the program anew.']),
    ...(engine ? [] : ['This process has lost its lease, so another one has its runs: start it anew.']),
  ]
  return { ready: problems.length === 0, checks: { database: true, migrations, engine }, problems }
}

/** Without the database nothing is known of the rest, and nothing of it works. */
function unreachable(reason: string): Readiness {
  return {
    ready: false,
    checks: { database: false, migrations: false, engine: false },
    problems: [`PostgreSQL cannot be reached (${reason}). Work goes on by itself once it is back.`],
  }
}
