/** Stand-ins for what metrics, traces and errors are sent to. They keep what came. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { gunzipSync } from 'node:zlib'

export type Received = { path: string; headers: Record<string, unknown>; body: Buffer }

/** Takes every POST, as an OpenTelemetry collector and Sentry do. */
export async function startHttpReceiver(): Promise<{
  url: string
  received: Received[]
  stop(): Promise<void>
}> {
  const received: Received[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks)
      const zipped = request.headers['content-encoding'] === 'gzip'
      received.push({
        path: request.url ?? '',
        headers: request.headers,
        body: zipped ? gunzipSync(body) : body,
      })
      response.end()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${portOf(server.address())}`,
    received,
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Takes datagrams, as the Datadog agent does, and gives their lines. */
export async function startDatagramReceiver(): Promise<{ port: number; lines: string[]; stop(): void }> {
  const lines: string[] = []
  const socket = createSocket('udp4')
  socket.on('message', (message) => lines.push(...message.toString().split('\n')))
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return { port: socket.address().port, lines, stop: () => socket.close() }
}

export type ReceivedSpan = { name: string; traceId: string; spanId: string; parentId: string }

/**
 * The spans in a request to `/v1/traces`, by the field numbers of OTLP's `trace.proto`
 * (https://github.com/open-telemetry/opentelemetry-proto, 1.x).
 */
export function spansIn(body: Buffer): ReceivedSpan[] {
  const inside = (messages: Buffer[], field: number) =>
    messages.flatMap((message) =>
      fieldsOf(message).flatMap((each) => (each.field === field ? [each.bytes] : [])),
    )
  return inside(inside(inside([body], 1), 2), 2).map((span) => {
    const bytes = (field: number) => inside([span], field)[0] ?? Buffer.alloc(0)
    return {
      name: bytes(5).toString(),
      traceId: bytes(1).toString('hex'),
      spanId: bytes(2).toString('hex'),
      parentId: bytes(4).toString('hex'),
    }
  })
}

/** Names of the metrics in a request to `/v1/metrics`, by `metrics.proto`. */
export function metricNamesIn(body: Buffer): string[] {
  const inside = (messages: Buffer[], field: number) =>
    messages.flatMap((message) =>
      fieldsOf(message).flatMap((each) => (each.field === field ? [each.bytes] : [])),
    )
  return inside(inside(inside(inside([body], 1), 2), 2), 1).map((name) => name.toString())
}

/** A message's length-delimited fields; the others are passed over. https://protobuf.dev/programming-guides/encoding */
function fieldsOf(message: Buffer): { field: number; bytes: Buffer }[] {
  const fields: { field: number; bytes: Buffer }[] = []
  let at = 0
  const varint = () => {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = message[at++] ?? 0
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
  }
  while (at < message.length) {
    const key = varint()
    const wireType = key & 7
    if (wireType === 0) varint()
    else if (wireType === 1) at += 8
    else if (wireType === 5) at += 4
    else {
      const length = varint()
      fields.push({ field: key >> 3, bytes: message.subarray(at, at + length) })
      at += length
    }
  }
  return fields
}

function portOf(address: ReturnType<ReturnType<typeof createServer>['address']>): number {
  if (address === null || typeof address === 'string') throw new Error('Not listening')
  return address.port
}
