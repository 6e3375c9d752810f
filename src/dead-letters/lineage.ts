/** A run and those that were started again from it: their work is one, and so are their effects. */
import { and, asc, eq, like, or, sql } from 'drizzle-orm'
import { type Drizzle, tables } from '../database/index.ts'
import { type Effect, parseRunId } from '../engine/index.ts'
import { isRecord, type Json } from '../primitives/index.ts'

/** From the first run up to this one. */
export function lineageOf(runId: string): string[] {
  const { job, key, retry } = parseRunId(runId)
  return Array.from({ length: retry }, (_, index) => `${job}:${key}${index === 0 ? '' : `~${index + 1}`}`)
}

/**
 * The effects of these runs, oldest first; and those that the same job has had on what this run is about, because they
 * may be the very same effects (a welcome goes out once, whichever run asked for it).
 */
export async function effectsOfWork(db: Drizzle, runId: string, input: Json | null): Promise<Effect[]> {
  const { effects } = tables
  const { job } = parseRunId(runId)
  const subjects = isRecord(input) ? Object.values(input).filter((value) => typeof value === 'string') : []
  const own = sql`${effects.runId} in ${lineageOf(runId)}`
  const samePrefix = like(effects.runId, `${job}:%`)
  return db
    .select()
    .from(effects)
    .where(subjects.length === 0 ? own : or(own, and(sql`${effects.subjectId} in ${subjects}`, samePrefix)))
    .orderBy(asc(effects.createdAt))
}

/** What a step noted before it changed something: by the earliest of the runs, which saw it as it was. */
export async function noteOf(db: Drizzle, runId: string, step: string): Promise<Json | null> {
  const { undoNotes } = tables
  for (const id of lineageOf(runId)) {
    const [row] = await db
      .select({ note: undoNotes.note })
      .from(undoNotes)
      .where(and(eq(undoNotes.runId, id), eq(undoNotes.step, step)))
    if (row) return row.note
  }
  return null
}
