import {
  bigint,
  boolean,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uniqueIndex,
} from 'drizzle-orm/pg-core'
import type { Json } from '../../primitives/index.ts'

const at = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' })

export const MEMBERSHIPS = ['none', 'active', 'ended'] as const
export type Membership = (typeof MEMBERSHIPS)[number]
export const SLACK_STATES = ['unknown', 'active', 'deactivated', 'absent'] as const
export type SlackState = (typeof SLACK_STATES)[number]

/** A person whom the community knows. How they are matched and what follows from a change: `community/members.ts`. */
export const members = pgTable(
  'members',
  {
    id: text().primaryKey(),
    clerkId: text('clerk_id'),
    stripeCustomerId: text('stripe_customer_id'),
    /** Lower case. Null once erased, or while nobody has said. */
    email: text(),
    emailVerified: boolean('email_verified').notNull().default(false),
    firstName: text('first_name'),
    lastName: text('last_name'),
    /** Whether they are treated as a member now; changes by the rules of `community/entitlement.ts` alone. */
    membership: text({ enum: MEMBERSHIPS }).notNull().default('none'),
    memberSince: at('member_since'),
    membershipEndedAt: at('membership_ended_at'),
    /** A person's word over the subscriptions': kept as a member until they pay again, or barred until it is undone. */
    byHand: text('by_hand', { enum: ['kept', 'barred'] }),
    profileHidden: boolean('profile_hidden').notNull().default(false),
    /** The address under which Mailchimp knows them, or is about to; null before the first sync. */
    mailchimpEmail: text('mailchimp_email'),
    /** Addresses of theirs under which Mailchimp may still have contacts: the next sync moves them or puts them away. */
    mailchimpFormer: jsonb('mailchimp_former').$type<string[]>(),
    mailchimpSyncedAt: at('mailchimp_synced_at'),
    /** What the last sync that was started is to bring over: news that change none of it start no other. */
    mailchimpWanted: text('mailchimp_wanted'),
    /** Why Mailchimp will not take them, in plain words. */
    mailchimpProblem: text('mailchimp_problem'),
    /** The welcome has gone out, or is not to: who was a member before anybody looked is never welcomed. */
    welcomedAt: at('welcomed_at'),
    slackUserId: text('slack_user_id'),
    slackState: text('slack_state', { enum: SLACK_STATES }).notNull().default('unknown'),
    /** The newest news of Clerk that was taken over, epoch milliseconds: older ones change nothing. */
    clerkSeenMs: bigint('clerk_seen_ms', { mode: 'number' }).notNull().default(0),
    /** The tombstone: their account is gone, and no late event brings it back. */
    deletedAt: at('deleted_at'),
    erasedAt: at('erased_at'),
    createdAt: at('created_at').notNull(),
    updatedAt: at('updated_at').notNull(),
  },
  (table) => [
    uniqueIndex('members_clerk').on(table.clerkId),
    uniqueIndex('members_stripe').on(table.stripeCustomerId),
    index('members_email').on(table.email),
    index('members_slack').on(table.slackUserId),
    index('members_by_state').on(table.membership, table.createdAt, table.id),
    index('members_recent').on(table.createdAt, table.id),
  ],
)

/** What Stripe last said of a subscription. Rows are replaced by newer readings only (`seen_ms`). */
export const subscriptions = pgTable(
  'subscriptions',
  {
    id: text().primaryKey(),
    customerId: text('customer_id').notNull(),
    /** Null while a person has to say whose it is. */
    memberId: text('member_id').references(() => members.id),
    status: text().notNull(),
    periodStartAt: at('period_start_at'),
    periodEndAt: at('period_end_at'),
    cancelAtPeriodEnd: boolean('cancel_at_period_end').notNull(),
    cancelAt: at('cancel_at'),
    endedAt: at('ended_at'),
    endedForNonPayment: boolean('ended_for_non_payment').notNull().default(false),
    startedAt: at('started_at').notNull(),
    /** When Stripe said so, epoch milliseconds by Stripe's clock. */
    seenMs: bigint('seen_ms', { mode: 'number' }).notNull(),
  },
  (table) => [
    index('subscriptions_of_member').on(table.memberId),
    index('subscriptions_of_customer').on(table.customerId),
  ],
)

