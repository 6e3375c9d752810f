/** The Messages API: create, fetch, list. Errors carry Twilio's own codes. */
import type { Fields } from '../pipeline.ts'
import type { World } from '../world.ts'
import { newSid } from './ids.ts'
import type { TwilioMessage } from './model.ts'
import { queueMessage } from './outbound.ts'
import { segmentCount } from './segments.ts'

export type TwilioAnswer = { status: number; body: unknown }

const E164 = /^\+[1-9]\d{6,14}$/

/** Twilio's test numbers that always fail. https://www.twilio.com/docs/iam/test-credentials */
const MAGIC_TO: Record<string, [code: number, message: string]> = {
  '+15005550001': [21211, "The 'To' number +15005550001 is not a valid phone number."],
  '+15005550002': [21612, 'Message cannot be sent with the current combination of To and From parameters'],
  '+15005550003': [21408, 'Permission to send an SMS has not been enabled for the region of the To number'],
  '+15005550004': [21610, 'Attempt to send to unsubscribed recipient'],
  '+15005550009': [21614, "'To' number is not a valid mobile number"],
}
const MAGIC_FROM: Record<string, [code: number, message: string]> = {
  '+15005550001': [21212, "The 'From' number +15005550001 is not a valid phone number"],
  '+15005550007': [
    21606,
    "The 'From' phone number is not a valid, SMS-capable Twilio number for your account",
  ],
  '+15005550008': [21611, 'This From number has exceeded the maximum number of queued messages'],
}
const MAGIC_VALID_FROM = '+15005550006'

/** POST Messages.json: 201 with the queued text, or 400 with Twilio's code. */
export function createMessage(world: World, fields: Fields): TwilioAnswer {
  const to = text(fields.To)
  const from = text(fields.From)
  const body = text(fields.Body)
  const mediaUrls = [fields.MediaUrl ?? []].flat().map(String)
  const problem = createProblem(world, {
    to,
    from,
    body,
    mediaUrls,
    service: text(fields.MessagingServiceSid),
  })
  if (problem) return twilioError(400, ...problem)
  const message = queueMessage(world, {
    direction: 'outbound-api',
    from: from || world.options.twilioFrom,
    to,
    body,
    media: mediaUrls.map((source) => ({ sid: newSid('ME'), contentType: 'image/jpeg', source })),
    statusCallback: text(fields.StatusCallback) || null,
  })
  return { status: 201, body: resource(world, message) }
}

function createProblem(
  world: World,
  message: { to: string; from: string; body: string; mediaUrls: string[]; service: string },
): [code: number, message: string] | null {
  const { to, from, body, mediaUrls, service } = message
  if (!to) return [21604, "A 'To' phone number is required."]
  if (!from && !service) return [21603, "A 'From' phone number is required."]
  if (!body && mediaUrls.length === 0) return [21602, 'Message body is required.']
  const magic = MAGIC_TO[to] ?? MAGIC_FROM[from]
  if (magic) return magic
  if (!E164.test(to)) return [21211, `The 'To' number ${to} is not a valid phone number.`]
  if (from && from !== world.options.twilioFrom && from !== MAGIC_VALID_FROM) {
    return [
      21606,
      `The 'From' phone number ${from} is not a valid, SMS-capable Twilio number for your account`,
    ]
  }
  if (to === from) return [21266, "'To' and 'From' number cannot be the same"]
  if (body.length > 1_600) return [21617, 'The concatenated message body exceeds the 1600 character limit']
  if (world.twilio.optedOut.get(to)) return [21610, 'Attempt to send to unsubscribed recipient']
  return null
}

/** GET Messages/{Sid}.json */
export function fetchMessage(world: World, sid: string): TwilioAnswer {
  const message = world.twilio.messages.get(sid)
  return message ? { status: 200, body: resource(world, message) } : notFound(`Messages/${sid}`)
}

/**
 * GET Messages.json, newest first. Dates are compared by the second, since Twilio shows no finer. A text that is
 * still queued has no date of sending, so a search by date does not find it yet.
 */
