/**
 * usergroups.list, enable, disable, and usergroups.users.list and update. The list of users that is given replaces the
 * whole group. No group can be emptied; it is disabled instead, and keeps its last users. Of a disabled group nothing
 * can be read unless `include_disabled` is set, and giving it users does not enable it.
 */
import type { Fields } from '../pipeline.ts'
import type { World } from '../world.ts'
import { flagField, textField } from './messages.ts'
import { refuse, type SlackAnswer, type SlackUsergroup } from './model.ts'
import { BOT, TEAM } from './seed.ts'

/** usergroups.list */
export function listUsergroups(world: World, fields: Fields): SlackAnswer {
  const disabled = flagField(fields, 'include_disabled')
  const usergroups = world.slack.usergroups.values().filter((group) => disabled || group.disabledMs === null)
  return { ok: true, usergroups: usergroups.map((group) => usergroupResource(group, fields)) }
}

/** usergroups.users.list */
export function listUsergroupUsers(world: World, fields: Fields): SlackAnswer {
  const group = world.slack.usergroups.get(textField(fields, 'usergroup'))
  if (!group || (group.disabledMs !== null && !flagField(fields, 'include_disabled'))) {
    return refuse('no_such_subteam')
  }
  return { ok: true, users: group.userIds }
}

/** usergroups.users.update: one unknown, deactivated or bot user spoils the whole call. */
export function updateUsergroupUsers(world: World, fields: Fields): SlackAnswer {
  const group = world.slack.usergroups.get(textField(fields, 'usergroup'))
  if (!group) return refuse('no_such_subteam')
  const given = textField(fields, 'users').split(',')
  const userIds = [...new Set(given.map((id) => id.trim()).filter((id) => id !== ''))]
  if (userIds.length === 0) return refuse('no_users_provided')
  const users = userIds.map((id) => world.slack.users.get(id))
  if (users.some((user) => !user || user.deleted || user.bot)) return refuse('invalid_users')
  const changed = keep(world, { ...group, userIds })
  return { ok: true, usergroup: usergroupResource(changed, { ...fields, include_users: 'true' }) }
}

/** usergroups.enable */
export function enableUsergroup(world: World, fields: Fields): SlackAnswer {
  return switchUsergroup(world, fields, null)
}

/** usergroups.disable */
export function disableUsergroup(world: World, fields: Fields): SlackAnswer {
  return switchUsergroup(world, fields, world.clock.now())
}

function switchUsergroup(world: World, fields: Fields, disabledMs: number | null): SlackAnswer {
  const group = world.slack.usergroups.get(textField(fields, 'usergroup'))
  if (!group) return refuse('no_such_subteam')
  return { ok: true, usergroup: usergroupResource(keep(world, { ...group, disabledMs }), fields) }
}

function keep(world: World, group: SlackUsergroup): SlackUsergroup {
  return world.slack.usergroups.put(group.id, { ...group, updatedMs: world.clock.now() })
}

function usergroupResource(group: SlackUsergroup, fields: Fields): Record<string, unknown> {
  const seconds = (ms: number | null) => Math.floor((ms ?? 0) / 1_000)
  return {
    id: group.id,
    team_id: TEAM.id,
    is_usergroup: true,
    is_subteam: true,
    name: group.name,
    description: '',
    handle: group.handle,
    is_external: false,
    date_create: seconds(group.createdMs),
    date_update: seconds(group.updatedMs),
    date_delete: seconds(group.disabledMs),
    auto_type: null,
    auto_provision: false,
    enterprise_subteam_id: '',
    created_by: BOT.userId,
    updated_by: BOT.userId,
    deleted_by: group.disabledMs === null ? null : BOT.userId,
    prefs: { channels: [], groups: [] },
    ...(flagField(fields, 'include_users') && { users: group.userIds }),
    user_count: group.userIds.length,
  }
}
