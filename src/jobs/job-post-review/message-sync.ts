import { z } from 'zod'
import { readSubmission } from '../../community/index.ts'
import { defineJob, type Job, PATIENT_RETRY, replayAfterOutage } from '../../engine/index.ts'
import type { Parts } from './parts.ts'
import { readPostView } from './post-view.ts'
import { renderSlackMessage } from './slack-message.ts'

const inputSchema = z.object({ submissionId: z.string(), version: z.int() })
export type MessageSyncJob = Job<z.infer<typeof inputSchema>>

/**
 * Brings the message in Slack up to date. Runs for one submission go one at a time, and each renders what is true when
 * it runs, so the last one leaves the message right, whatever the order they were started in.
 */
export function defineMessageSync(parts: Parts): MessageSyncJob {
  return defineJob({
    name: 'job-post-message-sync',
    input: inputSchema,
    retry: PATIENT_RETRY,
    deadLetters: replayAfterOutage,
    idempotencyKey: ({ submissionId, version }) => `${submissionId}:${version}`,
    perKey: { key: ({ submissionId }) => submissionId },
    async run(context, { submissionId }) {
      await context.call('update the Slack message', async () => {
        const { slackChannel, slackTs } = await readSubmission(parts.database, submissionId)
        // Not there (yet): whoever posts it sees that the decision has been made, and starts another of these runs.
        if (slackChannel === null || slackTs === null) return null
        const rendered = renderSlackMessage(await readPostView(parts.database, submissionId))
        await parts.connectors.slack.updateMessage({ channel: slackChannel, ts: slackTs, ...rendered })
        return { ts: slackTs }
      })
    },
  })
}
