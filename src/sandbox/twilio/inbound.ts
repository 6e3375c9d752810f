/**
 * A person's text: kept, answered by Twilio itself when it is an opt-out word, forwarded to the application's
 * webhook, and the TwiML that comes back delivered as a text, once per MessageSid however often it is delivered.
 * Twilio retries once, and only when it could not connect.
 */
import { randomUUID } from 'node:crypto'
import { type DeliveryOutcome, deliver } from '../deliveries.ts'
import type { World } from '../world.ts'
import { newSid } from './ids.ts'
import type { TwilioMessage } from './model.ts'
import { handleOptOutWord } from './opt-out.ts'
import { queueMessage } from './outbound.ts'
import { segmentCount } from './segments.ts'
import { twilioSignature } from './signature.ts'
import { parseTwiml } from './twiml.ts'

const RETRIES = 1

export type InboundText = { from: string; body: string; mediaUrls: string[]; messageSid?: string | undefined }
/** `webhookStatus` is null when no answer came; `reply` is the text that the answer asked Twilio to send. */
export type WebhookResult = {
  sid: string
  webhookStatus: number | null
  reply: string | null
  error?: string
}

/** Keeps a new text and does Twilio's own part of it; a known MessageSid is given back as it is. */
export function receiveText(world: World, text: InboundText): TwilioMessage {
  const known = text.messageSid === undefined ? undefined : world.twilio.messages.get(text.messageSid)
  if (known) return known
  const nowMs = world.clock.now()
  const sid = text.messageSid ?? newSid(text.mediaUrls.length > 0 ? 'MM' : 'SM')
  const message = world.twilio.messages.put(sid, {
    sid,
    direction: 'inbound',
    from: text.from,
    to: world.options.twilioFrom,
    body: text.body,
    status: 'received',
    errorCode: null,
    media: text.mediaUrls.map((source) => ({ sid: newSid('ME'), contentType: contentType(source), source })),
    createdMs: nowMs,
    sentMs: nowMs,
    updatedMs: nowMs,
    statusCallback: null,
    answered: false,
  })
  const ownAnswer = handleOptOutWord(world, text.from, text.body)
  if (ownAnswer !== null) reply(world, message, ownAnswer)
  return message
}

/** Forwards a text to the application's webhook and delivers what it answers. */
export async function forwardText(world: World, message: TwilioMessage): Promise<WebhookResult> {
  const url = `${world.options.publicUrl}/webhooks/twilio-sms`
  const form = webhookForm(world, message)
  const token = randomUUID()
  let outcome = await post(world, url, form, token)
  for (let retry = 0; retry < RETRIES && outcome.kind === 'not-connected'; retry++) {
    outcome = await post(world, url, form, token)
  }
  if (outcome.kind !== 'answered') {
    const code = outcome.kind === 'not-connected' ? 11205 : 11200
    return failed(world, message.sid, null, code, outcome.reason)
  }
  if (outcome.status >= 400) {
    return failed(world, message.sid, outcome.status, 11200, `the webhook answered ${outcome.status}`)
  }
  return readAnswer(world, message, outcome.status, outcome.headers['content-type'] ?? '', outcome.body)
}

function readAnswer(
  world: World,
  message: TwilioMessage,
  status: number,
  type: string,
  body: string,
): WebhookResult {
  if (body.trim() === '') return { sid: message.sid, webhookStatus: status, reply: null }
  if (!/^(text|application)\/xml\b/i.test(type)) {
    return failed(world, message.sid, status, 12300, `the webhook's Content-Type is ${type || 'missing'}`)
  }
  const messages = parseTwiml(body)
  if (!messages)
    return failed(world, message.sid, status, 12100, 'the webhook answered something that is not TwiML')
  const replies = messages.map((twiml) => twiml.body).filter((text) => text !== '')
  const current = world.twilio.messages.get(message.sid)
  if (replies.length > 0 && current && !current.answered) {
    world.twilio.messages.put(message.sid, { ...current, answered: true })
    for (const twiml of messages) replyWithTwiml(world, message, twiml)
  }
  return { sid: message.sid, webhookStatus: status, reply: replies.join('\n') || null }
}

function replyWithTwiml(
  world: World,
  message: TwilioMessage,
  twiml: { body: string; to: string | null; statusCallback: string | null },
): void {
  const to = twiml.to ?? message.from
  if (world.twilio.optedOut.get(to)) {
    alert(world, message.sid, 21610, 'the reply was not sent: the recipient has opted out')
    return
  }
  if (twiml.body !== '') reply(world, message, twiml.body, to, twiml.statusCallback)
}

function reply(
  world: World,
  message: TwilioMessage,
  body: string,
  to = message.from,
  statusCallback: string | null = null,
): void {
  queueMessage(world, { direction: 'outbound-reply', from: message.to, to, body, statusCallback })
}

function post(
  world: World,
  url: string,
  form: Record<string, string>,
  token: string,
): Promise<DeliveryOutcome> {
  return deliver(world, {
    provider: 'twilio',
    operation: 'webhook',
    url,
    headers: {
      'x-twilio-signature': twilioSignature(world.options.twilioAuthToken, url, form),
      'i-twilio-idempotency-token': token,
      'user-agent': 'TwilioProxy/1.1',
    },
    body: { form },
    connectTimeoutMs: 5_000,
    totalTimeoutMs: 15_000,
  })
}

function webhookForm(world: World, message: TwilioMessage): Record<string, string> {
  const media = message.media.flatMap(({ sid, contentType: type }, index) => [
    [`MediaUrl${index}`, `${world.ownUrl()}/twilio${mediaPath(world, message.sid, sid)}`],
    [`MediaContentType${index}`, type],
  ])
  return {
    ToCountry: 'US',
    ToState: 'CA',
    ToCity: 'SAN FRANCISCO',
    ToZip: '94105',
    SmsMessageSid: message.sid,
    NumMedia: String(message.media.length),
    FromCountry: message.from.startsWith('+1') ? 'US' : '',
    // Twilio sends what it does not know as an empty value, and signs it like any other.
    FromState: '',
    FromCity: '',
    FromZip: '',
    SmsSid: message.sid,
    SmsStatus: 'received',
    Body: message.body,
    To: message.to,
    NumSegments: String(segmentCount(message.body)),
    MessageSid: message.sid,
    AccountSid: world.options.twilioAccountSid,
    From: message.from,
    ApiVersion: '2010-04-01',
    ...Object.fromEntries(media),
  }
}

/** The path of a picture under Twilio's API, as it stands in `MediaUrl0`. */
function mediaPath(world: World, messageSid: string, mediaSid: string): string {
  return `/2010-04-01/Accounts/${world.options.twilioAccountSid}/Messages/${messageSid}/Media/${mediaSid}`
}

function failed(
  world: World,
  sid: string,
  webhookStatus: number | null,
  code: number,
  error: string,
): WebhookResult {
  alert(world, sid, code, error)
  return { sid, webhookStatus, reply: null, error }
}

function alert(world: World, messageSid: string, code: number, text: string): void {
  const id = newSid('NO')
  world.twilio.alerts.put(id, { id, code, messageSid, text, atMs: world.clock.now() })
}

function contentType(source: string): string {
  const inline = /^data:([\w/+.-]+)/.exec(source)?.[1]
  if (inline) return inline
  if (/\.png(\?|$)/i.test(source)) return 'image/png'
  if (/\.pdf(\?|$)/i.test(source)) return 'application/pdf'
  return 'image/jpeg'
}
