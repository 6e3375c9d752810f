import { eq, sql } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { z } from 'zod'
import { type JobStage, startJobStage } from '../../../tests/support/job-stage.ts'
import { until } from '../../../tests/support/sandbox-world.ts'
import { recordAudit, SYSTEM, sealEntries, verifyChain } from '../../audit/index.ts'
import { tables } from '../../database/index.ts'
import { defineJob, deleteFinishedRuns, type Job } from '../../engine/index.ts'
import { DAY_MS, HOUR_MS, monotonicMs, NeverRetryError } from '../../primitives/index.ts'
import { type CleanupJob, type CleanupResult, DEFAULT_RETENTION, defineCleanup } from './index.ts'

let stage: JobStage
let cleanup: CleanupJob
let work: Job<{ slot: string; fails: boolean }>
let slots = 0
/** A test may shorten it. */
const keep = { ...DEFAULT_RETENTION }

beforeAll(async () => {
  stage = await startJobStage((parts) => {
    cleanup = defineCleanup(parts, keep)
    work = defineJob({
      name: 'work',
      input: z.object({ slot: z.string(), fails: z.boolean() }),
      idempotencyKey: ({ slot }) => slot,
      retry: { attempts: 1 },
      async run(context, { fails }) {
        await context.transaction('do it', async () => {
          if (fails) throw new NeverRetryError('no')
          return 'done'
        })
      },
    })
    return { jobs: [cleanup, work], approvalKinds: [] }
  })
})
afterAll(() => stage.stop())
beforeEach(async () => {
  Object.assign(keep, DEFAULT_RETENTION)
  await stage.reset()
})

const run = async () => {
  const ended = await stage.run(cleanup, { slot: `2026-11-22T03:00:00.${String(slots++).padStart(3, '0')}Z` })
  expect(ended.error).toBeNull()
  return ended.output as CleanupResult
}
const ago = (ms: number) => new Date(stage.parts.clock.now() - ms)
const count = async (table: Parameters<typeof stage.database.db.$count>[0]) => stage.database.db.$count(table)
const addDelivery = async (id: string, status: 'processed' | 'failed' | 'received', ageDays: number) => {
  const [row] = await stage.database.db
    .insert(tables.deliveries)
    .values({ source: 'stripe', externalId: id, receivedAt: ago(ageDays * DAY_MS), status })
    .returning()
  await stage.database.db
    .insert(tables.deliveryPayloads)
    .values({ deliveryId: row?.id ?? 0, payload: { id } })
}
const ageRun = (id: string, days: number) =>
  stage.database.db.execute(sql`
    update dbos.workflow_status set completed_at = completed_at - ${days * DAY_MS}::bigint where workflow_uuid = ${id}`)
const recordsOf = async (id: string) => {
  const { rows } = await stage.database.db.execute<{ found: number }>(sql`
    select (select count(*) from dbos.workflow_status where workflow_uuid = ${id})
      + (select count(*) from dbos.workflow_input where workflow_uuid = ${id})
      + (select count(*) from dbos.operation_outputs where workflow_uuid = ${id})
      + (select count(*) from ${tables.completedTransactions} where run_id = ${id})
      + (select count(*) from ${tables.stepFailures} where run_id = ${id}) as found`)
  return Number(rows[0]?.found)
}

test('receipts, payloads, events, firings and sessions go when they are due, and not before', async () => {
  await addDelivery('new', 'processed', 1)
  await addDelivery('week', 'processed', 8)
  await addDelivery('month', 'processed', 31)
  await addDelivery('failed', 'failed', 31)
  await addDelivery('failed long ago', 'failed', 91)
  await addDelivery('never handled', 'received', 200)
  const event = { name: 'x', data: {}, outcome: 'unknown' as const }
  await stage.database.db.insert(tables.events).values([
    { ...event, id: 'e1', key: '1', receivedAt: ago(89 * DAY_MS) },
    { ...event, id: 'e2', key: '2', receivedAt: ago(91 * DAY_MS) },
  ])
  const firing = { schedule: 's', cause: 'clock' as const, firedAt: ago(0) }
  await stage.database.db.insert(tables.scheduleFirings).values([
    { ...firing, slotAt: ago(179 * DAY_MS) },
    { ...firing, slotAt: ago(181 * DAY_MS) },
  ])
  await stage.database.db.insert(tables.users).values({ id: 'u1', name: 'Mona', email: 'mona@example.org' })
  await stage.database.db.insert(tables.sessions).values([
    { id: 's1', token: 't1', userId: 'u1', expiresAt: ago(-HOUR_MS) },
    { id: 's2', token: 't2', userId: 'u1', expiresAt: ago(HOUR_MS) },
  ])
  const usage = { provider: 'luma', requests: 1, failures: 0, refusals: 0 }
  await stage.database.db.insert(tables.providerUsage).values([
    { ...usage, span: 'minute', at: ago(25 * HOUR_MS) },
    { ...usage, span: 'day', at: ago(25 * HOUR_MS) },
    { ...usage, span: 'day', at: ago(401 * DAY_MS) },
  ])
  const { removed, unfinished } = await run()
  expect(removed).toMatchObject({
    payloads: 2,
    deliveries: 2,
    events: 1,
    firings: 1,
    sessions: 1,
    minuteUsage: 1,
    dayUsage: 1,
    runs: 0,
  })
  expect(unfinished).toEqual([])
  const left = await stage.database.db.select({ id: tables.deliveries.externalId }).from(tables.deliveries)
  expect(left.map(({ id }) => id).toSorted()).toEqual(['failed', 'never handled', 'new', 'week'])
  const [audit] = await stage.database.db.select().from(tables.auditEntries)
  expect(audit).toMatchObject({
    targetKind: 'community',
    targetId: 'cleanup',
    detail: { removed: { events: 1 } },
  })
})

