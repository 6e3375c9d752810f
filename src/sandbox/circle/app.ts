/** Circle's address space: the Admin API v2 and the community's pages. */
import { Hono, type MiddlewareHandler } from 'hono'
import { operation, type SandboxEnv } from '../pipeline.ts'
import type { World } from '../world.ts'
import { postPage } from './page.ts'
import {
  type CircleAnswer,
  circleError,
  createPost,
  deletePost,
  listPosts,
  showPost,
  updatePost,
} from './posts.ts'
import { spaceResource, spaces } from './spaces.ts'

/** The stand-in for `https://app.circle.so` and for the community's own address. */
export function createCircleApp(world: World): Hono<SandboxEnv> {
  const app = new Hono<SandboxEnv>()
  const api = '/api/admin/v2'
  const signedIn = authentication(world)
  const wrap = (name: string) => operation(world, 'circle', name)

  app.post(`${api}/posts`, wrap('posts.create'), signedIn, (context) =>
    respond(createPost(world, context.get('fields'))),
  )
  app.get(`${api}/posts`, wrap('posts.list'), signedIn, (context) =>
    respond(listPosts(world, context.get('fields'))),
  )
  app.get(`${api}/posts/:id`, wrap('posts.show'), signedIn, (context) =>
    respond(showPost(world, context.req.param('id'))),
  )
  app.put(`${api}/posts/:id`, wrap('posts.update'), signedIn, (context) =>
    respond(updatePost(world, context.req.param('id'), context.get('fields'))),
  )
  app.delete(`${api}/posts/:id`, wrap('posts.delete'), signedIn, (context) =>
    respond(deletePost(world, context.req.param('id'))),
  )
  app.get(`${api}/spaces`, wrap('spaces.list'), signedIn, () => respond(listSpaces(world)))
  app.get('/c/:space/:slug', (context) =>
    postPage(world, context.req.param('space'), context.req.param('slug')),
  )
  app.all('*', () => respond(circleError(404, 'Oops! Missing record. Please try again later.')))
  return app
}

function listSpaces(world: World): CircleAnswer {
  const records = spaces(world).map((space) => spaceResource(world, space))
  const body = { page: 1, per_page: 60, has_next_page: false, count: records.length, page_count: 1, records }
  return { status: 200, body }
}

/** Circle's specification says `Token`, its guide says `Bearer`; both work there, so both work here. */
function authentication(world: World): MiddlewareHandler<SandboxEnv> {
  return async (context, next) => {
    const given = /^(?:Token|Bearer) (.+)$/.exec(context.req.header('authorization') ?? '')?.[1]
    if (given === world.options.circleApiToken) return next()
    return respond(circleError(401, 'The API token is invalid.'))
  }
}

function respond({ status, body }: CircleAnswer): Response {
  return Response.json(body, { status })
}
