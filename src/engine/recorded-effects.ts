/** The effect ledger as people see it, and what they say about effects of which nobody knows whether they happened. */
import { and, asc, desc, eq } from 'drizzle-orm'
import { announceChange, type Drizzle, type Transaction, tables } from '../database/index.ts'
import { ConflictError, type Json } from '../primitives/index.ts'
import type { LetterActor } from './dead-letters.ts'
import { isGivenUp, startRunAgain } from './replays.ts'
import type { RunStarter } from './starter.ts'

export type Effect = typeof tables.effects.$inferSelect

export async function listEffectsOfSubject(db: Drizzle, subjectId: string): Promise<Effect[]> {
  return db
    .select()
    .from(tables.effects)
    .where(eq(tables.effects.subjectId, subjectId))
    .orderBy(asc(tables.effects.createdAt))
}

export async function listEffectsOfRun(db: Drizzle, runId: string): Promise<Effect[]> {
  return db
    .select()
    .from(tables.effects)
    .where(eq(tables.effects.runId, runId))
    .orderBy(asc(tables.effects.createdAt))
}

/** Effects of which nobody knows whether they happened, newest first. */
export async function listUnknownEffects(db: Drizzle, limit: number): Promise<Effect[]> {
  return db
    .select()
    .from(tables.effects)
    .where(eq(tables.effects.status, 'unknown'))
    .orderBy(desc(tables.effects.createdAt))
    .limit(limit)
}

/**
 * A person has looked at the provider: the effect happened (`result` is what the job needs to go on, by its kind), or
 * it did not. Either way the run that waited for it is started again, unless it was abandoned or taken back meanwhile.
 * @throws ConflictError when the effect is not unknown (any more)
 */
export async function resolveEffect(
  tx: Transaction,
  starter: RunStarter,
  effectId: string,
  resolution: { happened: true; result: Json; objectId: string } | { happened: false },
  { actor, atMs: nowMs }: { actor: LetterActor; atMs: number },
): Promise<{ effect: Effect; runId: string | null }> {
  const change = resolution.happened
    ? {
        status: 'done' as const,
        result: resolution.result,
        objectId: resolution.objectId,
        settledAt: new Date(nowMs),
        error: null,
      }
    : { status: 'intended' as const, attemptStartedAt: null, settledAt: null }
  const rows = await tx.db
    .update(tables.effects)
    .set(change)
    .where(and(eq(tables.effects.id, effectId), eq(tables.effects.status, 'unknown')))
    .returning()
  const effect = rows[0]
  if (!effect)
    throw new ConflictError('This effect is not waiting for anybody: it has been settled meanwhile.')
  await announceChange(tx, { topic: 'effect', id: effectId })
  // What was given up or taken back meanwhile is known now, but not gone on with.
  if (await isGivenUp(tx, effect.runId)) return { effect, runId: null }
  return { effect, runId: await startRunAgain(tx, starter, effect.runId, { actor, atMs: nowMs }) }
}
