/** The people of the workspace and the members' user group, seen through Slack's own SDK. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { UsersListResponse } from '@slack/web-api'
import { expect, onTestFinished, test } from 'vitest'
import { SANDBOX_CREDENTIALS, slackClient, startTestSandbox } from '../fixtures.ts'
import type { WorldView } from '../index.ts'

const GROUP = SANDBOX_CREDENTIALS.slackMembersUsergroup

async function start(changes: Parameters<typeof startTestSandbox>[0] = {}) {
  const sandbox = await startTestSandbox(changes)
  const client = slackClient(sandbox.url)
  const join = async (name: string, more = {}) => {
    const person = { email: `${name}@members.example`, realName: name, ...more }
    return (await sandbox.control<{ id: string }>('POST', '/slack/users', person)).id
  }
  const act = (id: string, what: string) => sandbox.control('POST', `/slack/users/${id}/${what}`)
  const everybody = async (limit?: number) => {
    const members: NonNullable<UsersListResponse['members']> = []
    for await (const page of client.paginate('users.list', limit === undefined ? {} : { limit })) {
      members.push(...((page as UsersListResponse).members ?? []))
    }
    return members
  }
  const update = (users: string[]) =>
    client.usergroups.users.update({ usergroup: GROUP, users: users.join(',') })
  const groupUsers = async (more = {}) =>
    (await client.usergroups.users.list({ usergroup: GROUP, ...more })).users
  const world = async () => (await sandbox.control<WorldView>('GET', '/world')).slack
  return { sandbox, client, join, act, everybody, update, groupUsers, world }
}

function newStateFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'kinkeeper-sandbox-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'state.sqlite')
}

const refused = (call: Promise<unknown>, error: string) =>
  expect(call).rejects.toHaveProperty('data.error', error)

test('everybody is listed page by page: people, guests, the deactivated, and bots', async () => {
  const { join, act, everybody } = await start()
  const ada = await join('ada')
  const guest = await join('guest', { guest: true })
  await act(ada, 'deactivate')
  const members = await everybody(2)
  expect(members).toHaveLength(9)
  expect(new Set(members.map(({ id }) => id)).size).toBe(9)
  const found = new Map(members.map((member) => [member.id, member]))
  expect(found.get(ada)).toMatchObject({
    deleted: true,
    is_bot: false,
    profile: { email: 'ada@members.example' },
  })
  expect(found.get(guest)).toMatchObject({ deleted: false, is_restricted: true })
  expect(found.get('U0SANDCALBT')).toMatchObject({ is_bot: true })
  expect(found.get('U0SANDCALBT')?.profile).not.toHaveProperty('email')
  expect(found.get('USLACKBOT')).toMatchObject({ is_bot: false, name: 'slackbot' })
  expect(await everybody()).toEqual(members)
})

test('a wrong cursor is refused, and so is an address that is taken', async () => {
  const { client, join, sandbox } = await start()
  await refused(client.users.list({ cursor: 'bm9wZQ==' }), 'invalid_cursor')
  await join('ada')
  const again = { email: 'ADA@members.example', realName: 'Ada' }
  expect(await sandbox.control('POST', '/slack/users', again)).toHaveProperty('error')
  expect(await sandbox.control('POST', '/slack/users/U0NOBODY/deactivate')).toHaveProperty('error')
})

test('the deactivated are not found by address, and are found again', async () => {
  const { client, join, act } = await start()
  const ada = await join('ada')
  const lookup = () => client.users.lookupByEmail({ email: 'Ada@members.example' })
  expect((await lookup()).user?.id).toBe(ada)
  await act(ada, 'deactivate')
  await refused(lookup(), 'users_not_found')
  await act(ada, 'reactivate')
  expect((await lookup()).user).toMatchObject({ id: ada, deleted: false })
})

test("the members' group is there, and a list of users replaces it whole", async () => {
  const { client, join, update, groupUsers, world } = await start()
  const [group] = (await client.usergroups.list({ include_users: true })).usergroups ?? []
  expect(group).toMatchObject({ id: GROUP, handle: 'members', users: [], user_count: 0, date_delete: 0 })
  const [ada, bob] = [await join('ada'), await join('bob')]
  expect((await update([ada, bob])).usergroup).toMatchObject({ users: [ada, bob], user_count: 2 })
  await update([bob])
  expect(await groupUsers()).toEqual([bob])
  const plain = await client.usergroups.list({ include_count: true })
  expect(plain.usergroups?.[0]).not.toHaveProperty('users')
  expect(await world()).toMatchObject({
    usergroups: [{ id: GROUP, handle: 'members', name: 'Members', userIds: [bob], disabled: false }],
  })
})

test('one wrong user spoils the whole list, and no list is not a list', async () => {
  const { client, join, act, update, groupUsers } = await start()
  const [ada, bob] = [await join('ada'), await join('bob')]
  await update([ada])
  await act(bob, 'deactivate')
  for (const wrong of ['U0NOBODY', bob, 'USLACKBOT', 'U0SANDCALBT']) {
    await refused(update([ada, wrong]), 'invalid_users')
  }
  await refused(update([]), 'no_users_provided')
  expect(await groupUsers()).toEqual([ada])
  const nowhere = { usergroup: 'S0NOWHERE', users: ada }
  await refused(client.usergroups.users.update(nowhere), 'no_such_subteam')
  await refused(client.usergroups.users.list(nowhere), 'no_such_subteam')
  await refused(client.usergroups.disable(nowhere), 'no_such_subteam')
})

test('a disabled group is hidden, keeps its users, and is enabled by name only', async () => {
  const { client, join, update, groupUsers, world } = await start()
  const ada = await join('ada')
  await update([ada])
  const disabled = await client.usergroups.disable({ usergroup: GROUP })
  expect(disabled.usergroup?.date_delete).toBeGreaterThan(0)
  expect((await client.usergroups.list()).usergroups).toEqual([])
  expect((await client.usergroups.list({ include_disabled: true })).usergroups).toHaveLength(1)
  await refused(groupUsers(), 'no_such_subteam')
  expect(await groupUsers({ include_disabled: true })).toEqual([ada])
  await update(['U0SANDAMARA'])
  expect((await world()).usergroups[0]?.disabled).toBe(true)
  expect((await client.usergroups.enable({ usergroup: GROUP })).usergroup?.date_delete).toBe(0)
  expect(await groupUsers()).toEqual(['U0SANDAMARA'])
})

test('whoever is deactivated leaves the groups, and does not come back into them', async () => {
  const { join, act, update, groupUsers } = await start()
  const [ada, bob] = [await join('ada'), await join('bob')]
  await update([ada, bob])
  await act(ada, 'deactivate')
  expect(await groupUsers()).toEqual([bob])
  await act(ada, 'reactivate')
  expect(await groupUsers()).toEqual([bob])
})

test('user groups and users.list are tier 2', async () => {
  const { client, sandbox } = await start()
  await sandbox.control('POST', '/limits', { slackTier2: { perMinute: 1, burst: 1 } })
  const limited = { code: 'slack_webapi_rate_limited_error', retryAfter: expect.any(Number) }
  for (const call of [
    () => client.users.list({}),
    () => client.usergroups.list(),
    () => client.usergroups.users.list({ usergroup: GROUP }),
    () => client.usergroups.enable({ usergroup: GROUP }),
  ]) {
    await call()
    await expect(call()).rejects.toMatchObject(limited)
  }
})

test('what happened to people and groups outlives a restart', async () => {
  const stateFile = newStateFile()
  const first = await start({ stateFile })
  const ada = await first.join('ada')
  await first.act('U0SANDKENJI', 'deactivate')
  await first.update([ada])
  await first.sandbox.stop()
  const second = await start({ stateFile })
  const { users, usergroups } = await second.world()
  expect(users.find(({ name }) => name === 'kenji')).toMatchObject({ deleted: true })
  expect(users.find(({ name }) => name === 'ada')).toMatchObject({ id: ada, email: 'ada@members.example' })
  expect(usergroups[0]?.userIds).toEqual([ada])
})

test('a world that was kept before people could leave is opened as it was', async () => {
  const stateFile = newStateFile()
  const database = new DatabaseSync(stateFile)
  database.exec(
    'CREATE TABLE objects (collection TEXT NOT NULL, id TEXT NOT NULL, json TEXT NOT NULL, PRIMARY KEY (collection, id))',
  )
  const amara = {
    id: 'U0SANDAMARA',
    name: 'amara',
    realName: 'Amara',
    email: 'amara@old.example',
    timezone: 'UTC',
  }
  const keep = database.prepare('INSERT INTO objects (collection, id, json) VALUES (?, ?, ?)')
  keep.run('slack-users', amara.id, JSON.stringify(amara))
  keep.run('settings', 'all', JSON.stringify({ limits: { slackTier2: { perMinute: 60, burst: 9 } } }))
  database.close()
  const { everybody, act, sandbox } = await start({ stateFile })
  expect((await everybody())[0]).toMatchObject({
    id: amara.id,
    deleted: false,
    is_restricted: false,
    profile: { email: 'amara@old.example' },
  })
  await act(amara.id, 'deactivate')
  expect((await everybody())[0]).toMatchObject({ id: amara.id, deleted: true })
  expect(await sandbox.control('GET', '/limits')).toMatchObject({
    limits: { slackTier2: { burst: 9 }, mailchimpConnections: 10 },
  })
})
