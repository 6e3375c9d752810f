import { serve } from '@hono/node-server'
import { isLoopbackUrl, SECOND_MS } from '../primitives/index.ts'

/** Answers under way get this long at a stop: as long as Slack waits for one. */
const ANSWER_LIMIT_MS = 3 * SECOND_MS

/**
 * Listens: to this machine alone while PUBLIC_URL is a loopback address (then nobody else is meant to come, and the
 * sandbox's doors stand open), to all addresses otherwise. Gives what stops it: no new requests, those under way are
 * answered.
 * @throws Error with a sentence when the port is taken
 */
export async function listen(
  fetch: Parameters<typeof serve>[0]['fetch'],
  { port, publicUrl }: { port: number; publicUrl: string },
): Promise<() => Promise<void>> {
  const hostname = isLoopbackUrl(publicUrl) ? '127.0.0.1' : '0.0.0.0'
  const server = await new Promise<ReturnType<typeof serve>>((resolve, reject) => {
    const starting = serve({ fetch, port, hostname }, () => resolve(starting))
    starting.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'EADDRINUSE'
          ? new Error(`Port ${port} is taken by another program. Stop it, or set PORT to another one.`)
          : error,
      ),
    )
  })
  return () =>
    new Promise((resolve) => {
      server.close(() => resolve())
      if ('closeIdleConnections' in server) server.closeIdleConnections()
      // Change streams never end by themselves.
      setTimeout(
        () => 'closeAllConnections' in server && server.closeAllConnections(),
        ANSWER_LIMIT_MS,
      ).unref()
    })
}
