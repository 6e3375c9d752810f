import { index, integer, jsonb, pgTable, primaryKey, text, timestamp, uniqueIndex } from 'drizzle-orm/pg-core'
import type { Json } from '../../primitives/index.ts'

const at = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' })

/** A typed message that came in by the events API, whether or not a job knows it. */
export const events = pgTable(
  'events',
  {
    id: text().primaryKey(),
    name: text().notNull(),
    /** The sender's own key: the same again is the same event. */
    key: text().notNull(),
    data: jsonb().$type<Json>().notNull(),
    receivedAt: at('received_at').notNull(),
    /** What became of it: the run it started, or why none. */
    runId: text('run_id'),
    outcome: text({ enum: ['started', 'unknown', 'refused'] }).notNull(),
    problem: text(),
  },
  (table) => [
    uniqueIndex('events_key').on(table.name, table.key),
    index('events_recent').on(table.receivedAt),
  ],
)

/** Since when a schedule is known here: slots of before are nobody's business. */
export const scheduleStates = pgTable('schedule_states', {
  schedule: text().primaryKey(),
  since: at('since').notNull(),
})

export const FIRING_CAUSES = ['clock', 'catch-up', 'request', 'person'] as const

/** One firing of a schedule in one slot: the unique row that lets only one process, once, start its run. */
export const scheduleFirings = pgTable(
  'schedule_firings',
  {
    schedule: text().notNull(),
    slotAt: at('slot_at').notNull(),
    firedAt: at('fired_at').notNull(),
    cause: text({ enum: FIRING_CAUSES }).notNull(),
    /** Null: the slot was missed, and was too old to be caught up. */
    runId: text('run_id'),
  },
  (table) => [primaryKey({ columns: [table.schedule, table.slotAt] })],
)

/** One entry of a question's list. `amount` in the currency's smallest unit. */
export type QuestionItem = {
  id: string
  label: string
  detail: string | null
  amount?: { value: number; currency: string }
}

/** What an approval of a kind other than a submission asks. The approval's subject is this row. */
export const questions = pgTable(
  'questions',
  {
    id: text().primaryKey(),
    kind: text().notNull(),
    title: text().notNull(),
    /** What it is about, and what follows from either answer; plain words, one paragraph for each entry. */
    explanation: jsonb().$type<string[]>().notNull(),
    items: jsonb().$type<QuestionItem[]>().notNull(),
    itemCount: integer('item_count').notNull(),
    approveLabel: text('approve_label').notNull(),
    denyLabel: text('deny_label').notNull(),
    /** What the kind needs to go on after the answer. */
    data: jsonb().$type<Json>().notNull(),
    /** The run that asked. */
    runId: text('run_id').notNull(),
    /** Asked once for the same thing. */
    key: text().notNull(),
    createdAt: at('created_at').notNull(),
  },
  (table) => [uniqueIndex('questions_key').on(table.kind, table.key)],
)
