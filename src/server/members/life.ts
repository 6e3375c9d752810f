/**
 * A member's line of life: what happened, oldest first, and what is going to happen, unless something changes. It is
 * put together from the audit, from what Stripe says of the subscriptions, from the webhooks that were about them, and
 * from what waits: a planned end, a question, an effect of which nobody knows.
 */
import { and, desc, eq, inArray, or } from 'drizzle-orm'
import type { Member } from '../../community/index.ts'
import { type Drizzle, tables } from '../../database/index.ts'
import { maskPersonalData } from '../../primitives/index.ts'
import type { LifeEntry } from '../membership-contract.ts'
import { capital, comingEnd, comingPeriods, readQuestions, readWaitingSyncs } from './life-ahead.ts'
import type { Subscription } from './standing.ts'

type Deactivation = typeof tables.deactivations.$inferSelect
type Effect = typeof tables.effects.$inferSelect
type Audit = typeof tables.auditEntries.$inferSelect

/** What is already known of the member. */
export type LifeParts = {
  member: Member
  subscriptions: readonly Subscription[]
  deactivations: readonly Deactivation[]
  effects: readonly Effect[]
}

/** Enough for years; what is older is in the export. */
const MOST = 200

/** Reads the line. @param nowMs community time, epoch milliseconds */
export async function readLife(db: Drizzle, parts: LifeParts, nowMs: number): Promise<LifeEntry[]> {
  const [audit, deliveries, waiting, questions] = await Promise.all([
    readAudit(db, parts),
    readDeliveries(db, parts.member.id),
    readWaitingSyncs(db, parts.member.id),
    readQuestions(db, parts),
  ])
  const past = [
    ...audit.map(viewAudit),
    ...deliveries,
    ...parts.subscriptions.flatMap(lifeOfSubscription),
    ...parts.effects.filter(({ status }) => status === 'unknown').map(viewUnknown),
    ...waiting,
  ].filter(({ at }) => Date.parse(at) <= nowMs)
  const future = [...comingEnd(parts.deactivations, nowMs), ...comingPeriods(parts, nowMs), ...questions]
  return [...fold(past.toSorted(byTime)), ...future.toSorted(byTime)]
}

function byTime(a: LifeEntry, b: LifeEntry): number {
  return a.at.localeCompare(b.at)
}

async function readAudit(db: Drizzle, { member, effects }: LifeParts): Promise<Audit[]> {
  const { auditEntries } = tables
  const ids = effects.map(({ id }) => id)
  const rows = await db
    .select()
    .from(auditEntries)
    .where(
      or(
        and(eq(auditEntries.targetKind, 'member'), eq(auditEntries.targetId, member.id)),
        ids.length > 0
          ? and(eq(auditEntries.targetKind, 'effect'), inArray(auditEntries.targetId, ids))
          : undefined,
      ),
    )
    .orderBy(desc(auditEntries.id))
    .limit(MOST)
  return rows.reverse()
}

const WORDS: Record<string, string> = {
  'became a member': 'Became a member',
  'came back as a member': 'Came back as a member',
  'membership ended': 'The membership ended',
  'stays a member': 'Stays a member',
  'planned the end of the membership': 'The end of the membership was planned',
  'is not going to end': 'The planned end was removed',
  'took the end of the membership back': 'The end was taken back',
  'asked for a sync': 'Asked for a sync',
  'deactivated by hand': 'Deactivated by hand',
  'synced to Mailchimp': 'Synced to Mailchimp',
  'synced to Mailchimp, and welcomed': 'Synced to Mailchimp, and welcomed',
  'could not be synced to Mailchimp': 'Could not be synced to Mailchimp',
  'said that it happened': 'Looked it up: it happened',
  'said that it did not happen': 'Looked it up: it did not happen, so it is done again',
  exported: 'Everything kept about them was downloaded',
}

/** An action that has no words yet is shown as it was recorded. */
function viewAudit(entry: Audit): LifeEntry {
  const { action, reason } = entry
  return {
    at: entry.at.toISOString(),
    when: 'past',
    text: WORDS[action] ?? `${action.charAt(0).toUpperCase()}${action.slice(1)}`,
    actor: entry.actorKind === 'system' ? null : actorOf(entry),
    detail: reason === null ? null : capital(maskPersonalData(reason)),
    runId: entry.runId,
  }
}

function actorOf({ actorKind, actorName }: Audit): string {
  return actorKind === 'slack' ? `${actorName} (in Slack)` : actorName
}

/** The webhooks that a sync followed from: their ids are what the syncs noted as their source. */
async function readDeliveries(db: Drizzle, memberId: string): Promise<LifeEntry[]> {
  const { deliveries, processedEvents } = tables
  const rows = await db
    .selectDistinct({
      source: deliveries.source,
      receivedAt: deliveries.receivedAt,
      outcome: deliveries.outcome,
      runId: deliveries.runId,
    })
    .from(processedEvents)
    .innerJoin(deliveries, eq(deliveries.externalId, processedEvents.sourceEventId))
    .where(eq(processedEvents.memberId, memberId))
    .orderBy(desc(deliveries.receivedAt))
    .limit(MOST)
  return rows.map(({ source, receivedAt, outcome, runId }) => ({
    at: receivedAt.toISOString(),
    when: 'past',
    text: `News from ${SOURCES[source] ?? source}`,
    actor: null,
    // Their own id, which ends an outcome, says nothing on their own page.
    detail: outcome === null ? null : capital(maskPersonalData(outcome.replace(`: ${memberId}`, ''))),
    runId,
  }))
}

const SOURCES: Record<string, string> = { stripe: 'Stripe', clerk: 'Clerk' }

function lifeOfSubscription({ startedAt, endedAt, endedForNonPayment }: Subscription): LifeEntry[] {
  const entry = (at: Date, text: string): LifeEntry => ({
    at: at.toISOString(),
    when: 'past',
    text,
    actor: null,
    detail: null,
    runId: null,
  })
  const began = entry(startedAt, 'Subscribed')
  if (!endedAt) return [began]
  return [
    began,
    entry(endedAt, endedForNonPayment ? 'The subscription ended: payments failed' : 'The subscription ended'),
  ]
}

function viewUnknown(effect: Effect): LifeEntry {
  return {
    at: (effect.settledAt ?? effect.createdAt).toISOString(),
    when: 'past',
    text: 'Nobody knows whether this happened; the inbox asks',
    actor: null,
    detail: maskPersonalData(effect.description),
    runId: effect.runId,
  }
}

/** The same thing again and again, with nothing between, is one entry that says how often. */
export function fold(entries: readonly LifeEntry[]): LifeEntry[] {
  const folded: { entry: LifeEntry; times: number }[] = []
  for (const entry of entries) {
    const last = folded.at(-1)
    const same =
      last && last.entry.text === entry.text && last.entry.detail === entry.detail && entry.actor === null
    if (same && last.entry.actor === null) folded[folded.length - 1] = { entry, times: last.times + 1 }
    else folded.push({ entry, times: 1 })
  }
  return folded.map(({ entry, times }) =>
    times === 1 ? entry : { ...entry, text: `${entry.text}, ${times} times` },
  )
}
