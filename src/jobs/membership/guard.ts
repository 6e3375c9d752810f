/**
 * The blast-radius guard: a batch that would change more than so many members, or more than such a share of them, stops
 * before the first change and asks a person, with the list. Ends of memberships come one by one, so for them the batch
 * is an hour: a provider that suddenly says "cancelled" of everybody is caught with the first, because the others that
 * are due in the same hour count. What is held is gathered for a moment and then asked about with a list that is not
 * changed any more: an answer is about exactly those who are on it, and about each only if it is still so.
 */
import { and, eq, gt, inArray, isNull, lte, sql } from 'drizzle-orm'
import { z } from 'zod'
import { type ApprovalKind, ask, readQuestion } from '../../approvals/index.ts'
import { changeMember, lockMember, memberName, readEntitlement, readMember } from '../../community/index.ts'
import { type QuestionItem, type Transaction, tables } from '../../database/index.ts'
import { defineJob, type Job } from '../../engine/index.ts'
import { HOUR_MS, SECOND_MS } from '../../primitives/index.ts'
import { conclude, endMembership } from './end.ts'
import type { Followers, MembershipParts, MembershipSettings } from './parts.ts'
import { requestWork, takeRequests } from './requested-work.ts'
import type { Deactivation } from './settle.ts'

const MASS_END_KIND = 'mass-end'

/**
 * Whether a batch is too large to be done unasked.
 * @param batch how many members it would change; @param total how many there are
 */
export function isTooMany(guard: MembershipSettings['guard'], batch: number, total: number): boolean {
  // A share means little of a handful: of five members one is twenty per cent.
  return batch > guard.members || (total >= 20 && batch > (total * guard.percent) / 100 && batch > 3)
}

/** How long what is held is gathered before a person is asked. */
const GATHER_MS = 20 * SECOND_MS
const WORK = 'mass-end'

const inputSchema = z.object({ number: z.int().positive() })
export type MassEndJob = Job<z.infer<typeof inputSchema>>

/** One end at a time is weighed; to be taken before any member is locked. */
export async function lockEnds(tx: Transaction): Promise<void> {
  await tx.db.execute(sql`select pg_advisory_xact_lock(hashtextextended('kinkeeper.mass-end', 7))`)
}

/**
 * Holds this end when it and the others of the hour are too many together. The caller has `lockEnds`.
 * @returns whether it was held
 */
export async function refuseMassEnd(
  tx: Transaction,
  parts: MembershipParts,
  row: Deactivation,
  job: MassEndJob,
): Promise<boolean> {
  const { deactivations, members } = tables
  const nowMs = parts.clock.now()
  const [done] = await tx.db
    .select({ count: sql<string>`count(*)` })
    .from(deactivations)
    .where(and(eq(deactivations.status, 'done'), gt(deactivations.settledAt, new Date(nowMs - HOUR_MS))))
  const [waiting] = await tx.db
    .select({ count: sql<string>`count(*)` })
    .from(deactivations)
    .where(and(inArray(deactivations.status, ['pending', 'held']), lte(deactivations.dueAt, new Date(nowMs))))
  const total = await tx.db.$count(members, eq(members.membership, 'active'))
  const batch = Number(done?.count ?? 0) + Number(waiting?.count ?? 0)
  if (!isTooMany(parts.settings.guard, batch, total)) return false
  await tx.db.update(deactivations).set({ status: 'held' }).where(eq(deactivations.id, row.id))
  await requestWork(tx, parts, job, GATHER_MS)
  return true
}

/** The run that asks about all ends that are held and that nobody has been asked about yet. */
export function defineMassEnd(parts: MembershipParts): MassEndJob {
  return defineJob({
    name: WORK,
    input: inputSchema,
    idempotencyKey: ({ number }) => String(number),
    lane: 'members',
    run: (context, { number }) =>
      context.transaction('ask about the ends', async (tx) => {
        await lockEnds(tx)
        await takeRequests(tx, WORK)
        const { deactivations } = tables
        const held = await tx.db
          .select()
          .from(deactivations)
          .where(and(eq(deactivations.status, 'held'), isNull(deactivations.questionId)))
        if (held.length === 0) return 'Nobody is held any more'
        const questionId = await askAboutEnds(tx, parts, { number, held, runId: context.runId })
        await tx.db
          .update(deactivations)
          .set({ questionId })
          .where(
            inArray(
              deactivations.id,
              held.map(({ id }) => id),
            ),
          )
        return `Asked about ${held.length}`
      }),
  })
}

async function askAboutEnds(
  tx: Transaction,
  parts: MembershipParts,
  found: { number: number; held: Deactivation[]; runId: string },
): Promise<string> {
  const items: QuestionItem[] = []
  for (const end of found.held) {
    const member = await readMember(tx, end.memberId)
    items.push({ id: end.id, label: memberName(member), detail: end.reason })
  }
  const total = await tx.db.$count(tables.members, eq(tables.members.membership, 'active'))
  return ask(
    tx,
    parts.approvals(),
    {
      kind: MASS_END_KIND,
      key: String(found.number),
      title:
        items.length === 1
          ? 'One more membership would end'
          : `${items.length} memberships would end at once`,
      explanation: [
        `Within an hour that is more than the guard lets through unasked (of ${total} members). Nothing has been changed for those listed.`,
        'If you end them, their profiles are hidden, Mailchimp tags them as alumni, and they leave the members’ group in Slack. Who has paid meanwhile stays. Each can be taken back one by one.',
        'If you keep them, they stay members by your word until their next payment or until somebody deactivates them.',
      ],
      items,
      approveLabel: 'End these memberships',
      denyLabel: 'Keep them as members',
      data: {},
      runId: found.runId,
    },
    parts.clock.now(),
  )
}

/** What the answer makes of the ends that are on its list. Unanswered at the deadline, they stay members. */
export function massEndApprovals(parts: MembershipParts, followers: () => Followers): ApprovalKind {
  return {
    kind: MASS_END_KIND,
    async onDecided(tx, approval, actor) {
      await lockEnds(tx)
      const question = await readQuestion(tx, approval.subjectId)
      const { deactivations } = tables
      const held = await tx.db
        .select()
        .from(deactivations)
        .where(and(eq(deactivations.questionId, question.id), eq(deactivations.status, 'held')))
      for (const end of held) {
        const member = await lockMember(tx, end.memberId)
        // Under the member's lock: who has paid again just now has settled it by that.
        if (!member || !(await isHeld(tx, end.id))) continue
        const nowMs = parts.clock.now()
        const entitlement = await readEntitlement(tx, member, nowMs, parts.settings.graceMs)
        // Whose account is gone cannot be kept.
        if (approval.status !== 'approved' && !member.deletedAt) await keepByHand(tx, parts, end)
        else if (entitlement.entitled) await conclude(tx, end.id, 'kept', entitlement.reason, nowMs)
        else
          await endMembership(tx, parts, followers(), member, {
            deactivationId: end.id,
            why: end.reason,
            actor,
            runId: question.runId,
          })
      }
    },
    async onReminder() {},
  }
}

async function isHeld(tx: Transaction, id: string): Promise<boolean> {
  const { deactivations } = tables
  return (
    (await tx.db.$count(deactivations, and(eq(deactivations.id, id), eq(deactivations.status, 'held')))) > 0
  )
}

async function keepByHand(tx: Transaction, parts: MembershipParts, end: Deactivation): Promise<void> {
  const nowMs = parts.clock.now()
  await conclude(tx, end.id, 'kept', 'a person decided to keep them', nowMs)
  await changeMember(tx, end.memberId, { byHand: 'kept' }, nowMs)
}
