/**
 * Dead letters: each run that has failed for good leaves one.
 *
 *   open ──replay──▶ replayed      a new run goes on (its own failure is a new letter, linked by `replay_of`)
 *     │ ──abandon──▶ abandoned     nothing more is done, and the reason says why
 *     └──undo──▶ compensating ──▶ compensated    the finished steps were taken back, last first
 *                       └──▶ open  taking them back failed; `problem` says how far it came
 *
 * Every change is one guarded update, so that of two people (or a person and a policy) one is told who was first. The
 * letter is written in the transaction that tells the job's tables of the failure; what ended without one (a process
 * that died under it again and again, an input that does not fit any more) is found by a look every few seconds.
 */
import { DBOS } from '@dbos-inc/dbos-sdk'
import { and, eq, sql } from 'drizzle-orm'
import {
  announceChange,
  type Database,
  isDatabaseUnavailable,
  type Transaction,
  tables,
} from '../database/index.ts'
import {
  type Clock,
  ConflictError,
  type Json,
  type Logger,
  newId,
  type SerializedError,
  serializeError,
} from '../primitives/index.ts'
import { causeOf } from './causes.ts'
import { type Job, parseRunId } from './jobs.ts'

export type DeadLetter = typeof tables.deadLetters.$inferSelect
/** What a policy does about a new letter, in the transaction that writes it. */
export type OnDeadLetter = (tx: Transaction, letter: DeadLetter) => Promise<void>
/** Who settles a letter. */
export type LetterActor =
  | { kind: 'dashboard' | 'slack' | 'sender'; id: string; name: string }
  | { kind: 'system' }

type Failed = {
  job: string
  runId: string
  step: string | null
  error: SerializedError
  atMs: number
}

/** Writes the letter of a run that has failed, unless it has one. @returns it, or null when it had one */
export async function recordDeadLetter(tx: Transaction, failed: Failed): Promise<DeadLetter | null> {
  const { runId, step, error, job } = failed
  const cause = causeOf(error, { job, step })
  const before = await previousLetter(tx, runId)
  const [letter] = await tx.db
    .insert(tables.deadLetters)
    .values({
      id: newId('dl'),
      runId,
      job,
      status: 'open',
      failedAt: new Date(failed.atMs),
      step,
      error,
      cause: cause.key,
      provider: cause.provider,
      errorClass: cause.errorClass,
      attempts: sql<number>`(select count(*) from ${tables.stepFailures} where run_id = ${runId} and step = ${step ?? ''})`,
      replayOf: before?.id ?? null,
      automaticReplays: before?.automaticReplays ?? 0,
    })
    .onConflictDoNothing({ target: tables.deadLetters.runId })
    .returning()
  if (!letter) return null
  await announceChange(tx, { topic: 'dead-letter', id: letter.id })
  return letter
}

/** The letter that was replayed as this run. */
async function previousLetter(tx: Transaction, runId: string): Promise<DeadLetter | null> {
  const { job, key, retry } = parseRunId(runId)
  if (retry < 2) return null
  const previous = retry === 2 ? `${job}:${key}` : `${job}:${key}~${retry - 1}`
  const [row] = await tx.db.select().from(tables.deadLetters).where(eq(tables.deadLetters.runId, previous))
  return row ?? null
}

/**
 * Settles an open letter.
 * @throws ConflictError when it is not open, saying who was first
 */
export async function settleLetter(
  tx: Transaction,
  letterId: string,
  change: Partial<DeadLetter> & { status: DeadLetter['status'] },
  by: { actor: LetterActor; atMs: number },
): Promise<DeadLetter> {
  const { deadLetters } = tables
  const [settled] = await tx.db
    .update(deadLetters)
    .set({ ...change, ...columnsOf(by.actor), resolvedAt: new Date(by.atMs) })
    .where(and(eq(deadLetters.id, letterId), eq(deadLetters.status, 'open')))
    .returning()
  await announceChange(tx, { topic: 'dead-letter', id: letterId })
  if (settled) return settled
  const [now] = await tx.db.select().from(deadLetters).where(eq(deadLetters.id, letterId))
  throw new ConflictError(
    now
      ? `${now.resolvedByName ?? 'Somebody'} was first: this dead letter is ${now.status} already.`
      : 'There is no such dead letter any more.',
  )
}

/**
 * The work of this run, and of those that were started again from it, is done in another way: their open letter, if there
 * is one, is replayed by that run.
 */
