import { streamSSE } from 'hono/streaming'
import { SECOND_MS } from '../primitives/index.ts'
import type { RouteHandler } from './access.ts'
import type { Auth } from './auth.ts'
import type { ServerParts } from './parts.ts'

/** Proxies drop connections that say nothing for a minute or so. */
const HEARTBEAT_MS = 15 * SECOND_MS

/**
 * `GET /api/changes`: server-sent events that name what changed, for as long as the session lasts. Each heartbeat
 * checks the session again, so that a stream ends soon after somebody signs out or loses access.
 */
export function streamChanges(parts: ServerParts, auth: Auth): RouteHandler {
  return (context) => {
    const response = streamSSE(context, async (stream) => {
      const { promise: ended, resolve: end } = Promise.withResolvers<void>()
      const unsubscribe = parts.changes.subscribe((change) => {
        stream.writeSSE({ event: 'change', data: JSON.stringify(change) }).catch(end)
      })
      const heartbeat = setInterval(() => {
        beat().catch(end)
      }, HEARTBEAT_MS)
      const beat = async () => {
        if (await auth.isStillSignedIn(context)) await stream.write(': still here\n\n')
        else end()
      }
      stream.onAbort(end)
      await stream.write(': listening\n\n')
      await ended
      clearInterval(heartbeat)
      unsubscribe()
    })
    response.headers.set('cache-control', 'no-store')
    // nginx would gather events until its buffer is full: https://nginx.org/en/docs/http/ngx_http_proxy_module.html
    response.headers.set('x-accel-buffering', 'no')
    return response
  }
}
