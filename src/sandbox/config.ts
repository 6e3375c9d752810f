import { z } from 'zod'

const url = z.url({ protocol: /^https?$/ }).transform((text) => text.replace(/\/+$/, ''))

const optionsSchema = z.object({
  /** 0 takes any free port. */
  port: z.coerce.number().int().min(0).max(65_535).default(3100),
  /** SQLite file, or `:memory:`. */
  stateFile: z.string().min(1).default(':memory:'),
  /** The application's public address, without a trailing slash. */
  publicUrl: url,
  /** Where webhooks are really sent, when the application is not reached at its public address; they are signed for that. */
  deliverTo: url.optional(),
  twilioAccountSid: z.string().regex(/^AC[0-9a-f]{32}$/i, 'it is AC and 32 hexadecimal digits'),
  twilioAuthToken: z.string().min(1),
  twilioFrom: z.string().regex(/^\+\d{6,15}$/, 'it is a phone number like +15005550006'),
  slackBotToken: z.string().min(1),
  slackSigningSecret: z.string().min(1),
  slackJobsChannel: z.string().min(1),
  slackAlertsChannel: z.string().min(1).default('C0SANDALERTS'),
  openaiApiKey: z.string().min(1),
  circleApiToken: z.string().min(1),
  circleSpaceId: z.coerce.number().int().positive(),
  slackMembersUsergroup: z.string().min(1),
  mailchimpApiKey: z.string().min(1),
  mailchimpListId: z.string().min(1),
  mailchimpWelcomeJourneyId: z.coerce.number().int().positive(),
  mailchimpWelcomeStepId: z.coerce.number().int().positive(),
  lumaApiKey: z.string().min(1),
  stripeApiKey: z.string().min(1),
  stripeWebhookSecret: z.string().regex(/^whsec_./, 'it begins with whsec_'),
  clerkSecretKey: z.string().min(1),
  clerkWebhookSecret: z.string().regex(/^whsec_[A-Za-z0-9+/=]+$/, 'it is whsec_ and base64'),
  pagerdutyRoutingKey: z.string().regex(/^\w{32}$/, 'it is 32 letters and digits'),
})

export type SandboxOptions = z.output<typeof optionsSchema>
type OptionName = keyof SandboxOptions

const VARIABLES: Record<OptionName, string> = {
  port: 'SANDBOX_PORT',
  stateFile: 'SANDBOX_STATE_FILE',
  publicUrl: 'PUBLIC_URL',
  deliverTo: 'SANDBOX_DELIVER_TO',
  twilioAccountSid: 'TWILIO_ACCOUNT_SID',
  twilioAuthToken: 'TWILIO_AUTH_TOKEN',
  twilioFrom: 'TWILIO_FROM',
  slackBotToken: 'SLACK_BOT_TOKEN',
  slackSigningSecret: 'SLACK_SIGNING_SECRET',
  slackJobsChannel: 'SLACK_JOBS_CHANNEL',
  slackAlertsChannel: 'SLACK_ALERTS_CHANNEL',
  openaiApiKey: 'OPENAI_API_KEY',
  circleApiToken: 'CIRCLE_API_TOKEN',
  circleSpaceId: 'CIRCLE_SPACE_ID',
  slackMembersUsergroup: 'SLACK_MEMBERS_USERGROUP',
  mailchimpApiKey: 'MAILCHIMP_API_KEY',
  mailchimpListId: 'MAILCHIMP_LIST_ID',
  mailchimpWelcomeJourneyId: 'MAILCHIMP_WELCOME_JOURNEY_ID',
  mailchimpWelcomeStepId: 'MAILCHIMP_WELCOME_STEP_ID',
  lumaApiKey: 'LUMA_API_KEY',
  stripeApiKey: 'STRIPE_API_KEY',
  stripeWebhookSecret: 'STRIPE_WEBHOOK_SECRET',
  clerkSecretKey: 'CLERK_SECRET_KEY',
  clerkWebhookSecret: 'CLERK_WEBHOOK_SIGNING_SECRET',
  pagerdutyRoutingKey: 'PAGERDUTY_ROUTING_KEY',
}

/** What came of reading the environment: options, or one sentence per wrong variable. */
export type ConfigOutcome =
  | { ok: true; options: SandboxOptions; exitWithParent: boolean }
  | { ok: false; problems: string[] }

/** Reads the sandbox's options from the environment. Empty variables count as absent. */
export function readConfig(environment: NodeJS.ProcessEnv = process.env): ConfigOutcome {
  const values = Object.fromEntries(
    Object.entries(VARIABLES).map(([name, variable]) => [name, environment[variable] || undefined]),
  )
  const parsed = optionsSchema.safeParse(values)
  if (parsed.success) {
    return { ok: true, options: parsed.data, exitWithParent: environment.SANDBOX_EXIT_WITH_PARENT === '1' }
  }
  return {
    ok: false,
    problems: parsed.error.issues.map((issue) => {
      const name = String(issue.path[0])
      const variable = name in VARIABLES ? VARIABLES[name as OptionName] : name
      return values[name] === undefined
        ? `${variable} is not set; the sandbox needs it.`
        : `${variable} is wrong: ${issue.message}.`
    }),
  }
}
