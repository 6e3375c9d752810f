import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type JobStage, startJobStage } from '../../../tests/support/job-stage.ts'
import { until } from '../../../tests/support/sandbox-world.ts'
import { SYSTEM } from '../../audit/index.ts'
import { changeMember, mergeMembers } from '../../community/index.ts'
import { onlyRow, tables } from '../../database/index.ts'
import { requestErasure } from '../erasure/index.ts'
import { createMembership, type Membership } from '../membership/index.ts'

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

let counter = 0

async function sync(memberId: string, action: 'create' | 'update' | 'cancel') {
  const input = { memberId, action, sourceEventId: `evt_${++counter}` }
  const runId = await stage.database.transaction((tx) => membership.sync(tx, input))
  return stage.finished(runId)
}
const change = (memberId: string, to: Parameters<typeof changeMember>[2]) =>
  stage.database.transaction((tx) => changeMember(tx, memberId, to, stage.parts.clock.now()))
const readMember = async (id: string) => {
  const rows = await stage.database.db.select().from(tables.members).where(eq(tables.members.id, id))
  return onlyRow(rows, 'member')
}
const contacts = async () =>
  (await stage.world().read()).mailchimp.contacts.map(({ email, status, tags }) => ({ email, status, tags }))

/** The contact is made, but every answer is lost: the sync fails for good, and knows nothing of it. */
async function syncWithoutAnswers(memberId: string) {
  const fault = { provider: 'mailchimp', operation: '*', kind: 'drop-after' }
  await stage.world().control('POST', '/faults', fault)
  expect((await sync(memberId, 'create')).status).toBe('failed')
  await stage.world().control('DELETE', '/faults')
}

test('a contact of which Mailchimp’s answer was lost is put away with the account', async () => {
  const member = await stage.addMember({
    email: 'lost@example.org',
    emailVerified: true,
    clerkId: 'user_lost',
  })
  await syncWithoutAnswers(member.id)
  expect(await contacts()).toMatchObject([{ email: 'lost@example.org', status: 'subscribed' }])
  await change(member.id, { deletedAt: new Date() })
  expect((await sync(member.id, 'cancel')).status).toBe('succeeded')
  expect(await contacts()).toMatchObject([{ email: 'lost@example.org', status: 'archived' }])
})

test('… also when the address has changed since', async () => {
  const member = await stage.addMember({
    email: 'old@example.org',
    emailVerified: true,
    clerkId: 'user_moved',
  })
  await syncWithoutAnswers(member.id)
  await change(member.id, { email: 'new@example.org' })
  await syncWithoutAnswers(member.id)
  await change(member.id, { deletedAt: new Date() })
  await sync(member.id, 'cancel')
  for (const { status } of await contacts()) expect(status).toBe('archived')
  const [row] = await stage.database.db.select().from(tables.members).where(eq(tables.members.id, member.id))
  expect(row).toMatchObject({ mailchimpEmail: null, mailchimpFormer: null })
})

test('a changed address moves the contact, unless the old address is somebody else’s by now', async () => {
  const ada = await stage.addMember({ email: 'ada@example.org', emailVerified: true, clerkId: 'user_ada' })
  await sync(ada.id, 'create')
  await change(ada.id, { email: 'ada.new@example.org' })
  const heir = await stage.addMember({ email: 'ada@example.org', emailVerified: true, clerkId: 'user_heir' })
  await sync(heir.id, 'create')
  await sync(ada.id, 'update')
  expect((await contacts()).map(({ email, tags }) => [email, tags]).sort()).toEqual([
    ['ada.new@example.org', ['active']],
    ['ada@example.org', ['active']],
  ])
})