const settleLetterOf = (runId: string, status: 'replayed' | 'abandoned') =>
  stage.database.db.update(tables.deadLetters).set({ status }).where(eq(tables.deadLetters.runId, runId))

test('finished runs go with everything they left; failed ones only when retried, or after longer', async () => {
  const ids = []
  for (const [slot, fails] of [
    ['fresh', false],
    ['old', false],
    ['failed', true],
    ['retried', true],
    ['forgotten', true],
  ] as const)
    ids.push((await stage.run(work, { slot, fails })).id)
  const again = await stage.database.transaction((tx) =>
    stage.engine.starter.startAgain(tx, {
      jobName: 'work',
      baseId: 'work:retried',
      input: { slot: 'retried', fails: false },
      retry: 1,
    }),
  )
  await stage.finished(again)
  await settleLetterOf('work:retried', 'replayed')
  for (const id of ['work:old', 'work:failed', 'work:retried']) await ageRun(id, 31)
  await ageRun('work:forgotten', 91)
  expect((await run()).removed.runs).toBe(2)
  // As long as its dead letter waits for somebody it stays, however old it is.
  await settleLetterOf('work:forgotten', 'abandoned')
  expect((await run()).removed.runs).toBe(1)
  const left = await Promise.all([...ids, again].map(recordsOf))
  expect(left.map((found) => found > 0)).toEqual([true, false, true, false, false, true])
})

test('a run whose effect is not settled stays: settling it starts the run again', async () => {
  const { id } = await stage.run(work, { slot: 'open', fails: true })
  await settleLetterOf(id, 'abandoned')
  await ageRun(id, 400)
  const effect = {
    id: 'eff1',
    key: 'k',
    kind: 'slack.message',
    description: 'x',
    runId: id,
    createdAt: ago(0),
  }
  await stage.database.db.insert(tables.effects).values({ ...effect, status: 'unknown' })
  expect((await run()).removed.runs).toBe(0)
  await stage.database.db.update(tables.effects).set({ status: 'done' }).where(eq(tables.effects.id, 'eff1'))
  expect((await run()).removed.runs).toBe(1)
})

test('welcomes are kept for ever, reminders are not', async () => {
  const effect = { description: 'x', runId: 'gone:1', createdAt: ago(300 * DAY_MS), status: 'done' as const }
  await stage.database.db.insert(tables.effects).values([
    { ...effect, id: 'a', key: 'mailchimp.welcome:mem_1', kind: 'mailchimp.welcome' },
    { ...effect, id: 'b', key: 'slack.reminder:apr_1:1', kind: 'slack.reminder' },
  ])
  expect((await run()).removed.notices).toBe(1)
  expect(await stage.database.db.select({ kind: tables.effects.kind }).from(tables.effects)).toEqual([
    { kind: 'mailchimp.welcome' },
  ])
})

test('decided questions go with their answers after half a year; open ones stay', async () => {
  const question = {
    kind: 'k',
    title: 't',
    explanation: [],
    items: [],
    itemCount: 0,
    approveLabel: 'a',
    denyLabel: 'd',
    data: {},
    runId: 'r',
    createdAt: ago(0),
  }
  await stage.database.db.insert(tables.questions).values([
    { ...question, id: 'q1', key: '1' },
    { ...question, id: 'q2', key: '2' },
  ])
  const approval = { kind: 'k', openedAt: ago(0), deadlineAt: ago(0), reminderTimes: [] }
  await stage.database.db.insert(tables.approvals).values([
    { ...approval, id: 'a1', subjectId: 'q1', status: 'denied', decidedAt: ago(181 * DAY_MS) },
    { ...approval, id: 'a2', subjectId: 'q2', status: 'open' },
  ])
  expect((await run()).removed).toMatchObject({ questions: 1, answers: 1 })
  expect(await stage.database.db.select({ id: tables.approvals.id }).from(tables.approvals)).toEqual([
    { id: 'a2' },
  ])
})

