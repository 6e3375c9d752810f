/** What happens between the decision to send and the sending: minutes may lie there, when a provider's limits hold it back. */
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { type LetterStage, startLetterStage } from '../../tests/support/letter-stage.ts'
import { tables } from '../database/index.ts'
import { announceSending } from '../primitives/index.ts'
import { cancelRun, defineJob, listEffectsOfRun, readRun, startRunAgain } from './index.ts'

const ADA = { kind: 'dashboard', id: 'usr_ada', name: 'Ada' } as const

/** The limits that hold requests back: each waits until the test lets it go on. */
const gate = { waiting: [] as (() => void)[], sent: 0, fails: null as Error | null, ended: false }

const mail = defineJob({
  name: 'mail',
  input: z.object({ id: z.string() }),
  idempotencyKey: ({ id }) => id,
  retry: { attempts: 3, baseMs: 1 },
  async run(context, { id }) {
    await context.effect('send', {
      key: `send:${id}`,
      kind: 'test.mail',
      description: `Mail ${id}`,
      subjectId: id,
      async perform() {
        await new Promise<void>((resolve) => gate.waiting.push(resolve))
        const failure = gate.fails
        gate.fails = null
        if (failure) throw failure
        await announceSending()
        gate.sent += 1
        return { number: gate.sent }
      },
      look: 'impossible',
      objectId: ({ number }) => String(number),
    })
  },
})

let letNote: (() => void) | null = null
let noted = 0
const note = defineJob({
  name: 'note',
  input: z.object({ id: z.string() }),
  idempotencyKey: ({ id }) => id,
  async run(context) {
    await new Promise<void>((resolve) => {
      letNote = resolve
    })
    await context.transaction('note', async () => {
      noted += 1
    })
  },
})

/** As a job that answers one guest after the other: one call, many requests, each held back. */
const answers = defineJob({
  name: 'answers',
  input: z.object({ id: z.string() }),
  idempotencyKey: ({ id }) => id,
  async run(context) {
    await context.call('answer everybody', async () => {
      try {
        for (;;) {
          await new Promise<void>((resolve) => gate.waiting.push(resolve))
          await announceSending()
          gate.sent += 1
        }
      } finally {
        gate.ended = true
      }
    })
  },
})

let stage: LetterStage
beforeAll(async () => {
  stage = await startLetterStage([mail, note, answers])
})
afterAll(() => stage.stop())
beforeEach(() => Object.assign(gate, { waiting: [], sent: 0, fails: null, ended: false }))

const soon = (look: () => Promise<void> | void) => vi.waitFor(look, { timeout: 15_000, interval: 20 })
const held = (count: number) => soon(() => expect(gate.waiting).toHaveLength(count))
const letGo = (index: number) => gate.waiting[index]?.()
const cancel = (runId: string) =>
  stage.database.transaction((tx) => cancelRun(tx, stage.parts.jobs(), runId, { name: 'Ada', reason: null }))

test('what was cancelled while it was held back is not sent, and whoever goes on sends it once', async () => {
  const runId = await stage.start(mail, { id: 'held' })
  await held(1)
  await cancel(runId)
  const again = await stage.database.transaction((tx) =>
    startRunAgain(tx, stage.parts.starter(), runId, { actor: ADA, atMs: Date.now() }),
  )
  await held(2)
  letGo(0)
  letGo(1)
  await stage.ended(again, 'succeeded')
  expect((await readRun(runId)).status).toBe('cancelled')
  expect(gate.sent).toBe(1)
})

test('a call that sends again and again ends soon after its run was cancelled', async () => {
  const runId = await stage.start(answers, { id: 'many' })
  await held(1)
  letGo(0)
  await held(2)
  expect(gate.sent).toBe(1)
  await cancel(runId)
  await soon(() => {
    for (const go of gate.waiting) go()
    expect(gate.ended).toBe(true)
  })
})

test('what fails before it is sent has not happened: it is tried again, where nobody could look', async () => {
  gate.fails = Object.assign(new Error('Connection terminated unexpectedly'), { code: '08006' })
  const runId = await stage.start(mail, { id: 'unsent' })
  await held(1)
  letGo(0)
  await held(2)
  letGo(1)
  await stage.ended(runId, 'succeeded')
  const effects = await listEffectsOfRun(stage.database.db, runId)
  expect(effects).toMatchObject([{ status: 'done', attempts: 1 }])
})

test('an attempt that is held back is not on record as begun: after a crash it is simply made', async () => {
  const runId = await stage.start(mail, { id: 'crash' })
  await held(1)
  // As after a crash: another execution has it.
  await stage.database.db.execute(
    sql`update dbos.workflow_status set status = 'ENQUEUED', owner_xid = null where workflow_uuid = ${runId}`,
  )
  await held(2)
  letGo(0)
  letGo(1)
  await stage.ended(runId, 'succeeded')
  expect(gate.sent).toBe(1)
})

test('a transaction of a run that is cancelled just then waits for the cancelling, and does nothing', async () => {
  const runId = await stage.start(note, { id: 'n' })
  await soon(() => expect(letNote).not.toBeNull())
  const { db } = stage.database
  await stage.database.transaction(async (tx) => {
    await cancelRun(tx, stage.parts.jobs(), runId, { name: 'Ada', reason: null })
    letNote?.()
    await soon(async () => {
      const { rowCount } = await db.execute(sql`
        select from pg_stat_activity
        where wait_event_type = 'Lock' and query ilike '%completed_transactions%' and pid <> pg_backend_pid()`)
      expect(rowCount).toBe(1)
    })
  })
  const after = await stage.start(mail, { id: 'after' })
  await held(1)
  letGo(0)
  await stage.ended(after, 'succeeded')
  expect(noted).toBe(0)
  expect(await db.$count(tables.completedTransactions)).toBe(0)
})
