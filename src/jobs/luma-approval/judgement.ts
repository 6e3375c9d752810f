/**
 * What becomes of a pending guest. Members are approved; who is none stays pending or is declined, as the setting says.
 * A member with a paid ticket would be charged by the approval, so a person is asked first; and so it is when more
 * guests would be declined than the guard lets through.
 */
import { sql } from 'drizzle-orm'
import { type Question, readQuestion } from '../../approvals/index.ts'
import type { Member } from '../../community/index.ts'
import type { LumaGuest } from '../../connectors/membership-contract.ts'
import { type Drizzle, type Transaction, tables } from '../../database/index.ts'
import type { MembershipParts } from '../membership/parts.ts'

export const PAID_KIND = 'luma-paid-guests'
export const DECLINE_KIND = 'luma-mass-decline'

/** The upcoming event whose guests are answered. */
export type EventName = { id: string; name: string }

/**
 * `ask`: put to a person with the event's other paid guests. `asked`: a question that has been asked in this run holds
 * them. `skip`: stays pending.
 */
export type Judgement = 'approve' | 'decline' | 'ask' | 'asked' | 'skip'
/** Null: this guest is none of the run's business. */
export type Judge = (guest: LumaGuest, member: Member | undefined) => Judgement | null

/** A guest, as the items of questions name one. */
export const guestRef = (eventId: string, guestId: string) => `${eventId}/${guestId}`

/** The rules for a scheduled run. @param mayDecline false when too many would be declined and a person has been asked */
export async function scheduledJudge(
  parts: MembershipParts,
  runId: string,
  event: EventName,
  mayDecline: boolean,
): Promise<Judge> {
  const { db } = parts.database
  const paid = await guestsInQuestions(db, PAID_KIND)
  const strangers = await guestsInQuestions(db, DECLINE_KIND)
  const earlier = await guestsInQuestions(db, DECLINE_KIND, { exceptOf: runId })
  const declining = parts.settings.lumaNonMembers === 'decline'
  return (guest, member) => {
    const ref = guestRef(event.id, guest.id)
    if (isMember(member)) {
      if (guest.paid === null) return 'approve'
      return paid.has(ref) ? 'skip' : 'ask'
    }
    if (!declining) return 'skip'
    if (strangers.has(ref)) return earlier.has(ref) ? 'skip' : 'asked'
    // Who came after a person was asked waits for the next run.
    return mayDecline ? 'decline' : 'skip'
  }
}

/**
 * The rules for the run that follows an approved question: exactly those who were asked about, as far as what was said
 * of them is still so.
 */
export async function askedJudge(tx: Pick<Transaction, 'db'>, questionId: string, event: EventName) {
  const question = await readQuestion(tx, questionId)
  const items = new Map(question.items.map((item) => [item.id, item]))
  const judge: Judge = (guest, member) => {
    const item = items.get(guestRef(event.id, guest.id))
    if (!item) return null
    if (question.kind === DECLINE_KIND) return isMember(member) ? 'skip' : 'decline'
    const { paid } = guest
    // Free by now costs nobody anything; a dearer ticket than the one that was agreed to is another question.
    const agreed = !paid || (paid.currency === item.amount?.currency && paid.amountCents <= item.amount.value)
    return isMember(member) && agreed ? 'approve' : 'skip'
  }
  const expected = [...items.keys()]
    .filter((ref) => ref.startsWith(`${event.id}/`))
    .map((ref) => ref.slice(event.id.length + 1))
  return { judge, expected }
}

/** The events that a question's guests belong to. */
export function eventsOf(question: Question): EventName[] {
  return (question.data as { events: EventName[] }).events // written by `ask` in this folder
}

export function isMember(member: Member | undefined): member is Member {
  return member?.membership === 'active'
}

/**
 * The guests of whom a question of this kind speaks for now: it is open, or was denied (they stay as they are), or was
 * approved and its run has not found that what was said of them has changed. Nobody's answer in time is no answer: those
 * are asked about again.
 * @param options.exceptOf leaves the questions of this run out
 */
export async function guestsInQuestions(
  db: Drizzle,
  kind: string,
  { exceptOf = '' } = {},
): Promise<Set<string>> {
  const { questions, approvals, lumaGuests } = tables
  const { rows } = await db.execute<{ ref: string }>(sql`
    select item ->> 'id' as ref
    from ${questions} as question
    join ${approvals} as approval on approval.subject_id = question.id and approval.kind = question.kind
    cross join lateral jsonb_array_elements(question.items) as item
    where question.kind = ${kind} and question.run_id <> ${exceptOf} and (
      approval.status in ('open', 'denied') or approval.status = 'approved' and not exists (
        select from ${lumaGuests} as guest
        where guest.run_id like 'luma-approval:' || question.id || '%'
          and guest.event_id || '/' || guest.guest_id = item ->> 'id'
          and guest.outcome in ('failed', 'skipped')))`)
  return new Set(rows.map(({ ref }) => ref))
}