export function listMessages(world: World, fields: Fields): TwilioAnswer {
  const size = Math.min(1_000, Math.max(1, Number(fields.PageSize) || 50))
  const page = Math.max(0, Number(fields.Page) || 0)
  const all = world.twilio.messages.values().reverse().filter(matches(fields))
  // The token names the last text of the page before, so that a text that arrives meanwhile shifts nothing.
  const after = text(fields.PageToken).replace(/^PA/, '')
  const start = after ? all.findIndex((message) => message.sid === after) + 1 : page * size
  const shown = all.slice(start, start + size)
  const last = shown.at(-1)
  const more = last !== undefined && start + size < all.length
  const path = `${accountPath(world)}/Messages.json`
  const uri = (number: number, token?: string) => {
    const query = new URLSearchParams()
    for (const name of ['To', 'From', 'DateSent', 'DateSent<', 'DateSent>']) {
      if (text(fields[name])) query.set(name, text(fields[name]))
    }
    query.set('PageSize', String(size))
    query.set('Page', String(number))
    if (token) query.set('PageToken', token)
    return `${path}?${query}`
  }
  return {
    status: 200,
    body: {
      first_page_uri: uri(0),
      end: start + Math.max(0, shown.length - 1),
      previous_page_uri: page > 0 ? uri(page - 1) : null,
      messages: shown.map((message) => resource(world, message)),
      uri: uri(page),
      page_size: size,
      start,
      next_page_uri: more ? uri(page + 1, `PA${last.sid}`) : null,
      page,
    },
  }
}

function matches(fields: Fields): (message: TwilioMessage) => boolean {
  const day = text(fields.DateSent)
  const since = seconds(text(fields['DateSent>']))
  const until = seconds(text(fields['DateSent<']))
  const dated = day !== '' || since !== null || until !== null
  return (message) => {
    if (fields.To !== undefined && message.to !== fields.To) return false
    if (fields.From !== undefined && message.from !== fields.From) return false
    if (message.sentMs === null) return !dated
    const sentS = Math.floor(message.sentMs / 1_000)
    if (day && new Date(sentS * 1_000).toISOString().slice(0, 10) !== day.slice(0, 10)) return false
    return (since === null || sentS >= since) && (until === null || sentS <= until)
  }
}

function seconds(date: string): number | null {
  const ms = Date.parse(date)
  return Number.isNaN(ms) ? null : Math.floor(ms / 1_000)
}

/** A text as the API shows it: RFC 2822 dates, counts as strings. */
function resource(world: World, message: TwilioMessage): Record<string, unknown> {
  const uri = `${accountPath(world)}/Messages/${message.sid}`
  return {
    account_sid: world.options.twilioAccountSid,
    api_version: '2010-04-01',
    body: message.body,
    date_created: rfc2822(message.createdMs),
    date_sent: message.sentMs === null ? null : rfc2822(message.sentMs),
    date_updated: rfc2822(message.updatedMs),
    direction: message.direction,
    error_code: message.errorCode,
    error_message: null,
    from: message.from,
    messaging_service_sid: null,
    num_media: String(message.media.length),
    num_segments: String(segmentCount(message.body)),
    price: null,
    price_unit: 'USD',
    sid: message.sid,
    status: message.status,
    subresource_uris: { media: `${uri}/Media.json` },
    to: message.to,
    uri: `${uri}.json`,
  }
}

/** An error in Twilio's envelope. */
export function twilioError(status: number, code: number, message: string): TwilioAnswer {
  return { status, body: { code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status } }
}

/** 404 with code 20404, for a resource under the account. */
export function notFound(resourcePath: string): TwilioAnswer {
  return twilioError(404, 20404, `The requested resource ${resourcePath} was not found`)
}

/** The account's path, as it stands in every `uri`. */
export function accountPath(world: World): string {
  return `/2010-04-01/Accounts/${world.options.twilioAccountSid}`
}

/** `Thu, 24 Aug 2023 05:01:45 +0000` */
export function rfc2822(ms: number): string {
  return new Date(ms).toUTCString().replace('GMT', '+0000')
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
