/**
 * When two of the things that name a person point at different people, a person is asked. Nothing is guessed meanwhile:
 * a payment whose owner is not clear makes nobody a member, and takes nobody's membership away.
 */
import { and, desc, eq, inArray, isNotNull, isNull, sql } from 'drizzle-orm'
import { z } from 'zod'
import { type ApprovalKind, ask, readQuestion } from '../../approvals/index.ts'
import { recordAudit } from '../../audit/index.ts'
import {
  assignSubscriptions,
  createMember,
  customerOf,
  lockMember,
  type Match,
  type Member,
  memberName,
  mergeMembers,
} from '../../community/index.ts'
import { type Transaction, tables } from '../../database/index.ts'
import { newId } from '../../primitives/index.ts'
import type { Cause, MembershipParts } from './parts.ts'

const MEMBER_MATCH_KIND = 'member-match'

const dataSchema = z.object({
  customerId: z.string().nullable(),
  clerkId: z.string().nullable(),
  memberIds: z.tuple([z.string(), z.string()]),
  /** What the news said of the newcomer. */
  person: z.object({
    email: z.string().nullable(),
    firstName: z.string().nullable(),
    lastName: z.string().nullable(),
  }),
})

/**
 * Asks whether it is one person. Once for the same three.
 * @returns whether it has been said already that they are different people
 */
export async function askWhoItIs(
  tx: Transaction,
  parts: MembershipParts,
  match: Extract<Match, { kind: 'conflict' }>,
  newcomer: {
    customerId: string | null
    clerkId: string | null
    person: z.infer<typeof dataSchema>['person']
    runId: string
  },
): Promise<boolean> {
  const [first, second] = match.members
  const who = newcomer.customerId ? `customer ${newcomer.customerId}` : `account ${newcomer.clerkId}`
  const questionId = await ask(
    tx,
    parts.approvals(),
    {
      kind: MEMBER_MATCH_KIND,
      key: [newcomer.customerId, newcomer.clerkId, first.id, second.id].join('/'),
      title: `Is this ${memberName(first)}?`,
      explanation: [
        `${match.why} The news is about the ${who}.`,
        'If it is the same person, both become one member, and the payments count for them.',
        'If they are different people, they stay apart, and the payments count for the newcomer.',
      ],
      items: [...new Set([first, second])].map(describe),
      approveLabel: 'The same person',
      denyLabel: 'Different people',
      data: {
        customerId: newcomer.customerId,
        clerkId: newcomer.clerkId,
        memberIds: [first.id, second.id],
        person: newcomer.person,
      },
      runId: newcomer.runId,
    },
    parts.clock.now(),
  )
  const [answer] = await tx.db
    .select({ status: tables.approvals.status })
    .from(tables.approvals)
    .where(and(eq(tables.approvals.subjectId, questionId), eq(tables.approvals.kind, MEMBER_MATCH_KIND)))
  return answer?.status === 'denied' || answer?.status === 'expired'
}

/**
 * Whose a customer is by a person's word, where nothing else says so yet: the answer may come before the first
 * subscription does. Null: nobody has said.
 */
export async function ownerByWord(tx: Transaction, customerId: string): Promise<Member | null> {
  const { approvals, members, questions } = tables
  const [said] = await tx.db
    .select({ data: questions.data })
    .from(questions)
    .innerJoin(approvals, and(eq(approvals.subjectId, questions.id), eq(approvals.kind, questions.kind)))
    .where(
      and(
        eq(questions.kind, MEMBER_MATCH_KIND),
        sql`${questions.data}->>'customerId' = ${customerId}`,
        eq(approvals.status, 'approved'),
      ),
    )
    .orderBy(desc(questions.createdAt))
    .limit(1)
  if (!said) return null
  const [memberId] = dataSchema.parse(said.data).memberIds
  const [member] = await tx.db.select().from(members).where(eq(members.id, memberId))
  return member ?? null
}

function describe(member: Member) {
  const known = [
    member.clerkId ? `account ${member.clerkId}` : 'no account',
    member.stripeCustomerId ? `customer ${member.stripeCustomerId}` : 'no customer',
  ]
  return { id: member.id, label: memberName(member), detail: known.join(', ') }
}

/** What the answer makes of it. Unanswered at the deadline, they stay apart. */
export function memberMatchApprovals(
  parts: MembershipParts,
  settle: (tx: Transaction, memberId: string, cause: Cause) => Promise<void>,
): ApprovalKind {
  return {
    kind: MEMBER_MATCH_KIND,
    async onDecided(tx, approval, actor) {
      const { data } = await readQuestion(tx, approval.subjectId)
      const asked = dataSchema.parse(data)
      // Of somebody who was erased meanwhile there is nothing left that it could be about.
      if (await isErased(tx, asked.memberIds)) return
      const nowMs = parts.clock.now()
      const same = approval.status === 'approved'
      const member = same ? await join(tx, asked, nowMs) : await keepApart(tx, asked, nowMs)
      if (!member) return
      await recordAudit(tx, {
        atMs: nowMs,
        actor,
        action: same ? 'said that they are one person' : 'said that they are different people',
        target: { kind: 'member', id: member.id },
        reason: approval.reason,
      })
      await settle(tx, member.id, { sourceEventId: newId('ask'), why: 'a person said who it is' })
    },
    async onReminder() {},
  }
}

async function isErased(tx: Transaction, memberIds: readonly string[]): Promise<boolean> {
  const { members } = tables
  const erased = and(inArray(members.id, [...memberIds]), isNotNull(members.erasedAt))
  return (await tx.db.$count(members, erased)) > 0
}

type Asked = z.infer<typeof dataSchema>

/** Their subscriptions go to the first; a second row that is somebody else's no longer is merged into it. */
async function join(tx: Transaction, asked: Asked, nowMs: number): Promise<Member | null> {
  const [intoId, fromId] = asked.memberIds
  // One of them may have become one with somebody else while the question was open.
  const [into, from] = [await lockMember(tx, intoId), await lockMember(tx, fromId)]
  const first = into ?? from
  if (!first) return null
  const joined =
    into && from && into.id !== from.id && !into.deletedAt && !from.deletedAt
      ? await mergeMembers(tx, from, into, nowMs)
      : first
  if (asked.customerId) await assignSubscriptions(tx, asked.customerId, joined.id)
  return joined
}

async function keepApart(tx: Transaction, asked: Asked, nowMs: number): Promise<Member | null> {
  if (!asked.customerId) return createMember(tx, { clerkId: asked.clerkId, ...asked.person }, nowMs)
  const { subscriptions } = tables
  // Later news may have settled whose it is while the question was open.
  const owner = await customerOf(tx, asked.customerId)
  const member =
    owner ?? (await createMember(tx, { stripeCustomerId: asked.customerId, ...asked.person }, nowMs))
  await tx.db
    .update(subscriptions)
    .set({ memberId: member.id })
    .where(and(eq(subscriptions.customerId, asked.customerId), isNull(subscriptions.memberId)))
  return member
}
