/** What an action on a dead letter would do, told before it is done. */
import { eq } from 'drizzle-orm'
import { type Transaction, tables } from '../database/index.ts'
import { type DeadLetter, type Effect, finishedSteps, readRun, readSteps, undoOf } from '../engine/index.ts'
import { type Json, NotFoundError } from '../primitives/index.ts'
import { effectsOfWork, lineageOf } from './lineage.ts'
import type { LetterParts } from './parts.ts'

/** `kept`: it exists, and is not repeated. `tried`: it would be tried (again). `blocked`: a person has to say first. */
export type PlannedEffect = { effect: Effect; fate: 'kept' | 'tried' | 'blocked' }
export type PlannedUndo = { step: string; what: string; possible: boolean }
export type Plan = {
  input: Json | null
  /** Steps whose records a replay from the failed step takes over. */
  keptSteps: string[]
  effects: PlannedEffect[]
  /** Finished steps that changed something, in the order in which they would be taken back. */
  undo: PlannedUndo[]
  /** Why a replay is not possible now; null: it is. */
  replayBlocked: string | null
}

/** @throws NotFoundError when the letter or its run is gone */
export async function planFor(parts: LetterParts, letter: DeadLetter): Promise<Plan> {
  const run = await readRun(letter.runId)
  const [keptSteps, effects, undo] = await Promise.all([
    finishedSteps(parts.database, letter.runId, letter.step),
    effectsOfWork(parts.database.db, letter.runId, run.input),
    plannedUndo(parts, letter),
  ])
  const planned = effects.map((effect): PlannedEffect => ({ effect, fate: fateOf(effect) }))
  return {
    input: run.input,
    keptSteps,
    effects: planned,
    undo,
    replayBlocked: blockedBy(letter.runId, effects),
  }
}

/** @throws NotFoundError */
export async function readLetter(
  { database }: { database: Pick<Transaction, 'db'> },
  id: string,
): Promise<DeadLetter> {
  const { deadLetters } = tables
  const [letter] = await database.db.select().from(deadLetters).where(eq(deadLetters.id, id))
  if (!letter) throw new NotFoundError('There is no such dead letter. It may have been cleaned up.')
  return letter
}

/** Why a replay has to wait; null: nothing speaks against it. What another run did to the same subject is its own affair. */
export function blockedBy(runId: string, all: readonly Effect[]): string | null {
  const own = new Set(lineageOf(runId))
  const effects = all.filter((effect) => own.has(effect.runId))
  const unknown = effects.find(({ status }) => status === 'unknown')
  if (unknown)
    return `First somebody has to say whether this happened: ${unknown.description}. It waits in the Inbox.`
  const undone = effects.find(({ status }) => status === 'undone')
  return undone ? `This was taken back, and is not repeated: ${undone.description}.` : null
}

/** A finished step that can be taken back, or why not; the last one first, each once. */
export async function finishedWork(
  parts: LetterParts,
  letter: DeadLetter,
): Promise<{ runId: string; step: string; output: Json | null }[]> {
  const job = parts.jobs().get(letter.job)
  const found: { runId: string; step: string; output: Json | null }[] = []
  for (const runId of lineageOf(letter.runId).reverse()) {
    const run = await readRun(runId).catch((error: unknown) => {
      if (error instanceof NotFoundError) return null // cleaned up
      throw error
    })
    if (!run) continue
    for (const step of (await readSteps(parts.database.db, run)).reverse()) {
      if (step.outcome.kind !== 'succeeded' || !job || !undoOf(job, step.name)) continue
      if (found.some((known) => known.step === step.name)) continue
      found.push({ runId, step: step.name, output: JSON.parse(JSON.stringify(step.outcome.output ?? null)) })
    }
  }
  return found
}

async function plannedUndo(parts: LetterParts, letter: DeadLetter): Promise<PlannedUndo[]> {
  const job = parts.jobs().get(letter.job)
  return (await finishedWork(parts, letter)).flatMap(({ step }): PlannedUndo[] => {
    const way = job ? undoOf(job, step) : null
    if (!way) return []
    return 'impossible' in way
      ? [{ step, what: way.impossible, possible: false }]
      : [{ step, what: way.describe, possible: true }]
  })
}

function fateOf(effect: Effect): PlannedEffect['fate'] {
  switch (effect.status) {
    case 'done':
      return 'kept'
    case 'intended':
    case 'refused':
      return 'tried'
    case 'unknown':
    case 'undone':
      return 'blocked'
  }
}
