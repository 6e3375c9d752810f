import type { Gate } from '../contract.ts'
import { type Call, errorFor, orNull } from '../failures.ts'
import type { SlackPeopleConnector, SlackPerson } from '../membership-contract.ts'
import { createSlackClient, type SlackClient, type SlackSettings } from './slack-client.ts'
import { slackRefusal } from './slack-errors.ts'

/** Slack recommends no more. https://docs.slack.dev/reference/methods/users.list (2026-11) */
const PAGE_SIZE = 200
/** Slackbot is a person by its flags. */
const SLACKBOT = 'USLACKBOT'

/** A user as users.list and users.lookupByEmail give it: what is read of it. */
type User = {
  id?: string
  name?: string
  real_name?: string
  deleted?: boolean
  is_bot?: boolean
  is_workflow_bot?: boolean
  profile?: { email?: string; display_name?: string; real_name?: string }
}

/** The workspace's people and the members' user group. */
export function createSlackPeopleConnector(settings: SlackSettings, gate: Gate): SlackPeopleConnector {
  const slack = createSlackClient(settings, gate)
  const { web, calling } = slack
  return {
    listPeople: (cursor) =>
      calling('users.list', 'repeatable', async (call) => {
        const answer = await web.users.list({ limit: PAGE_SIZE, ...(cursor === null ? {} : { cursor }) })
        // An answer without people is none: read as an empty workspace it would empty the members' group.
        if (!answer.members) throw unreadable(call)
        return {
          items: answer.members.map((user) => personOf(call, user)),
          next: answer.response_metadata?.next_cursor || null,
        }
      }),

    findPerson: (email) =>
      orNull(
        calling('users.lookupByEmail', 'repeatable', async (call) => {
          const { user } = await web.users.lookupByEmail({ email })
          if (!user) throw unreadable(call)
          return personOf(call, user)
        }),
        ({ code }) => code === 'users_not_found',
      ),

    async groupMembers(groupId) {
      if (await isDisabled(slack, groupId)) return []
      return calling('usergroups.users.list', 'repeatable', async (call) => {
        const { users } = await web.usergroups.users.list({ usergroup: groupId, include_disabled: true })
        if (!users) throw unreadable(call)
        return users
      })
    },

    async setGroupMembers(groupId, userIds) {
      const disabled = await isDisabled(slack, groupId)
      if (userIds.length === 0) {
        if (disabled) return
        const disable = () => web.usergroups.disable({ usergroup: groupId })
        await calling('usergroups.disable', 'overwrites', disable)
        return
      }
      if (disabled) {
        const enable = () => web.usergroups.enable({ usergroup: groupId })
        await calling('usergroups.enable', 'overwrites', enable)
      }
      const update = () => web.usergroups.users.update({ usergroup: groupId, users: userIds.join(',') })
      await calling('usergroups.users.update', 'overwrites', update)
    },
  }
}

/**
 * Whether the group is disabled: asked, because Slack remembers the members of a disabled group and names them.
 * @throws NeverRetryError when the workspace has no such group
 */
function isDisabled({ web, calling }: SlackClient, groupId: string): Promise<boolean> {
  return calling('usergroups.list', 'repeatable', async (call) => {
    const { usergroups } = await web.usergroups.list({ include_disabled: true })
    if (!usergroups) throw unreadable(call)
    const group = usergroups.find(({ id }) => id === groupId)
    if (!group) throw slackRefusal(call, 'no_such_subteam')
    return (group.date_delete ?? 0) > 0
  })
}

/**
 * `is_app_user` does not make a bot: Slack says it of people who have authorised the app.
 * https://docs.slack.dev/reference/objects/user-object (2026-11)
 */
function personOf(call: Call, user: User): SlackPerson {
  if (!user.id) throw unreadable(call)
  const { display_name, real_name, email } = user.profile ?? {}
  const isBot = user.is_bot === true || user.is_workflow_bot === true || user.id === SLACKBOT
  return {
    id: user.id,
    email: isBot ? null : email?.toLowerCase() || null,
    name: display_name || real_name || user.real_name || user.name || user.id,
    deleted: user.deleted === true,
    isBot,
  }
}

function unreadable(call: Call) {
  return errorFor(call, { kind: 'unreadable', status: 200 })
}
