/**
 * `luma-approval`: answers the people who ask to come to the calendar's upcoming events. One step for each event; what
 * became of each guest is a row of the run's ledger (`guests.ts`), so a crash midway resumes where it was and counts
 * nobody twice. Runs go one at a time: two that answered the same guest would mail them twice.
 */
import { and, count, eq, ne } from 'drizzle-orm'
import { z } from 'zod'
import { readQuestion } from '../../approvals/index.ts'
import { recordAudit, SYSTEM } from '../../audit/index.ts'
import { type Transaction, tables } from '../../database/index.ts'
import { defineJob, type Job, type RunContext } from '../../engine/index.ts'
import { HOUR_MS, NeverRetryError } from '../../primitives/index.ts'
import type { MembershipParts } from '../membership/parts.ts'
import { answerEvent, NOTHING_LOST, type Settling } from './answer-event.ts'
import { recordGuests, settledGuests } from './guests.ts'
import { askedJudge, type EventName, eventsOf, type Judge, scheduledJudge } from './judgement.ts'
import { mayDecline } from './questions.ts'

export { lumaApprovals } from './questions.ts'

/** `questionId`: answers those whom an approved question is about, instead of everybody. */
const inputSchema = z.object({ slot: z.string(), questionId: z.string().exactOptional() })
export type LumaApprovalJob = Job<z.infer<typeof inputSchema>>

/** `processed` is the sum of the others. `errors` names guests and events by their ids at Luma; at most a hundred. */
export type LumaApprovalResult = {
  processed: number
  approved: number
  declined: number
  /** Left pending: not a member, or waiting for an answer to an earlier question. */
  skipped: number
  /** Put to a person by this run. */
  asked: number
  errors: { eventId: string; guestId: string | null; problem: string }[]
  note: string | null
}

/** Ten thousand guests take an hour at Luma's pace. */
const LONGEST_MS = 3 * HOUR_MS
const MOST_ERRORS = 100
const NOTHING: LumaApprovalResult = {
  processed: 0,
  approved: 0,
  declined: 0,
  skipped: 0,
  asked: 0,
  errors: [],
  note: null,
}

export function defineLumaApproval(parts: MembershipParts): LumaApprovalJob {
  return defineJob({
    name: 'luma-approval',
    input: inputSchema,
    idempotencyKey: ({ slot, questionId }) => questionId ?? slot,
    lane: 'luma',
    perKey: { key: () => 'calendar' },
    retry: { attempts: 20, giveUpAfterMs: LONGEST_MS },
    timeoutMs: LONGEST_MS,
    undo: {
      'answer the guests of event *': {
        impossible: 'Luma has mailed these guests. Change single ones there, if it has to be.',
      },
    },
    async run(context, { questionId }) {
      if (parts.modes.luma === 'off') return { ...NOTHING, note: 'Luma is off: set LUMA_API_KEY.' }
      const problems =
        questionId === undefined
          ? await answerEverybody(context, parts)
          : await answerAsked(context, parts, questionId)
      return context.transaction('note what was done', (tx) => finish(tx, parts, context.runId, problems))
    },
  })
}

type Problem = { eventId: string; problem: string }

async function answerEverybody(context: RunContext, parts: MembershipParts): Promise<Problem[]> {
  const events = await context.call('list the upcoming events', () => upcomingEvents(parts))
  const declining = await context.call('see whether too many would be declined', () =>
    mayDecline(parts, context.runId, events),
  )
  return answerEvents(context, parts, events, {
    judge: (event) => scheduledJudge(parts, context.runId, event, declining),
    expected: async () => [],
  })
}

async function answerAsked(
  context: RunContext,
  parts: MembershipParts,
  questionId: string,
): Promise<Problem[]> {
  const events = await context.step('read what was asked', async () =>
    eventsOf(await readQuestion(parts.database, questionId)),
  )
  return answerEvents(context, parts, events, {
    judge: async (event) => (await askedJudge(parts.database, questionId, event)).judge,
    expected: async (event) => (await askedJudge(parts.database, questionId, event)).expected,
  })
}

type Rules = {
  judge(event: EventName): Promise<Judge>
  /** Guests who are to be dealt with; those of them who do not wait any more are skipped. */
  expected(event: EventName): Promise<string[]>
}

