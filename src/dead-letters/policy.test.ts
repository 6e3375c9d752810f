import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { z } from 'zod'
import { type LetterStage, startLetterStage } from '../../tests/support/letter-stage.ts'
import { tables } from '../database/index.ts'
import { defineJob, replayAfterOutage } from '../engine/index.ts'
import { NeverRetryError, newId, RetryError } from '../primitives/index.ts'
import { readLetter } from './index.ts'

/** Fails as the test says. */
let howItFails: () => void = () => {}
const caller = defineJob({
  name: 'caller',
  input: z.object({ id: z.string() }),
  idempotencyKey: ({ id }) => id,
  retry: { attempts: 1 },
  deadLetters: (cause) =>
    cause.code === 'gone' ? { do: 'abandon', reason: 'They are gone.' } : replayAfterOutage(cause),
  async run(context) {
    await context.call('call', async () => howItFails())
  },
})
const unreachable = () => {
  throw new RetryError('Luma cannot be reached', { facts: { provider: 'luma', failure: 'not_sent' } })
}

let stage: LetterStage
beforeAll(async () => {
  stage = await startLetterStage([caller])
})
afterAll(() => stage.stop())
beforeEach(async () => {
  await stage.database.db.delete(tables.deadLetters)
  await breaker('closed')
})

/** The letter of a run that has come to its end: the letter is there a moment before. */
async function failed(runId: string) {
  const letter = await stage.letterOf(runId)
  await stage.ended(runId, 'failed')
  return letter
}
const rested = () => stage.database.db.update(tables.deadLetters).set({ failedAt: new Date(0) })
function breaker(state: 'open' | 'closed', probeAt: Date | null = null) {
  const { providerStates } = tables
  return stage.database.db
    .insert(providerStates)
    .values({ provider: 'luma', breaker: state, probeAt })
    .onConflictDoUpdate({ target: providerStates.provider, set: { breaker: state, probeAt } })
}

test('a policy abandons what it knows, and replays when the provider is back, three times at most', async () => {
  const because = (message: string, facts: Record<string, string>) => () => {
    throw new NeverRetryError(message, { facts: { provider: 'luma', ...facts } })
  }
  howItFails = because('No such member', { failure: 'refused', code: 'gone' })
  const gone = await failed(await stage.start(caller, { id: newId('c') }))
  expect(gone).toMatchObject({ status: 'abandoned', resolvedByName: 'Kinkeeper', reason: 'They are gone.' })

  howItFails = unreachable
  let letter = await failed(await stage.start(caller, { id: newId('c') }))
  const watch = stage.letters.watch()
  await breaker('open')
  await rested()
  expect(await watch.look()).toBe(0)
  await breaker('closed')
  for (let times = 1; times <= 3; times++) {
    await rested()
    expect(await watch.look()).toBe(1)
    letter = await failed(`${letter.runId.replace(/~\d+$/, '')}~${times + 1}`)
    expect(letter.automaticReplays).toBe(times)
  }
  await rested()
  expect(await watch.look()).toBe(0) // by now it is for a person
  await watch.stop()
})

test('letters that only a person can replay hold up no other, however many they are', async () => {
  howItFails = unreachable
  const letter = await failed(await stage.start(caller, { id: newId('c') }))
  // Nobody knows their runs.
  const stuck = Array.from({ length: 450 }, (_, index) => ({
    ...letter,
    id: newId('dl'),
    runId: newId('gone'),
    failedAt: new Date(index < 300 ? 0 : index),
  }))
  await stage.database.db.insert(tables.deadLetters).values(stuck)
  await stage.database.db
    .update(tables.deadLetters)
    .set({ failedAt: new Date(1_000) })
    .where(eq(tables.deadLetters.id, letter.id))
  const watch = stage.letters.watch()
  const looks = [await watch.look(), await watch.look(), await watch.look(), await watch.look()]
  expect(looks).toEqual([0, 0, 1, 0])
  await watch.stop()
})

test('a provider that is due to be probed, and that nobody is waiting for, is tried by one letter', async () => {
  howItFails = unreachable
  for (let n = 0; n < 3; n++) await failed(await stage.start(caller, { id: newId('c') }))
  await rested()
  const watch = stage.letters.watch()
  await breaker('open', new Date(Date.now() + 60_000))
  expect(await watch.look()).toBe(0)
  await breaker('open', new Date(0))
  const waiting = { runId: 'caller:waits', provider: 'luma', reason: 'away', since: new Date(0) }
  // Whoever waits for something else will not try Luma.
  const paused = { ...waiting, runId: 'caller:paused', provider: 'job:caller' }
  await stage.database.db.insert(tables.parkedRuns).values([waiting, paused])
  expect(await watch.look()).toBe(0)
  await stage.database.db.delete(tables.parkedRuns).where(eq(tables.parkedRuns.runId, waiting.runId))
  expect(await watch.look()).toBe(1)
  await watch.stop()
})

test('what somebody wanted to be taken back is not done again by a policy', async () => {
  howItFails = unreachable
  const letter = await failed(await stage.start(caller, { id: newId('c') }))
  await rested()
  await stage.database.db
    .update(tables.deadLetters)
    .set({ undoRound: 1, problem: 'It has been opened already.' })
    .where(eq(tables.deadLetters.id, letter.id))
  const watch = stage.letters.watch()
  await watch.look()
  expect((await readLetter(stage.parts, letter.id)).status).toBe('open')
  await watch.stop()
})
