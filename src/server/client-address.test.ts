import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { expect, test } from 'vitest'
import { clientAddressBehind } from './client-address.ts'
import type { ServerEnv } from './parts.ts'

/** What a request over a real socket is taken for. */
async function addressOf(proxies: string[], forwardedFor?: string): Promise<string> {
  const app = new Hono<ServerEnv>()
  const read = clientAddressBehind(proxies)
  app.get('/', (context) => context.text(String(read(context))))
  const listening = Promise.withResolvers<AddressInfo>()
  const running = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, listening.resolve)
  try {
    const { port } = await listening.promise
    const headers: HeadersInit = forwardedFor === undefined ? {} : { 'x-forwarded-for': forwardedFor }
    return await (await fetch(`http://127.0.0.1:${port}/`, { headers })).text()
  } finally {
    running.close()
  }
}

test.each<[string, string[], string | undefined, string]>([
  ['no proxy is known', [], '203.0.113.9', '127.0.0.1'],
  ['another proxy is', ['10.0.0.0/8'], '203.0.113.9', '127.0.0.1'],
  ['ours says who', ['127.0.0.1'], '203.0.113.9', '203.0.113.9'],
  ['somebody claims to be another', ['127.0.0.1'], '198.51.100.1, 203.0.113.9', '203.0.113.9'],
  ['two of ours', ['127.0.0.0/8', '10.0.0.0/8'], '203.0.113.9, 10.1.2.3', '203.0.113.9'],
  ['over IPv6', ['127.0.0.1', 'fd00::/8'], '2001:db8::7, fd00::1', '2001:db8::7'],
  ['ours says nothing', ['127.0.0.1'], undefined, '127.0.0.1'],
  ['what it says is no address', ['127.0.0.1'], 'unknown', '127.0.0.1'],
])('%s', async (_case, proxies, forwardedFor, address) => {
  expect(await addressOf(proxies, forwardedFor)).toBe(address)
})
