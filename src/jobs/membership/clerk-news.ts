/**
 * What an event of Clerk's means for the members. Where Clerk can be asked, the user is read again; where it cannot, the
 * event's content counts, by the user's own `updated_at`. A deleted user becomes a tombstone, whatever comes after.
 */
import { z } from 'zod'
import { recordAudit, SYSTEM } from '../../audit/index.ts'
import {
  changeMember,
  createMember,
  findMember,
  matchMember,
  takeAccountNews,
} from '../../community/index.ts'
import type { ClerkUser } from '../../connectors/membership-contract.ts'
import type { Transaction } from '../../database/index.ts'
import { NeverRetryError, seam } from '../../primitives/index.ts'
import { askWhoItIs } from './match-question.ts'
import type { Cause, MembershipParts } from './parts.ts'

export const clerkEventSchema = z.looseObject({
  type: z.string().min(1),
  data: z.looseObject({ id: z.string().optional() }),
})
export type ClerkEvent = z.infer<typeof clerkEventSchema>

export const CLERK_EVENTS = new Set(['user.created', 'user.updated', 'user.deleted'])

type Settle = (tx: Transaction, memberId: string, cause: Cause) => Promise<void>
/** `id`: the delivery's own, by which what follows is known to have come from it. */
type Received = { id: string; event: ClerkEvent; runId: string }

/**
 * Clerk sent news of somebody whom its API does not know. As a rule the news of their deletion is on its way. But a key of
 * another instance knows nobody at all, and nobody becomes a tombstone by that: the handling is tried again, and then
 * waits for a person.
 */
async function missNobody(parts: MembershipParts, clerkId: string): Promise<string> {
  const known = await findMember(parts.database, clerkId)
  if (!known || known.deletedAt) return 'Clerk does not know them any more, and neither do we'
  throw new NeverRetryError(
    'Clerk’s API knows nobody of this id, and has sent no news of a deletion. Check that CLERK_SECRET_KEY belongs to the instance that sends the webhooks; if they were deleted, end the membership by hand.',
    { facts: { provider: 'clerk', operation: 'users.getUser', code: 'unknown_user' } },
  )
}

/** Takes an event over, and settles what follows. Repeating it changes nothing. @returns what came of it, in words */
export async function takeClerkEvent(
  parts: MembershipParts,
  settle: Settle,
  received: Received,
): Promise<string> {
  const { event } = received
  const { id } = event.data
  if (!id) return `${event.type} names nobody`
  if (event.type === 'user.deleted') return bury(parts, settle, id, received)
  const { clerk } = parts.connectors
  const user = clerk.canRead ? await clerk.user(id) : clerk.readUser(event.data)
  if (!user) return missNobody(parts, id)
  const why = event.type === 'user.created' ? 'they signed up' : 'their account changed'
  return takeUser(parts, settle, user, { sourceEventId: received.id, why, runId: received.runId })
}

/** Takes over what Clerk says of a user. `runId`: who asks when it is not clear who that is. @returns what came of it */
export async function takeUser(
  parts: MembershipParts,
  settle: Settle,
  user: ClerkUser,
  { runId, ...cause }: Cause & { runId: string },
): Promise<string> {
  return parts.database.transaction(async (tx) => {
    const nowMs = parts.clock.now()
    const { email, emailVerified, firstName, lastName } = user
    const match = await matchMember(tx, { clerkId: user.id, email, emailVerified }, nowMs)
    if (match.kind === 'conflict') {
      await askWhoItIs(tx, parts, match, {
        customerId: null,
        clerkId: user.id,
        person: { email, firstName, lastName },
        runId,
      })
      return 'It is not clear who this is; a person is asked'
    }
    const member = match.kind === 'found' ? match.member : await createMember(tx, { clerkId: user.id }, nowMs)
    const news = { clerkId: user.id, email, emailVerified, firstName, lastName, seenMs: user.updatedAtMs }
    const changed = await takeAccountNews(tx, member, news, nowMs)
    if (!changed) return `Nothing newer than what was known: ${member.id}`
    await settle(tx, member.id, cause)
    seam('clerk-news.before-commit')
    return `${cause.why}: ${member.id}`
  })
}

async function bury(
  parts: MembershipParts,
  settle: Settle,
  clerkId: string,
  received: Received,
): Promise<string> {
  return parts.database.transaction(async (tx) => {
    const nowMs = parts.clock.now()
    // Matched under the lock of all matching, so that no account's news comes in between.
    const match = await matchMember(tx, { clerkId }, nowMs)
    const member =
      match.kind === 'found'
        ? match.member
        : ((await findMember(tx, clerkId)) ?? (await createMember(tx, { clerkId }, nowMs)))
    if (member.deletedAt) return `Known to be gone: ${member.id}`
    await changeMember(tx, member.id, { deletedAt: new Date(nowMs), profileHidden: true }, nowMs)
    await recordAudit(tx, {
      atMs: nowMs,
      actor: SYSTEM,
      action: 'deleted their account',
      target: { kind: 'member', id: member.id },
      runId: received.runId,
    })
    await settle(tx, member.id, { sourceEventId: received.id, why: 'they deleted their account' })
    return `Gone: ${member.id}`
  })
}
