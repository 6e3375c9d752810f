/**
 * `compensation`: takes back what the finished steps of a failed run did, the last one first. Each is a step of its own,
 * harmless to repeat; when one cannot be taken back, the letter is open again and says how far it came.
 */
import { and, eq } from 'drizzle-orm'
import { z } from 'zod'
import { type Actor, recordAudit } from '../audit/index.ts'
import { announceChange, type Transaction, tables } from '../database/index.ts'
import { type DeadLetter, defineJob, type Job, readRun, undoOf } from '../engine/index.ts'
import { NeverRetryError } from '../primitives/index.ts'
import { noteOf } from './lineage.ts'
import type { LetterParts } from './parts.ts'
import { finishedWork, readLetter } from './plan.ts'

const inputSchema = z.object({
  letterId: z.string(),
  round: z.int().positive(),
  /** Null: a policy wanted it. */
  actor: z.object({ id: z.string(), name: z.string() }).nullable(),
})
type Input = z.infer<typeof inputSchema>
export type CompensationJob = Job<Input>

export function defineCompensation(parts: LetterParts): CompensationJob {
  return defineJob({
    name: 'compensation',
    input: inputSchema,
    idempotencyKey: ({ letterId, round }) => `${letterId}:${round}`,
    lane: 'maintenance',
    // The letter that it belongs to is open again and says what happened.
    deadLetters: () => ({
      do: 'abandon',
      reason: 'The dead letter whose steps it was to undo is open again.',
    }),
    async run(context, input) {
      const steps = await context.step('see what was done', async () =>
        (await finishedWork(parts, await stillWanted(parts, input))).map(({ step }) => step),
      )
      const undone: string[] = []
      const left: string[] = []
      for (const step of steps) {
        const done = await context.call(`undo “${step}”`, () => undoStep(parts, input, step))
        if (done) undone.push(step)
        else left.push(step)
      }
      return context.transaction('note that it was undone', async (tx) => {
        await finish(tx, parts, input, { undone, left, runId: context.runId })
        return { undone, left }
      })
    },
    async onFailure(tx, { letterId, round }, error) {
      const { deadLetters } = tables
      await tx.db
        .update(deadLetters)
        .set({ status: 'open', problem: error.message, resolvedAt: null })
        .where(
          and(
            eq(deadLetters.id, letterId),
            eq(deadLetters.status, 'compensating'),
            eq(deadLetters.undoRound, round),
          ),
        )
      await announceChange(tx, { topic: 'dead-letter', id: letterId })
    },
  })
}

const NOT_WANTED =
  'This dead letter is not being taken back any more: it was settled otherwise, or asked for anew. If it should be, ask for it on the letter’s page.'

/** A run like this one can be started again by itself, when what it was to take back has long been replayed. */
async function stillWanted(parts: LetterParts, { letterId, round }: Input): Promise<DeadLetter> {
  const letter = await readLetter(parts, letterId)
  if (letter.status !== 'compensating' || letter.undoRound !== round) throw new NeverRetryError(NOT_WANTED)
  return letter
}

/** @returns false when there is no way to take it back */
async function undoStep(parts: LetterParts, input: Input, step: string): Promise<boolean> {
  const letter = await stillWanted(parts, input)
  const job = parts.jobs().get(letter.job)
  const way = job ? undoOf(job, step) : null
  const work = (await finishedWork(parts, letter)).find((found) => found.step === step)
  if (!job || !way || !work)
    throw new NeverRetryError(`There is nothing left that says how “${step}” of ${letter.job} is taken back.`)
  if ('impossible' in way) return false
  const runInput = job.input.parse(await inputOf(letter))
  await way.run(
    {
      runId: letter.runId,
      input: runInput,
      output: work.output,
      note: await noteOf(parts.database.db, letter.runId, step),
    },
    { actor: actorOf(input), transaction: (act) => parts.database.transaction(act) },
  )
  const effectKey = way.effect?.(runInput)
  if (effectKey !== undefined)
    await parts.database.db
      .update(tables.effects)
      .set({ status: 'undone', settledAt: new Date(parts.clock.now()) })
      .where(and(eq(tables.effects.key, effectKey), eq(tables.effects.status, 'done')))
  return true
}

async function finish(
  tx: Transaction,
  parts: LetterParts,
  input: Input,
  result: { undone: string[]; left: string[]; runId: string },
): Promise<void> {
  const { undone, left, runId } = result
  const remains = left.length === 0 ? null : `Cannot be taken back: ${left.join(', ')}.`
  const { deadLetters } = tables
  const settled = await tx.db
    .update(deadLetters)
    .set({ status: 'compensated', problem: remains, resolvedAt: new Date(parts.clock.now()) })
    .where(
      and(
        eq(deadLetters.id, input.letterId),
        eq(deadLetters.status, 'compensating'),
        eq(deadLetters.undoRound, input.round),
      ),
    )
    .returning({ id: deadLetters.id })
  if (settled.length === 0) throw new NeverRetryError(NOT_WANTED)
  await announceChange(tx, { topic: 'dead-letter', id: input.letterId })
  await recordAudit(tx, {
    atMs: parts.clock.now(),
    actor: actorOf(input),
    action: 'took its steps back',
    target: { kind: 'dead-letter', id: input.letterId },
    detail: { undone, left },
    runId,
  })
}

function actorOf({ actor }: Input): Actor & { kind: 'dashboard' | 'system' } {
  return actor === null ? { kind: 'system' } : { kind: 'dashboard', ...actor }
}

async function inputOf(letter: DeadLetter) {
  return (await readRun(letter.runId)).input
}
