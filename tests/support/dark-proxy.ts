/**
 * A TCP proxy in front of a server that can go dark: from then on it forwards nothing in either direction, and new
 * connections are accepted and hear nothing, as behind a firewall that has lost its table.
 */
import { connect, createServer, type Socket } from 'node:net'

/** How the light comes back: held bytes go on, connections are reset, or they stay dead without a word for ever. */
export type Ending = 'goes on' | 'is reset' | 'stays dead'

export type DarkProxy = {
  readonly port: number
  goDark(): void
  /** Forwards again; what becomes of the connections from before and during the dark is said by `ending`. */
  light(ending: Ending): void
  close(): Promise<void>
}

type Pair = { from: Socket; to: Socket | null; dead: boolean }

/** Starts one on a free port of this machine. @param target port of the server behind it */
export async function startDarkProxy(target: number): Promise<DarkProxy> {
  const pairs = new Set<Pair>()
  let dark = false

  const join = (pair: Pair) => {
    const to = connect(target, '127.0.0.1')
    pair.to = to
    for (const [one, other] of [
      [pair.from, to],
      [to, pair.from],
    ] as const) {
      one.on('data', (bytes) => other.write(bytes))
      // A goodbye does not get through the dark either.
      one.on('close', () => {
        if (!dark && !pair.dead) end(pair)
        // The server's keepalive finds out that nobody is there; nobody tells the program.
        if (pair.dead && one === pair.from) end(pair)
      })
    }
    to.on('error', () => {})
  }
  const end = (pair: Pair) => {
    pairs.delete(pair)
    pair.from.resetAndDestroy()
    pair.to?.resetAndDestroy()
  }
  const server = createServer((from) => {
    const pair: Pair = { from, to: null, dead: false }
    pairs.add(pair)
    from.on('error', () => {})
    if (dark) from.pause()
    else join(pair)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('No port')

  return {
    port: address.port,
    goDark() {
      dark = true
      for (const { from, to } of pairs) for (const socket of [from, to]) socket?.pause()
    },
    light(ending) {
      dark = false
      for (const pair of [...pairs]) {
        if (ending === 'is reset' || pair.from.destroyed || pair.to?.destroyed) end(pair)
        else if (ending === 'stays dead') pair.dead = true
        else if (pair.to === null) join(pair)
        for (const socket of pair.dead ? [] : [pair.from, pair.to]) socket?.resume()
      }
    },
    async close() {
      for (const pair of [...pairs]) end(pair)
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
