import { and, asc, eq, inArray, or } from 'drizzle-orm'
import { FIELD_LABELS } from '../community/index.ts'
import { type Drizzle, type FieldEdit, tables } from '../database/index.ts'
import type { Effect, Run } from '../engine/index.ts'
import { isRecord, maskPersonalData } from '../primitives/index.ts'
import type { TimelineEntry } from './contract.ts'
import type { SubmissionParts } from './submission-view.ts'

type Entry = typeof tables.auditEntries.$inferSelect

/**
 * What happened to a submission and what will, oldest first: its own audit entries, and what people said about its
 * effects and runs. The approval's entries say the same as the submission's and are left out.
 */
export async function readTimeline(
  db: Drizzle,
  parts: SubmissionParts,
  related: { runs: readonly Run[]; effects: readonly Effect[] },
  nowMs: number,
): Promise<TimelineEntry[]> {
  const { auditEntries } = tables
  const about = (kind: string, ids: string[]) =>
    ids.length === 0 ? undefined : and(eq(auditEntries.targetKind, kind), inArray(auditEntries.targetId, ids))
  const entries = await db
    .select()
    .from(auditEntries)
    .where(
      or(
        about('submission', [parts.submission.id]),
        about(
          'effect',
          related.effects.map(({ id }) => id),
        ),
        about(
          'run',
          related.runs.map(({ id }) => id),
        ),
      ),
    )
    .orderBy(asc(auditEntries.id))
  return [...entries.map(viewEntry), ...whatWillHappen(parts, nowMs)]
}

function viewEntry(entry: Entry): TimelineEntry {
  const { text, detail } = inWords(entry)
  return {
    at: entry.at.toISOString(),
    when: 'past',
    text,
    actor: entry.actorKind === 'system' ? null : actorOf(entry),
    detail: detail === null ? null : maskPersonalData(detail),
    runId: entry.runId,
  }
}

function actorOf({ actorKind, actorName }: Entry): string {
  if (actorKind === 'slack') return `${actorName} (in Slack)`
  return actorKind === 'sender' ? maskPersonalData(actorName) : actorName
}

const WORDS: Record<string, string> = {
  received: 'The text arrived',
  completed: 'The sender sent more',
  refused: 'Refused',
  read: 'Read as a job post',
  'asked the sender for details': 'The sender was asked for what is missing',
  'asked for a decision': 'The moderators were asked',
  'asked in Slack': 'The question was posted in Slack',
  'was not allowed to decide': 'Somebody who may not decide tried to',
  edited: 'Edited',
  approved: 'Approved',
  denied: 'Denied',
  expired: 'Nobody decided in time',
  published: 'Published on Circle',
  'failed to publish': 'Publishing failed',
  'asked to publish again': 'Asked to publish again',
  'did not text the sender': 'The sender was not texted',
  closed: 'Closed',
  'said that it happened': 'Looked it up: it happened',
  'said that it did not happen': 'Looked it up: it did not happen, so it is done again',
  'started it again': 'Started the failed run again',
}

/** An action that has no words yet is shown as it was recorded. */
function inWords(entry: Entry): { text: string; detail: string | null } {
  const { action, reason } = entry
  const text = WORDS[action] ?? `${action.charAt(0).toUpperCase()}${action.slice(1)}`
  const facts = isRecord(entry.detail) ? entry.detail : {}
  switch (action) {
    case 'read':
    case 'asked the sender for details':
      return { text, detail: describeReading(facts) }
    case 'edited':
      return { text, detail: describeEdits(facts.edits) }
    case 'published':
      return { text, detail: typeof facts.url === 'string' ? facts.url : null }
    default:
      return { text, detail: reason }
  }
}

function describeReading({ parser, missing }: Record<string, unknown>): string {
  const by = parser === 'openai' ? 'By OpenAI' : 'By rules'
  return Array.isArray(missing) && missing.length > 0 ? `${by}; missing: ${missing.join(', ')}` : by
}

function describeEdits(edits: unknown): string | null {
  if (!Array.isArray(edits)) return null
  const labels: Record<string, string> = FIELD_LABELS
  return (edits as FieldEdit[]) // written by `jobs/job-post-review/decision.ts`
    .map(({ field, before, after }) => `${labels[field] ?? field}: “${before}” → “${after}”`)
    .join('\n')
}

function whatWillHappen({ submission, approval }: SubmissionParts, nowMs: number): TimelineEntry[] {
  const at = (time: Date | string, text: string, detail: string | null = null): TimelineEntry => ({
    at: new Date(time).toISOString(),
    when: 'future',
    text,
    actor: null,
    detail,
    runId: null,
  })
  const coming: TimelineEntry[] = []
  if (submission.status === 'needs_details' && submission.detailsDeadlineAt)
    coming.push(at(submission.detailsDeadlineAt, 'Closes, unless the sender answers'))
  if (approval?.status === 'open') {
    const reminder = approval.reminderTimes[approval.remindersSent]
    if (reminder && Date.parse(reminder) > nowMs) coming.push(at(reminder, 'The moderators are reminded'))
    coming.push(at(approval.deadlineAt, 'Times out, unless somebody decides', 'The sender is told'))
  }
  return coming
}