test('in batches that keep nobody waiting: a writer of the same rows goes on, and a locked row is passed over', async () => {
  await stage.database.db.execute(sql`
    insert into ${tables.events} (id, name, key, data, received_at, outcome)
    select 'e' || n, 'x', 'k' || n, '{}', ${ago(100 * DAY_MS)}::timestamptz, 'unknown' from generate_series(1, 6000) n`)
  const holder = await stage.database.pool.connect()
  await holder.query('begin')
  await holder.query(`select 1 from events where id = 'e77' for update`)
  let longestMs = 0
  let writes = 0
  let stopped = false
  const writer = (async () => {
    while (!stopped) {
      const begun = monotonicMs()
      const id = `e${1 + ((writes * 7_919) % 6_000)}`
      if (id !== 'e77')
        await stage.database.db.update(tables.events).set({ problem: 'x' }).where(eq(tables.events.id, id))
      longestMs = Math.max(longestMs, monotonicMs() - begun)
      writes += 1
    }
  })()
  const result = await run()
  stopped = true
  await writer
  await holder.query('rollback')
  holder.release()
  expect(result.removed.events).toBe(5_999)
  expect(await count(tables.events)).toBe(1)
  expect(writes).toBeGreaterThan(10)
  // A batch takes some milliseconds; the whole took seconds.
  expect(longestMs).toBeLessThan(1_000)
  const { rows } = await stage.database.db.execute<{ output: number }>(sql`
    select output from ${tables.completedTransactions} where step like 'remove events %'`)
  expect(Math.max(...rows.map(({ output }) => Number(output)))).toBeLessThanOrEqual(500)
})

test('what was started by a firing is not started again by it once the run is gone', async () => {
  const { id } = await stage.run(work, { slot: 'once', fails: false })
  const slotAt = ago(31 * DAY_MS)
  await stage.database.db
    .insert(tables.scheduleFirings)
    .values({ schedule: 'work', slotAt, firedAt: slotAt, cause: 'clock', runId: id })
  await ageRun(id, 31)
  await run()
  expect(await recordsOf(id)).toBe(0)
  const again = await stage.database.db
    .insert(tables.scheduleFirings)
    .values({ schedule: 'work', slotAt, firedAt: ago(0), cause: 'request' })
    .onConflictDoNothing()
    .returning()
  expect(again).toEqual([])
})

test('old entries of the audit go when that is set, and what is left can be verified', async () => {
  const ages = [400, 390, 31, 29, 1]
  for (const days of ages)
    await stage.database.transaction((tx) =>
      recordAudit(tx, {
        atMs: stage.parts.clock.now() - days * DAY_MS,
        actor: SYSTEM,
        action: 'did',
        target: { kind: 'community', id: 'x' },
      }),
    )
  await sealEntries(stage.database)
  expect((await run()).removed).toMatchObject({ auditEntries: 0 })
  keep.auditMs = 30 * DAY_MS
  expect((await run()).removed).toMatchObject({ auditEntries: 3 })
  await sealEntries(stage.database)
  const verification = await verifyChain(stage.database, { nowMs: stage.parts.clock.now() })
  expect(verification).toMatchObject({ ok: true, first: { seq: 4 } })
})

const lettersOf = (runId: string) =>
  stage.database.db
    .select({ status: tables.deadLetters.status })
    .from(tables.deadLetters)
    .where(eq(tables.deadLetters.runId, runId))

test('a removal that breaks off half-way leaves no letter about what somebody had settled', async () => {
  const failed = await stage.run(work, { slot: `half ${slots++}`, fails: true })
  await stage.database.db
    .update(tables.deadLetters)
    .set({ status: 'abandoned', reason: 'known', resolvedAt: new Date() })
    .where(eq(tables.deadLetters.runId, failed.id))
  await ageRun(failed.id, 400)
  await stage.database.db.execute(sql`
    create function refuse_deletion() returns trigger language plpgsql as 'begin raise exception ''it died''; end'`)
  await stage.database.db.execute(sql`
    create trigger refuse_deletion before delete on dbos.workflow_status for each statement execute function refuse_deletion()`)
  const now = stage.parts.clock.now()
  await expect(
    deleteFinishedRuns(stage.database, { finished: now, failed: now }, { limit: 10, batch: 10 }),
  ).rejects.toThrow()
  await stage.database.db.execute(sql`drop trigger refuse_deletion on dbos.workflow_status`)
  await stage.database.db.execute(sql`drop function refuse_deletion`)
  // The look that finds a run of which nobody has been told sees this one too.
  const unlettered = await stage.run(work, { slot: `half ${slots++}`, fails: true })
  await stage.database.db.delete(tables.deadLetters).where(eq(tables.deadLetters.runId, unlettered.id))
  await until(async () => (await lettersOf(unlettered.id))[0], 'a look at the failed runs')
  expect(await lettersOf(failed.id)).toEqual([{ status: 'abandoned' }])
})
