/**
 * `npm run verify-audit`: goes along the audit's chain and says whether it is whole, or which entry is the first that is
 * not. `--expect <place>:<hash>` compares with an anchor that was kept elsewhere, so that a cut-off end is found even
 * when somebody could write everything in the database.
 */
import { parseArgs } from 'node:util'
import { type AuditHead, parseAnchor, type Verification, verifyChain } from '../audit/index.ts'
import { type Config, ConfigError, dataDirOf, processEnvironment, readConfig } from '../config.ts'
import { openDatabase, runningEmbeddedPostgres, sqlState } from '../database/index.ts'
import { createLogger, KinkeeperError, systemNow } from '../primitives/index.ts'
import { sandboxCredentials } from '../start/sandbox-credentials.ts'
import { fail } from './command.ts'

const USAGE = 'npm run verify-audit [-- --expect <place>:<hash>]'
const NOT_RUNNING = 'Kinkeeper is not running, and its database with it. Start Kinkeeper first: npm start'
const NO_TABLES = 'There is no chain in this database yet. Start Kinkeeper first: npm start'
/** PostgreSQL: there is no such table, no such schema, or no such column. */
const MISSING = new Set(['42P01', '3F000', '42703'])

process.exitCode = await verifyAudit(process.argv.slice(2))

async function verifyAudit(given: string[]): Promise<number> {
  try {
    const expect = readExpected(given)
    const config = readSettings()
    const url = config.databaseUrl ?? runningEmbeddedPostgres(config.dataDir)
    if (!url) return fail(NOT_RUNNING)
    return tell(await verifyAt(url, expect))
  } catch (error) {
    if (error instanceof ConfigError) return fail(error.problems.join('\n'))
    if (error instanceof KinkeeperError) return fail(error.message)
    if (MISSING.has(sqlState(error) ?? '')) return fail(NO_TABLES)
    return fail(`The database does not answer. Is Kinkeeper running? (${String(error)})`)
  }
}

async function verifyAt(url: string, expect: AuditHead | null): Promise<Verification> {
  const database = openDatabase({ url, poolSize: 1, logger: createLogger('silent') })
  try {
    return await verifyChain(database, { expect, nowMs: systemNow(), onProgress: showProgress })
  } finally {
    await database.close()
  }
}

/** On a terminal only: a log is not to be filled with it. */
function showProgress(checked: number, total: number): void {
  if (!process.stderr.isTTY) return
  const share = total === 0 ? 100 : Math.floor((checked / total) * 100)
  process.stderr.write(checked >= total ? '\r\u001b[K' : `\r${checked} of ${total} entries, ${share} %`)
}

function tell(verification: Verification): number {
  if (!verification.ok) {
    console.error(`✗ The audit cannot be trusted: ${verification.problem}.`)
    if (verification.id !== null)
      console.error(`  It is the row of audit_entries with the id ${verification.id}.`)
    console.error(`  The ${verification.checked} entries before it are as they were sealed.`)
    return 1
  }
  const { entries, blanked, first, head } = verification
  if (first === null) {
    console.log('0 entries: nothing has been sealed yet.')
    return 0
  }
  console.log(
    `✓ ${entries} entries, unbroken from ${first.seq} to ${head.seq}, head ${head.seq}:${head.hash}`,
  )
  if (blanked > 0)
    console.log(`  ${blanked} of them had words erased with a person; each is told of by an entry.`)
  return 0
}

function readExpected(given: string[]): AuditHead | null {
  let text: string | undefined
  try {
    text = parseArgs({ args: given, options: { expect: { type: 'string' } } }).values.expect
  } catch {
    throw new ConfigError([`Only --expect is understood. ${USAGE}`])
  }
  return text === undefined ? null : parseAnchor(text)
}

function readSettings(): Config {
  const environment = processEnvironment()
  return readConfig(environment, sandboxCredentials(dataDirOf(environment)))
}
