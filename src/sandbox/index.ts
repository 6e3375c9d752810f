/**
 * The sandbox: stand-ins for the providers on one loopback port. To be imported by tests and by
 * `main.ts` only; the program knows the providers' addresses and nothing else.
 */
import { createAdaptorServer, type ServerType } from '@hono/node-server'
import { Hono } from 'hono'
import { createCircleApp } from './circle/app.ts'
import { createClerkApp } from './clerk/app.ts'
import type { SandboxOptions } from './config.ts'
import { createControlApp } from './control/app.ts'
import { createLumaApp } from './luma/app.ts'
import { createMailApp, type MailServer, startMailServer } from './mail/server.ts'
import { createMailchimpApp } from './mailchimp/app.ts'
import { createOpenAiApp } from './openai/app.ts'
import { createPagerDutyApp } from './pagerduty/app.ts'
import type { SandboxEnv } from './pipeline.ts'
import { createSlackApp } from './slack/app.ts'
import { createStripeApp } from './stripe/app.ts'
import { startBilling } from './stripe/settle.ts'
import { createTwilioApp } from './twilio/app.ts'
import { resumeMessages } from './twilio/outbound.ts'
import { startWebhooks } from './webhooks.ts'
import { openWorld, type World } from './world.ts'

export type { SandboxOptions } from './config.ts'
export type { WorldView } from './control/world-view.ts'
export type { Person } from './people/person.ts'

/** Long, so that no client meets a connection that was closed under it for being idle. */
const KEEP_ALIVE_MS = 75_000

/** Credentials that mean nothing anywhere else. */
export const SANDBOX_CREDENTIALS = {
  twilioAccountSid: 'AC00000000000000000000000000005a9d',
  twilioAuthToken: 'sandbox-twilio-auth-token',
  twilioFrom: '+15005550006',
  slackBotToken: 'sandbox-slack-bot-token',
  slackSigningSecret: 'sandbox-slack-signing-secret',
  slackJobsChannel: 'C0SANDJOBS0',
  slackAlertsChannel: 'C0SANDALERTS',
  openaiApiKey: 'sandbox-openai-api-key',
  circleApiToken: 'sandbox-circle-api-token',
  circleSpaceId: 1001,
  slackMembersUsergroup: 'S0SANDMEMBR',
  mailchimpApiKey: 'sandbox-mailchimp-api-key-us1',
  mailchimpListId: '5a4dc0ffee',
  mailchimpWelcomeJourneyId: 2001,
  mailchimpWelcomeStepId: 20011,
  lumaApiKey: 'sandbox-luma-api-key',
  stripeApiKey: 'sk_test_sandbox',
  stripeWebhookSecret: 'whsec_c2FuZGJveC1zdHJpcGUtc2VjcmV0',
  clerkSecretKey: 'sk_test_sandbox_clerk',
  clerkWebhookSecret: 'whsec_c2FuZGJveC1jbGVyay1zZWNyZXQtMDAwMA==',
  pagerdutyRoutingKey: 'sandbox0pagerduty0routing0key000',
} as const satisfies Partial<SandboxOptions>

export type RunningSandbox = {
  /** `http://127.0.0.1:<port>` */
  url: string
  port: number
  /** Cuts every connection and closes the state file. */
  stop(): Promise<void>
}

/**
 * Starts a sandbox.
 * @throws Error in plain words when the port is taken or another sandbox has the state file open
 */
export async function startSandbox(options: SandboxOptions): Promise<RunningSandbox> {
  const world = openWorld(options)
  const late: { mail: MailServer | null } = { mail: null }
  const server = createAdaptorServer({
    fetch: createSandboxApp(world, () => late.mail).fetch,
    serverOptions: { keepAliveTimeout: KEEP_ALIVE_MS },
  })
  try {
    await listen(server, options.port)
    late.mail = await startMailServer(world)
  } catch (error) {
    world.close()
    throw error
  }
  const port = portOf(server)
  const url = `http://127.0.0.1:${port}`
  world.setOwnUrl(url)
  resumeMessages(world)
  const stopBilling = startBilling(world)
  const stopWebhooks = startWebhooks(world)
  return {
    url,
    port,
    async stop() {
      stopBilling()
      stopWebhooks()
      await late.mail?.stop()
      const closed = new Promise((resolve) => server.close(resolve))
      if ('closeAllConnections' in server) server.closeAllConnections()
      await closed
      world.close()
    },
  }
}

function createSandboxApp(world: World, mailServer: () => MailServer | null): Hono<SandboxEnv> {
  return new Hono<SandboxEnv>()
    .route('/twilio', createTwilioApp(world))
    .route('/slack', createSlackApp(world))
    .route('/openai', createOpenAiApp(world))
    .route('/circle', createCircleApp(world))
    .route('/luma', createLumaApp(world))
    .route('/mailchimp', createMailchimpApp(world))
    .route('/clerk', createClerkApp(world))
    .route('/pagerduty', createPagerDutyApp(world))
    .route('/mail', createMailApp(mailServer))
    .route('/stripe', createStripeApp(world))
    .route('/', createStripeApp(world))
    .route('/control', createControlApp(world))
}

function listen(server: ServerType, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EADDRINUSE') return reject(error)
      const sentence = `Port ${port} is taken. Stop what uses it, or set SANDBOX_PORT to another one.`
      reject(new Error(sentence, { cause: error }))
    })
    server.listen(port, '127.0.0.1', () => resolve())
  })
}

function portOf(server: ServerType): number {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}
