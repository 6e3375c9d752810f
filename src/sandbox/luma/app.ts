/** Luma's address space: the public API of one calendar. Webhooks are not part of it. */
import { Hono, type MiddlewareHandler } from 'hono'
import { operation, type SandboxEnv } from '../pipeline.ts'
import type { World } from '../world.ts'
import { type LumaAnswer, refuse } from './answers.ts'
import { listEvents, showSelf } from './events.ts'
import { listGuests, showGuest, updateStatus } from './guests.ts'

/** The stand-in for `https://public-api.luma.com`. */
export function createLumaApp(world: World): Hono<SandboxEnv> {
  const app = new Hono<SandboxEnv>().basePath('/v1')
  const signedIn = authentication(world)
  const wrap = (name: string) => operation(world, 'luma', name)

  app.get('/users/get-self', wrap('users.get-self'), signedIn, () => respond(showSelf()))
  app.get('/calendars/events/list', wrap('events.list'), signedIn, (context) =>
    respond(listEvents(world, context.get('fields'), context.req.queries('platforms') ?? [])),
  )
  app.get('/events/guests/list', wrap('guests.list'), signedIn, (context) =>
    respond(listGuests(world, context.get('fields'))),
  )
  app.get('/events/guests/get', wrap('guests.get'), signedIn, (context) =>
    respond(showGuest(world, context.get('fields'))),
  )
  app.post('/events/guests/update-status', wrap('guests.update-status'), signedIn, (context) =>
    respond(updateStatus(world, context.get('fields'))),
  )
  app.all('*', wrap('unknown'), signedIn, () => respond(refuse(404, 'Not found.')))
  return app
}

function authentication(world: World): MiddlewareHandler<SandboxEnv> {
  return async (context, next) => {
    if (context.req.header('x-luma-api-key') === world.options.lumaApiKey) return next()
    return respond(refuse(401, 'Invalid API key.'))
  }
}

function respond({ status, body }: LumaAnswer): Response {
  return Response.json(body, { status })
}
