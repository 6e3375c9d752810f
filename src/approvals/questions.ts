/**
 * Questions: approvals about something other than a job post. A job that must not decide by itself asks, with the list
 * of what it is about, and goes on by its kind when a person has answered or the deadline has passed.
 */
import { and, eq } from 'drizzle-orm'
import { type QuestionItem, type Transaction, tables } from '../database/index.ts'
import { type Json, NotFoundError, newId } from '../primitives/index.ts'
import type { Approvals } from './approvals.ts'

export type Question = typeof tables.questions.$inferSelect

export type QuestionRequest = {
  kind: string
  /** Asked once for the same thing: the same key again changes nothing. */
  key: string
  title: string
  /** What it is about, and what follows from either answer; plain words, one paragraph for each entry. */
  explanation: string[]
  items: QuestionItem[]
  approveLabel: string
  denyLabel: string
  data: Json
  runId: string
}

/** Asks, in the caller's transaction. @returns the question's id, also when it had been asked before */
export async function ask(
  tx: Transaction,
  approvals: Approvals,
  request: QuestionRequest,
  nowMs: number,
): Promise<string> {
  const { questions } = tables
  const id = newId('qst')
  const inserted = await tx.db
    .insert(questions)
    .values({ id, ...request, itemCount: request.items.length, createdAt: new Date(nowMs) })
    .onConflictDoNothing({ target: [questions.kind, questions.key] })
    .returning({ id: questions.id })
  if (inserted.length > 0) {
    await approvals.open(tx, {
      kind: request.kind,
      subjectId: id,
      runId: request.runId,
      target: { kind: 'question', id },
    })
    return id
  }
  const [asked] = await tx.db
    .select({ id: questions.id })
    .from(questions)
    .where(and(eq(questions.kind, request.kind), eq(questions.key, request.key)))
  if (!asked) throw new NotFoundError('This question is just being asked by another run.')
  return asked.id
}

/** @throws NotFoundError */
export async function readQuestion(tx: Pick<Transaction, 'db'>, id: string): Promise<Question> {
  const [row] = await tx.db.select().from(tables.questions).where(eq(tables.questions.id, id))
  if (!row) throw new NotFoundError('There is no such question. It may have been cleaned up.')
  return row
}
