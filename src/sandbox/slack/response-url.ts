/** A click's response_url: five uses within thirty minutes. */
import { randomBytes } from 'node:crypto'
import { MINUTE_MS } from '../../primitives/index.ts'
import type { Fields } from '../pipeline.ts'
import type { World } from '../world.ts'
import { checkMessageBlocks } from './blocks.ts'
import { addEphemeral, addMessage, changeMessage, invalidBlocks } from './chat.ts'
import { flagField, jsonField, textField } from './messages.ts'
import { type Block, messageKey, refuse, type SlackRefusal } from './model.ts'
import { BOT, TEAM } from './seed.ts'

const LIFE_MS = 30 * MINUTE_MS
const MAX_USES = 5

/** A new response_url for a click on a message. */
export function createResponseUrl(
  world: World,
  click: { userId: string; channel: string; ts: string },
): string {
  const id = randomBytes(12).toString('hex')
  world.slack.responseUrls.put(id, { ...click, id, uses: 0, createdMs: world.clock.now() })
  return `${world.ownUrl()}/slack/response/${TEAM.id}/${id}`
}

/** A POST to a response_url. What an expired or used-up one answers is unconfirmed; 404 is the best evidence. */
export function respondToUrl(world: World, id: string, fields: Fields): Response {
  const handle = world.slack.responseUrls.get(id)
  const alive = handle && handle.uses < MAX_USES && world.clock.now() - handle.createdMs <= LIFE_MS
  if (!alive) return Response.json(refuse('Expired url'), { status: 404 })
  const content = readContent(fields)
  if ('error' in content) return Response.json(content, { status: 400 })
  world.slack.responseUrls.put(id, { ...handle, uses: handle.uses + 1 })

  const original = world.slack.messages.get(messageKey(handle.channel, handle.ts))
  if (flagField(fields, 'delete_original')) {
    world.slack.messages.delete(messageKey(handle.channel, handle.ts))
  } else if (flagField(fields, 'replace_original') && original) {
    changeMessage(world, original, { text: content.text, blocks: content.blocks })
  } else if (fields.response_type === 'in_channel') {
    const threadTs = textField(fields, 'thread_ts') || null
    const { text, blocks } = content
    addMessage(world, { channel: handle.channel, userId: BOT.userId, text, blocks, metadata: null, threadTs })
  } else {
    addEphemeral(world, {
      userId: handle.userId,
      channel: handle.channel,
      text: content.text,
      blocks: content.blocks,
    })
  }
  return new Response('ok')
}

function readContent(fields: Fields): { text: string; blocks: Block[] } | SlackRefusal {
  const text = textField(fields, 'text')
  if (fields.blocks === undefined) return { text, blocks: [] }
  const checked = checkMessageBlocks(jsonField(fields, 'blocks'))
  return checked.ok ? { text, blocks: checked.blocks } : invalidBlocks('invalid_blocks', checked.problems)
}
