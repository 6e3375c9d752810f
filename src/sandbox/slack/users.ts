/** users.info, list, lookupByEmail, and auth.test. */
import type { Fields } from '../pipeline.ts'
import type { World } from '../world.ts'
import { textField } from './messages.ts'
import { refuse, type SlackAnswer, type SlackUser } from './model.ts'
import { APP_ID, BOT, TEAM } from './seed.ts'

/** users.info */
export function userInfo(world: World, fields: Fields): SlackAnswer {
  const user = world.slack.users.get(textField(fields, 'user'))
  return user ? { ok: true, user: userResource(user) } : refuse('user_not_found')
}

/** users.list, with cursor paging. */
export function listUsers(world: World, fields: Fields): SlackAnswer {
  const users = world.slack.users.values()
  const limit = Number(fields.limit) || users.length
  const cursor = textField(fields, 'cursor')
  const start = cursor
    ? users.findIndex((user) => Buffer.from(`user:${user.id}`).toString('base64') === cursor)
    : 0
  if (start < 0) return refuse('invalid_cursor')
  const next = users[start + limit]
  return {
    ok: true,
    members: users.slice(start, start + limit).map(userResource),
    cache_ts: Math.floor(world.clock.now() / 1_000),
    response_metadata: { next_cursor: next ? Buffer.from(`user:${next.id}`).toString('base64') : '' },
  }
}

/** users.lookupByEmail */
export function lookupByEmail(world: World, fields: Fields): SlackAnswer {
  const email = textField(fields, 'email').toLowerCase()
  const user = world.slack.users.values().find((each) => each.email === email)
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
  const bot = user.id === BOT.userId
  return {
    id: user.id,
    team_id: TEAM.id,
    name: user.name,
    deleted: false,
    real_name: user.realName,
    tz: user.timezone,
    profile: {
      real_name: user.realName,
      real_name_normalized: user.realName,
      display_name: user.name,
      display_name_normalized: user.name,
      team: TEAM.id,
      ...(bot ? { api_app_id: APP_ID, bot_id: BOT.id } : { email: user.email }),
    },
    is_admin: false,
    is_owner: false,
    is_primary_owner: false,
    is_restricted: false,
    is_ultra_restricted: false,
    is_bot: bot,
    is_app_user: false,
    updated: 1_767_225_600,
  }
}
