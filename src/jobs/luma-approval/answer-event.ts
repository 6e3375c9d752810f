import { membersByEmail } from '../../community/index.ts'
import type { LumaGuest } from '../../connectors/membership-contract.ts'
import { isHandedOver } from '../../engine/index.ts'
import {
  type ErrorFacts,
  KinkeeperError,
  LookFirstError,
  ParkError,
  RetryAtError,
  SECOND_MS,
  seam,
  serializeError,
  systemNow,
} from '../../primitives/index.ts'
import type { MembershipParts } from '../membership/parts.ts'
import {
  forgetGuests,
  type GuestOutcome,
  type GuestRow,
  intendedGuests,
  recordGuests,
  settledGuests,
} from './guests.ts'
import type { EventName, Judge, Judgement } from './judgement.ts'
import { listPending } from './pending.ts'
import { askAboutPaidGuests } from './questions.ts'

/** As many as one page of Luma's brings: membership is looked up for so many at once. */
const PAGE = 100
/** Written down together, and looked up together after a crash. */
const BATCH = 25
/** Under way at once. Luma allows about three a second, so that an answer may take a second and a half. */
const AT_ONCE = 5
/** What a dead process has sent may still be at work at Luma; as long as after a timeout. */
const CRASH_SETTLE_MS = 15 * SECOND_MS

/**
 * Until when (machine time) a lost answer may still be on its way; null: this execution has lost none. `facts`: of how
 * it was lost.
 */
export type Settling = { untilMs: number | null; facts: ErrorFacts }
/** Before anything is lost; after a crash nothing more is known. */
export const NOTHING_LOST: Settling = { untilMs: null, facts: { provider: 'luma', failure: 'cut' } }

export type EventWork = {
  parts: MembershipParts
  runId: string
  event: EventName
  judge: Judge
  settling: Settling
}
type Judged = { guest: LumaGuest; memberId: string | null; judgement: Judgement }

/**
 * Answers an event's pending guests. To be called again after any error it throws: it goes on from what is recorded.
 *
 * All pages are read before the first guest is answered: who is approved leaves the list of the pending, and a cursor
 * that counts from its beginning would pass over as many.
 * @throws RetryAtError when an answer was lost, with the time after which to look; and what Luma's connector throws
 */
export async function answerEvent(work: EventWork): Promise<void> {
  const { parts, runId, event, judge } = work
  const { db } = parts.database
  await lookUpIntended(work)
  const pending = await listPending(parts, event.id)
  const settled = await settledGuests(db, runId, event.id)
  const paid: Judged[] = []
  for (const page of chunks(
    pending.filter(({ id }) => !settled.has(id)),
    PAGE,
  )) {
    const members = await membersByEmail(
      db,
      page.map(({ email }) => email),
    )
    const judged = page.flatMap((guest): Judged[] => {
      const member = members.get(guest.email)
      const judgement = guest.status === 'pending_approval' ? judge(guest, member) : 'skip'
      return judgement === null ? [] : [{ guest, memberId: member?.id ?? null, judgement }]
    })
    paid.push(...judged.filter(({ judgement }) => judgement === 'ask'))
    await recordGuests(db, rowsFor(work, judged, { skip: 'skipped', asked: 'asked' }))
    const toAnswer = judged.filter(({ judgement }) => judgement === 'approve' || judgement === 'decline')
    for (const batch of chunks(toAnswer, BATCH)) await answerBatch(work, batch)
  }
  await askAboutPaidGuests(
    parts,
    runId,
    event,
    paid.map(({ guest }) => guest),
    rowsFor(work, paid, { ask: 'asked' }),
  )
  const lost = await intendedGuests(db, runId, event.id)
  if (lost.length > 0) throw waitForLost(work)
}

/** Asks Luma about each guest that may have been answered; who is still pending certainly was not. */
async function lookUpIntended(work: EventWork): Promise<void> {
  const { parts, runId, event, settling } = work
  const { db } = parts.database
  const intended = await intendedGuests(db, runId, event.id)
  if (intended.length === 0) return
  settling.untilMs ??= systemNow() + CRASH_SETTLE_MS
  if (settling.untilMs > systemNow()) throw waitForLost(work)
  for (const row of intended) {
    const guest = await parts.connectors.luma.findGuest({ eventId: event.id, guestId: row.guestId })
    if (guest?.status === 'pending_approval') await forgetGuests(db, [row])
    else await recordGuests(db, [{ ...row, ...at(parts), outcome: answered(guest) }])
    seam('luma-approval.after-look')
  }
  settling.untilMs = null
}

