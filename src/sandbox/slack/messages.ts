/** Messages as Slack shows them in answers and payloads. */
import { isRecord, parseJson } from '../../primitives/index.ts'
import type { Fields } from '../pipeline.ts'
import type { World } from '../world.ts'
import type { SlackChannel, SlackMessage } from './model.ts'
import { APP_ID, BOT, TEAM } from './seed.ts'

/**
 * A message in Slack's own words.
 * @param include whether the metadata is shown (`include_all_metadata`)
 */
export function messageResource(
  world: World,
  message: SlackMessage,
  include: { metadata: boolean },
): Record<string, unknown> {
  const replies = message.threadTs === null ? repliesTo(world, message.channel, message.ts) : []
  const bot = message.userId === BOT.userId
  return {
    user: message.userId,
    type: 'message',
    ts: message.ts,
    ...(bot && {
      bot_id: BOT.id,
      app_id: APP_ID,
      bot_profile: { id: BOT.id, app_id: APP_ID, name: BOT.name, deleted: false, team_id: TEAM.id },
    }),
    text: message.text,
    team: TEAM.id,
    ...(message.editedTs !== null && { edited: { user: message.userId, ts: message.editedTs } }),
    ...(message.blocks.length > 0 && { blocks: message.blocks }),
    ...(message.threadTs !== null && { thread_ts: message.threadTs, parent_user_id: BOT.userId }),
    ...(replies.length > 0 && {
      thread_ts: message.ts,
      reply_count: replies.length,
      reply_users_count: new Set(replies.map((reply) => reply.userId)).size,
      reply_users: [...new Set(replies.map((reply) => reply.userId))],
      latest_reply: replies.at(-1)?.ts,
      is_locked: false,
      subscribed: false,
    }),
    ...(include.metadata && message.metadata && { metadata: message.metadata }),
  }
}

/** The replies in a message's thread, oldest first. */
export function repliesTo(world: World, channel: string, ts: string): SlackMessage[] {
  return world.slack.messages
    .values()
    .filter((message) => message.channel === channel && message.threadTs === ts)
}

/** A channel by its id: all that most methods take. */
export function findChannel(world: World, id: unknown): SlackChannel | undefined {
  return world.slack.channels.get(String(id ?? ''))
}

/** A channel by its id, or by `#name`, which only chat.postMessage takes. */
export function findChannelByIdOrName(world: World, given: unknown): SlackChannel | undefined {
  const name = String(given ?? '').replace(/^#/, '')
  return findChannel(world, given) ?? world.slack.channels.values().find((channel) => channel.name === name)
}

/** A field that is JSON inside a form, and already parsed inside a JSON body. */
export function jsonField(fields: Fields, name: string): unknown {
  const value = fields[name]
  return typeof value === 'string' ? parseJson(value) : value
}

/** A string field; empty when absent. */
export function textField(fields: Fields, name: string): string {
  const value = fields[name]
  return typeof value === 'string' ? value : ''
}

/** Whether a flag is set: `true`, `"true"`, `1`, `"1"`. */
export function flagField(fields: Fields, name: string): boolean {
  return ['true', '1'].includes(String(fields[name]))
}

/** Metadata of a message; null when there is none, undefined when it is not metadata. */
export function metadataField(fields: Fields): SlackMessage['metadata'] | undefined {
  const value = jsonField(fields, 'metadata')
  if (fields.metadata === undefined || fields.metadata === '') return null
  if (!isRecord(value) || typeof value.event_type !== 'string' || !isRecord(value.event_payload))
    return undefined
  return { event_type: value.event_type, event_payload: value.event_payload }
}
