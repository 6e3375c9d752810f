import { describe, expect, test } from 'vitest'
import { connectorsAt } from '../../../tests/contracts/connectors-at.ts'
import { type Recorded, type Reply, startRecordingServer } from '../../../tests/contracts/recording-server.ts'
import { KinkeeperError } from '../../primitives/index.ts'

async function start(reply: (request: Recorded, index: number) => Reply) {
  const server = await startRecordingServer(reply)
  const { slackPeople } = connectorsAt(server.url)
  return { server, people: slackPeople, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}
const ok = (body: object): Reply => ({ status: 200, body: { ok: true, ...body } })
const refused = (error: string): Reply => ({ status: 200, body: { ok: false, error } })
const asked = (requests: Recorded[]) => requests.map(({ path }) => path.replace('/slack/api/', ''))
const form = (request: Recorded | undefined) => Object.fromEntries(new URLSearchParams(request?.body))

/** A workspace with one user group. */
const withGroup =
  (disabled: boolean) =>
  ({ path }: Recorded): Reply => {
    if (path.endsWith('usergroups.list')) {
      return ok({
        usergroups: [
          { id: 'S0', date_delete: 0 },
          { id: 'S1', date_delete: disabled ? 1_700_000_000 : 0 },
        ],
      })
    }
    return ok({ users: ['U1', 'U2'], usergroup: { id: 'S1' } })
  }

describe('people', () => {
  test('are listed by the page, with bots told apart', async () => {
    const members = [
      {
        id: 'U1',
        name: 'jo',
        is_app_user: true,
        profile: { email: 'Jo@Example.org', display_name: '', real_name: 'Jo Doe' },
      },
      { id: 'U2', name: 'ann', deleted: true, profile: { display_name: 'Ann' } },
      { id: 'U3', name: 'kin', is_bot: true, profile: { email: 'bot@example.org' } },
      { id: 'USLACKBOT', name: 'slackbot', is_bot: false, profile: { real_name: 'Slackbot' } },
    ]
    await using world = await start(() => ok({ members, response_metadata: { next_cursor: 'two' } }))
    expect(await world.people.listPeople('one')).toEqual({
      items: [
        { id: 'U1', email: 'jo@example.org', name: 'Jo Doe', deleted: false, isBot: false },
        { id: 'U2', email: null, name: 'Ann', deleted: true, isBot: false },
        { id: 'U3', email: null, name: 'kin', deleted: false, isBot: true },
        { id: 'USLACKBOT', email: null, name: 'Slackbot', deleted: false, isBot: true },
      ],
      next: 'two',
    })
    expect(form(world.server.requests[0])).toMatchObject({ limit: '200', cursor: 'one' })
  })

  test('the last page has no next', async () => {
    await using world = await start(() => ok({ members: [], response_metadata: { next_cursor: '' } }))
    expect(await world.people.listPeople(null)).toEqual({ items: [], next: null })
    expect(form(world.server.requests[0])).not.toHaveProperty('cursor')
  })

  test('an answer without people is no empty workspace', async () => {
    await using world = await start(() => ok({}))
    await expect(world.people.listPeople(null)).rejects.toMatchObject({ next: 'retry' })
  })

  test('one is found by their address, or nobody is', async () => {
    await using world = await start((_request, index) =>
      index === 0 ? ok({ user: { id: 'U1', name: 'jo' } }) : refused('users_not_found'),
    )
    expect(await world.people.findPerson('jo@example.org')).toMatchObject({ id: 'U1', name: 'jo' })
    expect(await world.people.findPerson('jo@example.org')).toBeNull()
    expect(form(world.server.requests[0])).toMatchObject({ email: 'jo@example.org' })
  })
})

describe('the user group', () => {
  test('has its members, and none while it is disabled', async () => {
    await using enabled = await start(withGroup(false))
    expect(await enabled.people.groupMembers('S1')).toEqual(['U1', 'U2'])
    expect(asked(enabled.server.requests)).toEqual(['usergroups.list', 'usergroups.users.list'])
    expect(form(enabled.server.requests[1])).toMatchObject({ usergroup: 'S1', include_disabled: 'true' })
    await using disabled = await start(withGroup(true))
    expect(await disabled.people.groupMembers('S1')).toEqual([])
  })

  test.each([
    ['people', false, ['U1', 'U2'], ['usergroups.users.update']],
    ['people, though disabled', true, ['U1', 'U2'], ['usergroups.enable', 'usergroups.users.update']],
    ['nobody', false, [], ['usergroups.disable']],
    ['nobody, and is disabled already', true, [], []],
  ])('is given %s', async (_name, disabled, userIds, calls) => {
    await using world = await start(withGroup(disabled))
    await world.people.setGroupMembers('S1', userIds)
    expect(asked(world.server.requests)).toEqual(['usergroups.list', ...calls])
    expect(form(world.server.requests.at(-1))).toMatchObject(
      calls.includes('usergroups.users.update') ? { usergroup: 'S1', users: 'U1,U2' } : {},
    )
  })

  test.each([
    ['no_such_subteam', /SLACK_MEMBERS_USERGROUP names no user group/],
    ['plan_upgrade_required', /paid Slack plan/],
    ['missing_scope', /lacks a permission/],
    ['permission_denied', /change user groups/],
    ['invalid_users', /cannot be in the user group/],
  ])('is refused with %s', async (word, message) => {
    const group = withGroup(false)
    await using world = await start((request) =>
      request.path.endsWith('usergroups.list') ? group(request) : refused(word),
    )
    const error: unknown = await world.people.setGroupMembers('S1', ['U1']).catch((thrown: unknown) => thrown)
    if (!(error instanceof KinkeeperError)) throw error
    expect(error).toMatchObject({ next: 'never-retry', facts: { provider: 'slack', code: word } })
    expect(error.message).toMatch(message)
  })

  test('that does not exist is named', async () => {
    await using world = await start(withGroup(false))
    const expected = { next: 'never-retry', facts: { code: 'no_such_subteam' } }
    await expect(world.people.groupMembers('S404')).rejects.toMatchObject(expected)
    await expect(world.people.setGroupMembers('S404', [])).rejects.toMatchObject(expected)
  })
})
