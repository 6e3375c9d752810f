import { BlockList, isIP } from 'node:net'
import { getConnInfo } from '@hono/node-server/conninfo'
import { isRecord } from '../primitives/index.ts'
import type { ServerContext } from './parts.ts'

/**
 * Whose request this is: the connection's address or, where that is one of our own proxies, the nearest one in
 * X-Forwarded-For that is not. What stands before it anybody could have written.
 * @param proxies addresses and ranges, `10.0.0.7` or `10.0.0.0/8`
 * @returns null where there is no socket (requests made inside the process)
 */
export function clientAddressBehind(proxies: readonly string[]): (context: ServerContext) => string | null {
  const ours = new BlockList()
  for (const proxy of proxies) {
    const [address = '', prefix] = proxy.split('/')
    if (prefix === undefined) ours.addAddress(address, family(address))
    else ours.addSubnet(address, Number(prefix), family(address))
  }
  const isOurs = (address: string) => isIP(address) !== 0 && ours.check(address, family(address))

  return (context) => {
    if (!isRecord(context.env) || !('incoming' in context.env)) return null
    const forwarded = context.req.header('x-forwarded-for')?.split(',') ?? []
    let nearest = getConnInfo(context).remote.address ?? null
    while (nearest !== null && isOurs(nearest)) {
      const before = forwarded.pop()?.trim()
      if (before === undefined || isIP(before) === 0) break
      nearest = before
    }
    return nearest
  }
}

function family(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4'
}
