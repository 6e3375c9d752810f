/** Checking of blocks and modals as Slack does it, and what Slack adds to them: ids and defaults. */
import type { z } from 'zod'
import { isRecord } from '../../primitives/index.ts'
import { messageBlocksSchema, modalSchema } from './block-schema.ts'
import { newBlockId } from './ids.ts'
import type { Block } from './model.ts'

/** Checked blocks with Slack's additions, or what is wrong, worded as in `response_metadata.messages`. */
export type CheckedBlocks = { ok: true; blocks: Block[] } | { ok: false; problems: string[] }
export type CheckedModal = { ok: true; modal: Record<string, unknown> } | { ok: false; problems: string[] }

/** Checks a message's blocks. */
export function checkMessageBlocks(value: unknown): CheckedBlocks {
  const parsed = messageBlocksSchema.safeParse(value)
  if (!parsed.success) return { ok: false, problems: worded(parsed.error, '/blocks') }
  const problems = duplicates(parsed.data)
  return problems.length > 0 ? { ok: false, problems } : { ok: true, blocks: complete(parsed.data) }
}

/** Checks a modal view. */
export function checkModal(value: unknown): CheckedModal {
  const parsed = modalSchema.safeParse(value)
  if (!parsed.success) return { ok: false, problems: worded(parsed.error, '/view') }
  const { data } = parsed
  const problems = duplicates(data.blocks)
  if (data.submit === undefined && data.blocks.some((block) => block.type === 'input')) {
    problems.push('[ERROR] missing required field: submit [json-pointer:/view]')
  }
  if (problems.length > 0) return { ok: false, problems }
  return { ok: true, modal: { ...data, blocks: complete(data.blocks), title: withDefaults(data.title) } }
}

/** Every interactive element of the blocks, with its block's id. */
export function interactiveElements(
  blocks: Block[],
): { blockId: string; element: Record<string, unknown> }[] {
  return blocks.flatMap((block) => {
    const elements = [block.elements ?? [], block.accessory ?? [], block.element ?? []].flat()
    return elements
      .filter(isRecord)
      .filter((element) => typeof element.action_id === 'string')
      .map((element) => ({ blockId: String(block.block_id), element }))
  })
}

function worded(error: z.ZodError, root: string): string[] {
  return error.issues.map((issue) => {
    const pointer = [root, ...issue.path.map(String)].join('/')
    return `[ERROR] ${issue.message} [json-pointer:${pointer}]`
  })
}

function duplicates(blocks: Block[]): string[] {
  const problems: string[] = []
  const blockIds = blocks.map((block) => block.block_id).filter((id) => id !== undefined)
  for (const id of repeated(blockIds))
    problems.push(`[ERROR] block_id \`${id}\` already exists [json-pointer:/blocks]`)
  blocks.forEach((block, index) => {
    const ids = interactiveElements([block]).map(({ element }) => element.action_id)
    for (const id of repeated(ids)) {
      problems.push(`[ERROR] action_id \`${id}\` already exists [json-pointer:/blocks/${index}/elements]`)
    }
  })
  return problems
}

function repeated(values: unknown[]): unknown[] {
  return [...new Set(values.filter((value, index) => values.indexOf(value) !== index))]
}

function complete(blocks: Block[]): Block[] {
  return blocks.map((block) => {
    const filled = withDefaults(block)
    return { ...(isRecord(filled) ? filled : {}), block_id: block.block_id ?? newBlockId() }
  })
}

const ACTIVE = new Set(['button', 'overflow', 'datepicker', 'checkboxes', 'radio_buttons'])

/** What Slack fills in: `emoji` on plain text, `verbatim` on mrkdwn, an action_id on what can be pressed. */
function withDefaults(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withDefaults)
  if (!isRecord(value)) return value
  const inner = Object.fromEntries(Object.entries(value).map(([key, child]) => [key, withDefaults(child)]))
  const type = String(value.type)
  if (type === 'plain_text') return { emoji: true, ...inner }
  if (type === 'mrkdwn') return { verbatim: false, ...inner }
  if (ACTIVE.has(type) || /_(select|input)$/.test(type)) return { action_id: newBlockId(), ...inner }
  return inner
}
