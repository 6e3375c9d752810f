import { eq, sql } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { type LetterStage, startLetterStage } from '../../tests/support/letter-stage.ts'
import type { Actor } from '../audit/index.ts'
import { type Database, tables } from '../database/index.ts'
import {
  cancelRun,
  type DeadLetter,
  defineJob,
  type Job,
  listEffectsOfRun,
  pauseJob,
  resumeJob,
  startRunAgain,
} from '../engine/index.ts'
import { NeverRetryError, newId, RetryError } from '../primitives/index.ts'
import {
  abandonLetter,
  answerAction,
  type DeadLetters,
  type LetterParts,
  planFor,
  readAction,
  readLetter,
  replayLetter,
  requestAction,
  undoLetter,
} from './index.ts'

const ADA: Actor = { kind: 'dashboard', id: 'usr_ada', name: 'Ada' }
const ada = { id: 'usr_ada', name: 'Ada' }
const ben = { id: 'usr_ben', name: 'Ben' }

/** What the outside world has, and how it behaves. */
const outside = { refuses: true, refusesUndo: false, sent: 0, log: [] as string[] }

/** Prepares, sends something that must go out once, and then files it where it may be refused. */
const parcel = defineJob({
  name: 'parcel',
  input: z.object({ id: z.string().min(3), to: z.string().default('Leeds') }),
  idempotencyKey: ({ id }) => id,
  retry: { attempts: 2, baseMs: 1 },
  undo: {
    prepare: {
      describe: 'Puts it back.',
      run: async ({ note }) => void outside.log.push(`put back ${note}`),
    },
    send: {
      describe: 'Calls it back.',
      effect: ({ id }) => `send:${id}`,
      async run({ output }) {
        if (outside.refusesUndo) throw new NeverRetryError('It has been opened already.')
        outside.log.push(`called back ${output}`)
      },
    },
    tell: { impossible: 'They know.' },
  },
  async run(context, { id, to }) {
    await context.call('prepare', async () => {
      await context.note('prepare', `as it was at ${outside.log.length}`)
      outside.log.push(`prepare ${to}`)
      return to
    })
    await context.effect('send', {
      key: `send:${id}`,
      kind: 'test.send',
      description: `Parcel ${id}`,
      subjectId: id,
      perform: async () => {
        outside.sent += 1
        return `parcel ${outside.sent}`
      },
      look: async () => null,
      objectId: (result) => result,
    })
    await context.step('tell', async () => void outside.log.push('tell'))
    await context.call('file', async () => {
      if (outside.refuses)
        throw new NeverRetryError('Circle refused it', { facts: { provider: 'circle', failure: 'refused' } })
      outside.log.push('file')
    })
  },
})

/** Fails as the test says. */
let howItFails: () => void = () => {}

/** Tries again and again. */
const patient = defineJob({
  name: 'patient',
  input: z.object({ id: z.string() }),
  idempotencyKey: ({ id }) => id,
  retry: { attempts: 50, baseMs: 300, factor: 1 },
  async run(context) {
    await context.call('call', async () => howItFails())
  },
})

const buggy = defineJob({
  name: 'buggy',
  input: z.object({ id: z.string() }),
  idempotencyKey: ({ id }) => id,
  async run(context) {
    await context.step('begin', async () => null)
    throw new TypeError('Cannot read properties of undefined')
  },
  async onFailure(_tx, { id }) {
    outside.log.push(`told of ${id}`)
  },
})

let stage: LetterStage
let database: Database
let letters: DeadLetters
let parts: LetterParts

beforeAll(async () => {
  stage = await startLetterStage([parcel, patient, buggy])
  database = stage.database
  letters = stage.letters
  parts = stage.parts
})
afterAll(() => stage.stop())
beforeEach(() => Object.assign(outside, { refuses: true, refusesUndo: false, sent: 0, log: [] }))

const until = <T>(look: () => Promise<T>) => vi.waitFor(look, { timeout: 30_000, interval: 50 })
const start = <Input extends { id: string }>(job: Job<Input>, input: Input) => stage.start(job, input)
const ended = (runId: string, status: string) => stage.ended(runId, status)
const letterOf = (runId: string) => stage.letterOf(runId)
/** A parcel whose filing was refused. */
const failed = async (id = newId('p')): Promise<DeadLetter> => {
  const runId = await start(parcel, { id, to: 'Leeds' })
  const letter = await letterOf(runId)
  await ended(runId, 'failed') // the letter is there a moment before
  return letter
}
const replay = (letter: DeadLetter, how: Parameters<typeof replayLetter>[3], actor = ADA) =>
  database.transaction((tx) => replayLetter(tx, parts, letter, how, { actor }))
