/**
 * `letter-action`: works through the letters of one action, each in a transaction of its own. What cannot be done
 * (somebody was first, an effect has to be settled) is told beside the letter, and holds up no other.
 */
import { and, count, eq, isNull, sql } from 'drizzle-orm'
import { z } from 'zod'
import type { Actor } from '../audit/index.ts'
import { announceChange, type Transaction, tables } from '../database/index.ts'
import { defineJob, type Job } from '../engine/index.ts'
import { KinkeeperError } from '../primitives/index.ts'
import { abandonLetter, replayLetter, undoLetter } from './actions.ts'
import { type LetterAction, readAction } from './bulk.ts'
import type { CompensationJob } from './compensation.ts'
import type { LetterParts } from './parts.ts'
import { readLetter } from './plan.ts'

const inputSchema = z.object({ actionId: z.string() })
export type LetterActionJob = Job<z.infer<typeof inputSchema>>

const BATCH = 50

export function defineLetterAction(parts: LetterParts, compensation: CompensationJob): LetterActionJob {
  return defineJob({
    name: 'letter-action',
    input: inputSchema,
    idempotencyKey: ({ actionId }) => actionId,
    lane: 'maintenance',
    async onFailure(tx, { actionId }, error) {
      await giveUp(tx, parts, actionId, error.message)
    },
    async run(context, { actionId }) {
      for (let batch = 1; ; batch++) {
        const left = await context.step(`act on the next ${BATCH} (${batch})`, () =>
          actOnSome(parts, compensation, actionId),
        )
        if (left === 0) break
      }
      return context.transaction('note that it is done', async (tx) => {
        const { letterActions } = tables
        const change = { status: 'finished' as const, finishedAt: new Date(parts.clock.now()) }
        await tx.db.update(letterActions).set(change).where(eq(letterActions.id, actionId))
        await announceChange(tx, { topic: 'dead-letter', id: null })
        const { done, failed } = await readAction(tx, actionId)
        return { done, failed }
      })
    },
  })
}

/** The run has ended before its time: what it has not come to is told as not done. */
async function giveUp(tx: Transaction, parts: LetterParts, actionId: string, problem: string): Promise<void> {
  const { letterActions, letterActionItems: items } = tables
  const left = await tx.db
    .update(items)
    .set({ outcome: 'failed', problem })
    .where(and(eq(items.actionId, actionId), isNull(items.outcome)))
    .returning({ id: items.deadLetterId })
  await tx.db
    .update(letterActions)
    .set({
      status: 'finished',
      finishedAt: new Date(parts.clock.now()),
      failed: sql`${letterActions.failed} + ${left.length}`,
    })
    .where(and(eq(letterActions.id, actionId), eq(letterActions.status, 'running')))
  await announceChange(tx, { topic: 'dead-letter', id: null })
}

/** @returns how many are left */
async function actOnSome(
  parts: LetterParts,
  compensation: CompensationJob,
  actionId: string,
): Promise<number> {
  const { letterActionItems: items } = tables
  const untouched = and(eq(items.actionId, actionId), isNull(items.outcome))
  const action = await readAction(parts.database, actionId)
  const some = await parts.database.db
    .select()
    .from(items)
    .where(untouched)
    .orderBy(items.deadLetterId)
    .limit(BATCH)
  for (const { deadLetterId } of some) {
    const problem = await actOnOne(parts, compensation, action, deadLetterId)
    if (problem !== null) await parts.database.transaction((tx) => note(tx, action, deadLetterId, problem))
  }
  const [{ left } = { left: 0 }] = await parts.database.db
    .select({ left: count() })
    .from(items)
    .where(untouched)
  return left
}

/** @returns why it was not done; null when it was, which is noted already */
async function actOnOne(
  parts: LetterParts,
  compensation: CompensationJob,
  action: LetterAction,
  letterId: string,
): Promise<string | null> {
  const actor: Actor = { kind: 'dashboard', id: action.requestedById, name: action.requestedByName }
  try {
    await parts.database.transaction(async (tx) => {
      const letter = await readLetter({ database: tx }, letterId)
      if (action.kind === 'abandon')
        await abandonLetter(tx, parts, letter, { actor, reason: action.reason ?? '' })
      else if (action.kind === 'compensate') await undoLetter(tx, parts, compensation, letter, { actor })
      else await replayLetter(tx, parts, letter, { from: action.from ?? 'failed-step' }, { actor })
      await note(tx, action, letterId, null)
    })
    return null
  } catch (error) {
    // What says no to this one says nothing about the others; a database that is away does, and is thrown on.
    if (error instanceof KinkeeperError) return error.message
    throw error
  }
}

async function note(
  tx: Transaction,
  action: LetterAction,
  deadLetterId: string,
  problem: string | null,
): Promise<void> {
  const { letterActions, letterActionItems: items } = tables
  const noted = await tx.db
    .update(items)
    .set({ outcome: problem === null ? 'done' : 'failed', problem })
    .where(and(eq(items.actionId, action.id), eq(items.deadLetterId, deadLetterId), isNull(items.outcome)))
    .returning()
  if (noted.length === 0) return
  const counted =
    problem === null ? { done: sql`${letterActions.done} + 1` } : { failed: sql`${letterActions.failed} + 1` }
  await tx.db.update(letterActions).set(counted).where(eq(letterActions.id, action.id))
  await announceChange(tx, { topic: 'dead-letter', id: null })
}