export async function closeLetterOf(
  tx: Transaction,
  runId: string,
  by: { followUpRunId: string; actor: LetterActor; atMs: number },
): Promise<void> {
  const { deadLetters } = tables
  const closed = await tx.db
    .update(deadLetters)
    .set({
      status: 'replayed',
      followUpRunId: by.followUpRunId,
      resolvedAt: new Date(by.atMs),
      ...columnsOf(by.actor),
    })
    .where(and(ofWork(runId), eq(deadLetters.status, 'open')))
    .returning({ id: deadLetters.id })
  for (const { id } of closed) await announceChange(tx, { topic: 'dead-letter', id })
}

function ofWork(runId: string) {
  const { job, key } = parseRunId(runId)
  const first = `${job}:${key}`
  return sql`(${tables.deadLetters.runId} = ${first} or starts_with(${tables.deadLetters.runId}, ${`${first}~`}))`
}

function columnsOf(actor: LetterActor) {
  return actor.kind === 'system'
    ? { resolvedByKind: 'system' as const, resolvedById: null, resolvedByName: 'Kinkeeper' }
    : { resolvedByKind: actor.kind, resolvedById: actor.id, resolvedByName: actor.name }
}

type LetterFinder = { database: Database; clock: Clock; logger: Logger; onDeadLetter?: OnDeadLetter }

/** At most so many in one look; the next look finds the rest. */
const FOUND_AT_ONCE = 200

/**
 * Finds failed runs without a letter: they ended outside their own code. The job's tables are told then too. Runs that
 * somebody has started again are nobody's business.
 * @returns how many were found
 */
export async function findUnlettered(parts: LetterFinder, jobs: ReadonlyMap<string, Job>): Promise<number> {
  const { rows } = await parts.database.db.execute<{ id: string; told: boolean }>(sql`
    select run.workflow_uuid as id, exists (
      select from ${tables.completedTransactions} where run_id = run.workflow_uuid and step = ${ON_FAILURE}) as told
    from dbos.workflow_status as run
    where run.status in ('ERROR', 'MAX_RECOVERY_ATTEMPTS_EXCEEDED')
      and not exists (select from ${tables.deadLetters} where run_id = run.workflow_uuid)
      and not exists (select from dbos.workflow_status as again where again.workflow_uuid =
        regexp_replace(run.workflow_uuid, '~[0-9]+$', '') || '~'
        || (coalesce(substring(run.workflow_uuid from '~([0-9]+)$')::int, 1) + 1))
    limit ${FOUND_AT_ONCE}`)
  for (const row of rows) {
    try {
      await recordFound(parts, jobs, row)
    } catch (error) {
      if (isDatabaseUnavailable(error)) throw error
      // What the job's tables cannot be told must not keep the letter from being written, nor those behind it.
      parts.logger.error(
        { event: 'run.failure_not_told', run: row.id, error: serializeError(error) },
        'A job could not be told that its run has failed; the dead letter is written all the same',
      )
      await recordFound(parts, jobs, { ...row, told: true })
    }
  }
  return rows.length
}

/** The step in which a run tells the tables that it has failed. */
export const ON_FAILURE = 'on failure'

async function recordFound(
  parts: LetterFinder,
  jobs: ReadonlyMap<string, Job>,
  found: { id: string; told: boolean },
): Promise<void> {
  const status = await DBOS.getWorkflowStatus(found.id)
  if (!status) return
  const job = jobs.get(status.workflowName)
  const error =
    status.status === 'MAX_RECOVERY_ATTEMPTS_EXCEEDED'
      ? givenUp()
      : serializeError(status.error ?? 'It ended without saying why')
  const input: Json = JSON.parse(JSON.stringify(status.input?.[0] ?? null))
  await parts.database.transaction(async (tx) => {
    const failed = { job: status.workflowName, runId: found.id, step: null, error }
    const letter = await recordDeadLetter(tx, { ...failed, atMs: parts.clock.now() })
    if (!letter) return
    const checked = job?.input.safeParse(input)
    if (!found.told && job && checked?.success) await job.onFailure?.(tx, checked.data, error, found.id)
    await parts.onDeadLetter?.(tx, letter)
  })
  parts.logger.error(
    { event: 'run.failed', job: status.workflowName, run: found.id, error },
    `A run ended outside its own code: ${error.message}`,
  )
}

function givenUp(): SerializedError {
  return {
    name: 'GivenUpRun',
    message:
      'The process died under this run again and again, without the run getting any further. It was given up so that it does not take everything else down with it.',
    next: 'never-retry',
    facts: {},
  }
}
