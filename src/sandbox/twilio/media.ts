/** Pictures of texts: the Media resources, and the pictures themselves behind a redirect to Twilio's file server. */
import type { World } from '../world.ts'
import { accountPath, notFound, rfc2822, type TwilioAnswer } from './messages.ts'
import type { TwilioMedia, TwilioMessage } from './model.ts'

/** A grey square, for a picture whose source the sandbox cannot show. */
const PLACEHOLDER = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==',
  'base64',
)

/** GET Media.json */
export function listMedia(world: World, messageSid: string): TwilioAnswer {
  const message = world.twilio.messages.get(messageSid)
  if (!message) return notFound(`Messages/${messageSid}/Media`)
  const uri = `${accountPath(world)}/Messages/${messageSid}/Media.json`
  return {
    status: 200,
    body: {
      first_page_uri: `${uri}?PageSize=50&Page=0`,
      end: Math.max(0, message.media.length - 1),
      previous_page_uri: null,
      media_list: message.media.map((media) => resource(world, message, media)),
      uri: `${uri}?PageSize=50&Page=0`,
      page_size: 50,
      start: 0,
      next_page_uri: null,
      page: 0,
    },
  }
}

/** GET Media/{Sid}.json; without `.json`, the picture. */
export function fetchMedia(world: World, messageSid: string, file: string): TwilioAnswer | Response {
  const asResource = file.endsWith('.json')
  const sid = file.replace(/\.json$/, '')
  const message = world.twilio.messages.get(messageSid)
  const media = message?.media.find((each) => each.sid === sid)
  if (!message || !media) return notFound(`Messages/${messageSid}/Media/${sid}`)
  if (asResource) return { status: 200, body: resource(world, message, media) }
  return new Response(null, {
    status: 307,
    headers: { location: `${world.ownUrl()}/twilio/cdn/${messageSid}/${sid}` },
  })
}

/** The file server: no credentials needed, as with Twilio's. */
export function serveMedia(world: World, messageSid: string, sid: string): Response {
  const media = world.twilio.messages.get(messageSid)?.media.find((each) => each.sid === sid)
  if (!media) return new Response('Not Found', { status: 404 })
  const inline = /^data:[^,]*?(;base64)?,(.*)$/s.exec(media.source)
  if (!inline) return new Response(PLACEHOLDER, { headers: { 'content-type': 'image/png' } })
  const bytes = inline[1] ? Buffer.from(inline[2] ?? '', 'base64') : decodeURIComponent(inline[2] ?? '')
  return new Response(bytes, {
    // The source is whatever was texted: never let a browser run it.
    headers: { 'content-type': media.contentType, 'content-security-policy': 'sandbox' },
  })
}

function resource(world: World, message: TwilioMessage, media: TwilioMedia): Record<string, unknown> {
  return {
    account_sid: world.options.twilioAccountSid,
    content_type: media.contentType,
    date_created: rfc2822(message.createdMs),
    date_updated: rfc2822(message.updatedMs),
    parent_sid: message.sid,
    sid: media.sid,
    uri: `${accountPath(world)}/Messages/${message.sid}/Media/${media.sid}.json`,
  }
}
