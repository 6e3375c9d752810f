/** Twilio's address space: `/2010-04-01/Accounts/{sid}/…` behind Basic authentication, and its file server. */
import { Hono, type MiddlewareHandler } from 'hono'
import { operation, type SandboxEnv } from '../pipeline.ts'
import type { World } from '../world.ts'
import { fetchMedia, listMedia, serveMedia } from './media.ts'
import {
  createMessage,
  fetchMessage,
  listMessages,
  notFound,
  type TwilioAnswer,
  twilioError,
} from './messages.ts'

/** The stand-in for `https://api.twilio.com`. */
export function createTwilioApp(world: World): Hono<SandboxEnv> {
  const app = new Hono<SandboxEnv>()
  const account = '/2010-04-01/Accounts/:account'
  const signedIn = authentication(world)
  const wrap = (name: string) => operation(world, 'twilio', name)

  app.post(`${account}/Messages.json`, wrap('messages.create'), signedIn, (context) =>
    respond(createMessage(world, context.get('fields'))),
  )
  app.get(`${account}/Messages.json`, wrap('messages.list'), signedIn, (context) =>
    respond(listMessages(world, context.get('fields'))),
  )
  app.get(`${account}/Messages/:message/Media.json`, wrap('media.list'), signedIn, (context) =>
    respond(listMedia(world, context.req.param('message'))),
  )
  app.get(`${account}/Messages/:message/Media/:media`, wrap('media.fetch'), signedIn, (context) =>
    respond(fetchMedia(world, context.req.param('message'), context.req.param('media'))),
  )
  app.get(`${account}/Messages/:file`, wrap('messages.fetch'), signedIn, (context) =>
    respond(fetchMessage(world, context.req.param('file').replace(/\.json$/, ''))),
  )
  app.get('/cdn/:message/:media', (context) =>
    serveMedia(world, context.req.param('message'), context.req.param('media')),
  )
  app.all('*', (context) => respond(notFound(context.req.path)))
  return app
}

function authentication(world: World): MiddlewareHandler<SandboxEnv> {
  const { twilioAccountSid, twilioAuthToken } = world.options
  const expected = `Basic ${Buffer.from(`${twilioAccountSid}:${twilioAuthToken}`).toString('base64')}`
  return async (context, next) => {
    const right = context.req.header('authorization') === expected
    if (right && context.req.param('account') === twilioAccountSid) return next()
    return respond(twilioError(401, 20003, 'Authenticate'))
  }
}

function respond(answer: TwilioAnswer | Response): Response {
  return answer instanceof Response ? answer : Response.json(answer.body, { status: answer.status })
}
