/**
 * Indexes of our own on DBOS's table of runs, for the pages that list them: see
 * `docs/decisions/2026-11-22-runs-by-index.md` for why that is safe.
 */
import pg from 'pg'
import type { Database } from '../database/index.ts'
import { type Logger, serializeError } from '../primitives/index.ts'

/**
 * Ids are compared byte by byte (`C`), so that one index serves both their order and their beginnings. `created_at + 0`:
 * in the order of `created_at` itself the planner would rather go through all runs by DBOS's own index, in the hope of
 * soon meeting fifty of the wanted state, and where there are none it meets the end of the table.
 */
const INDEXES: Readonly<Record<string, string>> = {
  kinkeeper_runs_by_job: '(name, status, (created_at + 0), workflow_uuid collate "C")',
  kinkeeper_runs_by_id: '(workflow_uuid collate "C")',
  kinkeeper_runs_again: `(created_at, workflow_uuid collate "C") where workflow_uuid ~ '~[0-9]+$'`,
}

/**
 * Makes those that are missing, one after the other and without a lock that anybody waits for. Lists are right without
 * them too, only slow, so a failure is told and left to the next start. `stop` leaves off half-way.
 */
export function ensureRunIndexes(database: Pick<Database, 'url'>, logger: Logger): { stop(): Promise<void> } {
  // A connection of its own: on very many runs this takes minutes.
  const client = new pg.Client({ connectionString: database.url })
  const state = { stopped: false }
  client.on('error', () => {}) // the statement under way fails too, and tells
  const done = client
    .connect()
    .then(() => ensureAll(client))
    .catch((error: unknown) => {
      if (state.stopped) return
      logger.warn(
        { event: 'engine.indexes_not_made', error: serializeError(error) },
        'Could not make the indexes for the list of runs; it is slow with very many runs until the next start',
      )
    })
    .finally(() => client.end().catch(() => {}))
  return {
    async stop() {
      state.stopped = true
      await client.end().catch(() => {})
      await done
    },
  }
}

async function ensureAll(client: pg.Client): Promise<void> {
  const held = await client.query<{ locked: boolean }>(
    `select pg_try_advisory_lock(hashtextextended('kinkeeper.run-indexes', 7)) as locked`,
  )
  if (held.rows[0]?.locked !== true) return // another process is at it
  try {
    for (const [name, definition] of Object.entries(INDEXES)) await ensure(client, name, definition)
  } finally {
    await client.query(`select pg_advisory_unlock(hashtextextended('kinkeeper.run-indexes', 7))`)
  }
}

async function ensure(client: pg.Client, name: string, definition: string): Promise<void> {
  // What an interrupted start leaves is kept up to date and used by nobody: it has to go first.
  const { rows } = await client.query<{ valid: boolean }>(
    `select indisvalid as valid from pg_index where indexrelid = to_regclass($1)`,
    [`dbos.${name}`],
  )
  if (rows[0]?.valid === true) return
  if (rows[0]?.valid === false) await client.query(`drop index concurrently if exists dbos.${name}`)
  await client.query(`create index concurrently if not exists ${name} on dbos.workflow_status ${definition}`)
}
