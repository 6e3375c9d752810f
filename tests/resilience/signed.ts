/** Requests as Twilio, Slack, Stripe and Clerk sign them, made here from the vendors' descriptions and not with the program's code. */
import { createHmac, randomBytes } from 'node:crypto'
import type { SandboxWorld } from '../support/sandbox-world.ts'

export type SignedRequest = { url: string; headers: Record<string, string>; body: string }

const FORM = 'application/x-www-form-urlencoded'
const JSON_TYPE = 'application/json'

/** A new MessageSid. */
export function newMessageSid(): string {
  return `SM${randomBytes(16).toString('hex')}`
}

/** A text as Twilio delivers it. `more`: further fields, signed like the others. */
export function signedText(
  world: SandboxWorld,
  text: { from: string; body: string; messageSid?: string; more?: Record<string, string> },
  authToken: string = world.credentials.twilioAuthToken,
): SignedRequest {
  const url = `http://127.0.0.1:${world.appPort}/webhooks/twilio-sms`
  const fields: Record<string, string> = {
    MessageSid: text.messageSid ?? newMessageSid(),
    AccountSid: world.credentials.twilioAccountSid,
    From: text.from,
    To: world.credentials.twilioFrom,
    Body: text.body,
    NumMedia: '0',
    ...text.more,
  }
  const base = Object.keys(fields)
    .sort()
    .reduce((sum, name) => sum + name + fields[name], url)
  const signature = createHmac('sha1', authToken).update(base).digest('base64')
  return {
    url,
    headers: { 'content-type': FORM, 'x-twilio-signature': signature },
    body: new URLSearchParams(fields).toString(),
  }
}

/** Something that somebody did in Slack. `atMs`: when, by the machine's clock. */
export function signedInteraction(
  world: SandboxWorld,
  payload: unknown,
  options: { atMs?: number; secret?: string } = {},
): SignedRequest {
  const body = new URLSearchParams({ payload: JSON.stringify(payload) }).toString()
  const timestamp = String(Math.floor((options.atMs ?? wallClock()) / 1_000))
  const secret = options.secret ?? world.credentials.slackSigningSecret
  const signature = createHmac('sha256', secret).update(`v0:${timestamp}:${body}`).digest('hex')
  return {
    url: `http://127.0.0.1:${world.appPort}/webhooks/slack-interaction`,
    headers: {
      'content-type': FORM,
      'x-slack-request-timestamp': timestamp,
      'x-slack-signature': `v0=${signature}`,
    },
    body,
  }
}

/** A press of a button of a job post's message. */
export function clickPayload(
  world: SandboxWorld,
  approvalId: string,
  actionId: string,
  user: { id: string; name: string },
): unknown {
  return {
    type: 'block_actions',
    user: { id: user.id, username: user.name, name: user.name },
    container: { type: 'message', message_ts: '1.000001', channel_id: world.credentials.slackJobsChannel },
    channel: { id: world.credentials.slackJobsChannel, name: 'jobs' },
    trigger_id: `1.2.${randomBytes(8).toString('hex')}`,
    actions: [{ type: 'button', action_id: actionId, value: approvalId, action_ts: uniqueTs() }],
  }
}

/** A submitted modal about a job post; `values` are the texts by block. */
export function modalPayload(
  approvalId: string,
  modal: 'job_deny_reason' | 'job_edit_fields',
  values: Record<string, string>,
  user: { id: string; name: string },
): unknown {
  const state = Object.entries(values).map(([block, value]) => [
    block,
    { value: { type: 'plain_text_input', value } },
  ])
  return {
    type: 'view_submission',
    user: { id: user.id, username: user.name, name: user.name },
    view: {
      id: `V${randomBytes(5).toString('hex').toUpperCase()}`,
      hash: uniqueTs(),
      callback_id: modal,
      private_metadata: JSON.stringify({ approvalId }),
      state: { values: Object.fromEntries(state) },
    },
  }
}

/** An event of Stripe's. `atMs`: when it was signed, by the machine's clock. */
export function signedStripe(
  world: SandboxWorld,
  event: unknown,
  options: { atMs?: number; secret?: string } = {},
): SignedRequest {
  const body = typeof event === 'string' ? event : JSON.stringify(event)
  const seconds = Math.floor((options.atMs ?? wallClock()) / 1_000)
  const secret = options.secret ?? world.credentials.stripeWebhookSecret
  const signature = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex')
  return {
    url: `http://127.0.0.1:${world.appPort}/webhooks/stripe`,
    headers: { 'content-type': JSON_TYPE, 'stripe-signature': `t=${seconds},v1=${signature}` },
    body,
  }
}

/** An event of Clerk's, as Svix sends it. `id`: the delivery's. */
export function signedClerk(
  world: SandboxWorld,
  event: unknown,
  options: { id?: string; atMs?: number; secret?: string } = {},
): SignedRequest {
  const body = typeof event === 'string' ? event : JSON.stringify(event)
  const id = options.id ?? `msg_${randomBytes(12).toString('hex')}`
  const seconds = Math.floor((options.atMs ?? wallClock()) / 1_000)
  const secret = options.secret ?? world.credentials.clerkWebhookSecret
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
  const signature = createHmac('sha256', key).update(`${id}.${seconds}.${body}`).digest('base64')
  return {
    url: `http://127.0.0.1:${world.appPort}/webhooks/clerk`,
    headers: {
      'content-type': JSON_TYPE,
      'svix-id': id,
      'svix-timestamp': String(seconds),
      'svix-signature': `v1,${signature}`,
    },
    body,
  }
}

/** Sends it. @param signal when the sender hangs up */
export function send(request: SignedRequest, signal: AbortSignal | null = null): Promise<Response> {
  return fetch(request.url, { method: 'POST', headers: request.headers, body: request.body, signal })
}

/** The machine's time in epoch milliseconds: what a provider writes into its signature. */
export function wallClock(): number {
  return performance.timeOrigin + performance.now()
}

function uniqueTs(): string {
  return `${Math.floor(wallClock() / 1_000)}.${randomBytes(4).readUInt32BE(0)}`
}
