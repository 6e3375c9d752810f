import { and, eq } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type JobStage, startJobStage } from '../../../tests/support/job-stage.ts'
import { tables } from '../../database/index.ts'
import { DAY_MS } from '../../primitives/index.ts'
import { defineLumaApproval, type LumaApprovalJob, type LumaApprovalResult, lumaApprovals } from './index.ts'

type Mail = { guestId: string; email: string; status: string }
type Charge = { guestId: string; amountCents: number }
type Guest = { id: string; email: string; status: string }

const PERSON = { kind: 'dashboard', id: 'u1', name: 'Mona' } as const
const TICKET = { amountCents: 2_500, currency: 'eur' }

let stage: JobStage
let job: LumaApprovalJob
let slots = 0

beforeAll(async () => {
  stage = await startJobStage((parts) => {
    job = defineLumaApproval(parts)
    return { jobs: [job], approvalKinds: lumaApprovals(parts, job) }
  })
})
afterAll(() => stage.stop())
beforeEach(() => {
  stage.parts.settings = { ...stage.parts.settings, lumaNonMembers: 'pending' }
  return stage.reset()
})

const slot = () => `2026-11-22T09:00:00.${String(slots++).padStart(3, '0')}Z`
const run = async (limitMs?: number) => {
  const ended = await stage.run(job, { slot: slot() }, limitMs)
  expect(ended.error).toBeNull()
  return { id: ended.id, result: resultOf(ended.output) }
}
const resultOf = (output: unknown) => output as LumaApprovalResult
const guest = (email: string, more = {}) => ({ email, name: email.split('@')[0] ?? '', ...more })
const createEvent = (name: string, guests: object[], startsInMs = DAY_MS) =>
  stage.world().control<{ id: string; guests: Guest[] }>('POST', '/luma/events', { name, startsInMs, guests })
const mails = async () => (await stage.world().control<{ mails: Mail[] }>('GET', '/luma/mails')).mails
const charges = async () =>
  (await stage.world().control<{ charges: Charge[] }>('GET', '/luma/charges')).charges
const statuses = async (eventId: string) => {
  const { guests } = await stage.world().control<{ guests: Guest[] }>('GET', `/luma/events/${eventId}/guests`)
  return Object.fromEntries(guests.map(({ email, status }) => [email.split('@')[0], status]))
}
const fault = (kind: string, more = {}) =>
  stage
    .world()
    .control('POST', '/faults', { provider: 'luma', operation: 'guests.update-status', kind, ...more })
const questions = (kind: string) =>
  stage.database.db
    .select()
    .from(tables.questions)
    .innerJoin(tables.approvals, eq(tables.approvals.subjectId, tables.questions.id))
    .where(eq(tables.questions.kind, kind))
    .orderBy(tables.questions.createdAt)
const decide = async (kind: string, outcome: 'approved' | 'denied') => {
  const open = (await questions(kind)).find(({ approvals }) => approvals.status === 'open')
  if (!open) throw new Error('nothing is asked')
  const { id } = open.approvals
  await stage.approvals.decide({ approvalId: id, outcome, actor: PERSON, reason: null })
  return open.questions
}
/** Nobody is mailed twice, whatever happened. */
const mailedOnce = async () => {
  const guests = (await mails()).map(({ guestId }) => guestId)
  expect(new Set(guests).size).toBe(guests.length)
  return guests.length
}

test('members are approved, others stay pending, and the next run mails nobody again', async () => {
  await stage.addMember({ email: 'ada@example.org' })
  await stage.addMember({ email: 'old@example.org', membership: 'ended' })
  const one = await createEvent('Breakfast', [
    guest('Ada@example.org'),
    guest('old@example.org'),
    guest('stranger@example.org'),
    guest('was@example.org', { status: 'approved' }),
  ])
  const past = await createEvent('Yesterday', [guest('ada@example.org')], -DAY_MS)
  const first = await run()
  expect(first.result).toEqual({
    processed: 3,
    approved: 1,
    declined: 0,
    skipped: 2,
    asked: 0,
    errors: [],
    note: null,
  })
  expect(await statuses(one.id)).toEqual({
    Ada: 'approved',
    old: 'pending_approval',
    stranger: 'pending_approval',
    was: 'approved',
  })
  expect(await statuses(past.id)).toEqual({ ada: 'pending_approval' })
  expect((await run()).result).toMatchObject({ processed: 2, approved: 0, skipped: 2 })
  expect(await mailedOnce()).toBe(1)
  const audit = await stage.database.db
    .select()
    .from(tables.auditEntries)
    .where(eq(tables.auditEntries.runId, first.id))
  expect(audit.map(({ targetKind, targetId }) => `${targetKind} ${targetId}`)).toEqual([
    `community ${one.id}`,
    'community luma',
  ])
})

