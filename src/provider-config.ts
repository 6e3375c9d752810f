/** The providers' part of the environment: all of a provider's credentials make it live, none leave it to the sandbox. */
import { z } from 'zod'
import type { ProviderMode } from './connectors/contract.ts'
import { parseDuration } from './primitives/index.ts'
import type { SandboxCredentials } from './provider-credentials.ts'

export type Provider<Settings> = { mode: ProviderMode; settings: Settings | null }
export type TwilioSettings = { accountSid: string; authToken: string; from: string; apiUrl: string | null }
export type SlackSettings = {
  botToken: string
  signingSecret: string
  jobsChannel: string
  /** Where operators are told things; null: the jobs channel. */
  alertsChannel: string | null
  /** The user group that holds exactly the members; null: none is kept. */
  membersUsergroup: string | null
  approvers: readonly string[] | null
  apiUrl: string | null
}
export type OpenAiSettings = { apiKey: string; model: string; baseUrl: string | null }
export type CircleSettings = { apiToken: string; spaceId: number; authScheme: string; apiUrl: string | null }

export type Environment = Record<string, string | undefined>
export type Reader = {
  /** The variable, or undefined when unset or empty. */
  text(name: string): string | undefined
  parsed<T>(name: string, schema: z.ZodType<T>, fallback: T, advice: string): T
  problem(sentence: string): void
}

const DEFAULT_MODEL = 'gpt-5-mini'
export const httpUrl = z.string().regex(/^https?:\/\/[^\s/]+/)
/** `90s`, `15m`, `24h`, `7d` as milliseconds. */
export const duration = z.string().transform((text, context) => {
  const durationMs = parseDuration(text)
  if (durationMs === null) context.addIssue({ code: 'custom', message: 'not a duration' })
  return durationMs ?? 0
})
/** `a, b` → `['a', 'b']`. */
export const list = z.string().transform((text) =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== ''),
)

/** Reads variables one by one, and collects a sentence for each that cannot be used. */
export function createReader(environment: Environment, problems: string[]): Reader {
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

/** One provider: live with its own credentials, else the sandbox's, else off. Half of the credentials is a mistake. */
export function provider<Settings>(
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

/** A provider's address, when it is not its own. */
export function providerUrl(reader: Reader, name: string): string | null {
  return reader.parsed(
    name,
    httpUrl.nullable(),
    null,
    'Set it to an address that begins with https:// or http://.',
  )
}

/** Slack takes a name when posting, but knows only ids when asked what was posted. */
function channelId(reader: Reader, channel: string): string {
  if (channel.startsWith('#')) {
    reader.problem(
      "SLACK_JOBS_CHANNEL is a name. Set it to the channel's id (C…), which Slack shows at the bottom of the channel's details.",
    )
  }
  return channel
}

/** All providers of this program. */
export function providers(
  reader: Reader,
  sandbox: { enabled: boolean; port: number; url: string | null },
  own: SandboxCredentials,
): {
  twilio: Provider<TwilioSettings>
  slack: Provider<SlackSettings>
  openai: Provider<OpenAiSettings>
  circle: Provider<CircleSettings>
} {
  const url = (name: string) => providerUrl(reader, name)
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
        jobsChannel: channelId(reader, jobsChannel),
        alertsChannel: reader.text('SLACK_ALERTS_CHANNEL') ?? null,
        membersUsergroup: reader.text('SLACK_MEMBERS_USERGROUP') ?? null,
        approvers,
        apiUrl: url('SLACK_API_URL'),
      }),
      sandbox: () => ({
        botToken: own.slackBotToken,
        signingSecret: own.slackSigningSecret,
        jobsChannel: own.slackJobsChannel,
        alertsChannel: own.slackAlertsChannel,
        membersUsergroup: own.slackMembersUsergroup,
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