const auditOf = async (id: string) =>
  (await database.db.select().from(tables.auditEntries).where(eq(tables.auditEntries.targetId, id))).map(
    ({ action }) => action,
  )

test('a run that failed for good leaves one letter: where, why, how often, and what has happened', async () => {
  const letter = await failed()
  expect(letter).toMatchObject({
    job: 'parcel',
    status: 'open',
    step: 'file',
    attempts: 1,
    provider: 'circle',
    errorClass: 'refused',
    cause: 'circle / refused / parcel / file',
    error: { message: 'Circle refused it', next: 'never-retry' },
  })
  const plan = await planFor(parts, letter)
  expect(plan).toMatchObject({
    input: { id: letter.runId.slice('parcel:'.length), to: 'Leeds' },
    keptSteps: ['prepare', 'send', 'tell'],
    effects: [{ fate: 'kept', effect: { kind: 'test.send', status: 'done' } }],
    undo: [
      { step: 'tell', possible: false, what: 'They know.' },
      { step: 'send', possible: true },
      { step: 'prepare', possible: true },
    ],
    replayBlocked: null,
  })
})

test('replayed from the failed step it repeats nothing that was done', async () => {
  const letter = await failed()
  outside.refuses = false
  const runId = await replay(letter, { from: 'failed-step' })
  await ended(runId, 'succeeded')
  expect(outside.log).toEqual(['prepare Leeds', 'tell', 'file'])
  expect(outside.sent).toBe(1)
  expect(await readLetter(parts, letter.id)).toMatchObject({ status: 'replayed', followUpRunId: runId })
  expect(await auditOf(letter.id)).toEqual(['replayed from the failed step'])
})

test('replayed from the start it runs every step, and sends nothing twice', async () => {
  const letter = await failed()
  outside.refuses = false
  await ended(await replay(letter, { from: 'start' }), 'succeeded')
  expect(outside.log).toEqual(['prepare Leeds', 'tell', 'prepare Leeds', 'tell', 'file'])
  expect(outside.sent).toBe(1)
})

test('an edited input is checked by the job, and says which field does not fit', async () => {
  const letter = await failed('abc')
  await expect(replay(letter, { from: 'start', input: { id: 'x', to: 7 } })).rejects.toThrow(
    /The input does not fit parcel: id: .+; to: /,
  )
  expect((await readLetter(parts, letter.id)).status).toBe('open')
  outside.refuses = false
  await ended(await replay(letter, { from: 'start', input: { id: 'abc', to: 'York' } }), 'succeeded')
  expect(outside.log).toContain('prepare York')
})

test('of many who replay at once one wins, and the others are told who', async () => {
  const letter = await failed()
  outside.refuses = false
  const tries = await Promise.allSettled(
    Array.from({ length: 8 }, () => replay(letter, { from: 'failed-step' })),
  )
  const won = tries.filter(({ status }) => status === 'fulfilled')
  expect(won).toHaveLength(1)
  for (const lost of tries.filter((each) => each.status === 'rejected'))
    expect(String(lost.reason)).toMatch(/Ada was first|started again already|cannot replay/)
  expect(outside.sent).toBe(1)
})

test('a replay that fails is a new letter, linked to the first', async () => {
  const first = await failed()
  const second = await letterOf(await replay(first, { from: 'failed-step' }))
  expect(second).toMatchObject({ status: 'open', replayOf: first.id, runId: `${first.runId}~2` })
  await expect(replay(first, { from: 'start' })).rejects.toThrow('Ada was first')
})

test('its steps are taken back, the last one first, and stay so', async () => {
  const letter = await failed()
  const runId = await database.transaction((tx) =>
    undoLetter(tx, parts, letters.compensation, letter, { actor: ADA }),
  )
  await ended(runId, 'succeeded')
  expect(outside.log.slice(2)).toEqual(['called back parcel 1', 'put back as it was at 0'])
  const after = await readLetter(parts, letter.id)
  expect(after).toMatchObject({ status: 'compensated', problem: 'Cannot be taken back: tell.' })
  expect((await listEffectsOfRun(database.db, letter.runId)).map(({ status }) => status)).toEqual(['undone'])
  await expect(replay(letter, { from: 'start' })).rejects.toThrow('This was taken back, and is not repeated')
})

