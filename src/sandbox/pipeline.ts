/**
 * The path of every call from the application: count it in, read the body, obey the provider's limits, take the time
 * that the provider takes, draw a fault, do the work, spoil the answer when the fault says so, and record what crossed
 * the wire. The one place where limits, latency and faults are applied to API operations; deliveries have their faults
 * in `deliveries.ts`. A call is in flight from its arrival until its answer, whatever it waits for in between.
 */
import { setTimeout as wait } from 'node:timers/promises'
import type { HttpBindings } from '@hono/node-server'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import type { Context, MiddlewareHandler, Next } from 'hono'
import { isRecord, parseJson } from '../primitives/index.ts'
import type { Fault, Provider } from './faults.ts'
import type { Visit } from './load.ts'
import { providerError, saysRetryAfter } from './provider-errors.ts'
import type { World } from './world.ts'

/** The fields of a call, from its query, form or JSON body; a form's repeated key is a list. */
export type Fields = Record<string, unknown>
export type SandboxEnv = { Bindings: HttpBindings; Variables: { fields: Fields } }
export type SandboxContext = Context<SandboxEnv>

/**
 * Wraps one provider's operation.
 * @param name the operation's name, or how to find it in the request (Slack's method is in the path)
 */
export function operation(
  world: World,
  provider: Provider,
  name: string | ((context: SandboxContext) => string),
): MiddlewareHandler<SandboxEnv> {
  return async (context, next) => {
    const visit = world.load.enter(provider)
    try {
      await answerCall(world, provider, typeof name === 'string' ? name : name(context), visit, context, next)
    } finally {
      visit.leave(statusOf(context))
    }
  }
}

async function answerCall(
  world: World,
  provider: Provider,
  operationName: string,
  visit: Visit,
  context: SandboxContext,
  next: Next,
): Promise<void> {
  const body = await readBody(context)
  const fields: Fields = { ...context.req.query(), ...(isRecord(body) ? body : {}) }
  context.set('fields', fields)
  const fault = visit.admitted ? world.faults.draw(provider, operationName) : undefined
  const call = world.calls.record({
    provider,
    operation: operationName,
    direction: 'in',
    method: context.req.method,
    path: pathAndQuery(context.req.url),
    headers: context.req.header(),
    body,
    status: null,
    fault: fault?.id ?? null,
    atMs: world.clock.now(),
  })
  const room = visit.admitted
    ? world.limiter.take(provider, operationName, String(fields.channel ?? ''))
    : { ok: false as const, retryAfterS: undefined }
  if (room.ok) await world.latencies.wait(provider)
  await runWithFault(context, provider, fault, async () => {
    if (room.ok) await next()
    else answer(context, tooManyRequests(provider, room.retryAfterS))
  })
  call.status = statusOf(context)
}

function tooManyRequests(provider: Provider, retryAfterS: number | undefined): Response {
  return providerError(provider, 429, { retryAfterS: saysRetryAfter(provider) ? retryAfterS : undefined })
}

/** What was answered; 0 when the connection was cut. */
function statusOf(context: SandboxContext): number {
  return context.res === RESPONSE_ALREADY_SENT ? 0 : context.res.status
}

async function runWithFault(
  context: SandboxContext,
  provider: Provider,
  fault: Fault | undefined,
  work: () => Promise<void>,
): Promise<void> {
  if (!fault) return work()
  switch (fault.kind) {
    case 'delay':
      if (fault.when === 'before') await wait(fault.delayMs ?? 1_000)
      await work()
      if (fault.when === 'after') await wait(fault.delayMs ?? 1_000)
      return
    case 'drop-before':
      return cut(context)
    case 'drop-after':
      await work()
      return cut(context)
    case 'status':
    case 'html':
    case 'rate-limit':
      if (fault.when === 'after') await work()
      return answer(context, refusal(provider, fault))
    case 'malformed':
      await work()
      return answer(context, await truncated(context.res))
    case 'slow-trickle':
      await work()
      return answer(context, trickling(context.res, fault.delayMs ?? 50))
    case 'endless':
      await work()
      return answer(context, endless(context.res, fault.delayMs ?? 50))
    case 'cut-midway':
      await work()
      return answer(context, brokenOff(context))
    case 'duplicate':
      return work()
  }
}

