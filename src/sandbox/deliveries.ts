/**
 * What the sandbox sends to the application: webhooks, status callbacks and clicks, as a provider would, with its
 * timeouts. Faults on deliveries are applied here.
 */
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { setTimeout as wait } from 'node:timers/promises'
import { monotonicMs, parseJson } from '../primitives/index.ts'
import type { Provider } from './faults.ts'
import type { World } from './world.ts'

export type Delivery = {
  provider: Provider
  operation: 'webhook' | 'status-callback' | 'interaction'
  url: string
  headers: Record<string, string>
  /** What is sent: a form's fields, or JSON as the very text that was signed. */
  body: { form: Record<string, string> } | { json: string }
  connectTimeoutMs: number
  /** From the first byte sent to the last one read. */
  totalTimeoutMs: number
}

export type DeliveryOutcome = { elapsedMs: number } & (
  | { kind: 'answered'; status: number; headers: IncomingHttpHeaders; body: string }
  /** Nothing reached the application. */
  | { kind: 'not-connected'; reason: string }
  /** The request may have been handled; no answer came in time, or the connection was cut. */
  | { kind: 'no-answer'; reason: string }
)

/** Delivers once (twice at the same moment under the `duplicate` fault). Never throws. */
export async function deliver(world: World, delivery: Delivery): Promise<DeliveryOutcome> {
  const fault = world.faults.draw(delivery.provider, delivery.operation)
  const call = world.calls.record({
    provider: delivery.provider,
    operation: delivery.operation,
    direction: 'out',
    method: 'POST',
    path: delivery.url,
    headers: delivery.headers,
    body: 'form' in delivery.body ? delivery.body.form : parseJson(delivery.body.json),
    status: null,
    fault: fault?.id ?? null,
    atMs: world.clock.now(),
  })
  const outcome = await sendWithFault(
    delivery,
    addressOf(world, delivery.url),
    fault?.kind,
    fault?.delayMs ?? 1_000,
  )
  call.status = outcome.kind === 'answered' ? outcome.status : 0
  return outcome
}

/** A delivery to the public address may take a shorter way; its signature and Host stay those of the public one. */
function addressOf(world: World, url: string): string {
  const { publicUrl, deliverTo } = world.options
  return deliverTo && url.startsWith(`${publicUrl}/`) ? deliverTo + url.slice(publicUrl.length) : url
}

async function sendWithFault(
  delivery: Delivery,
  address: string,
  kind: string | undefined,
  delayMs: number,
): Promise<DeliveryOutcome> {
  if (kind === 'drop-before')
    return { kind: 'not-connected', reason: 'connection refused (fault)', elapsedMs: 0 }
  if (kind === 'delay') await wait(delayMs)
  if (kind === 'duplicate') {
    const [first] = await Promise.all([send(delivery, address), send(delivery, address)])
    return first
  }
  const outcome = await send(delivery, address)
  if (kind !== 'drop-after') return outcome
  return { kind: 'no-answer', reason: 'the answer was lost (fault)', elapsedMs: outcome.elapsedMs }
}

function send(delivery: Delivery, address: string): Promise<DeliveryOutcome> {
  const startedMs = monotonicMs()
  const elapsed = () => Math.round(monotonicMs() - startedMs)
  const [type, body] =
    'form' in delivery.body
      ? ['application/x-www-form-urlencoded', new URLSearchParams(delivery.body.form).toString()]
      : ['application/json; charset=utf-8', delivery.body.json]
  const request = address.startsWith('https:') ? httpsRequest : httpRequest
  return new Promise((resolve) => {
    let connected = false
    const outgoing = request(address, {
      method: 'POST',
      agent: false,
      headers: {
        ...delivery.headers,
        host: new URL(delivery.url).host,
        'content-type': type,
        'content-length': String(Buffer.byteLength(body)),
      },
    })
    const connectTimer = setTimeout(() => {
      if (!connected) outgoing.destroy(new Error('connect timeout'))
    }, delivery.connectTimeoutMs)
    const totalTimer = setTimeout(() => outgoing.destroy(new Error('read timeout')), delivery.totalTimeoutMs)
    const settle = (outcome: DeliveryOutcome) => {
      clearTimeout(connectTimer)
      clearTimeout(totalTimer)
      resolve(outcome)
    }
    const fail = (error: Error) =>
      settle({ kind: connected ? 'no-answer' : 'not-connected', reason: error.message, elapsedMs: elapsed() })
    outgoing.on('socket', (socket) => socket.on('connect', () => (connected = true)))
    outgoing.on('error', fail)
    outgoing.on('response', (incoming) => {
      const chunks: Buffer[] = []
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
      incoming.on('error', fail)
      incoming.on('end', () =>
        settle({
          kind: 'answered',
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          body: Buffer.concat(chunks).toString('utf8'),
          elapsedMs: elapsed(),
        }),
      )
    })
    outgoing.end(body)
  })
}
