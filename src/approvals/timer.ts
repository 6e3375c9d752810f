import { and, eq } from 'drizzle-orm'
import { z } from 'zod'
import { announceChange, type Transaction, tables } from '../database/index.ts'
import { defineJob, type Job } from '../engine/index.ts'
import { type Clock, DAY_MS, RetryAtError } from '../primitives/index.ts'
import { type Approval, readApproval } from './read-approval.ts'

/** Woken much too early (two processes on different clocks), it looks again rather than sleep past a clock's move. */
const LOOK_AGAIN_MS = 5_000

const inputSchema = z.object({ approvalId: z.string(), number: z.int().nonnegative() })
export type ApprovalTimerJob = Job<z.infer<typeof inputSchema>>

/**
 * The delayed run of an approval. When it comes due it does the one thing that is due, in one transaction: nothing
 * (somebody decided), the next reminder and the timer after it, or the expiry.
 */
export function defineApprovalTimer(parts: {
  clock: Clock
  expire(tx: Transaction, approval: Approval): Promise<unknown>
  remind(tx: Transaction, approval: Approval, number: number): Promise<void>
  startNext(tx: Transaction, approval: Approval): Promise<void>
}): ApprovalTimerJob {
  return defineJob({
    name: 'approval-timer',
    input: inputSchema,
    idempotencyKey: ({ approvalId, number }) => `${approvalId}:${number}`,
    // Woken a moment early by another machine's clock, it waits the moment out; that is not a failure.
    retry: { giveUpAfterMs: 400 * DAY_MS, baseMs: 10, maxMs: 1_000 },
    lane: 'timers',
    async run(context, input) {
      await context.transaction('do what is due', async (tx) => {
        const approval = await readApproval(tx, input.approvalId)
        if (approval.status !== 'open' || approval.remindersSent !== input.number || !approval.nextDueAt)
          return
        const earlyMs = approval.nextDueAt.getTime() - parts.clock.now()
        if (earlyMs > 0) throw new RetryAtError('The timer came early', Math.min(earlyMs, LOOK_AGAIN_MS))
        if (approval.deadlineAt.getTime() <= parts.clock.now()) await parts.expire(tx, approval)
        else await remind(tx, approval, parts)
      })
    },
  })
}

async function remind(
  tx: Transaction,
  approval: Approval,
  parts: Pick<Parameters<typeof defineApprovalTimer>[0], 'remind' | 'startNext'>,
): Promise<void> {
  const number = approval.remindersSent + 1
  const next = approval.reminderTimes[number]
  const rows = await tx.db
    .update(tables.approvals)
    .set({ remindersSent: number, nextDueAt: next ? new Date(next) : approval.deadlineAt })
    .where(
      and(
        eq(tables.approvals.id, approval.id),
        eq(tables.approvals.status, 'open'),
        eq(tables.approvals.remindersSent, approval.remindersSent),
      ),
    )
    .returning()
  const reminded = rows[0]
  if (!reminded) return
  await parts.remind(tx, reminded, number)
  await parts.startNext(tx, reminded)
  await announceChange(tx, { topic: 'inbox', id: approval.id })
}
