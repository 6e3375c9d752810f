/** What waits for a member, and what is going to happen: the end of the line of life. */
import { and, asc, eq, isNull, like, or, sql } from 'drizzle-orm'
import { type Drizzle, tables } from '../../database/index.ts'
import { maskPersonalData } from '../../primitives/index.ts'
import type { LifeEntry } from '../membership-contract.ts'
import type { LifeParts } from './life.ts'

type Deactivation = typeof tables.deactivations.$inferSelect

/** The end that is planned. */
export function comingEnd(deactivations: readonly Deactivation[], nowMs: number): LifeEntry[] {
  return deactivations.flatMap(({ status, dueAt, reason, runId }): LifeEntry[] => {
    if (status !== 'pending') return []
    const at = new Date(Math.max(dueAt.getTime(), nowMs)).toISOString()
    return [{ at, when: 'future', text: 'The membership ends', actor: null, detail: capital(reason), runId }]
  })
}

/** Renewals, as far as they are agreed. */
export function comingPeriods({ subscriptions, member }: LifeParts, nowMs: number): LifeEntry[] {
  if (member.deletedAt) return []
  return subscriptions.flatMap(({ status, cancelAt, cancelAtPeriodEnd, periodEndAt }): LifeEntry[] => {
    const renews = (status === 'active' || status === 'trialing') && !cancelAtPeriodEnd && cancelAt === null
    if (!renews || !periodEndAt || periodEndAt.getTime() <= nowMs) return []
    const text =
      status === 'trialing' ? 'The trial ends, and the first payment is due' : 'The next payment is due'
    return [{ at: periodEndAt.toISOString(), when: 'future', text, actor: null, detail: null, runId: null }]
  })
}

/** Open questions that name them, one of their planned ends, or them as a guest. */
export async function readQuestions(db: Drizzle, { member, deactivations }: LifeParts): Promise<LifeEntry[]> {
  const { approvals, questions, lumaGuests } = tables
  const guests = await db
    .selectDistinct({ eventId: lumaGuests.eventId, guestId: lumaGuests.guestId })
    .from(lumaGuests)
    .where(and(eq(lumaGuests.memberId, member.id), eq(lumaGuests.outcome, 'asked')))
  const held = deactivations.filter(({ status }) => status === 'held')
  const ids = [
    member.id,
    ...held.map(({ id }) => id),
    ...guests.map(({ eventId, guestId }) => `${eventId}/${guestId}`),
  ]
  const named = ids.map((id) => sql`${questions.items} @> ${JSON.stringify([{ id }])}::jsonb`)
  const rows = await db
    .select({ title: questions.title, deadlineAt: approvals.deadlineAt, runId: questions.runId })
    .from(approvals)
    .innerJoin(questions, eq(questions.id, approvals.subjectId))
    .where(and(eq(approvals.status, 'open'), or(...named)))
    .orderBy(asc(approvals.deadlineAt))
    .limit(20)
  return rows.map(({ title, deadlineAt, runId }) => ({
    at: deadlineAt.toISOString(),
    when: 'future',
    text: 'A question in the inbox times out, unless somebody answers',
    actor: null,
    detail: maskPersonalData(title),
    runId,
  }))
}

/** Syncs that were put down because Mailchimp is away. */
export async function readWaitingSyncs(db: Drizzle, memberId: string): Promise<LifeEntry[]> {
  const { parkedRuns } = tables
  const rows = await db
    .select()
    .from(parkedRuns)
    .where(and(like(parkedRuns.runId, `member-sync:${memberId}:%`), isNull(parkedRuns.wokenAt)))
    .orderBy(asc(parkedRuns.since))
    .limit(20)
  return rows.map(({ since, reason, runId }) => ({
    at: since.toISOString(),
    when: 'past',
    text: 'A sync waits for Mailchimp to come back',
    actor: null,
    detail: maskPersonalData(reason),
    runId,
  }))
}

export function capital(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`
}
