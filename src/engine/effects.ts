/**
 * The effect ledger. An outward call without idempotency at the provider goes through one row:
 *
 *   intended ──attempt──▶ done        the answer came: what the provider made is recorded
 *       │        └──────▶ refused     the provider said no, for good
 *       │        └──────▶ unknown     the answer was lost, and looking did not settle whether it happened
 *       ▼
 *    (undone: a later undo took it back)
 *
 * When an attempt goes out, after everything that holds it back, the row says so first (`attempt_started_at`), and that
 * is committed. From then until the
 * outcome is recorded the attempt may have happened; whoever finds the row like that, after a lost answer or a crash,
 * looks the object up at the provider first, and repeats only what is certainly not there. What cannot be known
 * becomes `unknown`: it is shown to a person, and never repeated by guess.
 */
import { eq } from 'drizzle-orm'
import { tables } from '../database/index.ts'
import {
  type Json,
  KinkeeperError,
  LookFirstError,
  listenToSending,
  NeverRetryError,
  ParkError,
  RetryAtError,
  SECOND_MS,
  type SerializedError,
  seam,
  serializeError,
  systemNow,
} from '../primitives/index.ts'
import { OUTCOME_UNKNOWN } from './causes.ts'
import { beginAttempt, type EffectRow, intend, noteAttempt, settle } from './effect-rows.ts'
import { throughOutages } from './outages.ts'
import type { Recorded, RunEnvironment } from './run-context.ts'

/** One outward call. `key` is what makes two attempts the same effect. */
export type EffectSpec<T extends Json> = {
  key: string
  /** `<provider>.<what>`, e.g. `circle.post`. */
  kind: string
  /** In plain words for people; personal data masked. */
  description: string
  subjectId: string
  /**
   * Sends it, through a connector: what it does before that (reading, composing, waiting for its turn) is no attempt
   * yet. Whatever else sends something calls `announceSending` right before.
   */
  perform: () => Promise<T>
  /**
   * Looks for the object at the provider, made since this time (epoch milliseconds). Null: certainly not there.
   * `impossible`: the provider gives no way to know; after a lost answer a person is asked.
   */
  look: ((sinceMs: number) => Promise<T | null>) | 'impossible'
  objectId: (result: T) => string
}

/**
 * One attempt at an effect: gives the recorded result when it is done, looks first when an earlier attempt may have
 * happened, and performs it when it certainly has not.
 * @throws RetryAtError while an earlier attempt may still be under way; LookFirstError when this attempt's answer is lost
 */
export async function performEffect<T extends Json>(
  environment: RunEnvironment,
  runId: string,
  spec: EffectSpec<T>,
): Promise<T> {
  seam(`${spec.kind}.before-intent`)
  const row = await environment.slots.run(() => intend(environment, runId, spec))
  seam(`${spec.kind}.after-intent`)
  if (row.status === 'done') return row.result as T // recorded by this very effect
  if (row.status === 'unknown')
    throw new NeverRetryError(`${OUTCOME_UNKNOWN}: ${spec.description}. A person has to say.`)
  if (row.status === 'undone')
    throw new NeverRetryError(`This was undone and is not repeated: ${spec.description}`)
  if (row.attemptStartedAt) {
    const found = await lookUp(environment, row, spec)
    if (found !== null) return found
  }
  const sent: { attempt: EffectRow | null } = { attempt: null }
  const begin = async () => {
    if (sent.attempt) return sent.attempt
    sent.attempt = await beginAttempt(environment, runId, row)
    seam(`${spec.kind}.before-call`)
    return sent.attempt
  }
  let result: T
  try {
    result = await listenToSending(async () => void (await begin()), spec.perform)
  } catch (error) {
    // Who says that it may have happened has sent it, announced or not.
    if (sent.attempt === null && !(error instanceof LookFirstError))
      throw await recordUnsent(environment, row, error)
    throw await recordFailedAttempt(environment, await begin(), error)
  }
  if (sent.attempt === null) await beginLate(environment, begin)
  seam(`${spec.kind}.after-call`)
  const outcome = { status: 'done' as const, result, objectId: spec.objectId(result) }
  // The answer is in our hands: without this, whoever comes next would have to look, or to ask a person.
  await throughOutages(environment, () => environment.slots.run(() => settle(environment, row.id, outcome)))
  seam(`${spec.kind}.after-record`)
  return result
}

