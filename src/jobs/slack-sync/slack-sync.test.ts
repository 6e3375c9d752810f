import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type JobStage, startJobStage } from '../../../tests/support/job-stage.ts'
import { until } from '../../../tests/support/sandbox-world.ts'
import { tables } from '../../database/index.ts'
import { DAY_MS } from '../../primitives/index.ts'
import { defineOperatorNotice } from '../operator-notice/index.ts'
import { defineSlackGroup, requestGroupSync, type SlackGroupJob } from './group-sync.ts'
import { defineSlackSync, type SlackSyncJob, type SlackSyncResult, slackSyncApprovals } from './index.ts'

const PERSON = { kind: 'dashboard', id: 'u1', name: 'Mona' } as const
/** People of the seeded workspace who are not bots. */
const SEEDED = 4

let stage: JobStage
let job: SlackSyncJob
let groupJob: SlackGroupJob
let slots = 0

beforeAll(async () => {
  stage = await startJobStage((parts) => {
    groupJob = defineSlackGroup(parts)
    const notice = defineOperatorNotice(parts)
    job = defineSlackSync(parts, notice)
    return { jobs: [job, groupJob, notice], approvalKinds: [slackSyncApprovals(parts, groupJob)] }
  })
})
afterAll(() => stage.stop())
beforeEach(() => stage.reset())

const run = async () => {
  const ended = await stage.run(job, { slot: `2026-11-22T10:00:00.${String(slots++).padStart(3, '0')}Z` })
  expect(ended.error).toBeNull()
  return ended.output as SlackSyncResult
}
const joinSlack = async (name: string) => {
  const { id } = await stage
    .world()
    .control<{ id: string }>('POST', '/slack/users', { email: `${name}@example.org`, realName: name })
  return id
}
const act = (id: string, what: 'deactivate' | 'reactivate') =>
  stage.world().control('POST', `/slack/users/${id}/${what}`)
const group = async () => (await stage.world().read()).slack.usergroups[0]?.userIds.toSorted() ?? []
const notices = async () => {
  const { channels } = (await stage.world().read()).slack
  return channels.find(({ name }) => name === 'alerts')?.messages.map(({ text }) => text) ?? []
}
const newestNotice = (containing: string) =>
  until(async () => (await notices()).find((text) => text.includes(containing)), containing)
const memberNamed = async (name: string) => {
  const [member] = await stage.database.db
    .select()
    .from(tables.members)
    .where(eq(tables.members.email, `${name}@example.org`))
  return member
}
const requestGroup = () => stage.database.transaction((tx) => requestGroupSync(tx, stage.parts, groupJob))
const everybody = async (count: number) => {
  const ids = new Map<string, string>()
  for (let index = 0; index < count; index++) {
    const name = `m${index}`
    await stage.addMember({ email: `${name}@example.org` })
    ids.set(name, await joinSlack(name))
  }
  return ids
}

test('members are found on every page, the group holds exactly them, and the first report has no names', async () => {
  for (let index = 0; index < 205; index++) await joinSlack(`p${index}`)
  await stage.addMember({ email: 'p3@example.org' })
  await stage.addMember({ email: 'p204@example.org' })
  await stage.addMember({ email: 'p7@example.org', membership: 'ended' })
  await stage.addMember({ email: 'nowhere@example.org' })
  const result = await run()
  expect(result).toEqual({
    people: 205 + SEEDED,
    active: 2,
    deactivated: 0,
    absent: 1,
    newcomers: 0,
    leavers: 0,
    groupAdded: 2,
    groupRemoved: 0,
    groupAsked: 0,
    note: null,
  })
  const [one, other] = [await memberNamed('p3'), await memberNamed('p204')]
  expect(await group()).toEqual([one?.slackUserId, other?.slackUserId].toSorted())
  expect(await memberNamed('nowhere')).toMatchObject({ slackState: 'absent', slackUserId: null })
  const first = await newestNotice('for the first time')
  expect(first).not.toContain('p3')
})

test('who comes, goes and comes back is told in one message, and the group follows', async () => {
  await stage.addMember({ email: 'ada@example.org' })
  await stage.addMember({ email: 'bob@example.org' })
  const ada = await joinSlack('ada')
  await run()
  expect(await group()).toEqual([ada])
  expect(await run()).toMatchObject({ newcomers: 0, leavers: 0 })
  const bob = await joinSlack('bob')
  await joinSlack('stranger')
  await act(ada, 'deactivate')
  expect(await run()).toMatchObject({ newcomers: 2, leavers: 1, active: 1, deactivated: 1, groupAdded: 1 })
  const text = await newestNotice('2 came, 1 left')
  expect(text).toContain('bob (member), stranger (not a member)')
  expect(text).toContain('Left: ada (member)')
  expect(await group()).toEqual([bob])
  await act(ada, 'reactivate')
  expect(await run()).toMatchObject({ newcomers: 1, leavers: 0, groupAdded: 1 })
  expect(await group()).toEqual([ada, bob].toSorted())
  await newestNotice('1 came, 0 left')
  expect(await notices()).toHaveLength(3)
})

