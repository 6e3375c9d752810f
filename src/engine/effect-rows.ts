/** The statements of the effect ledger (`effects.ts`): each changes a row only from where the caller saw it. */
import { and, eq, exists, inArray, isNull, sql } from 'drizzle-orm'
import { announceChange, onlyRow, tables } from '../database/index.ts'
import {
  type Json,
  newId,
  RetryAtError,
  SECOND_MS,
  type SerializedError,
  systemNow,
} from '../primitives/index.ts'
import type { EffectSpec } from './effects.ts'
import { isExecutedHere } from './ownership.ts'
import type { RunEnvironment } from './run-context.ts'

export type EffectRow = typeof tables.effects.$inferSelect
type Environment = Pick<RunEnvironment, 'database' | 'clock' | 'executorId'>

/**
 * After a crash the request may still be at work at a slow provider; looking at once would miss what it is about to do.
 * As long as after a timeout: the two look the same from there.
 */
const CRASH_SETTLE_MS = 15 * SECOND_MS

/** It may go out (again): nobody has recorded how it ended, or it was refused and somebody wants it tried again. */
const isOpen = inArray(tables.effects.status, ['intended', 'refused'])

/** The row of this effect, written now if nobody has before. */
export async function intend(
  environment: Environment,
  runId: string,
  spec: Pick<EffectSpec<Json>, 'key' | 'kind' | 'description' | 'subjectId'>,
): Promise<EffectRow> {
  const { db } = environment.database
  const row = {
    id: newId('eff'),
    key: spec.key,
    kind: spec.kind,
    description: spec.description,
    subjectId: spec.subjectId,
    runId,
    status: 'intended' as const,
    createdAt: new Date(environment.clock.now()),
  }
  const inserted = await db
    .insert(tables.effects)
    .values(row)
    .onConflictDoNothing({ target: tables.effects.key })
    .returning()
  if (inserted[0]) return inserted[0]
  return onlyRow(
    await db.select().from(tables.effects).where(eq(tables.effects.key, spec.key)),
    `effect ${spec.key}`,
  )
}

/**
 * Two executions cannot both begin: the count of attempts is compared and set.
 * @throws RetryAtError when this is not the one that may: nothing is to be sent
 */
export async function beginAttempt(
  environment: Environment,
  runId: string,
  row: EffectRow,
): Promise<EffectRow> {
  // The machine's time: a provider that is live knows no other, and a stand-in's clock is never behind it.
  const now = new Date(systemNow())
  const begun = await environment.database.db
    .update(tables.effects)
    .set({
      status: 'intended',
      error: null,
      attempts: row.attempts + 1,
      attemptStartedAt: now,
      firstAttemptAt: sql`coalesce(${tables.effects.firstAttemptAt}, ${now})`,
      lookAfter: new Date(now.getTime() + CRASH_SETTLE_MS),
    })
    .where(
      and(
        eq(tables.effects.id, row.id),
        eq(tables.effects.attempts, row.attempts),
        isOpen,
        isNull(tables.effects.attemptStartedAt),
        // A process that was taken for dead (frozen, cut off) and comes back does nothing any more.
        exists(
          environment.database.db
            .select({ id: tables.executors.id })
            .from(tables.executors)
            .where(eq(tables.executors.id, environment.executorId)),
        ),
        // Nor does a run that was cancelled, or that another execution has.
        isExecutedHere(runId),
      ),
    )
    .returning()
  if (begun[0]) return begun[0]
  throw new RetryAtError(`Another attempt is under way: ${row.description}`, 2 * SECOND_MS)
}

/** Notes something of the attempt that the caller saw last; what has been settled or tried anew meanwhile stays. */
export async function noteAttempt(
  environment: Environment,
  row: EffectRow,
  change: Partial<EffectRow>,
): Promise<void> {
  await environment.database.db
    .update(tables.effects)
    .set(change)
    .where(and(eq(tables.effects.id, row.id), eq(tables.effects.attempts, row.attempts), isOpen))
}

type Settlement =
  | { status: 'done'; result: Json; objectId: string }
  | { status: 'unknown'; error: SerializedError }

/** Records the outcome; a row that is already done stays as it is. */
export async function settle(
  environment: Environment,
  effectId: string,
  settlement: Settlement,
): Promise<void> {
  await environment.database.transaction(async (tx) => {
    await tx.db
      .update(tables.effects)
      .set({
        error: null,
        ...settlement,
        attemptStartedAt: null,
        settledAt: new Date(environment.clock.now()),
      })
      .where(and(eq(tables.effects.id, effectId), isOpen))
    await announceChange(tx, { topic: 'effect', id: effectId })
  })
}