/** It is done, and no gate has announced it: it is on record late, or not at all, but it is done. */
async function beginLate(environment: RunEnvironment, begin: () => Promise<EffectRow>): Promise<void> {
  try {
    await throughOutages(environment, begin)
  } catch (error) {
    environment.logger.warn(
      { event: 'effect.not_announced', error: serializeError(error) },
      'Something was sent that nothing had announced, and was not on record before',
    )
  }
}

/** Tries something with a patience of its own; see `RunContext`. */
export type LastTry = <T extends Json>(work: () => Promise<T>) => Promise<Recorded<T>>

/**
 * When the attempts are used up, and the last one may have happened, it is looked for once more. Found: then it is done.
 * Certainly not there: then the failure stands as it is, and can be replayed. Where that cannot be said the effect
 * becomes `unknown`, and the failure says so.
 * @param lastTry how patiently to look
 */
export async function settleAbandoned<T extends Json>(
  environment: RunEnvironment,
  spec: EffectSpec<T>,
  failure: SerializedError,
  lastTry: LastTry,
): Promise<Recorded<T>> {
  const { effects } = tables
  const [row] = await throughOutages(environment, () =>
    environment.database.db.select().from(effects).where(eq(effects.key, spec.key)),
  )
  if (row?.status !== 'intended' || row.attemptStartedAt === null) return { failure }
  if (spec.look !== 'impossible') {
    const looked = await lastTry(async () => ({ found: await lookUp(environment, row, spec) }))
    if ('value' in looked) return looked.value.found === null ? { failure } : { value: looked.value.found }
  }
  await throughOutages(environment, () => settle(environment, row.id, { status: 'unknown', error: failure }))
  return {
    failure: { ...failure, message: `${OUTCOME_UNKNOWN}: ${spec.description}. ${failure.message}` },
  }
}

/** @throws RetryAtError while it may still be under way; NeverRetryError where nobody can look */
async function lookUp<T extends Json>(
  environment: RunEnvironment,
  row: EffectRow,
  spec: EffectSpec<T>,
): Promise<T | null> {
  const now = systemNow()
  const waitMs = (row.lookAfter?.getTime() ?? now) - now
  // Whose answer was lost, and how: what is given up here is given up because of that.
  const facts = row.error?.facts ?? {}
  if (waitMs > 0)
    throw new RetryAtError(`Waiting before looking whether it happened: ${spec.description}.`, waitMs, {
      facts,
    })
  if (spec.look === 'impossible')
    throw new NeverRetryError(`The answer was lost, and there is no way to look: ${spec.description}.`, {
      facts,
    })
  const found = await spec.look((row.firstAttemptAt ?? row.createdAt).getTime())
  seam(`${spec.kind}.after-look`)
  if (found !== null) {
    await settle(environment, row.id, { status: 'done', result: found, objectId: spec.objectId(found) })
    return found
  }
  await noteAttempt(environment, row, { attemptStartedAt: null })
  return null
}

/** It failed before anything went out, so it certainly did not happen; what will never go out is on record as refused. */
async function recordUnsent(environment: RunEnvironment, row: EffectRow, thrown: unknown): Promise<unknown> {
  if (thrown instanceof KinkeeperError && !goesOutLater(thrown)) {
    const refused = { error: serializeError(thrown), status: 'refused' as const }
    await throughOutages(environment, () => noteAttempt(environment, row, refused))
  }
  return thrown
}

function goesOutLater({ next }: KinkeeperError): boolean {
  return next === 'retry' || next === 'retry-at' || next === 'park' || next === 'look-first'
}

/** What an attempt's failure says about whether it happened; anything unforeseen counts as "may have happened". */
async function recordFailedAttempt(
  environment: RunEnvironment,
  row: EffectRow,
  thrown: unknown,
): Promise<unknown> {
  // A parked request says in its cause how it ended; without one it was never sent.
  const ended = thrown instanceof ParkError ? (thrown.cause ?? thrown) : thrown
  const error =
    ended instanceof KinkeeperError
      ? ended
      : new LookFirstError('The call failed in an unforeseen way', SECOND_MS, { cause: ended })
  const serialized = serializeError(ended)
  const note = (change: Partial<EffectRow>) =>
    throughOutages(environment, () => noteAttempt(environment, row, { error: serialized, ...change }))
  if (error instanceof LookFirstError) await note({ lookAfter: new Date(systemNow() + error.settleMs) })
  else await note({ attemptStartedAt: null, ...(goesOutLater(error) ? {} : { status: 'refused' as const }) })
  return thrown instanceof ParkError ? thrown : error
}
