import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type JobStage, startJobStage } from '../../../tests/support/job-stage.ts'
import { SYSTEM } from '../../audit/index.ts'
import { changeMember, matchMember } from '../../community/index.ts'
import { onlyRow, tables } from '../../database/index.ts'
import { createMembership, type Membership } from '../membership/index.ts'
import { askWhoItIs } from '../membership/match-question.ts'
import { requestErasure } from './index.ts'

let stage: JobStage
let membership: Membership

beforeAll(async () => {
  stage = await startJobStage((parts) => {
    membership = createMembership(parts)
    return { jobs: membership.jobs, approvalKinds: membership.approvalKinds }
  })
})
afterAll(() => stage.stop())
beforeEach(() => stage.reset())

const erase = async (memberId: string, alsoThen: () => Promise<void> = async () => {}) => {
  const request = { who: { memberId }, actor: SYSTEM, alsoActive: true }
  const runId = await stage.database.transaction(async (tx) => {
    const asked = await requestErasure(tx, stage.parts, request)
    await alsoThen()
    return asked.runId
  })
  expect((await stage.finished(runId)).error).toBeNull()
}
const change = (id: string, to: Parameters<typeof changeMember>[2]) =>
  stage.database.transaction((tx) => changeMember(tx, id, to, stage.parts.clock.now()))
const sync = async (memberId: string, sourceEventId: string) => {
  const input = { memberId, sourceEventId, action: 'update' as const }
  await stage.finished(await stage.database.transaction((tx) => membership.sync(tx, input)))
}

/** Every table of the database that holds this text. */
const whereFound = async (text: string) => {
  const { rows } = await stage.database.db.execute<{ name: string }>(sql`
    select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname in ('public', 'dbos')`)
  const found: string[] = []
  for (const { name } of rows) {
    const query = `select 1 from ${name} as row where row::text ilike '%' || $1 || '%' limit 1`
    if ((await stage.database.pool.query(query, [text])).rows.length > 0) found.push(name)
  }
  return found
}
const event = (key: string, about: string) =>
  stage.database.db
    .insert(tables.events)
    .values({ id: key, name: 'x', key, data: { about }, receivedAt: new Date(), outcome: 'unknown' })

test('an address that they had before is erased too, unless it is somebody else’s by now', async () => {
  const ada = await stage.addMember({ email: 'before@example.org', emailVerified: true, clerkId: 'user_1' })
  await sync(ada.id, 'evt_1')
  await change(ada.id, { email: 'passed.on@example.org' })
  await sync(ada.id, 'evt_2')
  await change(ada.id, { email: 'after@example.org' })
  await sync(ada.id, 'evt_3')
  await stage.addMember({ email: 'passed.on@example.org', emailVerified: true, clerkId: 'user_2' })
  await event('one', 'before@example.org')
  await event('two', 'passed.on@example.org')
  await erase(ada.id)
  expect(await whereFound('before@example.org')).toEqual([])
  expect(await whereFound('passed.on@example.org')).toContain('public.events')
})

test('what changes between the asking and the erasing is erased', async () => {
  const una = await stage.addMember({
    email: 'one@example.org',
    clerkId: 'user_1',
    firstName: 'Una',
    lastName: 'Ek',
  })
  await erase(una.id, async () => {
    await change(una.id, { email: 'two@example.org', lastName: 'Berg' })
    await event('one', 'two@example.org')
    await event('two', 'Una Berg')
  })
  for (const trace of ['one@example.org', 'two@example.org', 'Una Berg'])
    expect(await whereFound(trace)).toEqual([])
})

test('questions name them no more, whatever they were called there', async () => {
  const lu = await stage.addMember({ email: 'lu@example.org', firstName: 'Lucinda', slackUserId: 'U0LU' })
  const now = new Date()
  const { db } = stage.database
  await db
    .insert(tables.lumaGuests)
    .values({ runId: 'r', eventId: 'evt-1', guestId: 'gst-9', memberId: lu.id, outcome: 'asked', at: now })
  const items = [
    { id: 'evt-1/gst-9', label: 'Lucy of Luma', detail: null },
    { id: '+U0LU', label: 'lucky', detail: 'joins' },
    { id: lu.id, label: 'Lucinda', detail: null },
    { id: 'evt-1/gst-8', label: 'Otto Other', detail: 'stays' },
  ]
  const said = { title: 't', explanation: [], itemCount: 4, approveLabel: 'a', denyLabel: 'd', data: {} }
  await db
    .insert(tables.questions)
    .values({ id: 'q', kind: 'k', key: 'k', items, ...said, runId: 'r', createdAt: now })
  await erase(lu.id)
  for (const trace of ['Lucy of Luma', 'lucky', 'Lucinda']) expect(await whereFound(trace)).toEqual([])
  const question = onlyRow(await db.select().from(tables.questions), 'question')
  expect(question.items[3]).toEqual(items[3])
})

test('an answer about somebody who was erased meanwhile makes nobody', async () => {
  const known = await stage.addMember({
    email: 'jo@example.org',
    emailVerified: true,
    clerkId: 'user_1',
    firstName: 'Jo',
  })
  await stage.database.transaction(async (tx) => {
    const identity = { clerkId: 'user_2', email: 'jo@example.org', emailVerified: true }
    const match = await matchMember(tx, identity, 1)
    if (match.kind !== 'conflict') throw new Error('It is clear')
    const person = { email: 'jo@example.org', firstName: 'Jo', lastName: null }
    await askWhoItIs(tx, stage.parts, match, { customerId: null, clerkId: 'user_2', person, runId: 'r' })
  })
  await erase(known.id)
  const approval = onlyRow(await stage.database.db.select().from(tables.approvals), 'approval')
  const actor = { kind: 'dashboard', id: 'u1', name: 'Mona' } as const
  await stage.approvals.decide({ approvalId: approval.id, outcome: 'denied', actor, reason: null })
  expect(await stage.database.db.$count(tables.members)).toBe(1)
  expect((await stage.database.db.select().from(tables.questions))[0]).toMatchObject({ title: '[erased]' })
})
