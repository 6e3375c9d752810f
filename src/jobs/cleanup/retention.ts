import { type SQL, sql } from 'drizzle-orm'
import type { PgTable } from 'drizzle-orm/pg-core'
import { removeOldEntries } from '../../audit/index.ts'
import { type Transaction, tables } from '../../database/index.ts'
import { DAY_MS, HOUR_MS } from '../../primitives/index.ts'

/** For how long what is kept, in milliseconds. */
export type RetentionSettings = {
  /** What a webhook brought, once it has been handled. */
  payloadsMs: number
  /** The receipts of webhooks, by which a repeated one is known. */
  deliveriesMs: number
  /** Receipts whose handling failed: somebody may still want to try again. */
  failedDeliveriesMs: number
  finishedRunsMs: number
  /** Failed, and nobody has started them again. */
  failedRunsMs: number
  firingsMs: number
  minuteUsageMs: number
  dayUsageMs: number
  eventsMs: number
  lumaGuestsMs: number
  /** After the decision. */
  questionsMs: number
  /** Reminders and notices; what a member or a post must not get twice is kept for ever. */
  noticesMs: number
  /** People who are in the Slack workspace no more. */
  absentPeopleMs: number
  /** Null: for ever. */
  auditMs: number | null
}

export const DEFAULT_RETENTION: RetentionSettings = {
  payloadsMs: 7 * DAY_MS,
  deliveriesMs: 30 * DAY_MS,
  failedDeliveriesMs: 90 * DAY_MS,
  finishedRunsMs: 30 * DAY_MS,
  failedRunsMs: 90 * DAY_MS,
  firingsMs: 180 * DAY_MS,
  minuteUsageMs: DAY_MS,
  dayUsageMs: 400 * DAY_MS,
  eventsMs: 90 * DAY_MS,
  lumaGuestsMs: 90 * DAY_MS,
  questionsMs: 180 * DAY_MS,
  noticesMs: 90 * DAY_MS,
  absentPeopleMs: 90 * DAY_MS,
  auditMs: null,
}

/** Now, by the community's clock and by the machine's: what a provider or the engine dates knows only the latter. */
export type Now = { community: number; machine: number }

/** Each batch leaves an entry, so it is a large one. */
const AUDIT_BATCH = 10_000

export type RetentionKind = {
  name: string
  /** Removes at most `limit` rows in the caller's transaction, leaving alone what others are at. @returns how many */
  remove(tx: Transaction, keep: RetentionSettings, now: Now, limit: number): Promise<number>
}

/** A kind whose rows are due by a condition alone. */
function kind(
  name: string,
  table: PgTable,
  isDue: (keep: RetentionSettings, now: Now) => SQL,
): RetentionKind {
  return {
    name,
    async remove(tx, keep, now, limit) {
      const { rowCount } = await tx.db.execute(sql`
        delete from ${table} where ctid in (
          select ctid from ${table} where ${isDue(keep, now)} limit ${limit} for update skip locked)`)
      return rowCount ?? 0
    },
  }
}

const before = (nowMs: number, keptMs: number) => sql`${new Date(nowMs - keptMs)}::timestamptz`

/**
 * All but the runs, in an order in which what refers to something goes first. Why nothing is done twice once a row is
 * gone: Stripe sends an event again for 30 days at most and Clerk's for 90, and what either says is compared with what
 * is known, so older news change nothing; a sync brings Mailchimp to what is true now, and the welcome is an effect,
 * which is kept for ever; typed events are kept for longer than any client retries; a slot is past after six hours.
 */
