/**
 * The effect ledger. An outward call without idempotency at the provider goes through one row:
 *
 *   intended ──attempt──▶ done        the answer came: what the provider made is recorded
 *       │        └──────▶ refused     the provider said no, for good
 *       │        └──────▶ unknown     the answer was lost, and looking did not settle whether it happened
 *       ▼
 *    (undone: a later undo took it back)
 *
 * When an attempt goes out, after everything that holds it back, the row says so first (`attempt_started_at`), and that
 * is committed. From then until the
 * outcome is recorded the attempt may have happened; whoever finds the row like that, after a lost answer or a crash,
 * looks the object up at the provider first, and repeats only what is certainly not there. What cannot be known
 * becomes `unknown`: it is shown to a person, and never repeated by guess.
 */
import { and, eq, exists, isNull, sql } from 'drizzle-orm'
import { announceChange, onlyRow, tables } from '../database/index.ts'
import {
  type Json,
  KinkeeperError,
  LookFirstError,
  listenToSending,
  NeverRetryError,
  newId,
  ParkError,
  RetryAtError,
  SECOND_MS,
  type SerializedError,
  seam,
  serializeError,
  systemNow,
} from '../primitives/index.ts'
import { OUTCOME_UNKNOWN } from './causes.ts'
import { isExecutedHere } from './ownership.ts'
import type { RunEnvironment } from './run-context.ts'

/** One outward call. `key` is what makes two attempts the same effect. */
export type EffectSpec<T extends Json> = {
  key: string
  /** `<provider>.<what>`, e.g. `circle.post`. */
  kind: string
  /** In plain words for people; personal data masked. */
  description: string
  subjectId: string
  /**
   * Sends it, through a connector: what it does before that (reading, composing, waiting for its turn) is no attempt
   * yet. Whatever else sends something calls `announceSending` right before.
   */
  perform: () => Promise<T>
  /**
   * Looks for the object at the provider, made since this time (epoch milliseconds). Null: certainly not there.
   * `impossible`: the provider gives no way to know; after a lost answer a person is asked.
   */
  look: ((sinceMs: number) => Promise<T | null>) | 'impossible'
  objectId: (result: T) => string
}

type EffectRow = typeof tables.effects.$inferSelect

/**
 * After a crash the request may still be at work at a slow provider; looking at once would miss what it is about to do.
 * As long as after a timeout: the two look the same from there.
 */
const CRASH_SETTLE_MS = 15 * SECOND_MS

/**
 * One attempt at an effect: gives the recorded result when it is done, looks first when an earlier attempt may have
 * happened, and performs it when it certainly has not.
 * @throws RetryAtError while an earlier attempt may still be under way; LookFirstError when this attempt's answer is lost
 */
export async function performEffect<T extends Json>(
  environment: RunEnvironment,
  runId: string,
  spec: EffectSpec<T>,
): Promise<T> {
  seam(`${spec.kind}.before-intent`)
  const row = await environment.slots.run(() => intend(environment, runId, spec))
  seam(`${spec.kind}.after-intent`)
  if (row.status === 'done') return row.result as T // recorded by this very effect
  if (row.status === 'unknown')
    throw new NeverRetryError(`${OUTCOME_UNKNOWN}: ${spec.description}. A person has to say.`)
  if (row.status === 'undone')
    throw new NeverRetryError(`This was undone and is not repeated: ${spec.description}`)
  if (row.attemptStartedAt) {
    const found = await lookUp(environment, row, spec)
    if (found !== null) return found
  }
  const sent: { attempt: EffectRow | null } = { attempt: null }
  const begin = async () => {
    if (sent.attempt) return sent.attempt
    sent.attempt = await beginAttempt(environment, runId, row)
    seam(`${spec.kind}.before-call`)
    return sent.attempt
  }
  let result: T
  try {
    result = await listenToSending(async () => void (await begin()), spec.perform)
  } catch (error) {
    // Who says that it may have happened has sent it, announced or not.
    if (sent.attempt === null && !(error instanceof LookFirstError))
      throw await recordUnsent(environment, row, error)
    throw await recordFailedAttempt(environment, await begin(), error)
  }
  await begin() // announced by no gate: it is on record late, but it is
  seam(`${spec.kind}.after-call`)
  await environment.slots.run(() =>
    settle(environment, row.id, { status: 'done', result, objectId: spec.objectId(result) }),
  )
  seam(`${spec.kind}.after-record`)
  return result
}

/**
 * When the attempts are used up: if the last one may have happened, the effect becomes `unknown`, and the failure says
 * so. Otherwise the failure stands as it is.
 */
