/** Starting a run again: from its beginning, or from the step that failed, with what the steps before it gave. */
import { DBOS } from '@dbos-inc/dbos-sdk'
import { eq, type SQL, sql } from 'drizzle-orm'
import { announceChange, type Transaction, tables } from '../database/index.ts'
import { ConflictError, type Json } from '../primitives/index.ts'
import { closeLetterOf, type LetterActor, ON_FAILURE } from './dead-letters.ts'
import { parseRunId } from './jobs.ts'
import { asRun, type Run, readRun } from './runs.ts'
import type { RunStarter } from './starter.ts'

/**
 * Starts a failed run again from its beginning, under the next id. Effects that are done are not repeated. When it was
 * started again before, what counts is the latest of those runs. Its dead letter is settled by that.
 * @returns the new run's id @throws NotFoundError; ConflictError when the latest has not failed
 */
export async function startRunAgain(
  tx: Transaction,
  starter: RunStarter,
  runId: string,
  by: { actor: LetterActor; atMs: number },
): Promise<string> {
  const run = await latestOf(await readRun(runId))
  await refuseWhenTakenBack(tx, run.id)
  const followUpRunId = await startNext(tx, starter, run, run.input)
  await closeLetterOf(tx, run.id, { ...by, followUpRunId })
  return followUpRunId
}

/** @throws ConflictError while its steps are taken back, or when they have been */
async function refuseWhenTakenBack(tx: Transaction, runId: string): Promise<void> {
  const { deadLetters } = tables
  const [letter] = await tx.db
    .select({ status: deadLetters.status })
    .from(deadLetters)
    .where(eq(deadLetters.runId, runId))
    .for('update')
  if (letter?.status === 'compensating') throw new ConflictError('Its steps are just being taken back.')
  if (letter?.status === 'compensated')
    throw new ConflictError('Its steps were taken back. What it was for has to be asked for anew.')
}

/** Whether the latest of the runs that were started again from this one was abandoned, or its steps taken back. */
export async function isGivenUp(tx: Transaction, runId: string): Promise<boolean> {
  const { deadLetters } = tables
  const latest = await latestOf(await readRun(runId))
  const [letter] = await tx.db
    .select({ status: deadLetters.status })
    .from(deadLetters)
    .where(eq(deadLetters.runId, latest.id))
    .for('update')
  return letter !== undefined && ['abandoned', 'compensating', 'compensated'].includes(letter.status)
}

/**
 * Starts exactly this run again, under the next id.
 * @param replay.failedStep go on from this step, with the records of those before it (null: none was under way, so all
 *   that finished is kept); absent: from the start
 * @returns the new run's id @throws NotFoundError; ConflictError when it has not failed or was started again already
 */
export async function replayRun(
  tx: Transaction,
  starter: RunStarter,
  runId: string,
  replay: { from: 'start'; input: Json | null } | { from: 'failed-step'; failedStep: string | null },
): Promise<string> {
  const run = await readRun(runId)
  if ((await latestOf(run)).id !== run.id) throw new ConflictError('This run was started again already.')
  const input = replay.from === 'start' ? (replay.input ?? run.input) : run.input
  const id = await startNext(tx, starter, run, input)
  if (replay.from === 'failed-step') await keepSteps(tx, run.id, id, replay.failedStep)
  await keepNotes(tx, run.id, id)
  return id
}

/** The names of the steps that a replay from the failed one would not run again, in order. */
export async function finishedSteps(
  db: Pick<Transaction, 'db'>,
  runId: string,
  failedStep: string | null,
): Promise<string[]> {
  const { rows } = await db.db.execute<{ name: string }>(sql`
    select step.function_name as name from dbos.operation_outputs as step
    where step.workflow_uuid = ${runId} and ${beforeFailure(runId, failedStep)}
    order by step.function_id`)
  return rows.map(({ name }) => name)
}

/** `…~2` after the run that is the last in its row. */
async function startNext(
  tx: Transaction,
  starter: RunStarter,
  run: Run,
  input: Json | null,
): Promise<string> {
  if (run.status !== 'failed' && run.status !== 'cancelled')
    throw new ConflictError('Only a run that has failed can be started again.')
  const { job, key, retry } = parseRunId(run.id)
  const id = await starter.startAgain(tx, { jobName: job, baseId: `${job}:${key}`, input, retry })
  await announceChange(tx, { topic: 'run', id: run.id })
  return id
}

/** DBOS finds them when the new run comes to these steps, and takes what they gave. */
async function keepSteps(
  tx: Transaction,
  from: string,
  to: string,
  failedStep: string | null,
): Promise<void> {
  await tx.db.execute(sql`
    insert into dbos.operation_outputs
    select (jsonb_populate_record(step, jsonb_build_object('workflow_uuid', ${to}::text))).*
    from dbos.operation_outputs as step
    where step.workflow_uuid = ${from} and ${beforeFailure(from, failedStep)}`)
  // What committed and was not recorded any more (the process died in between) is done too.
  const { completedTransactions } = tables
  await tx.db.execute(sql`
    insert into ${completedTransactions} (run_id, step, output, at)
    select ${to}, done.step, done.output, done.at from ${completedTransactions} as done
    where done.run_id = ${from} and done.step <> ${ON_FAILURE} and done.step is distinct from ${failedStep}
    on conflict do nothing`)
}

/** How things were before the work began is known by its first run only, which may be cleaned up before this one. */
async function keepNotes(tx: Transaction, from: string, to: string): Promise<void> {
  const { undoNotes } = tables
  await tx.db.execute(sql`
    insert into ${undoNotes} (run_id, step, note)
    select ${to}, noted.step, noted.note from ${undoNotes} as noted where noted.run_id = ${from}
    on conflict do nothing`)
}

/**
 * Where no step is named, up to the first that failed: it may have been one that the job could do without. What was begun
 * beside the failed one and succeeded (mails to several people) is before it too, though it was numbered after it.
 */
function beforeFailure(runId: string, failedStep: string | null) {
  const failed =
    failedStep === null
      ? sql`select min(failed.function_id) from dbos.operation_outputs as failed
            where failed.workflow_uuid = ${runId} and ${hasFailed(sql`failed`)}`
      : sql`select max(failed.function_id) from dbos.operation_outputs as failed
            where failed.workflow_uuid = ${runId} and failed.function_name = ${failedStep}`
  return sql`(step.function_id < coalesce((${failed}), 2147483647)
    or (not ${hasFailed(sql`step`)} and step.started_at_epoch_ms < (
      select other.completed_at_epoch_ms from dbos.operation_outputs as other
      where other.workflow_uuid = ${runId} and other.function_id = (${failed}))))`
}

function hasFailed(step: SQL): SQL {
  return sql`(${step}.function_name = ${ON_FAILURE} or coalesce(${step}.output like '%"failure":%', false)
    or ${step}.error is not null)`
}

/** The last run in the row of those that were started again from this one; itself when there is none. */
async function latestOf(run: Run): Promise<Run> {
  const { job, key, retry } = parseRunId(run.id)
  const next = await DBOS.getWorkflowStatus(`${job}:${key}~${retry + 1}`)
  return next ? latestOf(asRun(next)) : run
}
