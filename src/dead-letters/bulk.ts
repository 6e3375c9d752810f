/**
 * The same action on many dead letters. Which letters is decided when it is asked for, not while it runs:
 *
 *   waiting ──a second person──▶ running ──▶ finished      (up to twenty need no second person)
 *      └──────anybody refuses──▶ refused
 *
 * A durable run works through them, each in a transaction of its own; what cannot be done (somebody was first, an effect
 * has to be settled) is told beside the letter, and holds up no other.
 */
import { and, count, eq, isNull, type SQL, sql } from 'drizzle-orm'
import { z } from 'zod'
import { type Actor, recordAudit } from '../audit/index.ts'
import { announceChange, onlyRow, type Transaction, tables } from '../database/index.ts'
import { defineJob, type Job } from '../engine/index.ts'
import {
  BadInputError,
  ConflictError,
  KinkeeperError,
  NotAllowedError,
  NotFoundError,
  newId,
} from '../primitives/index.ts'
import { abandonLetter, replayLetter, undoLetter } from './actions.ts'
import type { CompensationJob } from './compensation.ts'
import { ALONE_AT_MOST, type LetterParts } from './parts.ts'
import { readLetter } from './plan.ts'

export type LetterAction = typeof tables.letterActions.$inferSelect
/** Open letters: these, or all that fit every given part. */
export type Choice =
  | { ids: string[] }
  | { job?: string; provider?: string; cause?: string; errorClass?: string }
export type ActionRequest =
  | { kind: 'replay'; from: 'failed-step' | 'start' }
  | { kind: 'compensate' }
  | { kind: 'abandon'; reason: string }

type Asker = { id: string; name: string }

/** What an `and` of the given parts means in SQL; open letters only. */
export function openLetters(choice: Choice): SQL | undefined {
  const { deadLetters } = tables
  const open = eq(deadLetters.status, 'open')
  if ('ids' in choice)
    return and(open, sql`${deadLetters.id} in ${choice.ids.length > 0 ? choice.ids : ['']}`)
  return and(
    open,
    choice.job === undefined ? undefined : eq(deadLetters.job, choice.job),
    choice.provider === undefined ? undefined : eq(deadLetters.provider, choice.provider),
    choice.cause === undefined ? undefined : eq(deadLetters.cause, choice.cause),
    choice.errorClass === undefined ? undefined : eq(deadLetters.errorClass, choice.errorClass),
  )
}

/**
 * Asks for an action on all letters of a choice; it begins at once, or when a second person has agreed.
 * @throws BadInputError without a reason where one is needed; NotFoundError when no letter fits
 */
export async function requestAction(
  tx: Transaction,
  parts: LetterParts,
  job: LetterActionJob,
  asked: { choice: Choice; request: ActionRequest; chosen: string; by: Asker },
): Promise<LetterAction> {
  const { request, by } = asked
  const reason = request.kind === 'abandon' ? request.reason.trim() : null
  if (reason === '') throw new BadInputError('Say why nothing more is to be done: others will want to know.')
  const id = newId('act')
  const { deadLetters, letterActions, letterActionItems } = tables
  const [{ total } = { total: 0 }] = await tx.db
    .select({ total: count() })
    .from(deadLetters)
    .where(openLetters(asked.choice))
  if (total === 0) throw new NotFoundError('No open dead letter fits this any more.')
  const alone = total <= ALONE_AT_MOST
  const at = new Date(parts.clock.now())
  const row = {
    id,
    kind: request.kind,
    from: request.kind === 'replay' ? request.from : null,
    reason,
    status: alone ? ('running' as const) : ('waiting' as const),
    chosen: asked.chosen,
    total,
    requestedById: by.id,
    requestedByName: by.name,
    requestedAt: at,
  }
  await tx.db.insert(letterActions).values(row)
  await tx.db.insert(letterActionItems).select(
    tx.db
      .select({
        actionId: sql<string>`${id}`.as('action_id'),
        deadLetterId: deadLetters.id,
        outcome: sql<null>`null`.as('outcome'),
        problem: sql<null>`null`.as('problem'),
      })
      .from(deadLetters)
      .where(openLetters(asked.choice)),
  )
  if (alone) await parts.starter().start(tx, job, { actionId: id })
  await recordAudit(tx, {
    atMs: at.getTime(),
    actor: { kind: 'dashboard', ...by },
    action: `asked to ${request.kind} ${total} dead letters`,
    target: { kind: 'dead-letter', id },
    reason,
    detail: { chosen: asked.chosen, needsSecondPerson: !alone },
  })
  await announceChange(tx, { topic: 'dead-letter', id: null })
  return readAction(tx, id)
}

/**
 * The second person's answer; whoever asked may only take it back.
 * @throws NotAllowedError when the one who asked agrees with themselves; ConflictError when it is answered already
 */
export async function answerAction(
  tx: Transaction,
  parts: LetterParts,
  job: LetterActionJob,
  answer: { actionId: string; agreed: boolean; by: Asker },
): Promise<LetterAction> {
  const { letterActions } = tables
  const action = await readAction(tx, answer.actionId)
  if (answer.agreed && action.requestedById === answer.by.id)
    throw new NotAllowedError(`So many at once need a second person: ask another operator to look at it.`)
  const answered = await tx.db
    .update(letterActions)
    .set({
      status: answer.agreed ? 'running' : 'refused',
      answeredById: answer.by.id,
      answeredByName: answer.by.name,
      answeredAt: new Date(parts.clock.now()),
    })
    .where(and(eq(letterActions.id, action.id), eq(letterActions.status, 'waiting')))
    .returning()
  if (answered.length === 0) throw new ConflictError('Somebody was first: this has been answered already.')
  if (answer.agreed) await parts.starter().start(tx, job, { actionId: action.id })
  await recordAudit(tx, {
    atMs: parts.clock.now(),
    actor: { kind: 'dashboard', ...answer.by },
    action: answer.agreed ? `agreed to ${action.kind} ${action.total} dead letters` : 'refused the action',
    target: { kind: 'dead-letter', id: action.id },
    reason: action.reason,
  })
  await announceChange(tx, { topic: 'dead-letter', id: null })
  return readAction(tx, action.id)
}

const inputSchema = z.object({ actionId: z.string() })
export type LetterActionJob = Job<z.infer<typeof inputSchema>>

const BATCH = 50

/** `letter-action`: works through the letters of one action. */
export function defineLetterAction(parts: LetterParts, compensation: CompensationJob): LetterActionJob {
  return defineJob({
    name: 'letter-action',
    input: inputSchema,
    idempotencyKey: ({ actionId }) => actionId,
    lane: 'maintenance',
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
      const letter = await readLetter(parts, letterId)
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

/** @throws NotFoundError */
export async function readAction(db: Pick<Transaction, 'db'>, id: string): Promise<LetterAction> {
  const { letterActions } = tables
  const rows = await db.db.select().from(letterActions).where(eq(letterActions.id, id))
  if (rows.length === 0) throw new NotFoundError('There is no such action.')
  return onlyRow(rows, 'action')
}