function answered(guest: LumaGuest | null): GuestOutcome {
  return guest?.status === 'approved' || guest?.status === 'declined' ? guest.status : 'skipped'
}

function waitForLost({ settling }: EventWork): RetryAtError {
  const waitMs = Math.max(0, (settling.untilMs ?? 0) - systemNow())
  const message = 'An answer of Luma’s may be lost: these guests are looked at before anything goes on.'
  return new RetryAtError(message, waitMs, { facts: settling.facts })
}

/** Answers a few guests at once. Only what Luma says of a guest is that guest's error; anything else ends the attempt. */
async function answerBatch(work: EventWork, batch: Judged[]): Promise<void> {
  const { parts } = work
  const { db } = parts.database
  const intended = rowsFor(work, batch, { approve: 'intended', decline: 'intended' })
  await recordGuests(db, intended)
  seam('luma-approval.after-intent')
  const answers = new Map<string, Answer>()
  let stopped: { error: unknown } | null = null
  await each(batch, AT_ONCE, async (one) => {
    if (stopped) return
    const answer = await answerGuest(work, one)
    answers.set(one.guest.id, answer)
    if (answer.kind === 'stop') stopped = { error: answer.error }
  })
  const outcomes = intended.flatMap((row) => {
    const answer = answers.get(row.guestId)
    return answer?.kind === 'settled'
      ? [{ ...row, ...at(parts), outcome: answer.outcome, error: answer.error }]
      : []
  })
  await recordGuests(db, outcomes)
  seam('luma-approval.after-record')
  const unsent = intended.filter(({ guestId }) => {
    const answer = answers.get(guestId)
    return answer === undefined || (answer.kind === 'stop' && !answer.lost)
  })
  await forgetGuests(db, unsent)
  const reason = stopped as { error: unknown } | null // set in the closure above
  if (reason) throw reason.error
}

type Answer =
  | { kind: 'settled'; outcome: GuestOutcome; error: string | null }
  /** It may have arrived: the row stays `intended`. */
  | { kind: 'lost' }
  /** Not this guest's failure. `lost`: it may have arrived all the same. */
  | { kind: 'stop'; error: unknown; lost: boolean }

async function answerGuest(work: EventWork, { guest, judgement }: Judged): Promise<Answer> {
  const status = judgement === 'approve' ? 'approved' : 'declined'
  seam('luma-approval.before-call')
  try {
    await work.parts.connectors.luma.setGuestStatus({ eventId: work.event.id, guestId: guest.id, status })
  } catch (error) {
    return sortFailure(work.settling, error)
  }
  seam('luma-approval.after-call')
  return { kind: 'settled', outcome: status, error: null }
}

function sortFailure(settling: Settling, error: unknown): Answer {
  // The run is not this execution's any more, cancelled for instance: this was not sent, and nothing more will be.
  if (isHandedOver(error)) return { kind: 'stop', error, lost: false }
  // A parked request says in its cause how it ended; without one it was never sent.
  const ended = error instanceof ParkError ? (error.cause ?? error) : error
  const foreseen = ended instanceof KinkeeperError
  if (!foreseen || ended instanceof LookFirstError) {
    const settleMs = ended instanceof LookFirstError ? ended.settleMs : CRASH_SETTLE_MS
    settling.untilMs = Math.max(settling.untilMs ?? 0, systemNow() + settleMs)
    if (foreseen) settling.facts = ended.facts
    return error === ended && foreseen ? { kind: 'lost' } : { kind: 'stop', error, lost: true }
  }
  if (ended.next !== 'never-retry' || concernsEverybody(ended)) return { kind: 'stop', error, lost: false }
  return { kind: 'settled', outcome: 'failed', error: serializeError(ended).message }
}

/** A refused key is not the guest's fault. */
function concernsEverybody({ facts }: KinkeeperError): boolean {
  return facts.status === 401 || facts.status === 403
}

function rowsFor(
  { parts, runId, event }: EventWork,
  judged: Judged[],
  outcomes: Partial<Record<Judgement, GuestOutcome>>,
): GuestRow[] {
  return judged.flatMap(({ guest, memberId, judgement }) => {
    const outcome = outcomes[judgement]
    return outcome ? [{ runId, eventId: event.id, guestId: guest.id, memberId, outcome, ...at(parts) }] : []
  })
}

const at = (parts: MembershipParts) => ({ at: new Date(parts.clock.now()) })

async function each<T>(items: T[], atOnce: number, work: (item: T) => Promise<void>): Promise<void> {
  const left = items.values()
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (const item of left) await work(item)
    }),
  )
}

function chunks<T>(items: T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  )
}
