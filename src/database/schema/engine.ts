import {
  bigint,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uniqueIndex,
} from 'drizzle-orm/pg-core'
import type { Json, SerializedError } from '../../primitives/index.ts'

const at = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' })

export const EFFECT_STATUSES = ['intended', 'done', 'unknown', 'undone', 'refused'] as const

/** The ledger of outward calls that no provider makes idempotent for us. Its life is told in `engine/effects.ts`. */
export const effects = pgTable(
  'effects',
  {
    id: text().primaryKey(),
    /** What makes two attempts the same effect, e.g. `circle.post:sub_…`. */
    key: text().notNull(),
    kind: text().notNull(),
    /** In plain words, personal data masked. */
    description: text().notNull(),
    subjectId: text('subject_id'),
    runId: text('run_id').notNull(),
    status: text({ enum: EFFECT_STATUSES }).notNull(),
    attempts: integer().notNull().default(0),
    /** Set before an attempt goes out, cleared when its outcome is known. While set, the attempt may have happened. */
    attemptStartedAt: at('attempt_started_at'),
    /** When the first attempt went out: where a look-up has to begin. */
    firstAttemptAt: at('first_attempt_at'),
    /** Not before this may one look: the attempt may still be at work at the provider. */
    lookAfter: at('look_after'),
    objectId: text('object_id'),
    result: jsonb().$type<Json>(),
    error: jsonb().$type<SerializedError>(),
    createdAt: at('created_at').notNull(),
    settledAt: at('settled_at'),
  },
  (table) => [
    uniqueIndex('effects_key').on(table.key),
    index('effects_of_subject').on(table.subjectId),
    index('effects_of_run').on(table.runId),
    index('effects_by_status').on(table.status),
  ],
)

/** Attempts of steps that failed. An attempt that succeeds leaves only the step's own record. */
export const stepFailures = pgTable(
  'step_failures',
  {
    id: bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    runId: text('run_id').notNull(),
    step: text().notNull(),
    attempt: integer().notNull(),
    at: at('at').notNull(),
    error: jsonb().$type<SerializedError>().notNull(),
    /** Milliseconds until the next attempt; null: it was the last. */
    retryInMs: integer('retry_in_ms'),
  },
  (table) => [index('step_failures_of_run').on(table.runId)],
)

/** Steps that are one database transaction record their result inside it, so that a crash never repeats them. */
export const completedTransactions = pgTable(
  'completed_transactions',
  {
    runId: text('run_id').notNull(),
    step: text().notNull(),
    output: jsonb().$type<Json>(),
    at: at('at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.runId, table.step] })],
)

/** One row for each process that executes runs; a process that no longer renews its lease is dead. */
export const executors = pgTable('executors', {
  id: text().primaryKey(),
  host: text().notNull(),
  pid: integer().notNull(),
  startedAt: at('started_at').notNull(),
  renewedAt: at('renewed_at').notNull(),
})

/** When the next one of a bucket is due (generic cell rate algorithm), epoch microseconds by the database's clock. */
export const rateBuckets = pgTable('rate_buckets', {
  key: text().primaryKey(),
  dueUs: bigint('due_us', { mode: 'number' }).notNull(),
})

/** Runs that were put down because their provider is away; they keep their place and go on when it is back. */
export const parkedRuns = pgTable(
  'parked_runs',
  {
    runId: text('run_id').primaryKey(),
    provider: text().notNull(),
    reason: text().notNull(),
    since: at('since').notNull(),
    /** How often it was put down in this outage. */
    times: integer().notNull().default(1),
    /** Nobody need look before this; null: whoever watches the provider says when. */
    until: at('until'),
    /** Taken up again since; null: it lies. */
    wokenAt: at('woken_at'),
  },
  (table) => [index('parked_runs_of_provider').on(table.provider, table.wokenAt, table.since)],
)

/** The line of runs with one key: only the first in it may run. */
export const runTurns = pgTable(
  'run_turns',
  {
    seq: bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    queue: text().notNull(),
    key: text().notNull(),
    runId: text('run_id').notNull().unique(),
    notBefore: at('not_before'),
  },
  (table) => [index('run_turns_of_key').on(table.queue, table.key, table.seq)],
)