function refusal(provider: Provider, fault: Fault): Response {
  const { code, retryAfterS } = fault
  if (fault.kind === 'html') {
    const page =
      '<html><head><title>503 Service Unavailable</title></head><body><h1>Bad day</h1></body></html>'
    return new Response(page, { status: fault.status ?? 503, headers: { 'content-type': 'text/html' } })
  }
  const status = fault.status ?? (fault.kind === 'rate-limit' ? 429 : 500)
  if (fault.body === undefined) {
    const seconds = retryAfterS ?? (fault.kind === 'rate-limit' && saysRetryAfter(provider) ? 1 : undefined)
    return providerError(provider, status, { code, retryAfterS: seconds })
  }
  const headers: Record<string, string> =
    retryAfterS === undefined ? {} : { 'retry-after': String(retryAfterS) }
  if (typeof fault.body !== 'string') return Response.json(fault.body, { status, headers })
  return new Response(fault.body, { status, headers: { ...headers, 'content-type': 'text/plain' } })
}

/** Ends the connection without an answer, as a crash or a broken network does. */
function cut(context: SandboxContext): void {
  context.env.outgoing.destroy()
  answer(context, RESPONSE_ALREADY_SENT)
}

function answer(context: SandboxContext, response: Response): void {
  // Hono merges the headers of an answer that is there already; a spoiled answer starts from nothing.
  context.res = undefined
  context.res = response
}

async function truncated(response: Response): Promise<Response> {
  const text = await response.text()
  // Of an empty answer there is no half: one that has only begun.
  return new Response(text === '' ? '{' : text.slice(0, Math.floor(text.length / 2)), plainInit(response))
}

/** The same answer in eight pieces, with a pause before each. */
function trickling(response: Response, pauseMs: number): Response {
  const stream = new ReadableStream<Uint8Array>({
    async start(controller) {
      const bytes = new Uint8Array(await response.arrayBuffer())
      const size = Math.max(1, Math.ceil(bytes.length / 8))
      for (let start = 0; start < bytes.length; start += size) {
        await wait(pauseMs)
        controller.enqueue(bytes.slice(start, start + size))
      }
      controller.close()
    },
  })
  return new Response(stream, plainInit(response))
}

/** Half of the answer, and then spaces, for as long as anybody listens. */
function endless(response: Response, pauseMs: number): Response {
  const listening = { still: true }
  const stream = new ReadableStream<Uint8Array>({
    async start(controller) {
      controller.enqueue(await firstHalf(response))
    },
    async pull(controller) {
      await wait(pauseMs, undefined, { ref: false })
      if (listening.still) controller.enqueue(new Uint8Array([0x20]))
    },
    cancel() {
      listening.still = false
    },
  })
  return new Response(stream, plainInit(response))
}

/** How long the first half has to reach the other side before the connection is cut. */
const MIDWAY_MS = 20

/** Half of the answer, and then nothing: the connection is cut. */
function brokenOff(context: SandboxContext): Response {
  const { res: response } = context
  const stream = new ReadableStream<Uint8Array>({
    async start(controller) {
      controller.enqueue(await firstHalf(response))
      await wait(MIDWAY_MS)
      context.env.outgoing.destroy()
      controller.close()
    },
  })
  return new Response(stream, plainInit(response))
}

async function firstHalf(response: Response): Promise<Uint8Array> {
  const bytes = new Uint8Array(await response.arrayBuffer())
  return bytes.slice(0, Math.ceil(bytes.length / 2))
}

function plainInit(response: Response): ResponseInit {
  const headers = new Headers(response.headers)
  headers.delete('content-length')
  // These may have no body at all, not even a broken one. https://fetch.spec.whatwg.org/#null-body-status
  const isEmpty = response.status === 204 || response.status === 205 || response.status === 304
  return { status: isEmpty ? 200 : response.status, headers }
}

async function readBody(context: SandboxContext): Promise<unknown> {
  if (context.req.method === 'GET' || context.req.method === 'HEAD') return null
  const text = await context.req.text()
  if (text === '') return null
  const type = context.req.header('content-type') ?? ''
  if (type.includes('json')) return parseJson(text) ?? text
  return formFields(new URLSearchParams(text))
}

function formFields(form: URLSearchParams): Fields {
  return Object.fromEntries(
    [...new Set(form.keys())].map((key) => {
      const values = form.getAll(key)
      return [key, values.length === 1 ? values[0] : values]
    }),
  )
}

function pathAndQuery(url: string): string {
  const { pathname, search } = new URL(url)
  return pathname + search
}
