import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'

export type Recorded = {
  method: string
  path: string
  query: URLSearchParams
  headers: IncomingMessage['headers']
  body: string
}

/** What the server does with one request: answer, hang until it is closed, or cut the connection. */
export type Reply =
  | { status: number; body?: unknown; headers?: Record<string, string> }
  | { fault: 'reset' | 'hang' | 'cut_body' }

/** A provider that answers what the test tells it, and remembers what it was asked. On loopback, on a free port. */
export type RecordingServer = AsyncDisposable & { url: string; requests: Recorded[] }

export async function startRecordingServer(
  reply: (request: Recorded, index: number) => Reply,
): Promise<RecordingServer> {
  const requests: Recorded[] = []
  const server = createServer(async (incoming, outgoing) => {
    const { pathname, searchParams } = new URL(incoming.url ?? '/', 'http://localhost')
    const request: Recorded = {
      method: incoming.method ?? '',
      path: pathname,
      query: searchParams,
      headers: incoming.headers,
      body: await text(incoming),
    }
    requests.push(request)
    send(outgoing, reply(request, requests.length - 1))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** An address at which nobody listens. */
export async function unusedAddress(): Promise<string> {
  const server = await startRecordingServer(() => ({ status: 200 }))
  await server[Symbol.asyncDispose]()
  return server.url
}

function send(outgoing: ServerResponse, reply: Reply): void {
  if ('status' in reply) {
    const json = typeof reply.body !== 'string'
    outgoing.writeHead(reply.status, {
      'content-type': json ? 'application/json' : 'text/html',
      connection: 'close',
      ...reply.headers,
    })
    outgoing.end(json ? JSON.stringify(reply.body ?? {}) : reply.body)
  } else if (reply.fault === 'reset') {
    outgoing.destroy()
  } else if (reply.fault === 'cut_body') {
    outgoing.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' })
    outgoing.write('{"ok":', () => outgoing.destroy())
  }
}
