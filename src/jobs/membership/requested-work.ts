/**
 * Work that many changes ask for and one run does. Whoever changes something asks for the next run, which begins a
 * moment later and does what all of them asked for; what is asked for while it is at work is the run's after it.
 */
import { eq, sql } from 'drizzle-orm'
import { type Transaction, tables } from '../../database/index.ts'
import type { Job } from '../../engine/index.ts'
import type { MembershipParts } from './parts.ts'

/** A job whose runs are numbered, one after another. */
type NumberedJob = Job<{ number: number }>

/**
 * Asks for the job's next run, in the caller's transaction; when one is waiting to begin already, that one will do.
 * @param gatherMs how long requests are gathered before it begins
 */
export async function requestWork(
  tx: Transaction,
  parts: Pick<MembershipParts, 'clock' | 'starter'>,
  job: NumberedJob,
  gatherMs: number,
): Promise<void> {
  const { requestedWork } = tables
  const [request] = await tx.db
    .insert(requestedWork)
    .values({ name: job.name, number: 1, pending: true })
    .onConflictDoUpdate({
      target: requestedWork.name,
      set: { number: sql`${requestedWork.number} + 1`, pending: true },
      setWhere: eq(requestedWork.pending, false),
    })
    .returning()
  const notBeforeMs = parts.clock.now() + gatherMs
  if (request) await parts.starter().start(tx, job, { number: request.number }, { notBeforeMs })
}

/** The run has begun: what is asked for from now on is another's. @param name the job's */
export async function takeRequests(tx: Transaction, name: string): Promise<void> {
  const { requestedWork } = tables
  await tx.db.update(requestedWork).set({ pending: false }).where(eq(requestedWork.name, name))
}
