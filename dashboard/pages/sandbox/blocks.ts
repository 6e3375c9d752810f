/**
 * Slack's Block Kit as the sandbox page draws it: JSON of unknown shape in, a small typed structure out. What is not
 * known is dropped or shown as text, never trusted: everything here ends as text in the page, never as HTML.
 * https://docs.slack.dev/reference/block-kit (2026-11)
 */

/** `key` tells blocks and texts apart while they are drawn. */
export type Block = { key: string } & BlockContent
type BlockContent =
  | { type: 'header'; text: string }
  | { type: 'section'; text: Text; fields: Text[] }
  | { type: 'context'; elements: Text[] }
  | { type: 'divider' }
  | { type: 'actions'; buttons: ButtonElement[] }
  | {
      type: 'input'
      blockId: string
      label: string
      hint: string | null
      optional: boolean
      input: InputElement
    }

export type ButtonElement = {
  actionId: string
  text: string
  style: 'primary' | 'danger' | null
  url: string | null
}

type InputElement =
  | { kind: 'text'; actionId: string; initial: string; multiline: boolean; placeholder: string | null }
  | { kind: 'select'; actionId: string; initial: string; options: { value: string; label: string }[] }

export type Modal = { title: string; submit: string | null; close: string; blocks: Block[] }

type Text = { key: string; inlines: Inline[] }

/** A stretch of mrkdwn, `at` its place in it. A `plain_text` is one stretch, whatever it contains. */
export type Inline =
  | { at: number; kind: 'plain' | 'bold' | 'italic' | 'strike' | 'code'; text: string }
  | { at: number; kind: 'link'; text: string; url: string }
  /** `text` is the id of a user. */
  | { at: number; kind: 'mention'; text: string }
  /** `text` is its name, without colons. */
  | { at: number; kind: 'emoji'; text: string }
  | { at: number; kind: 'date'; text: string; atMs: number }

/** Reads a message's or a view's blocks, in order; unknown kinds are left out. */
export function readBlocks(json: unknown): Block[] {
  return list(json).flatMap((json, index) => {
    const content = readBlock(record(json))
    return content === null ? [] : [{ key: string(record(json).block_id) || String(index), ...content }]
  })
}

/** Reads a modal view. */
export function readModal(json: unknown): Modal {
  const view = record(json)
  return {
    title: plain(view.title) || 'Untitled',
    submit: plain(view.submit) || null,
    close: plain(view.close) || 'Cancel',
    blocks: readBlocks(view.blocks),
  }
}

/** What a modal's inputs hold before anyone types: block id → action id → value. */
export function initialValues(blocks: Block[]): Record<string, Record<string, string>> {
  return Object.fromEntries(
    blocks.flatMap((block) =>
      block.type === 'input' ? [[block.blockId, { [block.input.actionId]: block.input.initial }]] : [],
    ),
  )
}

/**
 * Cuts mrkdwn into stretches: `*bold*`, `_italic_`, `~strike~`, `` `code` ``, `<https://…|links>`, `<@users>` and
 * `<!date^…>`. `<!channel>` and its like stay as they are written, so that one sees what would ping everybody.
 * Entities are decoded.
 */
export function readMrkdwn(text: string): Inline[] {
  const inlines: Inline[] = []
  let end = 0
  for (const match of text.matchAll(PATTERN)) {
    if (match.index > end)
      inlines.push({ at: end, kind: 'plain', text: decode(text.slice(end, match.index)) })
    inlines.push(readMatch(match))
    end = match.index + match[0].length
  }
  if (end < text.length) inlines.push({ at: end, kind: 'plain', text: decode(text.slice(end)) })
  return inlines
}

