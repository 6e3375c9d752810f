/** users.info, list, lookupByEmail, and auth.test. */
import type { Fields } from '../pipeline.ts'
import type { World } from '../world.ts'
import { textField } from './messages.ts'
import { refuse, type SlackAnswer, type SlackUser } from './model.ts'
import { APP_ID, BOT, SLACKBOT, TEAM } from './seed.ts'

const MAX_LIMIT = 1_000

/** users.info */
export function userInfo(world: World, fields: Fields): SlackAnswer {
  const user = world.slack.users.get(textField(fields, 'user'))
  return user ? { ok: true, user: userResource(user) } : refuse('user_not_found')
}

/** users.list: everybody, deactivated people and bots too, with cursor paging. */
export function listUsers(world: World, fields: Fields): SlackAnswer {
  const users = world.slack.users.values()
  const limit = Math.min(MAX_LIMIT, Math.max(0, Number(fields.limit) || 0)) || users.length
  const cursor = textField(fields, 'cursor')
  const first = Buffer.from(cursor, 'base64').toString('utf8')
  const start = cursor ? users.findIndex((user) => first === `user:${user.id}`) : 0
  if (start < 0) return refuse('invalid_cursor')
  const next = users[start + limit]
  return {
    ok: true,
    members: users.slice(start, start + limit).map(userResource),
    cache_ts: Math.floor(world.clock.now() / 1_000),
    response_metadata: { next_cursor: next ? Buffer.from(`user:${next.id}`).toString('base64') : '' },
  }
}

/** users.lookupByEmail: finds nobody who was deactivated. */
export function lookupByEmail(world: World, fields: Fields): SlackAnswer {
  const email = textField(fields, 'email').toLowerCase()
  const user = world.slack.users.values().find((each) => each.email === email && !each.bot && !each.deleted)
  return user ? { ok: true, user: userResource(user) } : refuse('users_not_found')
}

/** auth.test */
export function authTest(): SlackAnswer {
  return {
    ok: true,
    url: `https://${TEAM.domain}.slack.com/`,
    team: TEAM.name,
    user: BOT.name,
    team_id: TEAM.id,
    user_id: BOT.userId,
    bot_id: BOT.id,
    is_enterprise_install: false,
  }
}

function userResource(user: SlackUser): Record<string, unknown> {
  const ours = user.id === BOT.userId
  const bot = ours || user.bot === true
  return {
    id: user.id,
    team_id: TEAM.id,
    name: user.name,
    deleted: user.deleted ?? false,
    real_name: user.realName,
    tz: user.timezone,
    profile: {
      real_name: user.realName,
      real_name_normalized: user.realName,
      display_name: user.name,
      display_name_normalized: user.name,
      team: TEAM.id,
      ...(ours && { api_app_id: APP_ID, bot_id: BOT.id }),
      ...(!bot && { email: user.email }),
    },
    is_admin: false,
    is_owner: false,
    is_primary_owner: false,
    is_restricted: user.restricted ?? false,
    is_ultra_restricted: false,
    is_bot: bot && user.id !== SLACKBOT,
    is_app_user: false,
    updated: Math.floor((user.updatedMs ?? 1_767_225_600_000) / 1_000),
  }
}
