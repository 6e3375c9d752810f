/** What a person (or a policy) does with one dead letter. Each is one guarded change, and leaves an audit entry. */

import { eq } from 'drizzle-orm'
import { type Actor, recordAudit } from '../audit/index.ts'
import { type Transaction, tables } from '../database/index.ts'
import { checkInput, type DeadLetter, readRun, replayRun, settleLetter } from '../engine/index.ts'
import { BadInputError, ConflictError, type Json } from '../primitives/index.ts'
import type { CompensationJob } from './compensation.ts'
import { effectsOfWork } from './lineage.ts'
import type { LetterParts } from './parts.ts'
import { blockedBy } from './plan.ts'

/** `input`: instead of the run's own, checked by the job's schema; only from the start, because finished steps came from the old one. */
export type Replay = { from: 'failed-step' } | { from: 'start'; input?: Json }

/**
 * Replays a run under the next id.
 * @returns the new run's id
 * @throws ConflictError when somebody was first, or an effect has to be settled first; BadInputError when the input does
 *   not fit, naming the fields
 */
export async function replayLetter(
  tx: Transaction,
  parts: LetterParts,
  letter: DeadLetter,
  replay: Replay,
  by: { actor: Actor; automatic?: boolean; reason?: string },
): Promise<string> {
  const run = await readRun(letter.runId)
  const blocked = blockedBy(letter.runId, await effectsOfWork(tx.db, letter.runId, run.input))
  if (blocked !== null) throw new ConflictError(blocked)
  const input = replay.from === 'start' ? editedInput(parts, letter, replay.input) : null
  const atMs = parts.clock.now()
  // The letter first: of two who replay at once, one waits here and is told.
  const automaticReplays = by.automatic ? letter.automaticReplays + 1 : letter.automaticReplays
  await settleLetter(tx, letter.id, { status: 'replayed', automaticReplays }, { actor: by.actor, atMs })
  const runId = await replayRun(
    tx,
    parts.starter(),
    letter.runId,
    replay.from === 'start' ? { from: 'start', input } : { from: 'failed-step', failedStep: letter.step },
  )
  await linkFollowUp(tx, letter.id, runId)
  await recordAudit(tx, {
    atMs,
    actor: by.actor,
    action: replay.from === 'start' ? 'replayed from the start' : 'replayed from the failed step',
    target: { kind: 'dead-letter', id: letter.id },
    reason: by.reason ?? null,
    detail: { run: letter.runId, edited: replay.from === 'start' && replay.input !== undefined },
    runId,
  })
  return runId
}

/** Nothing more is done about it. @throws ConflictError when somebody was first; BadInputError without a reason */
export async function abandonLetter(
  tx: Transaction,
  parts: LetterParts,
  letter: DeadLetter,
  by: { actor: Actor; reason: string },
): Promise<void> {
  const reason = by.reason.trim()
  if (reason === '') throw new BadInputError('Say why nothing more is to be done: others will want to know.')
  const atMs = parts.clock.now()
  await settleLetter(tx, letter.id, { status: 'abandoned', reason }, { actor: by.actor, atMs })
  await recordAudit(tx, {
    atMs,
    actor: by.actor,
    action: 'abandoned',
    target: { kind: 'dead-letter', id: letter.id },
    reason,
    detail: { run: letter.runId },
  })
}

/**
 * Starts taking back what the run's finished steps did, the last one first.
 * @returns the run that does it @throws ConflictError when somebody was first
 */
export async function undoLetter(
  tx: Transaction,
  parts: LetterParts,
  compensation: CompensationJob,
  letter: DeadLetter,
  by: { actor: Actor },
): Promise<string> {
  const atMs = parts.clock.now()
  const undoRound = letter.undoRound + 1
  const change = { status: 'compensating' as const, undoRound, problem: null }
  await settleLetter(tx, letter.id, change, { actor: by.actor, atMs })
  const { actor } = by
  const runId = await parts.starter().start(tx, compensation, {
    letterId: letter.id,
    round: undoRound,
    actor: actor.kind === 'system' ? null : { id: actor.id, name: actor.name },
  })
  await linkFollowUp(tx, letter.id, runId)
  await recordAudit(tx, {
    atMs,
    actor,
    action: 'asked to take its steps back',
    target: { kind: 'dead-letter', id: letter.id },
    detail: { run: letter.runId },
    runId,
  })
  return runId
}

function editedInput(parts: LetterParts, letter: DeadLetter, input: Json | undefined): Json | null {
  if (input === undefined) return null
  const job = parts.jobs().get(letter.job)
  if (!job) throw new BadInputError(`There is no job ${letter.job} any more, so it cannot be replayed.`)
  checkInput(job, input)
  return input
}

async function linkFollowUp(tx: Transaction, letterId: string, followUpRunId: string): Promise<void> {
  const { deadLetters } = tables
  await tx.db.update(deadLetters).set({ followUpRunId }).where(eq(deadLetters.id, letterId))
}
