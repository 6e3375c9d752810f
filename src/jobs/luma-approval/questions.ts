import { count, eq } from 'drizzle-orm'
import { type ApprovalKind, ask } from '../../approvals/index.ts'
import { membersByEmail } from '../../community/index.ts'
import type { LumaGuest } from '../../connectors/membership-contract.ts'
import { type QuestionItem, tables } from '../../database/index.ts'
import type { Job } from '../../engine/index.ts'
import { sumMoney } from '../../primitives/index.ts'
import { isTooMany } from '../membership/guard.ts'
import type { MembershipParts } from '../membership/parts.ts'
import { type GuestRow, recordGuests } from './guests.ts'
import {
  DECLINE_KIND,
  type EventName,
  guestRef,
  guestsInQuestions,
  isMember,
  PAID_KIND,
} from './judgement.ts'
import { listPending } from './pending.ts'

/** What goes on after an answer: exactly those who were asked about are answered by a run of their own. */
export function lumaApprovals(
  parts: MembershipParts,
  job: Job<{ slot: string; questionId?: string }>,
): ApprovalKind[] {
  return [PAID_KIND, DECLINE_KIND].map((kind) => ({
    kind,
    async onDecided(tx, approval) {
      // Denied, or not answered in time: they stay pending.
      if (approval.status !== 'approved') return
      const slot = new Date(parts.clock.now()).toISOString()
      await parts.starter().start(tx, job, { slot, questionId: approval.subjectId })
    },
    async onReminder() {},
  }))
}

/** Puts an event's guests whom approval would charge to a person, and notes that they were, in one transaction. */
export async function askAboutPaidGuests(
  parts: MembershipParts,
  runId: string,
  event: EventName,
  guests: LumaGuest[],
  rows: GuestRow[],
): Promise<void> {
  if (guests.length === 0) return
  const amounts = guests.flatMap(({ paid }) => paid ?? [])
  const sum = describeSum(amounts)
  const items = guests.map((guest) => itemOf(event, guest, null))
  const people = guests.length === 1 ? 'one guest' : `${guests.length} guests`
  await parts.database.transaction(async (tx) => {
    await recordGuests(tx.db, rows)
    await ask(
      tx,
      parts.approvals(),
      {
        kind: PAID_KIND,
        key: `${event.id}:${runId}`,
        title: `Approve ${people} of “${event.name}” and charge ${sum}?`,
        explanation: [
          `They are members, and asked to come with a paid ticket: approving them charges their cards ${sum} in all.`,
          'If you approve, exactly those listed are approved who still wait and are still members. If you leave them, they stay pending, and nobody is asked about them again; in Luma they can be answered one by one.',
        ],
        items,
        approveLabel: `Approve and charge ${sum}`,
        denyLabel: 'Leave them pending',
        data: { events: [event] },
        runId,
      },
      parts.clock.now(),
    )
  })
}

/**
 * Whether this run may decline who is not a member. When that would be too many guests, a person is asked about them,
 * with the list, before the first is declined.
 */
export async function mayDecline(
  parts: MembershipParts,
  runId: string,
  events: EventName[],
): Promise<boolean> {
  if (parts.settings.lumaNonMembers !== 'decline') return true
  const { database } = parts
  const held = await guestsInQuestions(database.db, DECLINE_KIND)
  const items: QuestionItem[] = []
  for (const event of events) {
    const guests = await listPending(parts, event.id)
    const members = await membersByEmail(
      database.db,
      guests.map(({ email }) => email),
    )
    const strangers = guests.filter(
      ({ id, email }) => !isMember(members.get(email)) && !held.has(guestRef(event.id, id)),
    )
    items.push(...strangers.map((guest) => itemOf(event, guest, event.name)))
  }
  const [active] = await database.db
    .select({ count: count() })
    .from(tables.members)
    .where(eq(tables.members.membership, 'active'))
  if (!isTooMany(parts.settings.guard, items.length, active?.count ?? 0)) return true
  await askAboutDeclining(parts, runId, events, items)
  return false
}

async function askAboutDeclining(
  parts: MembershipParts,
  runId: string,
  events: EventName[],
  items: QuestionItem[],
): Promise<void> {
  await parts.database.transaction((tx) =>
    ask(
      tx,
      parts.approvals(),
      {
        kind: DECLINE_KIND,
        key: runId,
        title: `Decline ${items.length} guests who are not members?`,
        explanation: [
          'That is more than the guard lets through unasked. None of those listed has been declined; members among the guests are being approved as always.',
          'If you decline them, Luma tells each of them. If you leave them, they stay pending, and nobody is asked about them again.',
        ],
        items,
        approveLabel: `Decline these ${items.length} guests`,
        denyLabel: 'Leave them pending',
        data: { events: events.filter(({ id }) => items.some((item) => item.id.startsWith(`${id}/`))) },
        runId,
      },
      parts.clock.now(),
    ),
  )
}

function itemOf(event: EventName, guest: LumaGuest, detail: string | null): QuestionItem {
  const { paid } = guest
  return {
    id: guestRef(event.id, guest.id),
    label: guest.name ?? 'Somebody without a name',
    detail,
    ...(paid ? { amount: { value: paid.amountCents, currency: paid.currency } } : {}),
  }
}

/** `€75.00`, or one sum for each currency. */
function describeSum(amounts: { amountCents: number; currency: string }[]): string {
  return sumMoney(amounts.map(({ amountCents, currency }) => ({ value: amountCents, currency }))).join(
    ' and ',
  )
}
