/**
 * `npm run import-members`: asks for the members that there are at Clerk and Stripe to be taken over, waits for it when
 * Kinkeeper is running, and says what came of it. Nobody of them is welcomed.
 */
import { and, eq, isNull } from 'drizzle-orm'
import { SYSTEM } from '../audit/index.ts'
import { type Database, openDatabase, runningEmbeddedPostgres, sqlState, tables } from '../database/index.ts'
import { openStarter } from '../engine/index.ts'
import {
  describeImport,
  IMPORTED,
  importResultSchema,
  MEMBER_IMPORT_TO_START,
  type MemberImportResult,
  requestImport,
} from '../jobs/member-import/index.ts'
import { createClock, createLogger, HOUR_MS, KinkeeperError } from '../primitives/index.ts'
import { waitForRun } from './asked-run.ts'
import { fail, readSettings } from './command.ts'

const USAGE = 'There is nothing to say beside it: npm run import-members'
const NOT_RUNNING = 'Kinkeeper is not running, and its database with it. Start Kinkeeper first: npm start'
const NO_TABLES = 'There is nothing of Kinkeeper’s in this database yet. Start Kinkeeper first: npm start'
const STILL_AT_IT = 'It is still at it. How far it is says its run in the dashboard.'
const FAILED = 'It failed. Its run in the dashboard says why, and starts it again; what is done is not lost.'
/** PostgreSQL: there is no such table, or no such schema. */
const MISSING = new Set(['42P01', '3F000'])
const WAIT_MS = HOUR_MS

process.exitCode = await importMembers(process.argv.slice(2))

async function importMembers(given: string[]): Promise<number> {
  if (given.length > 0) return fail(USAGE)
  const config = readSettings()
  if (typeof config === 'string') return fail(config)
  const url = config.databaseUrl ?? runningEmbeddedPostgres(config.dataDir)
  if (!url) return fail(NOT_RUNNING)
  const database = openDatabase({ url, poolSize: 3, logger: createLogger('silent') })
  try {
    return await ask(database)
  } catch (error) {
    if (error instanceof KinkeeperError) return fail(error.message)
    if (MISSING.has(sqlState(error) ?? '')) return fail(NO_TABLES)
    return fail(`The database does not answer. Is Kinkeeper running? (${String(error)})`)
  } finally {
    await database.close()
  }
}

async function ask(database: Database): Promise<number> {
  const { starter, close } = await openStarter({
    database,
    clock: createClock(),
    jobs: [MEMBER_IMPORT_TO_START],
  })
  try {
    const { runId } = await database.transaction((tx) => requestImport(tx, starter, SYSTEM))
    console.log(`Asked for: ${runId}`)
    let told: string | null = null
    return await waitForRun(database, runId, {
      limitMs: WAIT_MS,
      readResult: () => readResult(database, runId),
      tell,
      meanwhile: async () => {
        const waitsFor = await whyItWaits(database, runId)
        if (waitsFor !== null && waitsFor !== told)
          console.log(`It waits, and goes on by itself: ${waitsFor}`)
        told = waitsFor
      },
      failed: FAILED,
      stillAtIt: STILL_AT_IT,
    })
  } finally {
    await close()
  }
}

/** Why it was put down, while a provider is away. */
async function whyItWaits(database: Database, runId: string): Promise<string | null> {
  const { parkedRuns } = tables
  const [parked] = await database.db
    .select({ reason: parkedRuns.reason })
    .from(parkedRuns)
    .where(and(eq(parkedRuns.runId, runId), isNull(parkedRuns.wokenAt)))
  return parked?.reason ?? null
}

async function readResult(database: Database, runId: string): Promise<MemberImportResult | null> {
  const { auditEntries } = tables
  const [entry] = await database.db
    .select({ detail: auditEntries.detail })
    .from(auditEntries)
    .where(and(eq(auditEntries.runId, runId), eq(auditEntries.action, IMPORTED)))
  return entry ? importResultSchema.parse(entry.detail) : null
}

/** Not all right when nothing could be read, or when somebody was left out: both are for a person to look after. */
function tell(result: MemberImportResult): number {
  for (const sentence of describeImport(result)) console.log(sentence)
  for (const problem of result.problems) console.log(`  ${problem}`)
  const more = result.failed - result.problems.length
  if (more > 0) console.log(`  and ${more} more`)
  return result.failed > 0 || result.off.length > 1 ? 1 : 0
}
