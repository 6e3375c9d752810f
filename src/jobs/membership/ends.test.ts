import { eq, sql } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type JobStage, startJobStage } from '../../../tests/support/job-stage.ts'
import { until } from '../../../tests/support/sandbox-world.ts'
import { tables } from '../../database/index.ts'
import { cancelRun } from '../../engine/index.ts'
import { DAY_MS } from '../../primitives/index.ts'
import { createMembership, type Membership } from './index.ts'

const MONA = { kind: 'dashboard', id: 'u1', name: 'Mona' } as const

let stage: JobStage
let membership: Membership

beforeAll(async () => {
  stage = await startJobStage((parts) => {
    membership = createMembership(parts)
    return { jobs: membership.jobs, approvalKinds: membership.approvalKinds }
  })
})
afterAll(() => stage.stop())
beforeEach(async () => {
  await stage.reset()
  stage.parts.settings.guard = { members: 100, percent: 100 }
})

let counter = 0

/** A member who pays, and whose subscription has just ended. */
async function lapsing() {
  const n = ++counter
  const member = await stage.addMember({
    clerkId: `user_${n}`,
    email: `end.${n}@example.org`,
    emailVerified: true,
  })
  await stage.database.db.insert(tables.subscriptions).values({
    id: `sub_${n}`,
    customerId: `cus_${n}`,
    memberId: member.id,
    status: 'canceled',
    cancelAtPeriodEnd: false,
    endedAt: new Date(Date.parse('2026-01-01')),
    startedAt: new Date(Date.parse('2025-01-01')),
    seenMs: 1,
  })
  return { ...member, subscriptionId: `sub_${n}` }
}

const settle = (memberId: string) =>
  stage.database.transaction((tx) =>
    membership.settle(tx, memberId, { sourceEventId: `evt_${++counter}`, why: 'the test says so' }),
  )
async function renew(member: { id: string; subscriptionId: string }) {
  await stage.database.db
    .update(tables.subscriptions)
    .set({ status: 'active', endedAt: null, periodEndAt: new Date(stage.parts.clock.now() + 30 * DAY_MS) })
    .where(eq(tables.subscriptions.id, member.subscriptionId))
  await settle(member.id)
}
const states = async () => {
  const rows = await stage.database.db.select().from(tables.members).orderBy(tables.members.email)
  return rows.map(({ membership: state, profileHidden }) => (profileHidden ? `${state}, hidden` : state))
}
const held = () => stage.database.db.$count(tables.deactivations, eq(tables.deactivations.status, 'held'))
const openQuestion = () =>
  until(async () => {
    const [asked] = await stage.database.db
      .select({ approvalId: tables.approvals.id, items: tables.questions.items })
      .from(tables.questions)
      .innerJoin(tables.approvals, eq(tables.approvals.subjectId, tables.questions.id))
      .where(eq(tables.approvals.status, 'open'))
    return asked
  }, 'the question')

/** What is held is gathered for a while; here it is asked about at once. */
async function askNow(number: number) {
  await stage.engine.starter.wake([`mass-end:${number}`])
  return openQuestion()
}

test('an end takes everything with it, and an undo brings it back', async () => {
  const member = await lapsing()
  await settle(member.id)
  await until(async () => (await states())[0] === 'ended, hidden', 'the end')
  const [end] = await stage.database.db.select().from(tables.deactivations)
  await membership.undo(member.id, end?.id ?? '', MONA)
  expect(await states()).toEqual(['active'])
  await until(async () => {
    const { contacts } = (await stage.world().read()).mailchimp
    return contacts[0]?.tags.includes('active') && !contacts[0].tags.includes('alumni')
  }, 'the tags')
  // Kept by hand until they pay again.
  expect((await stage.database.db.select().from(tables.members))[0]?.byHand).toBe('kept')
  await renew(member)
  expect((await stage.database.db.select().from(tables.members))[0]?.byHand).toBeNull()
})