export async function settleAbandoned<T extends Json>(
  environment: RunEnvironment,
  spec: EffectSpec<T>,
  failure: SerializedError,
): Promise<SerializedError> {
  const [row] = await environment.database.db
    .select()
    .from(tables.effects)
    .where(eq(tables.effects.key, spec.key))
  if (row?.status !== 'intended' || row.attemptStartedAt === null) return failure
  await settle(environment, row.id, { status: 'unknown', error: failure })
  return {
    ...failure,
    message: `${OUTCOME_UNKNOWN}: ${spec.description}. ${failure.message}`,
  }
}

async function intend<T extends Json>(
  environment: RunEnvironment,
  runId: string,
  spec: EffectSpec<T>,
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

async function lookUp<T extends Json>(
  environment: RunEnvironment,
  row: EffectRow,
  spec: EffectSpec<T>,
): Promise<T | null> {
  const now = systemNow()
  const waitMs = (row.lookAfter?.getTime() ?? now) - now
  // Whose answer was lost, and how: what is given up here is given up because of that.
  const facts = row.error?.facts ?? {}
  if (waitMs > 0)
    throw new RetryAtError(`Waiting before looking whether it happened: ${spec.description}.`, waitMs, {
      facts,
    })
  if (spec.look === 'impossible')
    throw new NeverRetryError(`The answer was lost, and there is no way to look: ${spec.description}.`, {
      facts,
    })
  const found = await spec.look((row.firstAttemptAt ?? row.createdAt).getTime())
  seam(`${spec.kind}.after-look`)
  if (found !== null) {
    await settle(environment, row.id, { status: 'done', result: found, objectId: spec.objectId(found) })
    return found
  }
  await environment.database.db
    .update(tables.effects)
    .set({ attemptStartedAt: null })
    .where(and(eq(tables.effects.id, row.id), eq(tables.effects.attempts, row.attempts)))
  return null
}

/**
 * Two executions cannot both begin: the count of attempts is compared and set.
 * @throws RetryAtError when this is not the one that may: nothing is to be sent
 */
async function beginAttempt(environment: RunEnvironment, runId: string, row: EffectRow): Promise<EffectRow> {
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

/** It failed before anything went out, so it certainly did not happen; what will never go out is on record as refused. */
async function recordUnsent(environment: RunEnvironment, row: EffectRow, thrown: unknown): Promise<unknown> {
  if (thrown instanceof NeverRetryError)
    await update(environment, row, { error: serializeError(thrown), status: 'refused' })
  return thrown
}

/** What an attempt's failure says about whether it happened; anything unforeseen counts as "may have happened". */
async function recordFailedAttempt(
  environment: RunEnvironment,
  row: EffectRow,
  thrown: unknown,
): Promise<unknown> {
  // A parked request says in its cause how it ended; without one it was never sent.
  const ended = thrown instanceof ParkError ? (thrown.cause ?? thrown) : thrown
  const error =
    ended instanceof KinkeeperError
      ? ended
      : new LookFirstError('The call failed in an unforeseen way', SECOND_MS, { cause: ended })
  const serialized = serializeError(ended)
  if (error instanceof LookFirstError) {
    const lookAfter = new Date(systemNow() + error.settleMs)
    await update(environment, row, { error: serialized, lookAfter })
  } else if (error.next === 'retry' || error.next === 'retry-at' || error.next === 'park') {
    await update(environment, row, { error: serialized, attemptStartedAt: null })
  } else {
    await update(environment, row, { error: serialized, attemptStartedAt: null, status: 'refused' })
  }
  return thrown instanceof ParkError ? thrown : error
}

async function update(
  environment: RunEnvironment,
  row: EffectRow,
  change: Partial<EffectRow>,
): Promise<void> {
  await environment.database.db
    .update(tables.effects)
    .set(change)
    .where(and(eq(tables.effects.id, row.id), eq(tables.effects.attempts, row.attempts)))
}

type Settlement =
  | { status: 'done'; result: Json; objectId: string }
  | { status: 'unknown'; error: SerializedError }

/** Records the outcome; a row that is already done stays as it is. */
async function settle(environment: RunEnvironment, effectId: string, settlement: Settlement): Promise<void> {
  await environment.database.transaction(async (tx) => {
    await tx.db
      .update(tables.effects)
      .set({
        error: null,
        ...settlement,
        attemptStartedAt: null,
        settledAt: new Date(environment.clock.now()),
      })
      .where(and(eq(tables.effects.id, effectId), eq(tables.effects.status, 'intended')))
    await announceChange(tx, { topic: 'effect', id: effectId })
  })
}
