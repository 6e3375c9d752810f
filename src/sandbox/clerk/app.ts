/** Clerk's address space: the Backend API's users and keys. */
import { generateKeyPairSync } from 'node:crypto'
import { Hono, type MiddlewareHandler } from 'hono'
import { operation, type SandboxContext, type SandboxEnv } from '../pipeline.ts'
import type { World } from '../world.ts'
import type { ClerkUser } from './model.ts'
import { deletedResource, userResource } from './resources.ts'
import {
  type ClerkAnswer,
  changeUser,
  clerkError,
  countUsers,
  deleteUser,
  findUser,
  INSTANCE_ID,
  listUsers,
  updateMetadata,
  updateUser,
} from './users.ts'

/** The stand-in for `https://api.clerk.com`. */
export function createClerkApp(world: World): Hono<SandboxEnv> {
  const app = new Hono<SandboxEnv>()
  const signedIn = authentication(world)
  const wrap = (name: string) => operation(world, 'clerk', name)
  const withUser = (work: (user: ClerkUser, context: SandboxContext) => ClerkAnswer) => {
    return (context: SandboxContext) => {
      const user = findUser(world, context.req.param('id') ?? '')
      return respond(user ? work(user, context) : notFound())
    }
  }
  const shown = (user: ClerkUser): ClerkAnswer => ({ status: 200, body: userResource(world, user) })

  app.get('/v1/jwks', (context) => context.json({ keys: [publicKey(world)] }))
  app.get('/v1/users', wrap('users.list'), signedIn, (context) => respond(listUsers(world, queryOf(context))))
  app.get('/v1/users/count', wrap('users.count'), signedIn, (context) =>
    respond(countUsers(world, queryOf(context))),
  )
  app.get('/v1/users/:id', wrap('users.get'), signedIn, withUser(shown))
  app.patch(
    '/v1/users/:id',
    wrap('users.update'),
    signedIn,
    withUser((user, context) => updateUser(world, user, context.get('fields'))),
  )
  app.patch(
    '/v1/users/:id/metadata',
    wrap('users.metadata'),
    signedIn,
    withUser((user, context) => updateMetadata(world, user, context.get('fields'))),
  )
  const switches = {
    ban: { banned: true },
    unban: { banned: false },
    lock: { locked: true },
    unlock: { locked: false },
  }
  for (const [name, changes] of Object.entries(switches)) {
    app.post(
      `/v1/users/:id/${name}`,
      wrap(`users.${name}`),
      signedIn,
      withUser((user) => shown(changeUser(world, user, changes))),
    )
  }
  app.delete(
    '/v1/users/:id',
    wrap('users.delete'),
    signedIn,
    withUser((user) => ({ status: 200, body: deletedResource(deleteUser(world, user)) })),
  )
  app.all('*', () => respond(notFound()))
  return app
}

function notFound(): ClerkAnswer {
  return clerkError(404, 'resource_not_found', 'not found', 'No user was found with id given.')
}

function authentication(world: World): MiddlewareHandler<SandboxEnv> {
  return async (context, next) => {
    if (context.req.header('authorization') === `Bearer ${world.options.clerkSecretKey}`) return next()
    return respond(
      clerkError(
        401,
        'clerk_key_invalid',
        'The provided Clerk Secret Key is invalid. Make sure that your Clerk Secret Key is correct.',
      ),
    )
  }
}

/** The key that session tokens would be signed with; its private half is not kept, since nobody signs in here. */
function publicKey(world: World): Record<string, unknown> {
  const kept = world.clerk.keys.get('session')
  if (kept) return kept
  const { publicKey: key } = generateKeyPairSync('rsa', { modulusLength: 2_048 })
  const jwk = { ...key.export({ format: 'jwk' }), use: 'sig', alg: 'RS256', kid: INSTANCE_ID }
  return world.clerk.keys.put('session', jwk)
}

function queryOf(context: SandboxContext): URLSearchParams {
  return new URL(context.req.url).searchParams
}

function respond({ status, body }: ClerkAnswer): Response {
  return Response.json(body, { status })
}
