/**
 * The same action on many dead letters. Which letters is decided when it is asked for, not while it runs:
 *
 *   waiting ──a second person──▶ running ──▶ finished      (up to twenty need no second person)
 *      └──────anybody refuses──▶ refused
 *
 * A durable run works through them (`letter-action.ts`).
 */
import { and, eq, gt, inArray, isNull, type SQL, sql } from 'drizzle-orm'
import { recordAudit } from '../audit/index.ts'
import { announceChange, onlyRow, type Transaction, tables } from '../database/index.ts'
import {
  BadInputError,
  ConflictError,
  MINUTE_MS,
  NotAllowedError,
  NotFoundError,
  newId,
} from '../primitives/index.ts'
import type { LetterActionJob } from './letter-action.ts'
import { ALONE_AT_MOST, type LetterParts } from './parts.ts'

export type LetterAction = typeof tables.letterActions.$inferSelect
/** Open letters: these, or all that fit every given part. */
export type Choice =
  | { ids: string[] }
  | { job?: string; provider?: string; cause?: string; errorClass?: string }
export type ActionRequest =
  | { kind: 'replay'; from: 'failed-step' | 'start' }
  | { kind: 'compensate' }
  | { kind: 'abandon'; reason: string }

/** Within this time, what one person does is added up. */
const ADDED_UP_MS = 10 * MINUTE_MS

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
  const at = new Date(parts.clock.now())
  const row = {
    id,
    kind: request.kind,
    from: request.kind === 'replay' ? request.from : null,
    reason,
    status: 'waiting' as const,
    chosen: asked.chosen,
    total: 0,
    requestedById: by.id,
    requestedByName: by.name,
    requestedAt: at,
  }
  const before = await takenLately(tx, row)
  await tx.db.insert(letterActions).values(row)
  const taken = await tx.db
    .insert(letterActionItems)
    .select(
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
    .returning({ id: letterActionItems.deadLetterId })
  const total = taken.length
  if (total === 0) throw new NotFoundError('No open dead letter fits this any more.')
  const alone = before + total <= ALONE_AT_MOST
  await tx.db
    .update(letterActions)
    .set({ total, status: alone ? 'running' : 'waiting' })
    .where(eq(letterActions.id, id))
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
 * Twenty and twenty again are forty: how many letters the same person has acted on in the same way a moment ago. What
 * they ask for at the same time waits here for this transaction to end, and then counts it.
 */
async function takenLately(
  tx: Transaction,
  action: Pick<LetterAction, 'kind' | 'requestedById' | 'requestedAt'>,
): Promise<number> {
  const { letterActions } = tables
  await tx.db.execute(
    sql`select pg_advisory_xact_lock(hashtextextended(${`letter-actions/${action.requestedById}`}, 7))`,
  )
  const [row] = await tx.db
    .select({ total: sql<string>`coalesce(sum(${letterActions.total}), 0)` })
    .from(letterActions)
    .where(
      and(
        eq(letterActions.requestedById, action.requestedById),
        eq(letterActions.kind, action.kind),
        inArray(letterActions.status, ['running', 'finished']),
        isNull(letterActions.answeredById),
        gt(letterActions.requestedAt, new Date(action.requestedAt.getTime() - ADDED_UP_MS)),
      ),
    )
  return Number(row?.total ?? 0)
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

/** @throws NotFoundError */
export async function readAction(db: Pick<Transaction, 'db'>, id: string): Promise<LetterAction> {
  const { letterActions } = tables
  const rows = await db.db.select().from(letterActions).where(eq(letterActions.id, id))
  if (rows.length === 0) throw new NotFoundError('There is no such action.')
  return onlyRow(rows, 'action')
}
