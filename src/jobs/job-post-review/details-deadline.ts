import { and, eq, lte } from 'drizzle-orm'
import { z } from 'zod'
import { SYSTEM } from '../../audit/index.ts'
import { moveSubmission, readSubmission } from '../../community/index.ts'
import { tables } from '../../database/index.ts'
import { defineJob, type Job, runIdOf } from '../../engine/index.ts'
import { DAY_MS, RetryAtError } from '../../primitives/index.ts'
import type { Parts } from './parts.ts'

const inputSchema = z.object({ submissionId: z.string() })
export type DetailsDeadlineJob = Job<z.infer<typeof inputSchema>>

/** The delayed run that closes a submission whose sender did not answer in time. Nobody is told: they were asked once. */
export function defineDetailsDeadline(parts: Pick<Parts, 'clock'>): DetailsDeadlineJob {
  return defineJob({
    name: 'details-deadline',
    input: inputSchema,
    idempotencyKey: ({ submissionId }) => submissionId,
    retry: { giveUpAfterMs: 30 * DAY_MS, baseMs: 10, maxMs: 1_000 },
    lane: 'timers',
    async run(context, { submissionId }) {
      await context.transaction('close it unless it was completed', async (tx) => {
        const submission = await readSubmission(tx, submissionId)
        if (submission.status !== 'needs_details' || !submission.detailsDeadlineAt) return
        const earlyMs = submission.detailsDeadlineAt.getTime() - parts.clock.now()
        if (earlyMs > 0) throw new RetryAtError('The timer came early', Math.min(earlyMs, 5_000))
        await moveSubmission(tx, submissionId, {
          from: ['needs_details'],
          to: 'lapsed',
          atMs: parts.clock.now(),
          actor: SYSTEM,
          action: 'closed',
          reason: 'The sender did not answer within 24 hours',
          runId: context.runId,
        })
      })
    },
  })
}

/** Makes the deadlines due that the clock has passed: needed only when the community's clock jumps. */
export async function wakeDueDetails(parts: Parts, job: DetailsDeadlineJob): Promise<void> {
  const { submissions } = tables
  const due = await parts.database.db
    .select({ id: submissions.id })
    .from(submissions)
    .where(
      and(
        eq(submissions.status, 'needs_details'),
        lte(submissions.detailsDeadlineAt, new Date(parts.clock.now())),
      ),
    )
  await parts.starter().wake(due.map(({ id }) => runIdOf(job, { submissionId: id })))
}