test('a mass change stops before the first, is asked about once, and is made when a person agrees', async () => {
  const ids = await everybody(25)
  await run()
  expect(await group()).toHaveLength(25)
  const leave = async (from: number, to: number) => {
    for (let index = from; index < to; index++)
      await stage.database.db
        .update(tables.members)
        .set({ membership: 'ended' })
        .where(eq(tables.members.email, `m${index}@example.org`))
  }
  await leave(0, 10)
  expect(await run()).toMatchObject({ groupAdded: 0, groupRemoved: 0, groupAsked: 10 })
  expect(await group()).toHaveLength(25)
  const [question] = await stage.database.db.select().from(tables.questions)
  expect(question).toMatchObject({ kind: 'slack-group-change', itemCount: 10 })
  expect(question?.items[0]).toMatchObject({ label: 'm0', detail: 'leaves' })

  // A single change goes on meanwhile, and nobody is asked again.
  await leave(10, 11)
  await requestGroup()
  await until(async () => (await group()).length === 24, 'the single change')
  expect(await run()).toMatchObject({ groupAsked: 0 })
  expect(await stage.database.db.$count(tables.questions)).toBe(1)

  const [approval] = await stage.database.db.select().from(tables.approvals)
  await stage.approvals.decide({
    approvalId: approval?.id ?? '',
    outcome: 'approved',
    actor: PERSON,
    reason: null,
  })
  await until(async () => (await group()).length === 14, 'the approved changes')
  expect(await group()).toContain(ids.get('m24'))
})

test('refused, the group stays as it is for a day, and then is asked about again', async () => {
  await everybody(25)
  await run()
  await stage.database.db.update(tables.members).set({ membership: 'ended' })
  await run()
  const [approval] = await stage.database.db.select().from(tables.approvals)
  await stage.approvals.decide({
    approvalId: approval?.id ?? '',
    outcome: 'denied',
    actor: PERSON,
    reason: null,
  })
  expect(await run()).toMatchObject({ groupAsked: 0, groupRemoved: 0 })
  await stage.database.db
    .update(tables.approvals)
    .set({ decidedAt: new Date(stage.parts.clock.now() - 2 * DAY_MS) })
  expect(await run()).toMatchObject({ groupAsked: 25, groupRemoved: 0 })
  expect(await group()).toHaveLength(25)
})

test('before the first sync no single change touches the group', async () => {
  await stage.addMember({ email: 'ada@example.org' })
  await joinSlack('ada')
  await requestGroup()
  await stage.finished('slack-group:1')
  expect(await group()).toEqual([])
})

test('a lost page is read again, and the notice is posted once though its answer is lost', async () => {
  await stage.addMember({ email: 'ada@example.org' })
  await joinSlack('ada')
  const fault = (operation: string, kind: string) =>
    stage.world().control('POST', '/faults', { provider: 'slack', operation, kind, times: 1 })
  await fault('users.list', 'drop-before')
  await fault('usergroups.users.update', 'drop-after')
  await fault('chat.postMessage', 'drop-after')
  expect(await run()).toMatchObject({ people: 1 + SEEDED, active: 1 })
  await newestNotice('for the first time')
  await until(
    async () =>
      (await stage.database.db.select().from(tables.effects)).every(({ status }) => status === 'done'),
    'the notice to be settled',
  )
  expect(await notices()).toHaveLength(1)
})

test('without Slack, or without a group, it says so', async () => {
  stage.parts.modes = { ...stage.parts.modes, slack: 'off' }
  expect(await run()).toMatchObject({ people: 0, note: expect.stringContaining('SLACK_BOT_TOKEN') })
  stage.parts.modes = { ...stage.parts.modes, slack: 'sandbox' }
  const kept = stage.parts.slackGroup
  stage.parts.slackGroup = null
  expect(await run()).toMatchObject({
    people: SEEDED,
    note: expect.stringContaining('SLACK_MEMBERS_USERGROUP'),
  })
  stage.parts.slackGroup = kept
})
