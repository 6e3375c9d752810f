/**
 * How a submission looks in the moderators' channel. Pure: the same view gives the same message, so that any run may
 * render it again at any time. What people wrote goes in as `plain_text` or escaped, so that `<!channel>` in a text
 * pings nobody (https://docs.slack.dev/messaging/formatting-message-text, read 2026-11-22).
 */
import type { KnownBlock } from '../../connectors/slack/blocks.ts'
import { shortFields } from './fields-text.ts'
import { type PostView, parsedOf, uncertainFields } from './post-view.ts'

/** Slack's own limits on one block. */
const HEADER_LIMIT = 150
const TEXT_LIMIT = 2_900
const FIELD_LIMIT = 1_900
/** A section takes ten fields. */
const FIELDS_LIMIT = 10

export const ACTIONS = { approve: 'job_approve', deny: 'job_deny', edit: 'job_edit' } as const

/** The whole message: fields, the sender's own words, what is uncertain, and the buttons or the outcome. */
export function renderSlackMessage(view: PostView): { text: string; blocks: KnownBlock[] } {
  const parsed = parsedOf(view.submission)
  const { submission } = view
  const title = parsed.fields.title.value ?? 'A job post without a title'
  const company = parsed.fields.company.value
  const fields = shortFields(parsed.fields).slice(0, FIELDS_LIMIT)
  const description = parsed.fields.description.value
  const blocks: KnownBlock[] = [
    { type: 'header', text: { type: 'plain_text', text: clip(title, HEADER_LIMIT), emoji: false } },
    ...(fields.length > 0 ? [fieldSection(fields)] : []),
    ...(description && !wordsAlone(view, description) ? [plainSection(description)] : []),
    { type: 'divider' },
    ...view.texts.map((text) => plainSection(text.body || `(${text.media} pictures, no words)`)),
    context(notes(view)),
    ...ending(view),
  ]
  const summary = clip(company ? `${title} at ${company}` : title, 200)
  return {
    text: `Job post ${submission.reference}: ${summary}. ${STANDING[view.approval?.status ?? 'open']}`,
    blocks,
  }
}

/** Whether a description is nothing but the text itself, which is shown below anyway. */
function wordsAlone(view: PostView, description: string): boolean {
  const plain = (text: string) => text.replaceAll(/\s+/g, ' ').trim()
  return view.texts.some((text) => plain(text.body) === plain(description))
}

/** For notifications and screen readers: plain text, which the connector escapes. */
const STANDING = {
  open: 'Waiting for a decision.',
  approved: 'Approved.',
  denied: 'Denied.',
  expired: 'Timed out.',
} as const

/** Slack's three characters of markup. */
function escapeMarkup(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

function notes(view: PostView): string[] {
  const { submission } = view
  const parsed = parsedOf(submission)
  const uncertain = uncertainFields(parsed)
  const media = view.texts.reduce((sum, text) => sum + text.media, 0)
  const edited = (submission.edits ?? []).map((edit) => edit.field)
  return [
    `${submission.reference} · texted ${date(submission.receivedAt)}`,
    ...(uncertain.length > 0 ? [`:warning: Please check: ${uncertain.map(words).join(', ')}`] : []),
    ...(submission.parser === 'rules' ? ['Read by rules, without a language model'] : []),
    ...(media > 0
      ? [`${media} ${media === 1 ? 'picture was' : 'pictures were'} sent along and not read`]
      : []),
    ...(edited.length > 0 ? [`Edited before approving: ${edited.map(words).join(', ')}`] : []),
  ]
}

function ending(view: PostView): KnownBlock[] {
  const { approval, submission } = view
  if (approval?.status !== 'open') return [context([outcomeText(view)])]
  const button = (label: string, actionId: string, style?: 'primary' | 'danger') => ({
    type: 'button' as const,
    text: { type: 'plain_text' as const, text: label },
    action_id: actionId,
    value: approval.id,
    ...(style ? { style } : {}),
  })
  return [
    {
      type: 'actions',
      block_id: `decide:${submission.version}`,
      elements: [
        button('Approve', ACTIONS.approve, 'primary'),
        button('Deny', ACTIONS.deny, 'danger'),
        button('Edit', ACTIONS.edit),
      ],
    },
    context([`Waiting for a decision until ${date(approval.deadlineAt)}`]),
  ]
}

/** Where it stands, in a sentence. */
function outcomeText(view: PostView): string {
  const { submission, approval } = view
  if (!approval) return 'Waiting for a decision'
  const reason = approval.reason ? `: ${escapeMarkup(clip(approval.reason, 1_000))}` : ''
  switch (approval.status) {
    case 'open':
      return 'Waiting for a decision'
    case 'denied':
      return `:x: Denied by ${whoDecided(view)}${reason}`
    case 'expired':
      return `:hourglass: ${escapeMarkup(approval.reason ?? 'Timed out')}`
    case 'approved':
      return `:white_check_mark: Approved by ${whoDecided(view)}${publication(submission)}`
    default:
      return approval.status satisfies never
  }
}

function publication(submission: PostView['submission']): string {
  if (submission.publishedUrl) return ` · <${linkTarget(submission.publishedUrl)}|Published on Circle>`
  if (submission.publicationFailure)
    return ` · :warning: Not published: ${escapeMarkup(clip(submission.publicationFailure, 500))}`
  return ' · publishing…'
}

/** An address inside Slack's markup: what would end the link is written as the address itself would write it. */
function linkTarget(url: string): string {
  return new URL(url).href
    .replaceAll('|', '%7C')
    .replaceAll('<', '%3C')
    .replaceAll('>', '%3E')
    .replaceAll('&', '&amp;')
}

function whoDecided({ approval }: PostView): string {
  const at = when(approval?.decidedAt ?? null)
  return approval?.decidedByKind === 'slack' && approval.decidedById
    ? `<@${approval.decidedById}>${at}`
    : `${escapeMarkup(approval?.decidedByName ?? 'Kinkeeper')} in the dashboard${at}`
}

function when(at: Date | null): string {
  return at ? ` ${date(at)}` : ''
}

/** Shown by Slack in each reader's own zone. */
function date(at: Date): string {
  return `<!date^${Math.floor(at.getTime() / 1_000)}^{date_short_pretty} at {time}|${at.toISOString()}>`
}

function fieldSection(fields: { label: string; text: string }[]): KnownBlock {
  return {
    type: 'section',
    fields: fields.map(({ label, text }) => ({
      type: 'plain_text',
      text: clip(`${label}: ${text}`, FIELD_LIMIT),
      emoji: false,
    })),
  }
}

function plainSection(text: string): KnownBlock {
  return { type: 'section', text: { type: 'plain_text', text: clip(text, TEXT_LIMIT), emoji: false } }
}

function context(lines: string[]): KnownBlock {
  return {
    type: 'context',
    elements: lines.map((text) => ({ type: 'mrkdwn', text: clip(text, TEXT_LIMIT) })),
  }
}

/** `employmentType` → `employment type`. */
function words(fieldName: string): string {
  return fieldName.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
}

/** Cuts at a code point, so that half an emoji never goes out. */
function clip(text: string, limit: number): string {
  return text.length <= limit ? text : `${[...text.slice(0, limit - 1)].slice(0, -1).join('')}…`
}
