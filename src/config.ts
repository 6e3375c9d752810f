/**
 * The environment, parsed once. With none of it set, everything runs in the sandbox; setting a provider's credentials
 * makes that provider live. What is missing or wrong becomes a sentence that names the variable and says what to do.
 */
import { existsSync } from 'node:fs'
import { isIP } from 'node:net'
import { z } from 'zod'
import { type AlertConfig, alertConfig } from './alert-config.ts'
import type { ProviderMode, ProviderName } from './connectors/contract.ts'
import {
  type MembershipConfig,
  type MembershipProviders,
  membershipConfig,
  membershipProviders,
} from './membership-config.ts'
import type { TelemetrySettings } from './monitoring/index.ts'
import { monitoringConfig } from './monitoring-config.ts'
import { DAY_MS, type LogLevel, parseDuration } from './primitives/index.ts'
import {
  type CircleSettings,
  createReader,
  duration,
  type Environment,
  httpUrl,
  list,
  type OpenAiSettings,
  type Provider,
  providers,
  type Reader,
  type SlackSettings,
  type TwilioSettings,
} from './provider-config.ts'
import type { SandboxCredentials } from './provider-credentials.ts'

export type Config = {
  port: number
  publicUrl: string
  /** Addresses and ranges of the proxies in front: `10.0.0.7`, `10.0.0.0/8`. */
  trustedProxies: string[]
  production: boolean
  databaseUrl: string | null
  dataDir: string
  /** `url`: a sandbox that runs already; null: one is started on `port` when any provider needs it. */
  sandbox: { enabled: boolean; port: number; url: string | null }
  twilio: Provider<TwilioSettings>
  slack: Provider<SlackSettings>
  openai: Provider<OpenAiSettings>
  circle: Provider<CircleSettings>
} & MembershipProviders &
  AlertConfig & {
    /** Bearers for schedulers outside and for senders of events; null: that door is shut and says so. */
    cronSecret: string | null
    eventsKey: string | null
    membership: MembershipConfig
    /** Requests a month that the community's Circle plan includes; null: as stated beside the connector. */
    circlePerMonth: number | null
    approvals: { timeoutMs: number; reminderMs: number[] }
    telemetry: TelemetrySettings
    logLevel: LogLevel
    /** For crash tests only: see primitives/seams.ts. */
    seams: { crashAt: string | null; trace: boolean }
  }

/** The settings cannot be used. Each problem is a sentence for the operator. */
export class ConfigError extends Error {
  readonly problems: string[]

  constructor(problems: string[]) {
    super(problems.join('\n'))
    this.name = 'ConfigError'
    this.problems = problems
  }
}

/** The process's environment, with `.env` read first where there is one (what is set already wins). */
export function processEnvironment(): Record<string, string | undefined> {
  if (existsSync('.env')) process.loadEnvFile('.env')
  return process.env
}

const port = z.coerce.number().int().min(1).max(65_535)
/**
 * Reads the configuration.
 * @param sandboxCredentials what the stand-ins are to accept
 * @throws ConfigError with every problem at once
 */