test('who is deactivated or deletes their account, and is charged all the same, is told to the operators once', async () => {
  const notices = async () => {
    const { channels } = (await stage.world().read()).slack
    return channels.find(({ name }) => name === 'alerts')?.messages.map(({ text }) => text) ?? []
  }
  const barred = await lapsing()
  await renew(barred)
  const cancelled = await lapsing()
  await renew(cancelled)
  await stage.database.db
    .update(tables.subscriptions)
    .set({ cancelAtPeriodEnd: true })
    .where(eq(tables.subscriptions.id, cancelled.subscriptionId))
  await membership.deactivate(cancelled.id, MONA, 'they asked for it')
  await membership.deactivate(barred.id, MONA, 'they asked for it')
  await settle(barred.id)
  const deleted = await lapsing()
  await renew(deleted)
  await stage.database.db
    .update(tables.members)
    .set({ deletedAt: new Date(stage.parts.clock.now()) })
    .where(eq(tables.members.id, deleted.id))
  await settle(deleted.id)
  await settle(deleted.id)
  const told = await until(async () => {
    const all = await notices()
    return all.length >= 2 ? all : undefined
  }, 'the notices')
  expect(told).toHaveLength(2)
  expect(told.find((text) => text.includes('deactivated by hand'))).toContain(barred.subscriptionId)
  expect(told.find((text) => text.includes('has deleted'))).toContain(`/members/${deleted.id}`)
})

test('an end whose run somebody cancels is not planned any more, and the next news plan it anew', async () => {
  const member = await lapsing()
  await stage.database.db
    .update(tables.subscriptions)
    .set({
      status: 'active',
      cancelAtPeriodEnd: true,
      endedAt: null,
      periodEndAt: new Date(stage.parts.clock.now() + DAY_MS),
    })
    .where(eq(tables.subscriptions.id, member.subscriptionId))
  await settle(member.id)
  const plans = () =>
    stage.database.db.select().from(tables.deactivations).orderBy(tables.deactivations.createdAt)
  const [planned] = await plans()
  expect(planned).toMatchObject({ status: 'pending' })
  const jobs = new Map(membership.jobs.map((job) => [job.name, job]))
  await stage.database.transaction((tx) =>
    cancelRun(tx, jobs, planned?.runId ?? '', { name: 'Mona', reason: 'a mistake' }),
  )
  expect(await plans()).toMatchObject([{ status: 'removed', reason: 'Mona cancelled it: a mistake' }])
  await settle(member.id)
  expect((await plans()).map(({ status }) => status)).toEqual(['removed', 'pending'])
})

test('a delivery whose run somebody cancels has failed, and says so', async () => {
  const [delivery] = await stage.database.db
    .insert(tables.deliveries)
    .values({ source: 'stripe', externalId: 'evt_1', receivedAt: new Date(), status: 'received' })
    .returning()
  const jobs = new Map(membership.jobs.map((job) => [job.name, job]))
  await stage.database.transaction(async (tx) => {
    const runId = await membership.startHandling(tx, delivery?.id ?? 0)
    await tx.db.execute(
      sql`update dbos.workflow_status set status = 'DELAYED' where workflow_uuid = ${runId}`,
    )
  })
  await stage.database.transaction((tx) =>
    cancelRun(tx, jobs, `webhook-delivery:${delivery?.id}`, { name: 'Mona', reason: null }),
  )
  const [row] = await stage.database.db.select().from(tables.deliveries)
  expect(row).toMatchObject({ status: 'failed', problem: 'Mona cancelled it.' })
})

test('a renewal that comes in while the end waits for its turn wins', async () => {
  const member = await lapsing()
  await stage.database.transaction(async (tx) => {
    await tx.db.execute(sql`select pg_advisory_xact_lock(hashtextextended('kinkeeper.mass-end', 7))`)
    await settle(member.id)
    await until(async () => {
      const { rows } = await stage.database.db.execute(
        sql`select 1 from pg_locks where locktype = 'advisory' and not granted`,
      )
      return rows.length > 0
    }, 'the end to wait')
    await renew(member)
  })
  await until(async () => {
    const { rows } = await stage.database.db.execute(
      sql`select 1 from dbos.workflow_status where name = 'member-deactivation' and status = 'SUCCESS'
          and workflow_uuid like '%' || (select id from deactivations limit 1)`,
    )
    return rows.length > 0
  }, 'the run to end')
  expect(await states()).toEqual(['active'])
})

