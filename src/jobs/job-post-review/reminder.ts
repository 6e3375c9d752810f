import { z } from 'zod'
import { readApproval } from '../../approvals/index.ts'
import { readSubmission } from '../../community/index.ts'
import { defineJob, type Job } from '../../engine/index.ts'
import { describeDuration, HOUR_MS, MINUTE_MS } from '../../primitives/index.ts'
import type { Parts } from './parts.ts'

const inputSchema = z.object({ approvalId: z.string(), number: z.int().positive() })
export type ReminderJob = Job<z.infer<typeof inputSchema>>

/** Reminds the moderators in the message's thread, once per reminder; not if it has been decided meanwhile. */
export function defineReminder(parts: Parts): ReminderJob {
  return defineJob({
    name: 'approval-reminder',
    input: inputSchema,
    // A reminder that comes hours late reminds nobody.
    retry: { attempts: 20, maxMs: 2 * MINUTE_MS },
    idempotencyKey: ({ approvalId, number }) => `${approvalId}:${number}`,
    undo: { 'remind in the thread': { impossible: 'The reminder has been read; it does no harm.' } },
    async run(context, { approvalId, number }) {
      if (parts.modes.slack === 'off') return
      const reminder = await context.step('see whether it still waits', async () => {
        const approval = await readApproval(parts.database, approvalId)
        const submission = await readSubmission(parts.database, approval.subjectId)
        if (approval.status !== 'open' || !submission.slackChannel || !submission.slackTs) return null
        const leftMs = approval.deadlineAt.getTime() - parts.clock.now()
        const left = describeDuration(Math.max(HOUR_MS, Math.round(leftMs / HOUR_MS) * HOUR_MS))
        return {
          channel: submission.slackChannel,
          threadTs: submission.slackTs,
          submissionId: submission.id,
          reference: submission.reference,
          text: `Reminder ${number}: ${submission.reference} still waits for a decision. It times out in ${left}.`,
        }
      })
      if (!reminder) return
      const { channel, threadTs, text } = reminder
      const marker = `reminder:${approvalId}:${number}`
      await context.effect('remind in the thread', {
        key: `slack.reminder:${approvalId}:${number}`,
        kind: 'slack.reminder',
        description: `Reminder ${number} about ${reminder.reference} in its Slack thread`,
        subjectId: reminder.submissionId,
        perform: () =>
          parts.connectors.slack.postMessage({
            channel,
            threadTs,
            text,
            marker,
            blocks: [{ type: 'section', text: { type: 'plain_text', text } }],
          }),
        look: (sinceMs) => parts.connectors.slack.findMessage({ channel, threadTs, marker, sinceMs }),
        objectId: ({ channel: inChannel, ts }) => `${inChannel}/${ts}`,
      })
    },
  })
}