test('guests who are not members are declined when that is the setting', async () => {
  stage.parts.settings = { ...stage.parts.settings, lumaNonMembers: 'decline' }
  await stage.addMember({ email: 'ada@example.org' })
  const event = await createEvent('Salon', [guest('ada@example.org'), guest('stranger@example.org')])
  expect((await run()).result).toMatchObject({ processed: 2, approved: 1, declined: 1 })
  expect(await statuses(event.id)).toEqual({ ada: 'approved', stranger: 'declined' })
})

test('too many to decline: a person is asked before the first, and exactly those are declined', async () => {
  stage.parts.settings = { ...stage.parts.settings, lumaNonMembers: 'decline' }
  await stage.addMember({ email: 'ada@example.org' })
  const strangers = Array.from({ length: 60 }, (_, index) => guest(`s${index}@example.org`))
  const event = await createEvent('Rush', [guest('ada@example.org'), ...strangers])
  expect((await run()).result).toMatchObject({ approved: 1, declined: 0, asked: 60 })
  expect((await run()).result).toMatchObject({ approved: 0, declined: 0, asked: 0, skipped: 60 })
  await stage.addMember({ email: 's0@example.org' })
  const question = await decide('luma-mass-decline', 'approved')
  expect(question.itemCount).toBe(60)
  const ended = await stage.finished(`luma-approval:${question.id}`)
  expect(resultOf(ended.output)).toMatchObject({ processed: 60, declined: 59, skipped: 1 })
  expect(Object.values(await statuses(event.id)).filter((status) => status === 'declined')).toHaveLength(59)
  await mailedOnce()
})

test('paid tickets are one question per event with the sum; approved, each is charged once', async () => {
  for (const name of ['ada', 'bob', 'eve', 'kim']) await stage.addMember({ email: `${name}@example.org` })
  const event = await createEvent('Dinner', [
    guest('ada@example.org', { ticket: TICKET }),
    guest('bob@example.org', { ticket: { ...TICKET, amountCents: 5_000 } }),
    guest('eve@example.org', { ticket: TICKET }),
    guest('kim@example.org'),
    guest('stranger@example.org', { ticket: TICKET }),
  ])
  expect((await run()).result).toMatchObject({ processed: 5, approved: 1, asked: 3, skipped: 1 })
  const [asked] = await questions('luma-paid-guests')
  expect(asked?.questions).toMatchObject({ itemCount: 3, title: expect.stringContaining('€100.00') })
  // The next run asks about nobody again, and about nobody else.
  expect((await run()).result).toMatchObject({ approved: 0, asked: 0, skipped: 4 })
  expect(await charges()).toEqual([])
  await stage.database.db
    .update(tables.members)
    .set({ membership: 'ended' })
    .where(eq(tables.members.email, 'eve@example.org'))
  const question = await decide('luma-paid-guests', 'approved')
  const ended = await stage.finished(`luma-approval:${question.id}`)
  expect(resultOf(ended.output)).toMatchObject({ processed: 3, approved: 2, skipped: 1 })
  expect((await charges()).map(({ amountCents }) => amountCents).toSorted()).toEqual([2_500, 5_000])
  expect(await statuses(event.id)).toMatchObject({
    ada: 'approved',
    bob: 'approved',
    eve: 'pending_approval',
  })
  await mailedOnce()
})

test('denied, they stay pending and are not asked about again; who comes later is', async () => {
  await stage.addMember({ email: 'ada@example.org' })
  await stage.addMember({ email: 'bob@example.org' })
  const event = await createEvent('Dinner', [guest('ada@example.org', { ticket: TICKET })])
  expect((await run()).result).toMatchObject({ asked: 1 })
  await decide('luma-paid-guests', 'denied')
  expect((await run()).result).toMatchObject({ asked: 0, skipped: 1 })
  await createEvent('Lunch', [guest('bob@example.org', { ticket: TICKET })])
  expect((await run()).result).toMatchObject({ asked: 1, skipped: 1 })
  expect(await statuses(event.id)).toEqual({ ada: 'pending_approval' })
  expect(await charges()).toEqual([])
})

