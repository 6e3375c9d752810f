/** Who was a member before anybody looked: counted, and marked so that no sync ever welcomes them. */
import { and, eq } from 'drizzle-orm'
import { changeMember, entitlementOf, type Member, readMember } from '../../community/index.ts'
import { type Transaction, tables } from '../../database/index.ts'
import { SECOND_MS } from '../../primitives/index.ts'
import type { Cause, MembershipParts } from '../membership/parts.ts'
import { wasSyncedAsMember } from '../membership/settle.ts'

export type Settle = (tx: Transaction, memberId: string, cause: Cause) => Promise<void>
/** `askedMs`: community time. */
export type Import = { id: string; askedMs: number }

const JOB = 'member-import'
type Found = 'joined' | 'known'
const noteOf = (id: string, found: Found) => `${id}/${found}`

/**
 * Settles as any news does, and in the same transaction takes back the welcome of whom it finds to be a member by a
 * subscription that began before the import was asked for. Who is being welcomed by other news goes on to be.
 */
export function settleAsAlready(parts: MembershipParts, settle: Settle, asked: Import): Settle {
  return async (tx, memberId, cause) => {
    const before = await readMember(tx, memberId)
    await settle(tx, memberId, cause)
    const member = await readMember(tx, memberId)
    if (member.membership !== 'active') return
    await note(tx, asked.id, before, parts.clock.now())
    if (member.welcomedAt !== null || isBeingWelcomed(parts, before)) return
    if (!(await wasEntitledBefore(tx, parts, member, asked.askedMs))) return
    const nowMs = parts.clock.now()
    await changeMember(tx, member.id, { welcomedAt: new Date(nowMs) }, nowMs)
  }
}

/** How many became members by the import, and how many were members already. */
export async function countFound(tx: Transaction, id: string): Promise<Record<Found, number>> {
  const { processedEvents } = tables
  const of = (found: Found) =>
    tx.db.$count(
      processedEvents,
      and(eq(processedEvents.job, JOB), eq(processedEvents.sourceEventId, noteOf(id, found))),
    )
  return { joined: await of('joined'), known: await of('known') }
}

/** The first word stays: a page that is taken over again after a crash finds those who joined by it to be members. */
async function note(tx: Transaction, id: string, { id: memberId, membership }: Member, nowMs: number) {
  const { processedEvents } = tables
  const joined = { job: JOB, sourceEventId: noteOf(id, 'joined'), memberId, at: new Date(nowMs) }
  if (membership !== 'active') {
    await tx.db.insert(processedEvents).values(joined).onConflictDoNothing()
    return
  }
  const [one] = await tx.db
    .select({ memberId: processedEvents.memberId })
    .from(processedEvents)
    .where(
      and(
        eq(processedEvents.job, JOB),
        eq(processedEvents.sourceEventId, joined.sourceEventId),
        eq(processedEvents.memberId, memberId),
      ),
    )
  if (one) return
  await tx.db
    .insert(processedEvents)
    .values({ ...joined, sourceEventId: noteOf(id, 'known') })
    .onConflictDoNothing()
}

/** Other news made them a member, and started the sync that welcomes them. */
function isBeingWelcomed(parts: MembershipParts, before: Member): boolean {
  const welcomes = parts.welcomes && parts.modes.mailchimp !== 'off'
  return welcomes && before.membership === 'active' && wasSyncedAsMember(parts, before)
}

async function wasEntitledBefore(
  tx: Transaction,
  parts: MembershipParts,
  member: Member,
  askedMs: number,
): Promise<boolean> {
  const { subscriptions } = tables
  const rows = await tx.db.select().from(subscriptions).where(eq(subscriptions.memberId, member.id))
  // Stripe counts in seconds: one that began in the second in which the import was asked for is new.
  const old = rows.filter(({ startedAt }) => startedAt.getTime() + SECOND_MS <= askedMs)
  return entitlementOf(old, member.byHand, parts.clock.now(), parts.settings.graceMs).entitled
}
