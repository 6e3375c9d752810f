/** OpenAI's address space, under `/v1`. */
import { randomUUID } from 'node:crypto'
import { Hono, type MiddlewareHandler } from 'hono'
import { operation, type SandboxEnv } from '../pipeline.ts'
import type { World } from '../world.ts'
import { createChatCompletion, createResponse, type OpenAiAnswer, openaiError } from './answers.ts'

/** The stand-in for `https://api.openai.com`. */
export function createOpenAiApp(world: World): Hono<SandboxEnv> {
  const app = new Hono<SandboxEnv>()
  const signedIn = authentication(world)
  app.use(headers)
  app.post('/v1/responses', operation(world, 'openai', 'responses.create'), signedIn, (context) =>
    respond(createResponse(world, context.get('fields'))),
  )
  app.post(
    '/v1/chat/completions',
    operation(world, 'openai', 'chat.completions.create'),
    signedIn,
    (context) => respond(createChatCompletion(world, context.get('fields'))),
  )
  app.all('*', (context) => {
    const message = `Invalid URL (${context.req.method} ${context.req.path})`
    return respond(openaiError(404, { message }))
  })
  return app
}

/** Every answer, refusals included, carries the request's id and the limits. */
const headers: MiddlewareHandler<SandboxEnv> = async (context, next) => {
  await next()
  if (!context.res.headers.has('content-type')) return
  context.res.headers.set('x-request-id', `req_${randomUUID().replaceAll('-', '')}`)
  context.res.headers.set('openai-processing-ms', '12')
  context.res.headers.set('x-ratelimit-limit-requests', '5000')
  context.res.headers.set('x-ratelimit-remaining-requests', '4999')
  context.res.headers.set('x-ratelimit-reset-requests', '12ms')
}

function authentication(world: World): MiddlewareHandler<SandboxEnv> {
  return async (context, next) => {
    const key = /^Bearer (.+)$/.exec(context.req.header('authorization') ?? '')?.[1]
    if (key === world.options.openaiApiKey) return next()
    const message =
      key === undefined
        ? "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth."
        : 'Incorrect API key provided. You can find your API key at https://platform.openai.com/account/api-keys.'
    return respond(openaiError(401, { message, code: key === undefined ? null : 'invalid_api_key' }))
  }
}

function respond({ status, body }: OpenAiAnswer): Response {
  return Response.json(body, { status })
}
