/**
 * `npm run erase -- jo@example.org`: asks for everything that is kept about a person to be erased, and waits for it when
 * Kinkeeper is running. `--also-active`: also somebody who is a member now.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { eq } from 'drizzle-orm'
import { type Config, ConfigError, dataDirOf, processEnvironment, readConfig } from '../config.ts'
import { type Database, openDatabase, runningEmbeddedPostgres, sqlState, tables } from '../database/index.ts'
import { openStarter } from '../engine/index.ts'
import { ERASURE_TO_START, type ErasureResult, requestErasure } from '../jobs/erasure/index.ts'
import {
  ConflictError,
  createClock,
  createLogger,
  KinkeeperError,
  monotonicMs,
  SECOND_MS,
} from '../primitives/index.ts'
import { sandboxCredentials } from '../start/sandbox-credentials.ts'

type Wanted = { email: string; alsoActive: boolean }

const USAGE = 'Whom? npm run erase -- jo@example.org [--also-active]'
const NOT_RUNNING = 'Kinkeeper is not running, and its database with it. Start Kinkeeper first: npm start'
const NO_TABLES = 'There is nothing of Kinkeeper’s in this database yet. Start Kinkeeper first: npm start'
/** PostgreSQL: there is no such table, or no such schema. */
const MISSING = new Set(['42P01', '3F000'])
const WAIT_MS = 60 * SECOND_MS
/** Nobody has taken it up by then: nobody is there. */
const TAKEN_UP_WITHIN_MS = 5 * SECOND_MS
const NOT_YET = 'It has not begun yet: Kinkeeper does it as soon as it runs. Its run is in the dashboard.'
const STILL_AT_IT = 'It is not done yet. Its run in the dashboard says what it waits for.'
const FAILED = 'It failed, and not all is erased. Its run in the dashboard says why, and starts it again.'
/** What a run that will not go on says of itself. */
const ENDED = new Set(['ERROR', 'CANCELLED', 'MAX_RECOVERY_ATTEMPTS_EXCEEDED'])

process.exitCode = await erase(process.argv.slice(2))

async function erase(given: string[]): Promise<number> {
  const wanted = readWanted(given)
  if (typeof wanted === 'string') return fail(wanted)
  const config = settings()
  if (typeof config === 'string') return fail(config)
  const url = config.databaseUrl ?? runningEmbeddedPostgres(config.dataDir)
  if (!url) return fail(NOT_RUNNING)
  const database = openDatabase({ url, poolSize: 3, logger: createLogger('silent') })
  try {
    return await ask(database, wanted)
  } catch (error) {
    if (error instanceof ConflictError && !wanted.alsoActive)
      return fail(`${error.message} For the latter, add --also-active.`)
    if (error instanceof KinkeeperError) return fail(error.message)
    if (MISSING.has(sqlState(error) ?? '')) return fail(NO_TABLES)
    return fail(`The database does not answer. Is Kinkeeper running? (${String(error)})`)
  } finally {
    await database.close()
  }
}

async function ask(database: Database, wanted: Wanted): Promise<number> {
  const clock = createClock()
  const { starter, close } = await openStarter({ database, clock, jobs: [ERASURE_TO_START] })
  try {
    const asked = await database.transaction((tx) =>
      requestErasure(
        tx,
        { clock, starter: () => starter },
        { who: { email: wanted.email }, actor: { kind: 'system' }, alsoActive: wanted.alsoActive },
      ),
    )
    console.log(`Asked for: ${asked.runId}`)
    return await waitFor(database, asked)
  } finally {
    await close()
  }
}

/** Waits for the end, or until it is clear that none comes, and says so. @returns the exit code */
async function waitFor(
  database: Database,
  { erasureId, runId }: { erasureId: string; runId: string },
): Promise<number> {
  const begun = monotonicMs()
  while (monotonicMs() - begun < WAIT_MS) {
    const status = await statusOf(database, runId)
    const [row] = await database.db.select().from(tables.erasures).where(eq(tables.erasures.id, erasureId))
    if (row?.finishedAt) return tell(row.counts as ErasureResult) // written by the run
    if (ENDED.has(status)) return fail(FAILED)
    if (monotonicMs() - begun > TAKEN_UP_WITHIN_MS && status === 'ENQUEUED') return say(NOT_YET)
    await pause(200)
  }
  return say(STILL_AT_IT)
}

async function statusOf(database: Database, runId: string): Promise<string> {
  const { rows } = await database.pool.query<{ status: string }>(
    'select status from dbos.workflow_status where workflow_uuid = $1',
    [runId],
  )
  return rows[0]?.status ?? 'ENQUEUED'
}

function tell(result: ErasureResult): number {
  const erased = Object.entries(result.erased).filter(([, rows]) => rows > 0)
  console.log(erased.length > 0 ? 'Erased:' : 'Nothing was kept about them.')
  for (const [table, rows] of erased) console.log(`  ${rows} in ${table}`)
  if (result.left.length > 0)
    console.log(`Still named in ${result.left.join(', ')}: ids that an application chose.`)
  console.log('Left for you to do:')
  for (const sentence of result.byHand) console.log(`  ${sentence}`)
  return 0
}

function readWanted(given: string[]): Wanted | string {
  try {
    const { values, positionals } = parseArgs({
      args: given,
      allowPositionals: true,
      options: { 'also-active': { type: 'boolean', default: false } },
    })
    const [email, ...more] = positionals
    if (email === undefined || more.length > 0) return USAGE
    return { email, alsoActive: values['also-active'] }
  } catch {
    return `Only --also-active is understood. ${USAGE}`
  }
}

function settings(): Config | string {
  const environment = processEnvironment()
  try {
    return readConfig(environment, sandboxCredentials(dataDirOf(environment)))
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.join('\n')
    throw error
  }
}

function say(sentence: string): number {
  console.log(sentence)
  return 0
}

function fail(sentence: string): number {
  console.error(sentence)
  return 1
}