test('a lost answer is looked up: each guest is mailed exactly once', async () => {
  const names = Array.from({ length: 30 }, (_, index) => `m${index}@example.org`)
  for (const email of names) await stage.addMember({ email })
  await createEvent(
    'Walk',
    names.map((email) => guest(email)),
  )
  await fault('drop-after', { probability: 0.15, seed: 3 })
  await fault('drop-before', { probability: 0.1, seed: 4 })
  const { result } = await run()
  expect(result).toMatchObject({ processed: 30, approved: 30, errors: [] })
  expect(await mailedOnce()).toBe(30)
})

test('a guest that Luma refuses is that guest’s error; the others are answered', async () => {
  const names = ['a', 'b', 'c'].map((name) => `${name}@example.org`)
  for (const email of names) await stage.addMember({ email })
  await createEvent(
    'Walk',
    names.map((email) => guest(email)),
  )
  await fault('status', { status: 400, times: 1, body: { message: 'No room for jo@example.org.' } })
  const { result } = await run()
  expect(result).toMatchObject({ processed: 3, approved: 2 })
  expect(result.errors).toHaveLength(1)
  expect(result.errors[0]?.problem).toContain('j•••@example.org')
})

test('Luma asks to come back later: the step waits and goes on from where it was', async () => {
  const names = Array.from({ length: 8 }, (_, index) => `m${index}@example.org`)
  for (const email of names) await stage.addMember({ email })
  await createEvent(
    'Walk',
    names.map((email) => guest(email)),
  )
  await fault('rate-limit', { retryAfterS: 1, times: 2 })
  expect((await run()).result).toMatchObject({ processed: 8, approved: 8 })
  expect(await mailedOnce()).toBe(8)
})

test('what a dead process left intended is looked up, not repeated', async () => {
  await stage.addMember({ email: 'ada@example.org' })
  await stage.addMember({ email: 'bob@example.org' })
  const event = await createEvent('Walk', [guest('ada@example.org'), guest('bob@example.org')])
  const [ada, bob] = event.guests
  if (!ada || !bob) throw new Error('two guests')
  const at = slot()
  const runId = `luma-approval:${at}`
  // It died after Luma had approved the first of its two.
  const rows = [ada, bob].map(({ id }) => ({
    runId,
    eventId: event.id,
    guestId: id,
    outcome: 'intended' as const,
    at: new Date(),
  }))
  await stage.database.db.insert(tables.lumaGuests).values(rows)
  await stage.parts.connectors.luma.setGuestStatus({ eventId: event.id, guestId: ada.id, status: 'approved' })
  const ended = await stage.run(job, { slot: at }, 60_000)
  expect(resultOf(ended.output)).toMatchObject({ processed: 2, approved: 2 })
  expect(await mailedOnce()).toBe(2)
})

test('an event that vanishes midway is its own error', async () => {
  await stage.addMember({ email: 'ada@example.org' })
  await createEvent('Walk', [guest('ada@example.org')])
  await stage.world().control('POST', '/faults', {
    provider: 'luma',
    operation: 'guests.list',
    kind: 'status',
    status: 404,
    times: 1,
  })
  const event = await createEvent('Talk', [guest('ada@example.org')], 2 * DAY_MS)
  const { result } = await run()
  expect(result).toMatchObject({ approved: 1, errors: [{ guestId: null }] })
  expect(await statuses(event.id)).toEqual({ ada: 'approved' })
})

test('Luma is off: it says so', async () => {
  stage.parts.modes = { ...stage.parts.modes, luma: 'off' }
  expect((await run()).result).toMatchObject({ processed: 0, note: expect.stringContaining('LUMA_API_KEY') })
  stage.parts.modes = { ...stage.parts.modes, luma: 'sandbox' }
})

test('no address of a guest is left in what the engine records', async () => {
  await stage.addMember({ email: 'ada@example.org' })
  await createEvent('Walk', [guest('ada@example.org'), guest('stranger-in-town@example.org')])
  const { id } = await run()
  const recorded = await stage.database.pool.query(
    'select output from dbos.operation_outputs where workflow_uuid = $1',
    [id],
  )
  expect(JSON.stringify(recorded.rows)).not.toContain('@example.org')
  const kept = await stage.database.db
    .select()
    .from(tables.lumaGuests)
    .where(and(eq(tables.lumaGuests.runId, id), eq(tables.lumaGuests.outcome, 'approved')))
  expect(kept).toHaveLength(1)
})
