import { sql } from 'drizzle-orm'
import {
  bigint,
  boolean,
  index,
  integer,
  jsonb,
  pgTable,
  text,
  timestamp,
  uniqueIndex,
} from 'drizzle-orm/pg-core'
import type { Json } from '../../primitives/index.ts'

const at = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' })

export const APPROVAL_STATUSES = ['open', 'approved', 'denied', 'expired'] as const
export const ACTOR_KINDS = ['slack', 'dashboard', 'system', 'sender'] as const

/** A question that waits for a person. Waiting is this row and one delayed run; see `approvals/approvals.ts`. */
export const approvals = pgTable(
  'approvals',
  {
    id: text().primaryKey(),
    kind: text().notNull(),
    subjectId: text('subject_id').notNull(),
    status: text({ enum: APPROVAL_STATUSES }).notNull(),
    openedAt: at('opened_at').notNull(),
    deadlineAt: at('deadline_at').notNull(),
    /** When reminders are due, in order; `reminders_sent` of them have gone out. */
    reminderTimes: jsonb('reminder_times').$type<string[]>().notNull(),
    remindersSent: integer('reminders_sent').notNull().default(0),
    /** The next time something is due by itself: a reminder, or the deadline. Null once decided. */
    nextDueAt: at('next_due_at'),
    decidedAt: at('decided_at'),
    decidedByKind: text('decided_by_kind', { enum: ACTOR_KINDS }),
    decidedById: text('decided_by_id'),
    decidedByName: text('decided_by_name'),
    reason: text(),
  },
  (table) => [
    uniqueIndex('approvals_subject').on(table.kind, table.subjectId),
    index('approvals_open').on(table.status, table.deadlineAt, table.id),
    index('approvals_due').on(table.nextDueAt),
  ],
)

/**
 * Who did what to what, when and why. The database itself lets rows only be added, sealed, blanked and, the oldest
 * first, removed (migration 0004); see `audit/chain.ts` for what the last five columns are.
 */
export const auditEntries = pgTable(
  'audit_entries',
  {
    id: bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    at: at('at').notNull(),
    actorKind: text('actor_kind', { enum: ACTOR_KINDS }).notNull(),
    actorId: text('actor_id'),
    actorName: text('actor_name').notNull(),
    action: text().notNull(),
    targetKind: text('target_kind').notNull(),
    targetId: text('target_id').notNull(),
    reason: text(),
    detail: jsonb().$type<Json>(),
    runId: text('run_id'),
    /** Its place in the chain, without gaps; null until it is sealed. */
    seq: bigint({ mode: 'number' }),
    hash: text(),
    /** Makes the digest of the words unguessable once they are gone. */
    salt: text(),
    /** Digest of the words (actor's name, action, reason, detail) as they were when it was sealed. */
    words: text(),
    /** The entries that tell of its words being blanked, oldest first; null: nobody has. */
    blankedBy: bigint('blanked_by', { mode: 'number' }).array(),
  },
  (table) => [
    index('audit_entries_of_target').on(table.targetKind, table.targetId, table.id),
    uniqueIndex('audit_entries_seq').on(table.seq),
    index('audit_entries_unsealed').on(table.id).where(sql`${table.seq} is null`),
    index('audit_entries_at').on(table.at, table.id),
    index('audit_entries_of_actor').on(table.actorId, table.at, table.id),
    index('audit_entries_of_kind').on(table.actorKind, table.at, table.id),
    index('audit_entries_of_action').on(table.action, table.at, table.id),
    index('audit_entries_found_by').using(
      'gin',
      sql`to_tsvector('simple', ${table.actorName} || ' ' || ${table.action} || ' ' || ${table.targetId} || ' ' || coalesce(${table.reason}, ''))`,
    ),
  ],
)

/** Where the chain stood: `head`, which only moves on, and once a day, so that a cut-off end is seen. */
export const auditAnchors = pgTable('audit_anchors', {
  /** `head`, or a day (UTC) as `2026-11-22`. */
  name: text().primaryKey(),
  seq: bigint({ mode: 'number' }).notNull(),
  hash: text().notNull(),
  at: at('at').notNull(),
})

/** The last time that somebody had the chain verified: how it ended, as `audit/verification.ts` says it. */
export const auditVerifications = pgTable('audit_verifications', {
  id: text().primaryKey(),
  startedAt: at('started_at').notNull(),
  startedByName: text('started_by_name').notNull(),
  finishedAt: at('finished_at'),
  ok: boolean(),
  summary: text(),
})