test('what cannot be taken back now leaves the letter open, and is tried again', async () => {
  const letter = await failed()
  const undo = async () =>
    database.transaction(async (tx) =>
      undoLetter(tx, parts, letters.compensation, await readLetter(parts, letter.id), { actor: ADA }),
    )
  outside.refusesUndo = true
  await ended(await undo(), 'failed')
  expect(await readLetter(parts, letter.id)).toMatchObject({
    status: 'open',
    problem: 'It has been opened already.',
  })
  outside.refusesUndo = false
  await ended(await undo(), 'succeeded')
  expect((await readLetter(parts, letter.id)).status).toBe('compensated')
})

test('taking steps back is for the letter that asked for it, and for no later one', async () => {
  const letter = await failed()
  outside.refusesUndo = true
  const undoing = await database.transaction((tx) =>
    undoLetter(tx, parts, letters.compensation, letter, { actor: ADA }),
  )
  await ended(undoing, 'failed')
  expect(await readLetter(parts, letter.id)).toMatchObject({ status: 'open', undoRound: 1 })
  Object.assign(outside, { refuses: false, refusesUndo: false })
  await ended(await replay(letter, { from: 'failed-step' }), 'succeeded')
  const before = outside.log.length
  // By the page of the run, and not of the letter.
  const again = await database.transaction((tx) =>
    startRunAgain(tx, parts.starter(), undoing, { actor: ADA, atMs: Date.now() }),
  )
  await ended(again, 'failed')
  expect(outside.log).toHaveLength(before)
  expect(await readLetter(parts, letter.id)).toMatchObject({ status: 'replayed' })
})

test('abandoned with a reason, it is done with', async () => {
  const letter = await failed()
  const abandon = (reason: string) =>
    database.transaction((tx) => abandonLetter(tx, parts, letter, { actor: ADA, reason }))
  await expect(abandon('  ')).rejects.toThrow('Say why')
  await abandon('Sent by hand')
  expect(await readLetter(parts, letter.id)).toMatchObject({ status: 'abandoned', reason: 'Sent by hand' })
  await expect(abandon('Again')).rejects.toThrow('Ada was first')
})

test('many at once need a second person; each letter is done by itself, and progress is told', async () => {
  await database.db.delete(tables.deadLetters)
  const all = await Promise.all(Array.from({ length: 22 }, () => failed()))
  const request = (count: number) =>
    database.transaction((tx) =>
      requestAction(tx, parts, letters.letterAction, {
        choice: { ids: all.slice(0, count).map(({ id }) => id) },
        request: { kind: 'replay', from: 'failed-step' },
        chosen: `${count} chosen by hand`,
        by: ada,
      }),
    )
  expect((await request(22)).status).toBe('waiting')
  const [waiting] = await database.db.select().from(tables.letterActions)
  const answer = (agreed: boolean, by: { id: string; name: string }) =>
    database.transaction((tx) =>
      answerAction(tx, parts, letters.letterAction, { actionId: waiting?.id ?? '', agreed, by }),
    )
  await expect(answer(true, ada)).rejects.toThrow('need a second person')
  const [first] = all
  if (first)
    await database.transaction((tx) => abandonLetter(tx, parts, first, { actor: ADA, reason: 'By hand' }))
  outside.refuses = false
  expect(await answer(true, ben)).toMatchObject({ status: 'running', answeredByName: 'Ben' })
  await expect(answer(false, ben)).rejects.toThrow('answered already')
  await until(async () =>
    expect(await readAction(database, waiting?.id ?? '')).toMatchObject({
      status: 'finished',
      done: 21,
      failed: 1,
    }),
  )
  expect(outside.sent).toBe(22)
  await expect(request(20)).rejects.toThrow('No open dead letter fits')
})

test('a run that ended outside its own code is found, and its tables are told', async () => {
  const letter = await letterOf(await start(buggy, { id: newId('b') }))
  expect(letter).toMatchObject({ step: null, errorClass: 'bug', error: { name: 'TypeError' } })
  expect(outside.log).toEqual([`told of ${letter.runId.slice('buggy:'.length)}`])
  const runId = await replay(letter, { from: 'failed-step' })
  expect((await letterOf(runId)).replayOf).toBe(letter.id)
})

