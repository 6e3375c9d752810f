/**
 * `npm run erase -- jo@example.org`: asks for everything that is kept about a person to be erased, and waits for it when
 * Kinkeeper is running. `--also-active`: also somebody who is a member now.
 */
import { parseArgs } from 'node:util'
import { eq } from 'drizzle-orm'
import { type Database, openDatabase, runningEmbeddedPostgres, sqlState, tables } from '../database/index.ts'
import { openStarter } from '../engine/index.ts'
import { ERASURE_TO_START, type ErasureResult, requestErasure } from '../jobs/erasure/index.ts'
import { ConflictError, createClock, createLogger, KinkeeperError, SECOND_MS } from '../primitives/index.ts'
import { waitForRun } from './asked-run.ts'
import { fail, readSettings } from './command.ts'

type Wanted = { email: string; alsoActive: boolean }

const USAGE = 'Whom? npm run erase -- jo@example.org [--also-active]'
const NOT_RUNNING = 'Kinkeeper is not running, and its database with it. Start Kinkeeper first: npm start'
const NO_TABLES = 'There is nothing of Kinkeeper’s in this database yet. Start Kinkeeper first: npm start'
/** PostgreSQL: there is no such table, or no such schema. */
const MISSING = new Set(['42P01', '3F000'])
const WAIT_MS = 60 * SECOND_MS
const STILL_AT_IT = 'It is not done yet. Its run in the dashboard says what it waits for.'
const FAILED = 'It failed, and not all is erased. Its run in the dashboard says why, and starts it again.'

process.exitCode = await erase(process.argv.slice(2))

async function erase(given: string[]): Promise<number> {
  const wanted = readWanted(given)
  if (typeof wanted === 'string') return fail(wanted)
  const config = readSettings()
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
    return await waitForRun(database, asked.runId, {
      limitMs: WAIT_MS,
      readResult: () => readResult(database, asked.erasureId),
      tell,
      failed: FAILED,
      stillAtIt: STILL_AT_IT,
    })
  } finally {
    await close()
  }
}

/** Null while it is not finished. */
async function readResult(database: Database, erasureId: string): Promise<ErasureResult | null> {
  const [row] = await database.db.select().from(tables.erasures).where(eq(tables.erasures.id, erasureId))
  return row?.finishedAt ? (row.counts as ErasureResult) : null // written by the run
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
