import { NotFoundError, SECOND_MS } from '../primitives/index.ts'
import type { RouteHandler } from './access.ts'
import type { ApiError } from './contract.ts'
import type { ServerParts } from './parts.ts'

const PREFIX = '/api/sandbox'
const TIMEOUT_MS = 60 * SECOND_MS

/** Passes `/api/sandbox/*` on to the sandbox's control API, with method, query and body as they are. */
export function sandboxProxy(parts: ServerParts): RouteHandler {
  return async (context) => {
    if (!parts.sandbox) throw new NotFoundError('No sandbox runs here.')
    const { pathname, search } = new URL(context.req.url)
    const path = pathname.slice(PREFIX.length)
    if (path === '/changes') throw new NotFoundError('Follow /api/changes instead.')
    const { method } = context.req
    const body = method === 'GET' ? null : await context.req.text()
    try {
      const answer = await fetch(parts.sandbox.controlUrl + path + search, {
        method,
        headers: { 'content-type': 'application/json' },
        body: body === '' ? null : body,
        redirect: 'error',
        signal: AbortSignal.timeout(TIMEOUT_MS),
      })
      const headers = { 'content-type': answer.headers.get('content-type') ?? 'application/json' }
      return new Response(await answer.text(), { status: answer.status, headers })
    } catch {
      parts.logger.warn({ event: 'sandbox.unreachable', path }, 'The sandbox does not answer')
      const message = 'The sandbox does not answer. It starts again by itself in a moment; then try again.'
      return context.json<ApiError>({ error: { code: 'sandbox_unreachable', message } }, 502)
    }
  }
}
