/** conversations.history, replies, info, list. */
import type { Fields } from '../pipeline.ts'
import type { World } from '../world.ts'
import { microseconds } from './ids.ts'
import { findChannel, flagField, messageResource, repliesTo, textField } from './messages.ts'
import { messageKey, refuse, type SlackAnswer, type SlackChannel, type SlackMessage } from './model.ts'
import { BOT, TEAM } from './seed.ts'

const MAX_LIMIT = 999
const CURSOR = 'next_ts:'

/** conversations.history: top-level messages, newest first. */
export function history(world: World, fields: Fields): SlackAnswer {
  const channel = findChannel(world, fields.channel)
  if (!channel) return refuse('channel_not_found')
  const messages = world.slack.messages
    .values()
    .filter((message) => message.channel === channel.id && message.threadTs === null)
    .filter(inRange(fields))
    .sort((a, b) => microseconds(b.ts) - microseconds(a.ts))
  return page(world, fields, messages, 100, (message, cursor) => microseconds(message.ts) <= cursor)
}

/** conversations.replies: the parent, then its replies, oldest first. */
export function replies(world: World, fields: Fields): SlackAnswer {
  const channel = findChannel(world, fields.channel)
  if (!channel) return refuse('channel_not_found')
  const given = world.slack.messages.get(messageKey(channel.id, textField(fields, 'ts')))
  if (!given) return refuse('thread_not_found')
  const parentTs = given.threadTs ?? given.ts
  const parent = world.slack.messages.get(messageKey(channel.id, parentTs))
  const answers = repliesTo(world, channel.id, parentTs).filter(inRange(fields))
  const thread = [...(parent ? [parent] : []), ...answers]
  return page(world, fields, thread, 1_000, (message, cursor) => microseconds(message.ts) >= cursor)
}

/** conversations.info */
export function info(world: World, fields: Fields): SlackAnswer {
  const channel = world.slack.channels.get(textField(fields, 'channel'))
  return channel ? { ok: true, channel: channelResource(channel) } : refuse('channel_not_found')
}

/** conversations.list */
export function list(world: World): SlackAnswer {
  const channels = world.slack.channels.values().map(channelResource)
  return { ok: true, channels, response_metadata: { next_cursor: '' } }
}

function page(
  world: World,
  fields: Fields,
  messages: SlackMessage[],
  defaultLimit: number,
  fromCursor: (message: SlackMessage, cursor: number) => boolean,
): SlackAnswer {
  const limit = Math.min(MAX_LIMIT, Number(fields.limit ?? defaultLimit) || defaultLimit)
  if (limit < 1) return refuse('invalid_limit')
  const cursor = readCursor(textField(fields, 'cursor'))
  if (cursor === undefined) return refuse('invalid_cursor')
  const rest = cursor === null ? messages : messages.filter((message) => fromCursor(message, cursor))
  const next = rest[limit]
  const metadata = flagField(fields, 'include_all_metadata')
  return {
    ok: true,
    messages: rest.slice(0, limit).map((message) => messageResource(world, message, { metadata })),
    has_more: next !== undefined,
    ...(next && { response_metadata: { next_cursor: writeCursor(next.ts) } }),
  }
}

/** `oldest` and `latest` are exclusive unless `inclusive` is set. */
function inRange(fields: Fields): (message: SlackMessage) => boolean {
  const oldest = fields.oldest === undefined ? 0 : microseconds(String(fields.oldest))
  const latest = fields.latest === undefined ? Number.POSITIVE_INFINITY : microseconds(String(fields.latest))
  const inclusive = flagField(fields, 'inclusive')
  return ({ ts }) => {
    const at = microseconds(ts)
    return inclusive ? at >= oldest && at <= latest : at > oldest && at < latest
  }
}

/** The cursor's timestamp in microseconds; null when there is none, undefined when it is not a cursor. */
function readCursor(cursor: string): number | null | undefined {
  if (cursor === '') return null
  const text = Buffer.from(cursor, 'base64').toString('utf8')
  const micros = Number(text.slice(CURSOR.length))
  return text.startsWith(CURSOR) && Number.isSafeInteger(micros) ? micros : undefined
}

function writeCursor(ts: string): string {
  return Buffer.from(`${CURSOR}${microseconds(ts)}`).toString('base64')
}

function channelResource(channel: SlackChannel): Record<string, unknown> {
  return {
    id: channel.id,
    name: channel.name,
    name_normalized: channel.name,
    is_channel: true,
    is_group: false,
    is_im: false,
    is_mpim: false,
    is_private: false,
    is_archived: false,
    is_general: false,
    is_member: true,
    created: 1_767_225_600,
    creator: BOT.userId,
    context_team_id: TEAM.id,
    topic: { value: channel.topic, creator: BOT.userId, last_set: 1_767_225_600 },
    purpose: { value: '', creator: '', last_set: 0 },
  }
}
