import { bigint, index, integer, jsonb, pgTable, text, timestamp, uniqueIndex } from 'drizzle-orm/pg-core'
import type { ParsedJobPost, ParserName } from '../../extraction/schema.ts'
import type { Json } from '../../primitives/index.ts'

const at = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' })

/** A person who texts, known by the number alone. `opted_out_at` is set by STOP and its kin, cleared by START. */
export const senders = pgTable(
  'senders',
  {
    id: text().primaryKey(),
    phone: text().notNull(),
    firstSeenAt: at('first_seen_at').notNull(),
    optedOutAt: at('opted_out_at'),
    /** The last opt-out, opt-in or help word and when it came. */
    lastKeyword: text('last_keyword'),
    lastKeywordAt: at('last_keyword_at'),
  },
  (table) => [uniqueIndex('senders_phone').on(table.phone)],
)

export const SUBMISSION_STATUSES = [
  'pending_parse',
  'needs_details',
  'pending_approval',
  'approved',
  'published',
  'denied',
  'expired',
  'not_a_job_post',
  'lapsed',
  'refused',
] as const
export type SubmissionStatus = (typeof SUBMISSION_STATUSES)[number]

/** A change that a moderator made to one field before approving. */
export type FieldEdit = { field: string; before: string; after: string }

/** A texted job post. The states and their order are told in `community/submissions.ts`. */
export const submissions = pgTable(
  'submissions',
  {
    id: text().primaryKey(),
    reference: text().notNull(),
    senderId: text('sender_id')
      .notNull()
      .references(() => senders.id),
    status: text({ enum: SUBMISSION_STATUSES }).notNull(),
    receivedAt: at('received_at').notNull(),
    /** Counts every change that a surface must show; a rendering knows which one it shows. */
    version: integer().notNull().default(1),
    /** How often it has been parsed: 0, 1, or 2 after the sender completed it. */
    parseRound: integer('parse_round').notNull().default(0),
    parsed: jsonb().$type<ParsedJobPost>(),
    parser: text().$type<ParserName>(),
    edits: jsonb().$type<FieldEdit[]>(),
    title: text(),
    company: text(),
    detailsAskedAt: at('details_asked_at'),
    detailsDeadlineAt: at('details_deadline_at'),
    decisionReason: text('decision_reason'),
    publishedAt: at('published_at'),
    publishedUrl: text('published_url'),
    publishedId: text('published_id'),
    /** Why the last try to publish ended without a post; null while none has. */
    publicationFailure: text('publication_failure'),
    publicationFailedAt: at('publication_failed_at'),
    /** How often publication has been asked for: each retry is a run of its own. */
    publicationRound: integer('publication_round').notNull().default(0),
    slackChannel: text('slack_channel'),
    slackTs: text('slack_ts'),
  },
  (table) => [
    uniqueIndex('submissions_reference').on(table.reference),
    index('submissions_by_status').on(table.status, table.receivedAt),
    index('submissions_newest').on(table.receivedAt, table.id),
    index('submissions_of_sender').on(table.senderId, table.receivedAt),
  ],
)

/** The texts of a submission in the order they came: the first, and the sender's answer when details were asked for. */
export const submissionTexts = pgTable(
  'submission_texts',
  {
    messageSid: text('message_sid').primaryKey(),
    submissionId: text('submission_id')
      .notNull()
      .references(() => submissions.id),
    body: text().notNull(),
    media: integer().notNull().default(0),
    receivedAt: at('received_at').notNull(),
  },
  (table) => [index('submission_texts_of_submission').on(table.submissionId, table.receivedAt)],
)

export const DELIVERY_STATUSES = ['received', 'processed', 'rejected', 'failed'] as const

/**
 * One receipt of one webhook, unique on the source's own id. `outcome` says in a word what it became, `answer` is what
 * we said, so that a repeated delivery hears the same.
 */
export const deliveries = pgTable(
  'deliveries',
  {
    id: bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    source: text().notNull(),
    externalId: text('external_id').notNull(),
    receivedAt: at('received_at').notNull(),
    status: text({ enum: DELIVERY_STATUSES }).notNull(),
    outcome: text(),
    answer: text(),
    submissionId: text('submission_id').references(() => submissions.id),
    repeats: integer().notNull().default(0),
    /** The run that handles it, where handling is a run's work. */
    runId: text('run_id'),
    /** Why handling failed, in plain words. */
    problem: text(),
  },
  (table) => [
    index('deliveries_by_age').on(table.status, table.receivedAt),
    uniqueIndex('deliveries_external').on(table.source, table.externalId),
  ],
)

/** What a webhook brought, as parsed JSON: needed until it is handled, cleared by retention. */
export const deliveryPayloads = pgTable('delivery_payloads', {
  deliveryId: bigint('delivery_id', { mode: 'number' })
    .primaryKey()
    .references(() => deliveries.id, { onDelete: 'cascade' }),
  payload: jsonb().$type<Json>().notNull(),
})