export const RETENTION_KINDS: readonly RetentionKind[] = [
  kind(
    'payloads',
    tables.deliveryPayloads,
    (keep, now) => sql`exists (
      select from ${tables.deliveries} as delivery
      where delivery.id = ${tables.deliveryPayloads.deliveryId} and delivery.status in ('processed', 'rejected')
        and delivery.received_at < ${before(now.community, keep.payloadsMs)})`,
  ),
  kind(
    'deliveries',
    tables.deliveries,
    (keep, now) => sql`${tables.deliveries.status} in ('processed', 'rejected')
        and ${tables.deliveries.receivedAt} < ${before(now.community, keep.deliveriesMs)}
      or ${tables.deliveries.status} = 'failed'
        and ${tables.deliveries.receivedAt} < ${before(now.community, keep.failedDeliveriesMs)}`,
  ),
  kind(
    'events',
    tables.events,
    (keep, now) => sql`${tables.events.receivedAt} < ${before(now.community, keep.eventsMs)}`,
  ),
  kind(
    'firings',
    tables.scheduleFirings,
    (keep, now) => sql`${tables.scheduleFirings.slotAt} < ${before(now.community, keep.firingsMs)}`,
  ),
  kind(
    'lumaGuests',
    tables.lumaGuests,
    (keep, now) => sql`${tables.lumaGuests.at} < ${before(now.community, keep.lumaGuestsMs)}`,
  ),
  kind(
    'questions',
    tables.questions,
    (keep, now) => sql`exists (
      select from ${tables.approvals} as approval
      where approval.subject_id = ${tables.questions.id} and approval.kind = ${tables.questions.kind}
        and approval.decided_at < ${before(now.community, keep.questionsMs)})`,
  ),
  kind(
    'answers',
    tables.approvals,
    (keep, now) => sql`${tables.approvals.decidedAt} < ${before(now.community, keep.questionsMs)}
      and not exists (select from ${tables.questions} as question where question.id = ${tables.approvals.subjectId})
      and not exists (select from ${tables.submissions} as post where post.id = ${tables.approvals.subjectId})`,
  ),
  kind(
    'notices',
    tables.effects,
    (keep, now) => sql`${tables.effects.kind} in ('slack.reminder', 'slack.notice')
      and ${tables.effects.status} in ('done', 'undone', 'refused')
      and ${tables.effects.createdAt} < ${before(now.community, keep.noticesMs)}
      and not exists (select from dbos.workflow_status as run where run.workflow_uuid = ${tables.effects.runId})`,
  ),
  kind(
    'absentPeople',
    tables.slackPeople,
    (keep, now) => sql`${tables.slackPeople.state} = 'absent'
      and ${tables.slackPeople.seenAt} < ${before(now.community, keep.absentPeopleMs)}`,
  ),
  kind(
    'minuteUsage',
    tables.providerUsage,
    (keep, now) => sql`${tables.providerUsage.span} = 'minute'
      and ${tables.providerUsage.at} < ${before(now.machine, keep.minuteUsageMs)}`,
  ),
  kind(
    'dayUsage',
    tables.providerUsage,
    (keep, now) => sql`${tables.providerUsage.span} = 'day'
      and ${tables.providerUsage.at} < ${before(now.machine, keep.dayUsageMs)}`,
  ),
  // A bucket whose moment is past is as good as none.
  kind(
    'rateBuckets',
    tables.rateBuckets,
    () => sql`${tables.rateBuckets.dueUs} < (extract(epoch from clock_timestamp()) * 1e6)::bigint
      - ${HOUR_MS * 1_000}::bigint`,
  ),
  kind(
    'sessions',
    tables.sessions,
    (_, now) => sql`${tables.sessions.expiresAt} < ${before(now.machine, 0)}`,
  ),
  kind(
    'verifications',
    tables.verifications,
    (_, now) => sql`${tables.verifications.expiresAt} < ${before(now.machine, 0)}`,
  ),
  // Accepted or not: both hold an address, and a link that has expired leads nowhere.
  kind(
    'invitations',
    tables.invitations,
    (_, now) => sql`${tables.invitations.expiresAt} < ${before(now.community, 0)}`,
  ),
  kind(
    'letterActions',
    tables.letterActions,
    (keep, now) => sql`${tables.letterActions.status} in ('finished', 'refused')
      and ${tables.letterActions.requestedAt} < ${before(now.community, keep.failedRunsMs)}`,
  ),
  {
    name: 'auditEntries',
    async remove(tx, { auditMs }, { community }) {
      if (auditMs === null) return 0
      return removeOldEntries(tx, { before: community - auditMs, atMs: community, limit: AUDIT_BATCH })
    },
  },
  // Put down once, and long since ended.
  kind(
    'parkedRuns',
    tables.parkedRuns,
    () => sql`not exists (
      select from dbos.workflow_status as run
      where run.workflow_uuid = ${tables.parkedRuns.runId} and run.status in ('PENDING', 'ENQUEUED', 'DELAYED'))`,
  ),
]
