/** Which variable carries which credential: the program reads them, and hands them to the stand-ins' process. */

const VARIABLES = {
  twilioAccountSid: 'TWILIO_ACCOUNT_SID',
  twilioAuthToken: 'TWILIO_AUTH_TOKEN',
  twilioFrom: 'TWILIO_FROM',
  slackBotToken: 'SLACK_BOT_TOKEN',
  slackSigningSecret: 'SLACK_SIGNING_SECRET',
  slackJobsChannel: 'SLACK_JOBS_CHANNEL',
  slackAlertsChannel: 'SLACK_ALERTS_CHANNEL',
  slackMembersUsergroup: 'SLACK_MEMBERS_USERGROUP',
  openaiApiKey: 'OPENAI_API_KEY',
  circleApiToken: 'CIRCLE_API_TOKEN',
  circleSpaceId: 'CIRCLE_SPACE_ID',
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
} as const

/** Credentials of the providers' stand-ins; made once per installation, so that nobody outside can sign as them. */
export type SandboxCredentials = Record<keyof typeof VARIABLES, string>

/** The credentials as the variables that a stand-in's process reads. Numbers are written out. */
export function credentialsEnvironment(
  credentials: Record<keyof SandboxCredentials, string | number>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(VARIABLES).map(([name, variable]) => [
      variable,
      String(credentials[name as keyof SandboxCredentials]),
    ]),
  )
}

/** Every name of a credential. */
export const CREDENTIAL_NAMES = Object.keys(VARIABLES) as (keyof SandboxCredentials)[]