test('a paused job begins nothing, and goes on where it was', async () => {
  outside.refuses = false
  await database.transaction((tx) =>
    pauseJob(tx, 'parcel', { ...ada, reason: 'Looking', atMs: Date.UTC(2026, 10, 22) }),
  )
  await stage.engine.lookAgainWhatIsPaused()
  const runId = await start(parcel, { id: newId('p'), to: 'Leeds' })
  await ended(runId, 'delayed')
  expect(outside.log).toEqual([])
  expect(await database.transaction((tx) => resumeJob(tx, 'parcel'))).toBe(1)
  await stage.engine.lookAgainWhatIsPaused()
  await ended(runId, 'succeeded')
})

test('a cancelled run does not begin, and its tables are told', async () => {
  await database.transaction((tx) => pauseJob(tx, 'buggy', { ...ada, reason: null, atMs: 0 }))
  await stage.engine.lookAgainWhatIsPaused()
  const runId = await start(buggy, { id: newId('b') })
  await ended(runId, 'delayed')
  const cancel = () =>
    database.transaction((tx) => cancelRun(tx, parts.jobs(), runId, { name: 'Ada', reason: 'Not wanted' }))
  await cancel()
  await ended(runId, 'cancelled')
  await expect(cancel()).rejects.toThrow('ended already')
  expect(outside.log).toHaveLength(1)
  const left = await database.db.execute(
    sql`select from dbos.workflow_status where workflow_uuid = ${runId} and status <> 'CANCELLED'`,
  )
  expect(left.rowCount).toBe(0)
})

test('a run that is cancelled while it waits for its next attempt sends nothing more', async () => {
  let calls = 0
  howItFails = () => {
    calls += 1
    throw new RetryError('Luma cannot be reached')
  }
  const runId = await start(patient, { id: newId('c') })
  await until(async () => expect(calls).toBe(1))
  await database.transaction((tx) => cancelRun(tx, parts.jobs(), runId, { name: 'Ada', reason: null }))
  // The back-off ends after the cancelling, in this very process.
  const later = await start(patient, { id: newId('c') })
  await until(async () => expect(calls).toBeGreaterThan(3))
  await database.transaction((tx) => cancelRun(tx, parts.jobs(), later, { name: 'Ada', reason: null }))
  const failures = await database.db
    .select()
    .from(tables.stepFailures)
    .where(eq(tables.stepFailures.runId, runId))
  expect(failures).toHaveLength(1)
})

test('a letter whose input does not fit any more holds up no other', async () => {
  const [broken, whole] = [await failed(), await failed()]
  outside.refuses = false
  await database.db.execute(sql`
    update dbos.workflow_input set inputs = replace(inputs, 'Leeds', '') where workflow_uuid = ${broken.runId}`)
  await database.db.execute(sql`
    update dbos.workflow_input set inputs = replace(inputs, '"to"', '"id"') where workflow_uuid = ${broken.runId}`)
  const action = await database.transaction((tx) =>
    requestAction(tx, parts, letters.letterAction, {
      choice: { ids: [broken.id, whole.id] },
      request: { kind: 'replay', from: 'start' },
      chosen: 'two',
      by: ben,
    }),
  )
  await until(async () =>
    expect(await readAction(database, action.id)).toMatchObject({ status: 'finished', done: 1, failed: 1 }),
  )
})

test('who asks for many in several requests at once needs a second person all the same', async () => {
  const all = await Promise.all(Array.from({ length: 45 }, () => failed()))
  const asked = await Promise.all(
    [0, 15, 30].map((from) =>
      database.transaction((tx) =>
        requestAction(tx, parts, letters.letterAction, {
          choice: { ids: all.slice(from, from + 15).map(({ id }) => id) },
          request: { kind: 'abandon', reason: 'too many' },
          chosen: 'by hand',
          by: { id: 'usr_hasty', name: 'Hasty' },
        }),
      ),
    ),
  )
  expect(asked.map(({ status }) => status).sort()).toEqual(['running', 'waiting', 'waiting'])
})

test('a key that ends like the number of a replay is another run’s', async () => {
  const letter = await failed('twin')
  outside.refuses = false
  await ended(await start(parcel, { id: 'twin~2', to: 'York' }), 'succeeded')
  await ended(await replay(letter, { from: 'start' }), 'succeeded')
  expect(outside.log.filter((entry) => entry === 'file')).toHaveLength(2)
})
