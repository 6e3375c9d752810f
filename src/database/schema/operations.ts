import { sql } from 'drizzle-orm'
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
import { ACTOR_KINDS } from './decisions.ts'

const at = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' })

export const DEAD_LETTER_STATUSES = ['open', 'replayed', 'compensating', 'compensated', 'abandoned'] as const

/** A run that has failed for good and waits for a person. Its life is told in `deadletters/dead-letters.ts`. */
export const deadLetters = pgTable(
  'dead_letters',
  {
    id: text().primaryKey(),
    runId: text('run_id').notNull(),
    job: text().notNull(),
    status: text({ enum: DEAD_LETTER_STATUSES }).notNull(),
    failedAt: at('failed_at').notNull(),
    /** Null: it failed between steps, or was given up by recovery. */
    step: text(),
    error: jsonb().$type<SerializedError>().notNull(),
    /** What letters with one cause share: provider, class of error, job and step. */
    cause: text().notNull(),
    provider: text(),
    errorClass: text('error_class').notNull(),
    /** Failed attempts of the step that failed. */
    attempts: integer().notNull(),
    /** The letter whose replay this run was. */
    replayOf: text('replay_of'),
    /** How often this run and those before it were replayed by policy, without a person. */
    automaticReplays: integer('automatic_replays').notNull().default(0),
    /** The run that replays it, or that undoes its steps. */
    followUpRunId: text('follow_up_run_id'),
    /** How often its steps were to be undone: each try is a run of its own. */
    undoRound: integer('undo_round').notNull().default(0),
    resolvedAt: at('resolved_at'),
    resolvedByKind: text('resolved_by_kind', { enum: ACTOR_KINDS }),
    resolvedById: text('resolved_by_id'),
    resolvedByName: text('resolved_by_name'),
    reason: text(),
    /** Why undoing its steps did not come to an end, in plain words. */
    problem: text(),
  },
  (table) => [
    uniqueIndex('dead_letters_run').on(table.runId),
    index('dead_letters_newest').on(table.status, table.failedAt, table.id),
    index('dead_letters_of_cause').on(table.status, table.cause, table.failedAt, table.id),
    index('dead_letters_of_job').on(table.status, table.job, table.failedAt, table.id),
    index('dead_letters_resolved').on(table.resolvedAt),
  ],
)

export const LETTER_ACTION_KINDS = ['replay', 'compensate', 'abandon'] as const
export const LETTER_ACTION_STATUSES = ['waiting', 'running', 'finished', 'refused'] as const

/** One action of a person on many dead letters at once; `waiting`: for a second person. */
export const letterActions = pgTable(
  'letter_actions',
  {
    id: text().primaryKey(),
    kind: text({ enum: LETTER_ACTION_KINDS }).notNull(),
    /** For a replay: from where. */
    from: text({ enum: ['failed-step', 'start'] }),
    reason: text(),
    status: text({ enum: LETTER_ACTION_STATUSES }).notNull(),
    /** What was chosen, in words. */
    chosen: text().notNull(),
    total: integer().notNull(),
    done: integer().notNull().default(0),
    failed: integer().notNull().default(0),
    requestedById: text('requested_by_id').notNull(),
    requestedByName: text('requested_by_name').notNull(),
    requestedAt: at('requested_at').notNull(),
    answeredById: text('answered_by_id'),
    answeredByName: text('answered_by_name'),
    answeredAt: at('answered_at'),
    finishedAt: at('finished_at'),
  },
  (table) => [index('letter_actions_recent').on(table.requestedAt)],
)

/** What an action has done with each letter. */
export const letterActionItems = pgTable(
  'letter_action_items',
  {
    actionId: text('action_id')
      .notNull()
      .references(() => letterActions.id, { onDelete: 'cascade' }),
    deadLetterId: text('dead_letter_id').notNull(),
    outcome: text({ enum: ['done', 'failed'] }),
    problem: text(),
  },
  (table) => [primaryKey({ columns: [table.actionId, table.deadLetterId] })],
)

/** What a step noted before it changed something, for whoever wants it as it was; the first note of a run counts. */
export const undoNotes = pgTable(
  'undo_notes',
  {
    runId: text('run_id').notNull(),
    step: text().notNull(),
    note: jsonb().$type<Json>().notNull(),
  },
  (table) => [primaryKey({ columns: [table.runId, table.step] })],
)