export const DEACTIVATION_STATUSES = [
  'pending',
  'held',
  'moved',
  'removed',
  'kept',
  'done',
  'undone',
] as const

/** The planned end of a membership: this row and one delayed run. A member has at most one that is pending. */
export const deactivations = pgTable(
  'deactivations',
  {
    id: text().primaryKey(),
    memberId: text('member_id')
      .notNull()
      .references(() => members.id),
    status: text({ enum: DEACTIVATION_STATUSES }).notNull(),
    dueAt: at('due_at').notNull(),
    runId: text('run_id').notNull(),
    /** The question in which a person is asked about it, while it is held. */
    questionId: text('question_id'),
    /** Why it was planned, and later what became of it, in plain words. */
    reason: text().notNull(),
    createdAt: at('created_at').notNull(),
    settledAt: at('settled_at'),
  },
  (table) => [
    index('deactivations_of_member').on(table.memberId, table.createdAt),
    index('deactivations_due').on(table.status, table.dueAt),
  ],
)

/** A source event that a job has finished with: the unique row that makes finishing idempotent. */
export const processedEvents = pgTable(
  'processed_events',
  {
    job: text().notNull(),
    sourceEventId: text('source_event_id').notNull(),
    memberId: text('member_id').notNull(),
    at: at('at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.job, table.sourceEventId, table.memberId] })],
)

/** What Luma's guests were answered: one row for each guest that a run has dealt with. */
export const lumaGuests = pgTable(
  'luma_guests',
  {
    runId: text('run_id').notNull(),
    eventId: text('event_id').notNull(),
    guestId: text('guest_id').notNull(),
    memberId: text('member_id'),
    outcome: text({ enum: ['intended', 'approved', 'declined', 'skipped', 'asked', 'failed'] }).notNull(),
    error: text(),
    at: at('at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.runId, table.eventId, table.guestId] }),
    index('luma_guests_of_member').on(table.memberId),
  ],
)

/** The workspace's people as of the last Slack sync: what newcomers and leavers are told apart by. Bots are not people. */
export const slackPeople = pgTable(
  'slack_people',
  {
    id: text().primaryKey(),
    /** Lower case. */
    email: text(),
    name: text().notNull(),
    state: text({ enum: SLACK_STATES }).notNull(),
    seenAt: at('seen_at').notNull(),
    /** The run that last saw them. */
    seenIn: text('seen_in').notNull(),
    /** The run that saw them come, come back or go; null: they have been like this for as long as anybody looked. */
    changedIn: text('changed_in'),
  },
  (table) => [index('slack_people_email').on(table.email), index('slack_people_changed').on(table.changedIn)],
)

/** Work that many changes ask for and one run does: the run that is asked for next, and whether it is. */
export const requestedWork = pgTable('requested_work', {
  name: text().primaryKey(),
  number: integer().notNull(),
  pending: boolean().notNull(),
})

/** Somebody asked to be forgotten. What is kept of the address is its hash. */
export const erasures = pgTable('erasures', {
  id: text().primaryKey(),
  /** HMAC-SHA-256 of the lower-case address, hexadecimal, keyed with this installation's own secret. */
  emailHash: text('email_hash').notNull(),
  /** What they are found by (addresses, names, ids elsewhere), until it is done. */
  about: jsonb().$type<Json>(),
  memberId: text('member_id'),
  requestedBy: text('requested_by').notNull(),
  requestedAt: at('requested_at').notNull(),
  finishedAt: at('finished_at'),
  counts: jsonb().$type<Json>(),
})