const PATTERN =
  /<((?:https?:\/\/|mailto:)[^|>\s]+)(?:\|([^>]*))?>|<@(\w+)>|<!date\^(\d+)\^[^|>]*\|([^>]*)>|(?<!\w):([a-z][a-z_]+):|`([^`\n]+)`|(?<![\w*_~])([*_~])(\S(?:[^\n]*?\S)?)\8(?![\w*_~])/g

function readMatch(match: RegExpExecArray): Inline {
  const [whole, url, label, user, seconds, date, emoji, code, mark, marked] = match
  const at = match.index
  if (url !== undefined) return { at, kind: 'link', url: decode(url), text: decode(label ?? url) }
  if (user !== undefined) return { at, kind: 'mention', text: user }
  if (seconds !== undefined) return { at, kind: 'date', text: date ?? whole, atMs: Number(seconds) * 1_000 }
  if (emoji !== undefined) return { at, kind: 'emoji', text: emoji }
  if (code !== undefined) return { at, kind: 'code', text: decode(code) }
  const kind = mark === '*' ? 'bold' : mark === '_' ? 'italic' : 'strike'
  return { at, kind, text: decode(marked ?? whole) }
}

function readBlock(block: Record<string, unknown>): BlockContent | null {
  switch (block.type) {
    case 'header':
      return { type: 'header', text: plain(block.text) }
    case 'section':
      return { type: 'section', text: readText(block.text, 0), fields: list(block.fields).map(readText) }
    case 'context':
      return { type: 'context', elements: list(block.elements).map(readText) }
    case 'divider':
      return { type: 'divider' }
    case 'actions':
      return {
        type: 'actions',
        buttons: list(block.elements).flatMap((element) => readButton(element) ?? []),
      }
    case 'input':
      return readInput(block)
    default:
      return null
  }
}

function readButton(json: unknown): ButtonElement | null {
  const element = record(json)
  if (element.type !== 'button') return null
  const style = element.style === 'primary' || element.style === 'danger' ? element.style : null
  const url = string(element.url)
  return {
    actionId: string(element.action_id),
    text: plain(element.text),
    style,
    url: /^https?:\/\//i.test(url) ? url : null,
  }
}

function readInput(block: Record<string, unknown>): BlockContent | null {
  const input = readInputElement(record(block.element))
  if (input === null) return null
  return {
    type: 'input',
    blockId: string(block.block_id),
    label: plain(block.label),
    hint: plain(block.hint) || null,
    optional: block.optional === true,
    input,
  }
}

function readInputElement(element: Record<string, unknown>): InputElement | null {
  const actionId = string(element.action_id)
  if (element.type === 'static_select') {
    return {
      kind: 'select',
      actionId,
      initial: string(record(element.initial_option).value),
      options: list(element.options).map((option) => ({
        value: string(record(option).value),
        label: plain(record(option).text),
      })),
    }
  }
  // URL, e-mail, number and date inputs are texts here: the server checks what is submitted.
  const isText = /^(plain_text|url_text|email_text|number)_input$/.test(string(element.type))
  if (!isText && element.type !== 'datepicker') return null
  return {
    kind: 'text',
    actionId,
    initial: string(element.initial_value) || string(element.initial_date),
    multiline: element.multiline === true,
    placeholder: plain(element.placeholder) || null,
  }
}

/** The text of a text object, whatever its kind. */
function plain(json: unknown): string {
  return string(record(json).text)
}

function readText(json: unknown, index: number): Text {
  const object = record(json)
  const text = string(object.text)
  const inlines: Inline[] = object.type === 'mrkdwn' ? readMrkdwn(text) : [{ at: 0, kind: 'plain', text }]
  return { key: String(index), inlines: text === '' ? [] : inlines }
}

/** Slack escapes exactly these three. */
function decode(text: string): string {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&')
}

function record(json: unknown): Record<string, unknown> {
  return typeof json === 'object' && json !== null ? (json as Record<string, unknown>) : {}
}

function list(json: unknown): unknown[] {
  return Array.isArray(json) ? json : []
}

function string(json: unknown): string {
  return typeof json === 'string' ? json : ''
}