test('too many ends at once wait for a person, who ends exactly those on the list that have not paid since', async () => {
  stage.parts.settings.guard = { members: 2, percent: 100 }
  const members = []
  for (let count = 0; count < 5; count++) members.push(await lapsing())
  for (const member of members) await settle(member.id)
  // Those that came before there were too many may have ended; nobody after.
  await until(async () => {
    const ended = (await states()).filter((state) => state !== 'active').length
    return ended <= 2 && (await held()) === 5 - ended
  }, 'the others to be held')
  const endedBefore = (await states()).filter((state) => state !== 'active').length
  const question = await askNow(1)
  expect(question.items).toHaveLength(5 - endedBefore)

  // One more of the same hour is not on the list, and one on it pays.
  const late = await lapsing()
  await settle(late.id)
  await until(async () => (await held()) === 6 - endedBefore, 'the late one to be held')
  const paying = members.find(({ email }) => question.items.some(({ label }) => label === email))
  if (paying) await renew(paying)
  const decide = { approvalId: question.approvalId, outcome: 'approved' as const, actor: MONA, reason: null }
  await stage.approvals.decide(decide)
  expect((await states()).filter((state) => state === 'active')).toHaveLength(2)
  expect(await held()).toBe(1)

  const second = await askNow(2)
  expect(second.items.map(({ label }) => label)).toEqual([late.email])
  await stage.approvals.decide({
    approvalId: second.approvalId,
    outcome: 'denied',
    actor: MONA,
    reason: null,
  })
  expect((await states()).filter((state) => state === 'active')).toHaveLength(2)
  expect(await held()).toBe(0)
})

test('who deleted their account is not kept by an answer, and their end is not taken back', async () => {
  stage.parts.settings.guard = { members: 0, percent: 100 }
  // The runs of the tests before stay: this one's has a number of its own.
  await stage.database.db
    .insert(tables.requestedWork)
    .values({ name: 'mass-end', number: 100, pending: false })
  const { id } = await lapsing()
  await stage.database.db
    .update(tables.members)
    .set({ deletedAt: new Date() })
    .where(eq(tables.members.id, id))
  await settle(id)
  await until(async () => (await held()) === 1, 'the end to be held')
  const { approvalId } = await askNow(101)
  await stage.approvals.decide({ approvalId, outcome: 'denied', actor: MONA, reason: null })
  expect(await states()).toEqual(['ended, hidden'])
  const [end] = await stage.database.db.select().from(tables.deactivations)
  expect(end?.status).toBe('done')
  await expect(membership.undo(id, end?.id ?? '', MONA)).rejects.toThrow('nobody to make a member again')
  expect(await states()).toEqual(['ended, hidden'])
})

test('who pays again in the moment of the answer stays, and the others’ ends go on', async () => {
  stage.parts.settings.guard = { members: 0, percent: 100 }
  await stage.database.db
    .insert(tables.requestedWork)
    .values({ name: 'mass-end', number: 200, pending: false })
  const members = [await lapsing(), await lapsing()]
  for (const member of members) await settle(member.id)
  await until(async () => (await held()) === 2, 'the ends to be held')
  const { approvalId } = await askNow(201)
  const [paying] = members
  const { deactivations } = tables
  let answer: Promise<unknown> = Promise.resolve()
  await stage.database.transaction(async (tx) => {
    await tx.db.execute(sql`select 1 from members where id = ${paying?.id} for update`)
    answer = stage.approvals.decide({ approvalId, outcome: 'approved', actor: MONA, reason: null })
    await until(async () => {
      const { rows } = await stage.database.db.execute(
        sql`select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`,
      )
      return rows.length > 0
    }, 'the answer to wait for them')
    await tx.db
      .update(deactivations)
      .set({ status: 'removed' })
      .where(eq(deactivations.memberId, paying?.id ?? ''))
  })
  await answer
  expect((await states()).toSorted()).toEqual(['active', 'ended, hidden'])
})
