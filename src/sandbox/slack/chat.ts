/** chat.postMessage, update, delete, postEphemeral, getPermalink. */
import { newId } from '../../primitives/index.ts'
import type { Fields } from '../pipeline.ts'
import type { World } from '../world.ts'
import { checkMessageBlocks } from './blocks.ts'
import { nextTs } from './ids.ts'
import {
  findChannel,
  findChannelByIdOrName,
  jsonField,
  messageResource,
  metadataField,
  textField,
} from './messages.ts'
import {
  type Block,
  messageKey,
  refuse,
  type SlackAnswer,
  type SlackMessage,
  type SlackRefusal,
} from './model.ts'
import { BOT, TEAM } from './seed.ts'

const MAX_TEXT = 40_000

/** chat.postMessage: no idempotency, as with Slack; the same call twice is two messages. */
export function postMessage(world: World, fields: Fields): SlackAnswer {
  const channel = findChannelByIdOrName(world, fields.channel)
  if (!channel) return refuse('channel_not_found')
  const content = readContent(fields)
  if ('error' in content) return content
  const metadata = metadataField(fields)
  if (metadata === undefined) return refuse('invalid_metadata_format')
  const threadTs = textField(fields, 'thread_ts') || null
  if (threadTs !== null && !world.slack.messages.get(messageKey(channel.id, threadTs))) {
    return refuse('thread_not_found')
  }
  const message = addMessage(world, {
    channel: channel.id,
    userId: BOT.userId,
    text: content.text ?? '',
    blocks: content.blocks ?? [],
    metadata,
    threadTs,
  })
  return {
    ok: true,
    channel: channel.id,
    ts: message.ts,
    message: messageResource(world, message, { metadata: true }),
  }
}

/** Puts a message into its channel, with the next timestamp. */
export function addMessage(
  world: World,
  message: Omit<SlackMessage, 'ts' | 'editedTs' | 'atMs'>,
): SlackMessage {
  const ts = nextTs(world)
  return world.slack.messages.put(messageKey(message.channel, ts), {
    ...message,
    ts,
    editedTs: null,
    atMs: world.clock.now(),
  })
}

/** chat.update: only our own messages; what is not given stays. */
export function updateMessage(world: World, fields: Fields): SlackAnswer {
  const channel = findChannel(world, fields.channel)
  if (!channel) return refuse('channel_not_found')
  const message = world.slack.messages.get(messageKey(channel.id, textField(fields, 'ts')))
  if (!message) return refuse('message_not_found')
  if (message.userId !== BOT.userId) return refuse('cant_update_message')
  const content = readContent(fields)
  if ('error' in content) return content
  const metadata = metadataField(fields)
  if (metadata === undefined) return refuse('invalid_metadata_format')
  const updated = changeMessage(world, message, { ...content, ...(metadata && { metadata }) })
  return {
    ok: true,
    channel: channel.id,
    ts: updated.ts,
    text: updated.text,
    message: messageResource(world, updated, { metadata: true }),
  }
}

/** Changes a message in place and marks it as edited. */
export function changeMessage(
  world: World,
  message: SlackMessage,
  change: { text?: string; blocks?: Block[]; metadata?: SlackMessage['metadata'] },
): SlackMessage {
  return world.slack.messages.put(messageKey(message.channel, message.ts), {
    ...message,
    ...change,
    editedTs: `${Math.floor(world.clock.now() / 1_000)}.000000`,
  })
}

/** chat.delete */
export function deleteMessage(world: World, fields: Fields): SlackAnswer {
  const channel = findChannel(world, fields.channel)
  if (!channel) return refuse('channel_not_found')
  const ts = textField(fields, 'ts')
  const message = world.slack.messages.get(messageKey(channel.id, ts))
  if (!message) return refuse('message_not_found')
  if (message.userId !== BOT.userId) return refuse('cant_delete_message')
  world.slack.messages.delete(messageKey(channel.id, ts))
  return { ok: true, channel: channel.id, ts }
}

/** chat.postEphemeral */
export function postEphemeral(world: World, fields: Fields): SlackAnswer {
  const channel = findChannel(world, fields.channel)
  if (!channel) return refuse('channel_not_found')
  const userId = textField(fields, 'user')
  if (!world.slack.users.get(userId)) return refuse('user_not_in_channel')
  const content = readContent(fields)
  if ('error' in content) return content
  addEphemeral(world, { userId, channel: channel.id, text: content.text ?? '', blocks: content.blocks ?? [] })
  return { ok: true, message_ts: nextTs(world) }
}

/** Shows a line to one person only. */
export function addEphemeral(
  world: World,
  line: { userId: string; channel: string; text: string; blocks: Block[] },
): void {
  const id = newId('eph')
  world.slack.ephemeral.put(id, { ...line, id, atMs: world.clock.now() })
}

/** chat.getPermalink */
export function getPermalink(world: World, fields: Fields): SlackAnswer {
  const channel = findChannel(world, fields.channel)
  if (!channel) return refuse('channel_not_found')
  const ts = textField(fields, 'message_ts')
  if (!world.slack.messages.get(messageKey(channel.id, ts))) return refuse('message_not_found')
  const permalink = `https://${TEAM.domain}.slack.com/archives/${channel.id}/p${ts.replace('.', '')}`
  return { ok: true, channel: channel.id, permalink }
}

type Content = { text?: string; blocks?: Block[] }

function readContent(fields: Fields): Content | SlackRefusal {
  const content: Content = {}
  if (fields.text !== undefined) content.text = String(fields.text)
  if ((content.text?.length ?? 0) > MAX_TEXT) return refuse('msg_too_long')
  if (fields.blocks !== undefined && fields.blocks !== '') {
    const given = jsonField(fields, 'blocks')
    if (given === undefined) return refuse('invalid_blocks_format')
    const checked = checkMessageBlocks(given)
    if (!checked.ok) return invalidBlocks('invalid_blocks', checked.problems)
    content.blocks = checked.blocks
  }
  if (!content.text && (content.blocks?.length ?? 0) === 0) return refuse('no_text')
  return content
}

/** A refusal that lists what is wrong, as Slack does for blocks and views. */
export function invalidBlocks(error: string, problems: string[]): SlackRefusal {
  return refuse(error, {
    errors: problems.map((p) => p.replace('[ERROR] ', '')),
    response_metadata: { messages: problems },
  })
}