export function readConfig(environment: Environment, sandboxCredentials: SandboxCredentials): Config {
  const problems: string[] = []
  const reader = createReader(environment, problems)
  const production = environment.NODE_ENV === 'production'
  const ownPort = reader.parsed('PORT', port, 3000, 'Set it to a port number, for example 3000.')
  const sandboxPort = reader.parsed('SANDBOX_PORT', port, 3100, 'Set it to a port number, for example 3100.')
  const sandboxChoice = reader.parsed(
    'KINKEEPER_SANDBOX',
    z.union([z.enum(['on', 'off']), httpUrl]),
    production ? 'off' : 'on',
    'Set it to on, off, or the address of a sandbox that runs already.',
  )
  const sandboxUrl =
    sandboxChoice === 'on' || sandboxChoice === 'off' ? null : sandboxChoice.replace(/\/+$/, '')
  const sandbox = { enabled: sandboxChoice !== 'off', port: sandboxPort, url: sandboxUrl }
  const publicUrl = reader.parsed(
    'PUBLIC_URL',
    httpUrl,
    `http://localhost:${ownPort}`,
    'Set it to the address that providers were given, for example https://kinkeeper.example.org.',
  )
  const timeoutMs = reader.parsed(
    'APPROVAL_TIMEOUT',
    duration,
    7 * DAY_MS,
    'Write it as 90s, 15m, 24h or 7d.',
  )
  const config: Config = {
    port: ownPort,
    publicUrl: publicUrl.replace(/\/+$/, ''),
    trustedProxies: reader.parsed(
      'TRUSTED_PROXIES',
      list.refine((ranges) => ranges.every(isAddressRange)),
      [],
      'Write the addresses of the proxies in front, with commas between: 127.0.0.1,10.0.0.0/8.',
    ),
    production,
    databaseUrl: reader.parsed(
      'DATABASE_URL',
      z
        .string()
        .regex(/^postgres(ql)?:\/\//)
        .nullable(),
      null,
      'Set it to postgresql://user:password@host:5432/database, or unset it to use the embedded PostgreSQL.',
    ),
    dataDir: dataDirOf(environment),
    sandbox,
    ...providers(reader, sandbox, sandboxCredentials),
    ...membershipProviders(
      reader,
      sandbox.enabled,
      sandboxUrl ?? `http://127.0.0.1:${sandboxPort}`,
      sandboxCredentials,
    ),
    ...alertConfig(
      reader,
      sandbox.enabled,
      sandboxUrl ?? `http://127.0.0.1:${sandboxPort}`,
      sandboxCredentials,
    ),
    membership: membershipConfig(reader),
    circlePerMonth: reader.parsed(
      'CIRCLE_MONTHLY_BUDGET',
      z.coerce.number().int().positive().nullable(),
      null,
      'Set it to the requests a month of your Circle plan, for example 5000.',
    ),
    cronSecret: reader.text('CRON_SECRET') ?? null,
    eventsKey: reader.parsed(
      'EVENTS_KEY',
      z
        .string()
        .regex(/^[\w.~+=-]+$/)
        .nullable(),
      null,
      'It travels in an address: use letters, digits and . _ ~ + = - only. "openssl rand -hex 32" makes a good one.',
    ),
    approvals: { timeoutMs, reminderMs: reminders(reader, timeoutMs) },
    telemetry: monitoringConfig(reader, environment, production),
    logLevel: reader.parsed(
      'LOG_LEVEL',
      z.enum(['debug', 'info', 'warn', 'error', 'silent']),
      'info',
      'Set it to debug, info, warn, error or silent.',
    ),
    seams: {
      crashAt: reader.text('KINKEEPER_CRASH_AT') ?? null,
      trace: reader.text('KINKEEPER_TRACE_SEAMS') === 'on',
    },
  }
  if (problems.length > 0) throw new ConfigError(problems)
  return config
}

const ipv4Range = z.cidrv4()
const ipv6Range = z.cidrv6()

/** `10.0.0.7`, `10.0.0.0/8`, and the same of IPv6. */
function isAddressRange(text: string): boolean {
  return isIP(text) !== 0 || ipv4Range.safeParse(text).success || ipv6Range.safeParse(text).success
}

/** Where data is kept: needed before the rest of the configuration can be read. */
export function dataDirOf(environment: Environment): string {
  return environment.KINKEEPER_DATA_DIR?.trim() || '.data'
}

function reminders(reader: Reader, timeoutMs: number): number[] {
  const texts = reader.parsed('APPROVAL_REMINDERS', list, ['24h', '72h'], '')
  const parsed = texts.map(parseDuration)
  if (parsed.includes(null))
    reader.problem(
      'APPROVAL_REMINDERS cannot be used as it is. Write it as 24h,72h: durations after which to remind, with commas between.',
    )
  return parsed
    .filter((one) => one !== null)
    .filter((one) => one < timeoutMs)
    .sort((a, b) => a - b)
}

/** Provider by provider, how it stands: for the start screen, the doctor and the dashboard. */
export function providerModes(config: Config): Record<ProviderName, ProviderMode> {
  return {
    twilio: config.twilio.mode,
    slack: config.slack.mode,
    openai: config.openai.mode,
    circle: config.circle.mode,
    mailchimp: config.mailchimp.mode,
    luma: config.luma.mode,
    stripe: config.stripe.mode,
    clerk: config.clerk.mode,
    pagerduty: config.pagerduty.mode,
    email: config.email.mode,
  }
}

/** Whether any provider is a stand-in, and so the sandbox process is needed. */
export function needsSandbox(config: Config): boolean {
  return Object.values(providerModes(config)).includes('sandbox')
}
