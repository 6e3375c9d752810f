import { createServer } from 'node:net'

/**
 * A port on 127.0.0.1 that nothing listens on, below those that systems give away by themselves (32768 and up on Linux,
 * 49152 elsewhere): while its server is away, any program's next connection or listener could be given such a one.
 * @param range from which it is drawn
 * @throws Error when a hundred draws were all taken
 */
export async function freePort(range: { from: number; count: number }): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    const port = range.from + Math.floor(Math.random() * range.count)
    if (await canListenOn(port)) return port
  }
  throw new Error(`No free port on 127.0.0.1 between ${range.from} and ${range.from + range.count}`)
}

/** Whether a port on 127.0.0.1 is free; listens on it for a moment. */
export async function canListenOn(port: number): Promise<boolean> {
  const probe = createServer()
  const bound = await new Promise<boolean>((resolve) => {
    probe.once('error', () => resolve(false))
    probe.listen(port, '127.0.0.1', () => resolve(true))
  })
  if (bound) await new Promise((resolve) => probe.close(resolve))
  return bound
}
