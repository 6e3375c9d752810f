/** What the ledger makes of an answer that was lost, or that it can hardly write down. */
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { z } from 'zod'
import { type LetterStage, startLetterStage } from '../../tests/support/letter-stage.ts'
import { announceSending, type Json, LookFirstError, NotFoundError } from '../primitives/index.ts'
import { defineJob, listEffectsOfRun } from './index.ts'

/** The provider: what it has, what it does when it is asked to send, and how often it was asked for either. */
const there = {
  posts: [] as string[],
  send: (_id: string) => {},
  looked: 0,
  cannotLook: false,
}
const lost = () => {
  throw new LookFirstError('No answer in time', 1, { facts: { provider: 'circle', failure: 'timeout' } })
}

const post = defineJob({
  name: 'post',
  input: z.object({ id: z.string() }),
  idempotencyKey: ({ id }) => id,
  retry: { attempts: 1 },
  async run(context, { id }) {
    await context.effect('send', {
      key: `send:${id}`,
      kind: 'test.post',
      description: `Post ${id}`,
      subjectId: id,
      async perform(): Promise<Json> {
        if (id === 'gone') throw new NotFoundError('There is nobody to send it for')
        await announceSending()
        there.send(id)
        return id
      },
      async look() {
        there.looked += 1
        if (there.cannotLook) lost()
        return there.posts.includes(id) ? id : null
      },
      objectId: String,
    })
  },
})

let stage: LetterStage
beforeAll(async () => {
  stage = await startLetterStage([post])
})
afterAll(() => stage.stop())
beforeEach(() => Object.assign(there, { posts: [], looked: 0, cannotLook: false }))

const effects = (runId: string) => listEffectsOfRun(stage.database.db, runId)

test('the last answer is lost and it did happen: it is found, and nothing has failed', async () => {
  there.send = (id) => {
    there.posts.push(id)
    lost()
  }
  const runId = await stage.start(post, { id: 'happened' })
  await stage.ended(runId, 'succeeded')
  expect(await effects(runId)).toMatchObject([{ status: 'done', attempts: 1 }])
  expect(there.looked).toBe(1)
})

test('the last answer is lost and it did not happen: the failure is the provider’s, and can be replayed', async () => {
  there.send = lost
  const runId = await stage.start(post, { id: 'did-not' })
  expect(await stage.letterOf(runId)).toMatchObject({ errorClass: 'no-answer', provider: 'circle' })
  expect(await effects(runId)).toMatchObject([{ status: 'intended', attemptStartedAt: null }])
})

test('the last answer is lost and nobody can look: a person has to say', async () => {
  there.send = lost
  there.cannotLook = true
  const runId = await stage.start(post, { id: 'who-knows' })
  expect(await stage.letterOf(runId)).toMatchObject({ errorClass: 'outcome-unknown' })
  expect(await effects(runId)).toMatchObject([{ status: 'unknown' }])
  expect(there.looked).toBe(3)
})

test('what there is nothing to send for is on record as refused, and nobody waits for it', async () => {
  const runId = await stage.start(post, { id: 'gone' })
  await stage.letterOf(runId)
  expect(await effects(runId)).toMatchObject([{ status: 'refused', attempts: 0 }])
})

test('an answer that is there is not lost because the database is away when it comes', async () => {
  await stage.database.db.execute(sql`create sequence outages`)
  await stage.database.db.execute(sql`
    create function be_away() returns trigger language plpgsql as
    'begin if nextval(''outages'') <= 2 then raise exception ''away'' using errcode = ''08006''; end if; return new; end'`)
  await stage.database.db.execute(sql`
    create trigger be_away before update on effects for each row when (new.status = 'done') execute function be_away()`)
  there.send = () => {}
  there.cannotLook = true
  const runId = await stage.start(post, { id: 'answered' })
  await stage.ended(runId, 'succeeded')
  expect(await effects(runId)).toMatchObject([{ status: 'done', attempts: 1 }])
  expect(there.looked).toBe(0)
})
