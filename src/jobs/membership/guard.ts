/**
 * The blast-radius guard: a batch that would change more than so many members, or more than such a share of them, stops
 * before the first change and asks a person, with the list. Ends of memberships come one by one, so for them the batch
 * is an hour: a provider that suddenly says "cancelled" of everybody is caught with the first, because the others that
 * are due in the same hour count.
 */
import { and, eq, gt, inArray, lte, sql } from 'drizzle-orm'
import { type ApprovalKind, ask, readQuestion } from '../../approvals/index.ts'
import { memberName, readMember } from '../../community/index.ts'
import { type QuestionItem, type Transaction, tables } from '../../database/index.ts'
import { HOUR_MS } from '../../primitives/index.ts'
import { endMembership } from './end.ts'
import type { Followers, MembershipParts, MembershipSettings } from './parts.ts'
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

/**
 * Holds this end, and all others of its hour, when they are too many together.
 * @returns whether it was held
 */
export async function refuseMassEnd(
  tx: Transaction,
  parts: MembershipParts,
  row: Deactivation,
  runId: string,
): Promise<boolean> {
  const { deactivations, members } = tables
  await tx.db.execute(sql`select pg_advisory_xact_lock(hashtextextended('kinkeeper.mass-end', 7))`)
  const nowMs = parts.clock.now()
  const hour = Math.floor(nowMs / HOUR_MS)
  const answered = await answerFor(tx, hour)
  if (answered === 'approved') return false
  const lastHour = new Date(nowMs - HOUR_MS)
  const [done] = await tx.db
    .select({ count: sql<string>`count(*)` })
    .from(deactivations)
    .where(and(eq(deactivations.status, 'done'), gt(deactivations.settledAt, lastHour)))
  const waiting = await tx.db
    .select()
    .from(deactivations)
    .where(and(inArray(deactivations.status, ['pending', 'held']), lte(deactivations.dueAt, new Date(nowMs))))
    .limit(10_000)
  const total = await tx.db.$count(members, eq(members.membership, 'active'))
  if (!isTooMany(parts.settings.guard, Number(done?.count ?? 0) + waiting.length, total)) return false
  await tx.db.update(deactivations).set({ status: 'held' }).where(eq(deactivations.id, row.id))
  if (answered === null) await askAboutEnds(tx, parts, { hour, waiting, total, runId })
  return true
}

async function answerFor(tx: Transaction, hour: number): Promise<string | null> {
  const [row] = await tx.db
    .select({ status: tables.approvals.status })
    .from(tables.questions)
    .innerJoin(tables.approvals, eq(tables.approvals.subjectId, tables.questions.id))
    .where(and(eq(tables.questions.kind, MASS_END_KIND), eq(tables.questions.key, String(hour))))
  return row?.status ?? null
}

async function askAboutEnds(
  tx: Transaction,
  parts: MembershipParts,
  found: { hour: number; waiting: Deactivation[]; total: number; runId: string },
): Promise<void> {
  const items: QuestionItem[] = []
  for (const end of found.waiting) {
    const member = await readMember(tx, end.memberId)
    items.push({ id: end.id, label: memberName(member), detail: end.reason })
  }
  await ask(
    tx,
    parts.approvals(),
    {
      kind: MASS_END_KIND,
      key: String(found.hour),
      title: `${items.length} memberships would end within an hour`,
      explanation: [
        `That is more than the guard lets through unasked (of ${found.total} members). Nothing has been changed for those listed.`,
        'If you end them, their profiles are hidden, Mailchimp tags them as alumni, and they leave the members’ group in Slack. Each can be taken back one by one.',
        'If you keep them, they stay members by your word until their next payment or until somebody deactivates them.',
      ],
      items,
      approveLabel: 'End these memberships',
      denyLabel: 'Keep them as members',
      data: { hour: found.hour },
      runId: found.runId,
    },
    parts.clock.now(),
  )
}

/** What the answer makes of the ends that were held back. Unanswered at the deadline, they stay members. */
export function massEndApprovals(parts: MembershipParts, followers: () => Followers): ApprovalKind {
  return {
    kind: MASS_END_KIND,
    async onDecided(tx, approval, actor) {
      const question = await readQuestion(tx, approval.subjectId)
      const held = await tx.db
        .select()
        .from(tables.deactivations)
        .where(eq(tables.deactivations.status, 'held'))
      for (const end of held) {
        const member = await readMember(tx, end.memberId)
        if (approval.status === 'approved' && member.membership === 'active')
          await endMembership(tx, parts, followers(), member, {
            deactivationId: end.id,
            why: end.reason,
            actor,
            runId: question.runId,
          })
        else await keepByHand(tx, parts, end)
      }
    },
    async onReminder() {},
  }
}

async function keepByHand(tx: Transaction, parts: MembershipParts, end: Deactivation): Promise<void> {
  const now = new Date(parts.clock.now())
  await tx.db
    .update(tables.deactivations)
    .set({ status: 'kept', reason: 'a person decided to keep them', settledAt: now })
    .where(eq(tables.deactivations.id, end.id))
  await tx.db
    .update(tables.members)
    .set({ byHand: 'kept', updatedAt: now })
    .where(eq(tables.members.id, end.memberId))
}
