import { resolve } from 'node:path'
import { type Config, providerModes } from '../config.ts'
import type { Role } from './role.ts'

export type StartFacts = {
  config: Config
  role: Role
  /** Null: a DATABASE_URL of the operator's own. */
  embedded: { dataDir: string; tookOver: boolean } | null
  ownerLink: string | null
  tookMs: number
}

const MODES = { live: 'live', sandbox: 'sandbox', off: 'off' } as const
const NAMES = {
  twilio: 'Twilio',
  slack: 'Slack',
  openai: 'OpenAI',
  circle: 'Circle',
  mailchimp: 'Mailchimp',
  luma: 'Luma',
  stripe: 'Stripe',
  clerk: 'Clerk',
  pagerduty: 'PagerDuty',
  email: 'E-mail',
} as const

/** What the operator reads when the program is ready: one screenful, with what to do next first. */
export function startScreen(facts: StartFacts): string {
  const { config } = facts
  const modes = providerModes(config)
  const entries = Object.entries(modes).map(
    ([name, mode]) => `${NAMES[name as keyof typeof NAMES]} ${MODES[mode]}`,
  )
  const sandboxed = Object.values(modes).includes('sandbox')
  const local = `http://localhost:${config.port}`
  const lines = [
    '',
    `  Kinkeeper is ready after ${(facts.tookMs / 1_000).toFixed(1)} s`,
    '',
    `  Dashboard   ${config.publicUrl}${config.publicUrl === local ? '' : `  (here: ${local})`}`,
    ...(facts.ownerLink
      ? [
          `  First owner ${facts.ownerLink}`,
          '              (works once; a new one is made at each start until somebody used it)',
        ]
      : []),
    ...(sandboxed
      ? [`  Try it      ${local}/sandbox  text a job post, approve it in Slack, see it on Circle`]
      : []),
    '',
    `  Providers   ${entries.join(' · ')}`,
    ...offAdvice(modes),
    `  Data        ${facts.embedded ? `${facts.embedded.dataDir} (embedded PostgreSQL${facts.embedded.tookOver ? ', taken over from a killed program' : ''})` : 'your PostgreSQL at DATABASE_URL'}`,
    ...(sandboxed ? [`              ${resolve(config.dataDir, 'sandbox')} (the sandbox's world)`] : []),
    '',
    ...(facts.role === 'all' ? [] : [`  Role        ${facts.role}`]),
    '  Ctrl-C stops it; what is under way goes on at the next start.',
    '',
  ]
  return lines.join('\n')
}

const CREDENTIALS = {
  twilio: 'TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and TWILIO_FROM',
  slack: 'SLACK_BOT_TOKEN, SLACK_SIGNING_SECRET and SLACK_JOBS_CHANNEL',
  openai: 'OPENAI_API_KEY',
  circle: 'CIRCLE_API_TOKEN and CIRCLE_SPACE_ID',
  mailchimp: 'MAILCHIMP_API_KEY and MAILCHIMP_LIST_ID',
  luma: 'LUMA_API_KEY',
  stripe: 'STRIPE_WEBHOOK_SECRET (and STRIPE_API_KEY)',
  clerk: 'CLERK_WEBHOOK_SIGNING_SECRET (and CLERK_SECRET_KEY)',
  pagerduty: 'PAGERDUTY_ROUTING_KEY',
  email: 'SMTP_URL and EMAIL_FROM',
} as const

function offAdvice(modes: ReturnType<typeof providerModes>): string[] {
  return Object.entries(modes).flatMap(([name, mode]) => {
    if (mode !== 'off') return []
    const provider = name as keyof typeof CREDENTIALS
    return [`              ${NAMES[provider]} is off: set ${CREDENTIALS[provider]} to turn it on`]
  })
}
