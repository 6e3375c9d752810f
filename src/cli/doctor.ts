/** `npm run doctor`: each requirement with ✓ or ✗, and what to do about it. Starts nothing. */
import { accessSync, constants, existsSync, mkdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { type Config, ConfigError, dataDirOf, processEnvironment, readConfig } from '../config.ts'
import { checkServer, openDatabase, postgresPrograms } from '../database/index.ts'
import { createLogger } from '../primitives/index.ts'
import { loadAlertRules } from '../start/alert-rules.ts'
import { channelsOf } from '../start/alerting.ts'
import { DASHBOARD_DIR } from '../start/dashboard-build.ts'
import { sandboxCredentials } from '../start/sandbox-credentials.ts'
import { checkProviders } from './provider-checks.ts'

const ANSWER_WITHIN_MS = 2_000

export type Finding = { ok: boolean; what: string; fix?: string }

const findings = await examine()
for (const { ok, what, fix } of findings)
  console.log(`${ok ? '✓' : '✗'} ${what}${ok || !fix ? '' : `\n    ${fix}`}`)
const wrong = findings.filter(({ ok }) => !ok).length
console.log(wrong === 0 ? '\nEverything is in place: npm start' : `\n${wrong} to put right.`)
process.exitCode = wrong === 0 ? 0 : 1

async function examine(): Promise<Finding[]> {
  const environment = processEnvironment()
  const dataDir = dataDirOf(environment)
  const own = [nodeVersion(), dataFolder(dataDir), dashboard()]
  let config: Config
  try {
    config = readConfig(environment, sandboxCredentials(dataDir))
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return [
      ...own,
      ...error.problems.map((problem): Finding => ({ ok: false, what: 'Settings', fix: problem })),
    ]
  }
  return [
    ...own,
    { ok: true, what: 'Settings can be read' },
    await database(config),
    await port({
      number: config.port,
      variable: 'PORT',
      what: 'the dashboard and webhooks',
      health: '/healthz',
    }),
    ...(config.sandbox.enabled && !config.sandbox.url
      ? [
          await port({
            number: config.sandbox.port,
            variable: 'SANDBOX_PORT',
            what: 'the sandbox',
            health: '/control/health',
          }),
        ]
      : []),
    publicAddress(config),
    ...doors(config),
    ...alerts(config),
    ...(await checkProviders(config)),
  ]
}

function nodeVersion(): Finding {
  const major = Number(process.versions.node.split('.')[0])
  return {
    ok: major >= 24,
    what: `Node ${process.versions.node}`,
    fix: 'Run "npm ci", and start by npm scripts: they bring Node 24 along.',
  }
}

function dataFolder(dataDir: string): Finding {
  try {
    mkdirSync(dataDir, { recursive: true })
    accessSync(dataDir, constants.W_OK)
    return { ok: true, what: `Data folder ${dataDir} can be written` }
  } catch {
    return {
      ok: false,
      what: `Data folder ${dataDir}`,
      fix: 'Make it writable for this user, or set KINKEEPER_DATA_DIR to one that is.',
    }
  }
}

function dashboard(): Finding {
  const built = existsSync(DASHBOARD_DIR)
  return { ok: true, what: built ? 'Dashboard is built' : 'Dashboard will be built at the first start' }
}

async function database(config: Config): Promise<Finding> {
  if (!config.databaseUrl) {
    try {
      postgresPrograms()
      return { ok: true, what: 'Embedded PostgreSQL is there' }
    } catch (error) {
      return {
        ok: false,
        what: 'Embedded PostgreSQL',
        fix: error instanceof Error ? error.message : String(error),
      }
    }
  }
  const database = openDatabase({ url: config.databaseUrl, poolSize: 1, logger: createLogger('silent') })
  try {
    await checkServer(database)
    return { ok: true, what: 'PostgreSQL answers at DATABASE_URL' }
  } catch (error) {
    return {
      ok: false,
      what: 'PostgreSQL at DATABASE_URL',
      fix: error instanceof Error ? error.message : String(error),
    }
  } finally {
    await database.close()
  }
}

type Port = { number: number; variable: string; what: string; health: string }

/** Whether it can be listened at, or is by Kinkeeper itself already: the doctor is asked while it runs, too. */
async function port({ number, variable, what, health }: Port): Promise<Finding> {
  const probe = createServer()
  const free = await new Promise<boolean>((resolve) => {
    probe.once('error', () => resolve(false))
    probe.listen(number, () => probe.close(() => resolve(true)))
  })
  if (!free && (await isOurs(`http://127.0.0.1:${number}${health}`)))
    return { ok: true, what: `Port ${number} for ${what}: Kinkeeper is running there` }
  return {
    ok: free,
    what: `Port ${number} for ${what}`,
    fix: `Another program listens there. Stop it, or set ${variable} to another port.`,
  }
}

/** Whether this address answers as Kinkeeper's and the sandbox's health checks do. */
async function isOurs(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) })
    const answer: unknown = await response.json()
    return response.ok && typeof answer === 'object' && answer !== null && 'ok' in answer
  } catch {
    return false
  }
}

function publicAddress(config: Config): Finding {
  const { twilio, slack, stripe, clerk } = config
  const live = [twilio, slack, stripe, clerk].some(({ mode }) => mode === 'live')
  const local = /^https?:\/\/(localhost|127\.)/.test(config.publicUrl)
  return {
    ok: !live || !local,
    what: `Providers reach us at ${config.publicUrl}`,
    fix: 'Twilio, Slack, Stripe and Clerk cannot reach this address. Set PUBLIC_URL to the https address that leads here.',
  }
}

/** The alert rules, and the channels that they name and that are off. */
function alerts(config: Config): Finding[] {
  try {
    const rules = loadAlertRules(config.alertsFile)
    const named = new Set(rules.rules.flatMap(({ notify }) => notify))
    const off = Object.entries(channelsOf(config, rules)).flatMap(([channel, state]) =>
      state.on || ![...named].some((name) => name === channel) ? [] : [{ ok: true, what: state.why }],
    )
    return [{ ok: true, what: `${rules.rules.length} alert rules can be read` }, ...off]
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.problems.map((fix) => ({ ok: false, what: 'Alert rules', fix }))
  }
}

/** The doors for others' programs: open with a secret, shut without; neither is wrong. */
function doors({ cronSecret, eventsKey }: Config): Finding[] {
  return [
    {
      ok: true,
      what: cronSecret
        ? 'Outside schedulers are let in at /api/jobs/… with CRON_SECRET'
        : 'Outside schedulers are not let in: CRON_SECRET is not set. The scheduled jobs run all the same',
    },
    {
      ok: true,
      what: eventsKey
        ? 'Applications may send events to /api/events with EVENTS_KEY'
        : 'Applications may not send events: EVENTS_KEY is not set',
    },
  ]
}
