import { bigint, index, integer, jsonb, pgTable, text, timestamp, uniqueIndex } from 'drizzle-orm/pg-core'
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

/** Who did what to what, when and why. Rows are only ever added. */
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
  },
  (table) => [index('audit_entries_of_target').on(table.targetKind, table.targetId, table.id)],
)
