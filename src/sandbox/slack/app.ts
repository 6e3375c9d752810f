/** Slack's address space: `/api/<method>`, form-encoded or JSON, and response_urls. */
import { Hono } from 'hono'
import { type Fields, operation, type SandboxContext, type SandboxEnv } from '../pipeline.ts'
import type { World } from '../world.ts'
import { deleteMessage, getPermalink, postEphemeral, postMessage, updateMessage } from './chat.ts'
import { history, info, list, replies } from './conversations.ts'
import { refuse, type SlackAnswer } from './model.ts'
import { respondToUrl } from './response-url.ts'
import {
  disableUsergroup,
  enableUsergroup,
  listUsergroups,
  listUsergroupUsers,
  updateUsergroupUsers,
} from './usergroups.ts'
import { authTest, listUsers, lookupByEmail, userInfo } from './users.ts'
import { openView, updateView } from './views.ts'

const METHODS: Record<string, (world: World, fields: Fields) => SlackAnswer> = {
  'auth.test': authTest,
  'chat.delete': deleteMessage,
  'chat.getPermalink': getPermalink,
  'chat.postEphemeral': postEphemeral,
  'chat.postMessage': postMessage,
  'chat.update': updateMessage,
  'conversations.history': history,
  'conversations.info': info,
  'conversations.list': list,
  'conversations.replies': replies,
  'usergroups.disable': disableUsergroup,
  'usergroups.enable': enableUsergroup,
  'usergroups.list': listUsergroups,
  'usergroups.users.list': listUsergroupUsers,
  'usergroups.users.update': updateUsergroupUsers,
  'users.info': userInfo,
  'users.list': listUsers,
  'users.lookupByEmail': lookupByEmail,
  'views.open': openView,
  'views.update': updateView,
}

/** The stand-in for `https://slack.com`. A refusal is HTTP 200 with `ok: false`. */
export function createSlackApp(world: World): Hono<SandboxEnv> {
  const app = new Hono<SandboxEnv>()
  const method = (context: SandboxContext) => context.req.path.split('/').at(-1) ?? ''
  app.all('/api/:method', operation(world, 'slack', method), (context) => {
    const fields = context.get('fields')
    const problem = authenticationProblem(world, context, fields)
    const handle = METHODS[context.req.param('method')]
    const answer = problem ? refuse(problem) : handle ? handle(world, fields) : refuse('unknown_method')
    return context.json(answer, 200, {
      'x-oauth-scopes':
        'chat:write,channels:history,users:read,users:read.email,usergroups:read,usergroups:write',
    })
  })
  app.post('/response/:team/:id', operation(world, 'slack', 'response_url'), (context) =>
    respondToUrl(world, context.req.param('id'), context.get('fields')),
  )
  return app
}

function authenticationProblem(world: World, context: SandboxContext, fields: Fields): string | null {
  const header = context.req.header('authorization')?.replace(/^Bearer\s+/i, '')
  const token = header ?? fields.token
  if (token === undefined || token === '') return 'not_authed'
  return token === world.options.slackBotToken ? null : 'invalid_auth'
}
