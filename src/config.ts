/**
 * The environment, parsed once. With none of it set, everything runs in the sandbox; setting a provider's credentials
 * makes that provider live. What is missing or wrong becomes a sentence that names the variable and says what to do.
 */
import { existsSync } from 'node:fs'
import { z } from 'zod'
import type { ProviderMode } from './connectors/contract.ts'
import { DAY_MS, type LogLevel, parseDuration } from './primitives/index.ts'

/** Credentials of the providers' stand-ins; made once per installation, so that nobody outside can sign as them. */
export type SandboxCredentials = {
  twilioAccountSid: string
  twilioAuthToken: string
  twilioFrom: string
  slackBotToken: string
  slackSigningSecret: string
  slackJobsChannel: string
  openaiApiKey: string
  circleApiToken: string
  circleSpaceId: string
}

export type Provider<Settings> = { mode: ProviderMode; settings: Settings | null }
export type TwilioSettings = { accountSid: string; authToken: string; from: string; apiUrl: string | null }
export type SlackSettings = {
  botToken: string
  signingSecret: string
  jobsChannel: string
  approvers: readonly string[] | null
  apiUrl: string | null
}
export type OpenAiSettings = { apiKey: string; model: string; baseUrl: string | null }
export type CircleSettings = { apiToken: string; spaceId: number; authScheme: string; apiUrl: string | null }

export type Config = {
  port: number
  publicUrl: string
  production: boolean
  databaseUrl: string | null
  dataDir: string
  /** `url`: a sandbox that runs already; null: one is started on `port` when any provider needs it. */
  sandbox: { enabled: boolean; port: number; url: string | null }
  twilio: Provider<TwilioSettings>
  slack: Provider<SlackSettings>
  openai: Provider<OpenAiSettings>
  circle: Provider<CircleSettings>
  approvals: { timeoutMs: number; reminderMs: number[] }
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

const DEFAULT_MODEL = 'gpt-5-mini'

/** The process's environment, with `.env` read first where there is one (what is set already wins). */
export function processEnvironment(): Record<string, string | undefined> {
  if (existsSync('.env')) process.loadEnvFile('.env')
  return process.env
}

const port = z.coerce.number().int().min(0).max(65_535)
const httpUrl = z.string().regex(/^https?:\/\/[^\s/]+/)
const duration = z.string().transform((text, context) => {
  const durationMs = parseDuration(text)
  if (durationMs === null) context.addIssue({ code: 'custom', message: 'not a duration' })
  return durationMs ?? 0
})
const list = z.string().transform((text) =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== ''),
)

type Environment = Record<string, string | undefined>
type Reader = {
  /** The variable, or undefined when unset or empty. */
  text(name: string): string | undefined
  parsed<T>(name: string, schema: z.ZodType<T>, fallback: T, advice: string): T
  problem(sentence: string): void
}

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
    approvals: { timeoutMs, reminderMs: reminders(reader, timeoutMs) },
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

/** Where data is kept: needed before the rest of the configuration can be read. */
export function dataDirOf(environment: Environment): string {
  return environment.KINKEEPER_DATA_DIR?.trim() || '.data'
}