test('who unsubscribed stays so over two changes of the address, of which Mailchimp never saw the first', async () => {
  const ada = await stage.addMember({ email: 'a@example.org', emailVerified: true, clerkId: 'user_a' })
  await sync(ada.id, 'create')
  await stage
    .world()
    .control('POST', `/mailchimp/contacts/${encodeURIComponent('a@example.org')}/unsubscribe`)
  await change(ada.id, { email: 'b@example.org' })
  await stage
    .world()
    .control('POST', '/faults', { provider: 'mailchimp', operation: '*', kind: 'drop-before' })
  expect((await sync(ada.id, 'update')).status).toBe('failed')
  await stage.world().control('DELETE', '/faults')
  await change(ada.id, { email: 'c@example.org' })
  expect((await sync(ada.id, 'update')).status).toBe('succeeded')
  expect((await contacts()).filter(({ status }) => status !== 'archived')).toMatchObject([
    { email: 'c@example.org', status: 'unsubscribed' },
  ])
})

test('of two who become one while the one is being synced, one contact is left', async () => {
  const account = await stage.addMember({
    email: 'account@example.org',
    emailVerified: true,
    clerkId: 'user_1',
    membership: 'none',
  })
  const payer = await stage.addMember({ email: 'payer@example.org', stripeCustomerId: 'cus_1' })
  await sync(payer.id, 'create')
  const fault = { provider: 'mailchimp', operation: 'members.put', kind: 'delay', delayMs: 2_000, times: 1 }
  await stage.world().control('POST', '/faults', fault)
  const syncing = sync(account.id, 'create')
  await until(async () => (await readMember(account.id)).mailchimpEmail, 'the address to be noted')
  await stage.database.transaction(async (tx) =>
    mergeMembers(tx, await readMember(payer.id), await readMember(account.id), stage.parts.clock.now()),
  )
  expect((await syncing).status).toBe('succeeded')
  await sync(account.id, 'update')
  expect((await contacts()).map(({ email, status }) => [email, status]).sort()).toEqual([
    ['account@example.org', 'subscribed'],
    ['payer@example.org', 'archived'],
  ])
  expect(await readMember(account.id)).toMatchObject({ mailchimpFormer: null })
})

test('whose welcome was asked for under another account, and its answer lost, is not welcomed again as one with it', async () => {
  const [one, other] = [
    await stage.addMember({ email: 'first@example.org', emailVerified: true, clerkId: 'user_1' }),
    await stage.addMember({
      email: 'second@example.org',
      emailVerified: true,
      clerkId: 'user_2',
      membership: 'none',
    }),
  ]
  const fault = { provider: 'mailchimp', operation: 'journeys.trigger', kind: 'drop-after', times: 1 }
  await stage.world().control('POST', '/faults', fault)
  const input = { memberId: one.id, action: 'create' as const, sourceEventId: `evt_${++counter}` }
  await stage.database.transaction((tx) => membership.sync(tx, input))
  await until(
    async () => (await stage.database.db.select().from(tables.effects))[0]?.status === 'unknown',
    'nobody to know whether they were welcomed',
  )
  await stage.database.transaction(async (tx) =>
    mergeMembers(tx, await readMember(one.id), await readMember(other.id), stage.parts.clock.now()),
  )
  await sync(other.id, 'update')
  const welcomes = (await stage.world().read()).mailchimp.contacts.flatMap(({ mails }) => mails)
  expect(welcomes).toHaveLength(1)
})

test('who is erased while their contact is being made leaves nothing, at Mailchimp or here', async () => {
  const email = 'forget.me@example.org'
  const member = await stage.addMember({ email, emailVerified: true, clerkId: 'user_forgotten' })
  const fault = { provider: 'mailchimp', operation: 'members.put', kind: 'delay', delayMs: 6_000, times: 1 }
  await stage.world().control('POST', '/faults', fault)
  const syncing = sync(member.id, 'create')
  await until(async () => (await readMember(member.id)).mailchimpEmail, 'the address to be noted')
  const request = { who: { memberId: member.id }, actor: SYSTEM, alsoActive: true }
  const { runId } = await stage.database.transaction((tx) => requestErasure(tx, stage.parts, request))
  expect((await stage.finished(runId)).status).toBe('succeeded')
  expect((await syncing).status).toBe('succeeded')
  for (const { status } of await contacts()) expect(status).toBe('archived')
  expect(await readMember(member.id)).toMatchObject({ email: null, mailchimpEmail: null })
  expect(await stage.database.db.select().from(tables.undoNotes)).toEqual([])
})
