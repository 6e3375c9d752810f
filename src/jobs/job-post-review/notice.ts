import { eq } from 'drizzle-orm'
import { z } from 'zod'
import { recordAudit, SYSTEM } from '../../audit/index.ts'
import { noteOptedOutAtProvider, type Sender } from '../../community/index.ts'
import { onlyRow, type Transaction, tables } from '../../database/index.ts'
import { defineJob, type Job, PATIENT_RETRY, replayAfterOutage, StepFailedError } from '../../engine/index.ts'
import { maskPhone, NeverRetryError } from '../../primitives/index.ts'
import type { Parts } from './parts.ts'
import { type PostView, readPostView } from './post-view.ts'

const NOTICES = ['needs_details', 'not_a_job_post', 'published', 'denied', 'expired'] as const
export type Notice = (typeof NOTICES)[number]

const inputSchema = z.object({
  submissionId: z.string(),
  notice: z.enum(NOTICES),
  /** What was missing when the sender was asked: their answer may have been read before this is composed. */
  missing: z.array(z.string()).default([]),
})
export type NoticeJob = Job<z.infer<typeof inputSchema>>

/** Twilio's answer for a number that has opted out there: https://www.twilio.com/docs/api/errors/21610 */
const OPTED_OUT_AT_TWILIO = 21610
const OPTED_OUT = 'opted_out'

/** Texts the sender one outcome, once. Somebody who has opted out is never texted; that is an outcome, not a failure. */
export function defineNotice(parts: Parts): NoticeJob {
  return defineJob({
    name: 'sender-notice',
    input: inputSchema,
    retry: PATIENT_RETRY,
    lane: 'notices',
    // One after the other: who is told that it is closed before being asked for more would not know what to do.
    perKey: { key: ({ submissionId }) => submissionId },
    deadLetters: replayAfterOutage,
    undo: { 'text the sender': { impossible: 'The text has been sent, and cannot be called back.' } },
    idempotencyKey: ({ submissionId, notice }) => `${submissionId}:${notice}`,
    async run(context, { submissionId, notice, missing }) {
      if (parts.modes.twilio === 'off') return
      const { to, body, senderId } = await context.step('compose the text', async () => {
        const view = await readPostView(parts.database, submissionId)
        const sender = await readSender(parts.database, view.submission.senderId)
        return { to: sender.phone, senderId: sender.id, body: noticeText(view, notice, missing) }
      })
      try {
        await context.effect('text the sender', {
          key: `twilio.message:${submissionId}:${notice}`,
          kind: 'twilio.message',
          description: `Text to ${maskPhone(to)}: ${body}`,
          subjectId: submissionId,
          async perform() {
            await refuseIfOptedOut(parts, senderId)
            return parts.connectors.twilio.sendMessage({ to, body })
          },
          look: (sinceMs) => parts.connectors.twilio.findMessage({ to, body, sinceMs }),
          objectId: ({ sid }) => sid,
        })
        context.log.info(
          { event: 'sender.told', submission: submissionId, notice },
          `The sender was told: ${notice.replaceAll('_', ' ')}`,
        )
      } catch (error) {
        const code = error instanceof StepFailedError ? error.failure.facts.code : null
        if (code !== OPTED_OUT && Number(code) !== OPTED_OUT_AT_TWILIO) throw error
        await context.transaction('note that the sender opted out', (tx) =>
          noteNotTexted(parts, tx, { submissionId, senderId, notice }),
        )
      }
    },
  })
}

async function refuseIfOptedOut(parts: Parts, senderId: string): Promise<void> {
  const sender = await readSender(parts.database, senderId)
  if (sender.optedOutAt)
    throw new NeverRetryError('The sender has opted out of texts', { facts: { code: OPTED_OUT } })
}

async function noteNotTexted(
  parts: Parts,
  tx: Transaction,
  what: { submissionId: string; senderId: string; notice: Notice },
): Promise<void> {
  const sender = await readSender(tx, what.senderId)
  if (!sender.optedOutAt) await noteOptedOutAtProvider(tx, what.senderId, parts.clock.now())
  await recordAudit(tx, {
    atMs: parts.clock.now(),
    actor: SYSTEM,
    action: 'did not text the sender',
    target: { kind: 'submission', id: what.submissionId },
    reason: `The sender has opted out, so the text “${what.notice.replaceAll('_', ' ')}” was not sent`,
  })
}

async function readSender(tx: Pick<Transaction, 'db'>, id: string): Promise<Sender> {
  return onlyRow(await tx.db.select().from(tables.senders).where(eq(tables.senders.id, id)), 'sender')
}

const ASK_FOR: Record<string, string> = {
  title: 'the job title',
  company: 'the company',
  location: 'where it is',
  apply: 'how to apply',
  description: 'what the job is about',
}

/** What the sender reads. Each carries the reference, which also makes it the only text with these words. */
function noticeText(view: PostView, notice: Notice, missing: readonly string[]): string {
  const { submission, approval } = view
  const title = submission.title ? `“${clip(submission.title, 80)}”` : 'Your job post'
  const reason = approval?.reason ? ` ${sentence(clip(approval.reason, 300))}` : ''
  switch (notice) {
    case 'needs_details': {
      const asked = missing.flatMap((name) => ASK_FOR[name] ?? [])
      const wanted = asked.length > 0 ? list(asked) : 'the job title, the company and how to apply'
      return `We could not make a job post of your text (${submission.reference}). Please reply within 24 hours with ${wanted}.`
    }
    case 'not_a_job_post':
      return `We still could not make out a job post, so ${submission.reference} is closed. To try again, text us the job title, the company and how to apply.`
    case 'published':
      return `${title} is live: ${submission.publishedUrl} (${submission.reference})`
    case 'denied':
      return `${title} (${submission.reference}) was not approved.${reason}`
    case 'expired':
      return `${title} (${submission.reference}) was not reviewed in time. Please text it again if it is still open.`
    default:
      return notice satisfies never
  }
}

function list(items: string[]): string {
  return items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`
}

function sentence(text: string): string {
  return /[.!?…]$/.test(text) ? text : `${text}.`
}

function clip(text: string, limit: number): string {
  const points = [...text]
  return points.length <= limit ? text : `${points.slice(0, limit - 1).join('')}…`
}