async function answerEvents(
  context: RunContext,
  parts: MembershipParts,
  events: EventName[],
  rules: Rules,
): Promise<Problem[]> {
  const problems: Problem[] = []
  for (const [index, event] of events.entries()) {
    const settling: Settling = { ...NOTHING_LOST }
    const { problem } = await context.call(`answer the guests of event ${index + 1}`, async () => ({
      event: event.name,
      problem: await answerOne(parts, context.runId, event, rules, settling),
    }))
    if (problem !== null) problems.push({ eventId: event.id, problem })
  }
  return problems
}

/** @returns why the event could not be dealt with, in plain words; null when it was */
async function answerOne(
  parts: MembershipParts,
  runId: string,
  event: EventName,
  rules: Rules,
  settling: Settling,
): Promise<string | null> {
  const { db } = parts.database
  try {
    await answerEvent({ parts, runId, event, judge: await rules.judge(event), settling })
  } catch (error) {
    if (!isGone(error)) throw error
    return error.message
  }
  const settled = await settledGuests(db, runId, event.id)
  const missing = (await rules.expected(event)).filter((guestId) => !settled.has(guestId))
  const row = { runId, eventId: event.id, outcome: 'skipped' as const, at: new Date(parts.clock.now()) }
  await recordGuests(
    db,
    missing.map((guestId) => ({ ...row, guestId })),
  )
  return null
}

/** An event that was deleted while the run was at work. */
function isGone(error: unknown): error is NeverRetryError {
  return error instanceof NeverRetryError && error.facts.status === 404
}

async function upcomingEvents(parts: MembershipParts): Promise<EventName[]> {
  const afterMs = parts.clock.now()
  const events = new Map<string, EventName>()
  let cursor: string | null = null
  do {
    const page = await parts.connectors.luma.listUpcomingEvents({ afterMs, cursor })
    for (const { id, name } of page.items) events.set(id, { id, name })
    cursor = page.next
  } while (cursor !== null)
  return [...events.values()]
}

/** Counts what the ledger says, and tells the audit: of each event where something was done, and of the run. */
async function finish(
  tx: Transaction,
  parts: MembershipParts,
  runId: string,
  problems: Problem[],
): Promise<LumaApprovalResult> {
  const { lumaGuests } = tables
  const counts = await tx.db
    .select({ eventId: lumaGuests.eventId, outcome: lumaGuests.outcome, guests: count() })
    .from(lumaGuests)
    .where(and(eq(lumaGuests.runId, runId), ne(lumaGuests.outcome, 'intended')))
    .groupBy(lumaGuests.eventId, lumaGuests.outcome)
  const failed = await tx.db
    .select()
    .from(lumaGuests)
    .where(and(eq(lumaGuests.runId, runId), eq(lumaGuests.outcome, 'failed')))
    .limit(MOST_ERRORS)
  for (const eventId of new Set(counts.map((row) => row.eventId))) {
    const ofEvent = countOf(counts.filter((row) => row.eventId === eventId))
    if (ofEvent.processed > ofEvent.skipped) await note(tx, parts, runId, eventId, ofEvent)
  }
  const total = countOf(counts)
  await note(tx, parts, runId, 'luma', total)
  const { failed: _failed, ...numbers } = total
  return {
    ...numbers,
    errors: [
      ...problems.map(({ eventId, problem }) => ({ eventId, guestId: null, problem })),
      ...failed.map(({ eventId, guestId, error }) => ({
        eventId,
        guestId,
        problem: error ?? 'Luma refused',
      })),
    ],
    note: null,
  }
}

type Counts = Record<'processed' | 'approved' | 'declined' | 'skipped' | 'asked' | 'failed', number>

function countOf(rows: { outcome: string; guests: number }[]): Counts {
  const of = (outcome: string) =>
    rows.filter((row) => row.outcome === outcome).reduce((sum, row) => sum + row.guests, 0)
  return {
    processed: rows.reduce((sum, row) => sum + row.guests, 0),
    approved: of('approved'),
    declined: of('declined'),
    skipped: of('skipped'),
    asked: of('asked'),
    failed: of('failed'),
  }
}

async function note(tx: Transaction, parts: MembershipParts, runId: string, id: string, counts: Counts) {
  const { approved, declined, skipped, asked, failed } = counts
  await recordAudit(tx, {
    atMs: parts.clock.now(),
    actor: SYSTEM,
    action: 'answered Luma’s guests',
    target: { kind: 'community', id },
    reason: `${approved} approved, ${declined} declined, ${asked} put to a person, ${skipped} left pending, ${failed} failed`,
    detail: counts,
    runId,
  })
}