function createReader(environment: Environment, problems: string[]): Reader {
  const text = (name: string) => environment[name]?.trim() || undefined
  return {
    text,
    parsed(name, schema, fallback, advice) {
      const value = text(name)
      if (value === undefined) return fallback
      const parsed = schema.safeParse(value)
      if (parsed.success) return parsed.data
      problems.push(`${name} cannot be used as it is. ${advice}`)
      return fallback
    },
    problem: (sentence) => problems.push(sentence),
  }
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

/** One provider: live with its own credentials, else the sandbox's, else off. Half of the credentials is a mistake. */
function provider<Settings>(
  reader: Reader,
  sandboxEnabled: boolean,
  variables: { required: string[]; live(values: string[]): Settings; sandbox(): Settings },
): Provider<Settings> {
  const values = variables.required.map((name) => reader.text(name))
  const missing = variables.required.filter((_name, index) => values[index] === undefined)
  if (missing.length === 0)
    return { mode: 'live', settings: variables.live(values.filter((value) => value !== undefined)) }
  if (missing.length < variables.required.length) {
    const given = variables.required.filter((name) => !missing.includes(name))
    reader.problem(
      `${missing.join(' and ')} ${missing.length === 1 ? 'is' : 'are'} missing: ${given.join(' and ')} cannot be used alone. Set all of them, or none.`,
    )
  }
  return sandboxEnabled ? { mode: 'sandbox', settings: variables.sandbox() } : { mode: 'off', settings: null }
}

function providers(
  reader: Reader,
  sandbox: Config['sandbox'],
  own: SandboxCredentials,
): Pick<Config, 'twilio' | 'slack' | 'openai' | 'circle'> {
  const url = (name: string) =>
    reader.parsed(
      name,
      httpUrl.nullable(),
      null,
      'Set it to an address that begins with https:// or http://.',
    )
  const standIn = sandbox.url ?? `http://127.0.0.1:${sandbox.port}`
  const approvers = reader.parsed('SLACK_APPROVERS', list.nullable(), null, '')
  return {
    twilio: provider(reader, sandbox.enabled, {
      required: ['TWILIO_ACCOUNT_SID', 'TWILIO_AUTH_TOKEN', 'TWILIO_FROM'],
      live: ([accountSid = '', authToken = '', from = '']) => ({
        accountSid,
        authToken,
        from,
        apiUrl: url('TWILIO_API_URL'),
      }),
      sandbox: () => ({
        accountSid: own.twilioAccountSid,
        authToken: own.twilioAuthToken,
        from: own.twilioFrom,
        apiUrl: `${standIn}/twilio`,
      }),
    }),
    slack: provider(reader, sandbox.enabled, {
      required: ['SLACK_BOT_TOKEN', 'SLACK_SIGNING_SECRET', 'SLACK_JOBS_CHANNEL'],
      live: ([botToken = '', signingSecret = '', jobsChannel = '']) => ({
        botToken,
        signingSecret,
        jobsChannel,
        approvers,
        apiUrl: url('SLACK_API_URL'),
      }),
      sandbox: () => ({
        botToken: own.slackBotToken,
        signingSecret: own.slackSigningSecret,
        jobsChannel: own.slackJobsChannel,
        approvers,
        apiUrl: `${standIn}/slack/api/`,
      }),
    }),
    openai: provider(reader, sandbox.enabled, {
      required: ['OPENAI_API_KEY'],
      live: ([apiKey = '']) => ({
        apiKey,
        model: reader.text('OPENAI_MODEL') ?? DEFAULT_MODEL,
        baseUrl: url('OPENAI_BASE_URL'),
      }),
      sandbox: () => ({ apiKey: own.openaiApiKey, model: DEFAULT_MODEL, baseUrl: `${standIn}/openai/v1` }),
    }),
    circle: provider(reader, sandbox.enabled, {
      required: ['CIRCLE_API_TOKEN', 'CIRCLE_SPACE_ID'],
      live: ([apiToken = '']) => ({
        apiToken,
        spaceId: reader.parsed(
          'CIRCLE_SPACE_ID',
          z.coerce.number().int().positive(),
          0,
          'Set it to the number of the space that job posts go to.',
        ),
        authScheme: reader.text('CIRCLE_AUTH_SCHEME') ?? 'Token',
        apiUrl: url('CIRCLE_API_URL'),
      }),
      sandbox: () => ({
        apiToken: own.circleApiToken,
        spaceId: Number(own.circleSpaceId),
        authScheme: 'Token',
        apiUrl: `${standIn}/circle`,
      }),
    }),
  }
}

/** Provider by provider, how it stands: for the start screen, the doctor and the dashboard. */
export function providerModes(
  config: Config,
): Record<'twilio' | 'slack' | 'openai' | 'circle', ProviderMode> {
  return {
    twilio: config.twilio.mode,
    slack: config.slack.mode,
    openai: config.openai.mode,
    circle: config.circle.mode,
  }
}

/** Whether any provider is a stand-in, and so the sandbox process is needed. */
export function needsSandbox(config: Config): boolean {
  return Object.values(providerModes(config)).includes('sandbox')
}
