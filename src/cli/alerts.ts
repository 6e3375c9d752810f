/**
 * `npm run alerts -- list`: the rules and how they stand. `check [file]`: what is wrong with a file. `test <name>`: sends
 * a real notice to each channel of the rule, through the running program, and says what became of each.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { eq, ne } from 'drizzle-orm'
import { type Config, ConfigError, dataDirOf, processEnvironment, readConfig } from '../config.ts'
import { type Database, openDatabase, runningEmbeddedPostgres, sqlState, tables } from '../database/index.ts'
import { openStarter } from '../engine/index.ts'
import { type AlertRules, type ChannelStates, NOTICE_TO_START, testRule } from '../monitoring/alerts/index.ts'
import {
  createClock,
  createLogger,
  describeDuration,
  KinkeeperError,
  monotonicMs,
  SECOND_MS,
} from '../primitives/index.ts'
import { loadAlertRules } from '../start/alert-rules.ts'
import { channelsOf } from '../start/alerting.ts'
import { sandboxCredentials } from '../start/sandbox-credentials.ts'

const USAGE = 'What? npm run alerts -- list | check [file] | test <name of a rule>'
const NOT_RUNNING = 'Kinkeeper is not running, and its database with it. Start Kinkeeper first: npm start'
const WAIT_MS = 60 * SECOND_MS
/** PostgreSQL: there is no such table, or no such schema. */
const MISSING = new Set(['42P01', '3F000'])

process.exitCode = await alerts(process.argv.slice(2))

async function alerts([command, name, ...more]: string[]): Promise<number> {
  try {
    if (more.length > 0) return fail(USAGE)
    if (command === 'check') return check(name)
    if (command === 'list' && name === undefined) return await list()
    if (command === 'test' && name !== undefined) return await test(name)
    return fail(USAGE)
  } catch (error) {
    if (error instanceof ConfigError) return fail(...error.problems)
    if (error instanceof KinkeeperError) return fail(error.message)
    if (MISSING.has(sqlState(error) ?? '')) return fail(NOT_RUNNING)
    throw error
  }
}

/** @throws ConfigError with every problem */
function check(file: string | undefined): number {
  const { rules } = loadAlertRules(file ?? processEnvironment().ALERTS_FILE ?? null)
  console.log(`${rules.length} ${rules.length === 1 ? 'rule' : 'rules'}, nothing wrong with them:`)
  for (const rule of rules)
    console.log(`  ${rule.name}: ${rule.text}, over ${describeDuration(rule.windowMs)}`)
  return 0
}

async function list(): Promise<number> {
  const { config, rules } = settings()
  const url = config.databaseUrl ?? runningEmbeddedPostgres(config.dataDir)
  const now = url ? await withDatabase(url, readState) : null
  for (const rule of rules.rules) {
    console.log(`${rule.name} [${rule.severity}]`)
    console.log(`  ${rule.text}, over ${describeDuration(rule.windowMs)}`)
    console.log(`  tells ${rule.notify.join(', ') || 'nobody'}`)
    const state = now?.states.get(rule.name)
    if (state?.judgedAt) console.log(`  ${state.seen} (${state.judgedAt.toISOString()})`)
    if (state?.mutedUntil && state.mutedUntil.getTime() > machineNow())
      console.log(`  muted by ${state.mutedByName} until ${state.mutedUntil.toISOString()}`)
    for (const alert of now?.open.filter(({ rule: name }) => name === rule.name) ?? [])
      console.log(`  ! ${alert.status} since ${alert.firedAt.toISOString()}: ${alert.summary}`)
  }
  for (const sentence of offSentences(channelsOf(config, rules))) console.log(sentence)
  if (!now) console.log('Kinkeeper is not running, so this is the file alone.')
  return 0
}

async function readState({ db }: Database) {
  const states = await db.select().from(tables.alertRuleStates)
  const open = await db.select().from(tables.alerts).where(ne(tables.alerts.status, 'resolved'))
  return { states: new Map(states.map((state) => [state.rule, state])), open }
}

async function test(name: string): Promise<number> {
  const { config, rules } = settings()
  const url = config.databaseUrl ?? runningEmbeddedPostgres(config.dataDir)
  if (!url) return fail(NOT_RUNNING)
  return withDatabase(url, async (database) => {
    const clock = createClock()
    const notices = {
      ...NOTICE_TO_START,
      queue: NOTICE_TO_START.lane,
      run: async () => {}, // the program's, not ours
    }
    const { starter, close } = await openStarter({ database, clock, jobs: [notices] })
    try {
      const parts = { database, clock, rules: rules.rules, notices, starter: () => starter }
      const { testId } = await testRule({ ...parts, channels: channelsOf(config, rules) }, name, {
        kind: 'system',
      })
      return tell(await waitFor(database, testId))
    } finally {
      await close()
    }
  })
}

async function waitFor({ db }: Database, testId: string) {
  const { alertNotices } = tables
  const begun = monotonicMs()
  for (;;) {
    const rows = await db.select().from(alertNotices).where(eq(alertNotices.alertId, testId))
    if (rows.every(({ status }) => status !== 'pending') || monotonicMs() - begun > WAIT_MS) return rows
    await pause(200)
  }
}

function tell(notices: readonly (typeof tables.alertNotices.$inferSelect)[]): number {
  for (const { channel, status, problem } of notices) {
    const words = {
      sent: `✓ ${channel}: told`,
      failed: `✗ ${channel}: ${problem ?? 'not told'}`,
      off: `– ${channel}: ${problem ?? 'off'}`,
      pending: `… ${channel}: not told yet. It is tried again; the Alerts page says what becomes of it.`,
    }
    console.log(words[status])
  }
  return notices.every(({ status }) => status === 'sent' || status === 'off') ? 0 : 1
}

/** Why channels cannot be used, a sentence each. */
function offSentences(channels: ChannelStates): string[] {
  return Object.values(channels).flatMap((state) => (state.on ? [] : [state.why]))
}

function settings(): { config: Config; rules: AlertRules } {
  const environment = processEnvironment()
  const config = readConfig(environment, sandboxCredentials(dataDirOf(environment)))
  return { config, rules: loadAlertRules(config.alertsFile) }
}

async function withDatabase<T>(url: string, use: (database: Database) => Promise<T>): Promise<T> {
  const database = openDatabase({ url, poolSize: 3, logger: createLogger('silent') })
  try {
    return await use(database)
  } finally {
    await database.close()
  }
}

function machineNow(): number {
  return createClock().now()
}

function fail(...sentences: string[]): number {
  for (const sentence of sentences) console.error(sentence)
  return 1
}
