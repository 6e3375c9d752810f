import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { CREDENTIAL_NAMES, type SandboxCredentials } from '../provider-credentials.ts'

const schema = z.partialRecord(z.enum(CREDENTIAL_NAMES), z.string())

/** The stand-ins' credentials: made at the first start, kept in the data folder, readable by this user alone. */
export function sandboxCredentials(dataDir: string): SandboxCredentials {
  const file = join(dataDir, 'sandbox', 'credentials.json')
  const kept = existsSync(file) ? schema.parse(JSON.parse(readFileSync(file, 'utf8'))) : {}
  const secret = () => randomBytes(16).toString('hex')
  const made: SandboxCredentials = {
    twilioAccountSid: `AC${secret()}`,
    twilioAuthToken: secret(),
    twilioFrom: '+15005550006',
    slackBotToken: `xoxb-sandbox-${secret()}`,
    slackSigningSecret: secret(),
    slackJobsChannel: 'C0SANDJOBS',
    openaiApiKey: `sk-sandbox-${secret()}`,
    circleApiToken: secret(),
    circleSpaceId: '1',
    slackAlertsChannel: 'C0SANDALERTS',
    slackMembersUsergroup: 'S0SANDMEMBR',
    mailchimpApiKey: `${secret()}-us1`,
    mailchimpListId: '5a4dc0ffee',
    mailchimpWelcomeJourneyId: '2001',
    mailchimpWelcomeStepId: '20011',
    lumaApiKey: secret(),
    stripeApiKey: `sk_test_${secret()}`,
    stripeWebhookSecret: `whsec_${secret()}`,
    clerkSecretKey: `sk_test_${secret()}`,
    clerkWebhookSecret: `whsec_${randomBytes(24).toString('base64')}`,
    pagerdutyRoutingKey: secret(),
    // An installation of before a stand-in was added keeps what it has.
    ...kept,
  }
  mkdirSync(join(dataDir, 'sandbox'), { recursive: true })
  writeFileSync(file, JSON.stringify(made, null, 2), { mode: 0o600 })
  return made
}