/** How often a process died under a run that made no progress in between. */
export const runRecoveries = pgTable('run_recoveries', {
  runId: text('run_id').primaryKey(),
  /** Takeovers since it last finished a step. */
  fruitless: integer().notNull(),
  total: integer().notNull(),
  /** Recorded steps at the last takeover. */
  steps: integer().notNull(),
  at: at('at').notNull(),
})

/** Jobs that a person has paused: their runs wait, parked. */
export const pausedJobs = pgTable('paused_jobs', {
  job: text().primaryKey(),
  pausedAt: at('paused_at').notNull(),
  pausedById: text('paused_by_id').notNull(),
  pausedByName: text('paused_by_name').notNull(),
  reason: text(),
})

/** Finished runs by minute (machine time) and job: what numbers over time are read from, however many runs there are. */
export const runStats = pgTable(
  'run_stats',
  {
    minute: at('minute').notNull(),
    job: text().notNull(),
    succeeded: integer().notNull(),
    failed: integer().notNull(),
    cancelled: integer().notNull(),
    /** Of those that succeeded or failed: from when they began to when they ended. */
    durationSumMs: bigint('duration_sum_ms', { mode: 'number' }).notNull(),
  },
  (table) => [primaryKey({ columns: [table.minute, table.job] })],
)

/** How long those runs took, in buckets that grow by 5 %: bucket n holds up to 1.05^n ms. */
export const runDurations = pgTable(
  'run_durations',
  {
    minute: at('minute').notNull(),
    job: text().notNull(),
    bucket: integer().notNull(),
    count: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.minute, table.job, table.bucket] })],
)

/** Values that are only true at a moment (queued runs, waiting approvals), as rules over a window need them. */
export const gaugeSamples = pgTable(
  'gauge_samples',
  {
    at: at('at').notNull(),
    gauge: text().notNull(),
    /** The job, the provider or the source it is of; empty: of all. */
    of: text().notNull(),
    value: bigint({ mode: 'number' }).notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.gauge, table.of, table.at] }),
    index('gauge_samples_age').on(table.at),
  ],
)

export const ALERT_STATUSES = ['firing', 'acknowledged', 'resolved'] as const

export const ALERT_JUDGEMENTS = ['true', 'false', 'few', 'blind'] as const

/** One alert: a rule that fired for one cause, from then until it resolved. */
export const alerts = pgTable(
  'alerts',
  {
    id: text().primaryKey(),
    rule: text().notNull(),
    /** What it fired for, where a rule looks at each job by itself; empty: for all. */
    cause: text().notNull(),
    severity: text({ enum: ['info', 'warning', 'medium', 'high', 'critical'] }).notNull(),
    status: text({ enum: ALERT_STATUSES }).notNull(),
    /** What was seen, in plain words: `failure_rate is 0.25 over 5 minutes (of 40 runs)`. */
    summary: text().notNull(),
    firedAt: at('fired_at').notNull(),
    /** Since when the condition has been false again; null while it holds. */
    quietSince: at('quiet_since'),
    acknowledgedAt: at('acknowledged_at'),
    acknowledgedByName: text('acknowledged_by_name'),
    resolvedAt: at('resolved_at'),
    /** How it came to an end, in plain words; null while it has not. */
    resolution: text(),
  },
  (table) => [
    uniqueIndex('alerts_unresolved').on(table.rule, table.cause).where(sql`${table.status} <> 'resolved'`),
    index('alerts_recent').on(table.firedAt),
  ],
)

/** What people have said about a rule, and what was seen when it was last judged. */
export const alertRuleStates = pgTable('alert_rule_states', {
  rule: text().primaryKey(),
  mutedUntil: at('muted_until'),
  mutedByName: text('muted_by_name'),
  judgedAt: at('judged_at'),
  /** `few`: too few runs to say; `blind`: nobody has measured. */
  judgement: text({ enum: ALERT_JUDGEMENTS }),
  /** The present values, in plain words. */
  seen: text(),
})

/** One notice of an alert on one channel: who was told, and whether it arrived. */
export const alertNotices = pgTable(
  'alert_notices',
  {
    id: text().primaryKey(),
    alertId: text('alert_id').notNull(),
    channel: text({ enum: ['slack', 'email', 'sms', 'pagerduty'] }).notNull(),
    about: text({ enum: ['fired', 'acknowledged', 'resolved', 'test'] }).notNull(),
    status: text({ enum: ['pending', 'sent', 'failed', 'off'] }).notNull(),
    problem: text(),
    detail: jsonb().$type<Json>(),
    createdAt: at('created_at').notNull(),
    settledAt: at('settled_at'),
  },
  (table) => [index('alert_notices_of_alert').on(table.alertId, table.createdAt)],
)
