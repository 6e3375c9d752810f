import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { SandboxCredentials } from '../provider-config.ts'

const schema: z.ZodType<SandboxCredentials> = z.object({
  twilioAccountSid: z.string(),
  twilioAuthToken: z.string(),
  twilioFrom: z.string(),
  slackBotToken: z.string(),
  slackSigningSecret: z.string(),
  slackJobsChannel: z.string(),
  openaiApiKey: z.string(),
  circleApiToken: z.string(),
  circleSpaceId: z.string(),
})

/** The stand-ins' credentials: made at the first start, kept in the data folder, readable by this user alone. */
export function sandboxCredentials(dataDir: string): SandboxCredentials {
  const file = join(dataDir, 'sandbox', 'credentials.json')
  if (existsSync(file)) return schema.parse(JSON.parse(readFileSync(file, 'utf8')))
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
  }
  mkdirSync(join(dataDir, 'sandbox'), { recursive: true })
  writeFileSync(file, JSON.stringify(made, null, 2), { mode: 0o600 })
  return made
}
