/**
 * A submission is a texted job post. Its states:
 *
 *   pending_parse ─▶ pending_approval ─▶ approved ─▶ published
 *        │  ▲               ├─▶ denied
 *        ▼  │               └─▶ expired       (the deadline passed)
 *   needs_details ─▶ lapsed                   (no answer within a day)
 *        └─(parsed again)─▶ not_a_job_post
 *   refused                                   (more than five in an hour; never parsed)
 *
 * Approved and published are two states: the decision stands, whatever happens to the publication. A publication that
 * failed leaves the submission approved, with the reason beside it. Every change goes through `moveSubmission`: one
 * guarded update, one more version, one audit entry, one announcement.
 */
import { and, desc, eq, gt, inArray, ne, sql } from 'drizzle-orm'
import { type Actor, recordAudit } from '../audit/index.ts'
import {
  announceChange,
  onlyRow,
  type SubmissionStatus,
  type Transaction,
  tables,
} from '../database/index.ts'
import {
  ConflictError,
  DAY_MS,
  HOUR_MS,
  type Json,
  maskPhone,
  NotFoundError,
  newId,
  referenceCode,
} from '../primitives/index.ts'
import type { Sender } from './senders.ts'

export type Submission = typeof tables.submissions.$inferSelect
export type SubmissionText = typeof tables.submissionTexts.$inferSelect

export const SUBMISSIONS_PER_HOUR = 5
/** How long the sender's next text completes the submission instead of opening another. */
export const DETAILS_WITHIN_MS = DAY_MS

export type IncomingText = { messageSid: string; body: string; media: number; receivedAtMs: number }

/** Creates a submission with its first text. `refused` ones are recorded and go no further. */
export async function createSubmission(
  tx: Transaction,
  sender: Sender,
  text: IncomingText,
  status: 'pending_parse' | 'refused',
): Promise<Submission> {
  const submission = await insertWithFreeReference(tx, sender, text, status)
  await addText(tx, submission.id, text)
  await recordAudit(tx, {
    atMs: text.receivedAtMs,
    actor: { kind: 'sender', id: sender.id, name: maskPhone(sender.phone) },
    action: status === 'refused' ? 'refused' : 'received',
    target: { kind: 'submission', id: submission.id },
    reason:
      status === 'refused'
        ? `More than ${SUBMISSIONS_PER_HOUR} job posts within an hour from this number`
        : null,
  })
  await announceChange(tx, { topic: 'submission', id: submission.id })
  return submission
}

/** The submission that the sender was asked to complete and still may, locked; null when there is none. */
export async function awaitingDetails(
  tx: Transaction,
  senderId: string,
  nowMs: number,
): Promise<Submission | null> {
  const rows = await tx.db
    .select()
    .from(tables.submissions)
    .where(
      and(
        eq(tables.submissions.senderId, senderId),
        eq(tables.submissions.status, 'needs_details'),
        gt(tables.submissions.detailsDeadlineAt, new Date(nowMs)),
      ),
    )
    .orderBy(desc(tables.submissions.receivedAt))
    .limit(1)
    .for('update')
  return rows[0] ?? null
}

/** Adds the sender's answer to a submission that waits for details, which is then parsed again, whole. */
export async function completeSubmission(
  tx: Transaction,
  submission: Submission,
  sender: Sender,
  text: IncomingText,
): Promise<Submission> {
  await addText(tx, submission.id, text)
  return moveSubmission(tx, submission.id, {
    from: ['needs_details'],
    to: 'pending_parse',
    atMs: text.receivedAtMs,
    actor: { kind: 'sender', id: sender.id, name: maskPhone(sender.phone) },
    action: 'completed',
  })
}

/** How many submissions (refused ones aside) this sender made in the last hour. */
export async function submissionsInLastHour(
  tx: Transaction,
  senderId: string,
  nowMs: number,
): Promise<number> {
  return tx.db.$count(
    tables.submissions,
    and(
      eq(tables.submissions.senderId, senderId),
      ne(tables.submissions.status, 'refused'),
      gt(tables.submissions.receivedAt, new Date(nowMs - HOUR_MS)),
    ),
  )
}

export type SubmissionMove = {
  from: SubmissionStatus[]
  /** Absent: the status stays, something else about it changes. */
  to?: SubmissionStatus
  set?: Partial<Omit<Submission, 'id' | 'version' | 'status'>>
  atMs: number
  actor: Actor
  action: string
  reason?: string | null
  detail?: Json
  runId?: string | null
}

/**
 * Changes a submission that is in one of the expected states, audits and announces it.
 * @throws ConflictError when it is in another state; NotFoundError when it does not exist
 */
export async function moveSubmission(tx: Transaction, id: string, move: SubmissionMove): Promise<Submission> {
  const moved = await tx.db
    .update(tables.submissions)
    .set({
      ...move.set,
      ...(move.to ? { status: move.to } : {}),
      version: sql`${tables.submissions.version} + 1`,
    })
    .where(and(eq(tables.submissions.id, id), inArray(tables.submissions.status, move.from)))
    .returning()
  if (moved.length === 0) {
    const current = await readSubmission(tx, id)
    throw new ConflictError(
      `Submission ${current.reference} is ${current.status}, not ${move.from.join(' or ')}`,
    )
  }
  await recordAudit(tx, {
    atMs: move.atMs,
    actor: move.actor,
    action: move.action,
    target: { kind: 'submission', id },
    reason: move.reason ?? null,
    detail: move.detail ?? null,
    runId: move.runId ?? null,
  })
  await announceChange(tx, { topic: 'submission', id })
  return onlyRow(moved, 'submission')
}

/** @throws NotFoundError */
export async function readSubmission(tx: Pick<Transaction, 'db'>, id: string): Promise<Submission> {
  const [row] = await tx.db.select().from(tables.submissions).where(eq(tables.submissions.id, id))
  if (!row) throw new NotFoundError(`There is no submission ${id}`)
  return row
}

/** The submission's texts in the order they came. */
export async function readTexts(
  tx: Pick<Transaction, 'db'>,
  submissionId: string,
): Promise<SubmissionText[]> {
  return tx.db
    .select()
    .from(tables.submissionTexts)
    .where(eq(tables.submissionTexts.submissionId, submissionId))
    .orderBy(tables.submissionTexts.receivedAt, tables.submissionTexts.messageSid)
}

/** What the parsers read: all the texts, as one. */
export function wholeText(texts: readonly SubmissionText[]): string {
  return texts.map((text) => text.body).join('\n')
}

async function addText(tx: Transaction, submissionId: string, text: IncomingText): Promise<void> {
  await tx.db.insert(tables.submissionTexts).values({
    messageSid: text.messageSid,
    submissionId,
    body: text.body,
    media: text.media,
    receivedAt: new Date(text.receivedAtMs),
  })
}

/** Five characters collide now and then; the next attempt's code is another. */
async function insertWithFreeReference(
  tx: Transaction,
  sender: Sender,
  text: IncomingText,
  status: 'pending_parse' | 'refused',
): Promise<Submission> {
  for (let attempt = 0; attempt < 20; attempt++) {
    const rows = await tx.db
      .insert(tables.submissions)
      .values({
        id: newId('sub'),
        reference: referenceCode(text.messageSid, attempt),
        senderId: sender.id,
        status,
        receivedAt: new Date(text.receivedAtMs),
      })
      .onConflictDoNothing({ target: tables.submissions.reference })
      .returning()
    if (rows[0]) return rows[0]
  }
  throw new ConflictError('No free reference code was found in twenty attempts')
}
