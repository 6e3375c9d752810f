/** The control API: what a person (through the Sandbox page) or a test does to the world, and sees of it. */
import { Hono } from 'hono'
import { streamSSE } from 'hono/streaming'
import { KinkeeperError, NotFoundError } from '../../primitives/index.ts'
import type { ChangeListener } from '../changes.ts'
import { faultRequestSchema } from '../faults.ts'
import { limitsRequestSchema } from '../limits.ts'
import type { SandboxContext, SandboxEnv } from '../pipeline.ts'
import { click, closeView, submitView } from '../slack/interactivity.ts'
import { forwardText, receiveText, type WebhookResult } from '../twilio/inbound.ts'
import type { TwilioMessage } from '../twilio/model.ts'
import type { World } from '../world.ts'
import { check, readJson } from './body.ts'
import { addDeliveries } from './deliveries.ts'
import { addMembership } from './membership.ts'
import { addPeople } from './people.ts'
import * as requests from './requests.ts'
import { viewWorld } from './world-view.ts'

/** Everything under `/control`. Errors are `{error: {code, message}}`. */
export function createControlApp(world: World): Hono<SandboxEnv> {
  const app = new Hono<SandboxEnv>()
  app.onError((error, context) => {
    if (!(error instanceof KinkeeperError)) throw error
    const status = error instanceof NotFoundError ? 404 : 400
    return context.json({ error: { code: error.next, message: error.message } }, status)
  })
  addPhone(app, world)
  addSlack(app, world)
  addFaults(app, world)
  addMembership(app, world)
  addDeliveries(app, world)
  addPeople(app, world)
  addWorld(app, world)
  return app
}

function addWorld(app: Hono<SandboxEnv>, world: World): void {
  app.get('/health', (context) => context.json({ ok: true }))
  app.get('/world', (context) => {
    const { limit } = check(requests.worldQuerySchema, context.req.query())
    return context.json(viewWorld(world, limit))
  })
  app.get('/calls', (context) => {
    const { provider, operation } = context.req.query()
    return context.json({ calls: world.calls.list({ provider, operation }) })
  })
  app.get('/changes', (context) => streamChanges(context, world))
  app.get('/clock', (context) => context.json(readClock(world)))
  app.post('/clock', async (context) => {
    const { advanceMs } = await readJson(context, requests.clockRequestSchema)
    world.advanceClock(advanceMs)
    return context.json(readClock(world))
  })
  app.post('/reset', (context) => {
    world.reset()
    return context.json({ ok: true })
  })
}

function addPhone(app: Hono<SandboxEnv>, world: World): void {
  app.post('/texts', async (context) => {
    const { wait, ...text } = await readJson(context, requests.textRequestSchema)
    const message = receiveText(world, text)
    if (wait) return context.json(await forwardText(world, message))
    void forwardText(world, message)
    return context.json({ sid: message.sid, webhookStatus: null, reply: null }, 202)
  })
  app.post('/texts/:sid/redeliver', async (context) => {
    const message = world.twilio.messages.get(context.req.param('sid'))
    if (!message) throw new NotFoundError('There is no text with this MessageSid.')
    const { times, concurrent } = await readJson(context, requests.redeliverySchema)
    return context.json({ results: await redeliver(world, message, times, concurrent) })
  })
}

async function redeliver(
  world: World,
  message: TwilioMessage,
  times: number,
  concurrent: boolean,
): Promise<WebhookResult[]> {
  if (concurrent) return Promise.all(Array.from({ length: times }, () => forwardText(world, message)))
  const results: WebhookResult[] = []
  for (let time = 0; time < times; time++) results.push(await forwardText(world, message))
  return results
}

function addSlack(app: Hono<SandboxEnv>, world: World): void {
  app.post('/slack/clicks', async (context) =>
    context.json(await click(world, await readJson(context, requests.clickRequestSchema))),
  )
  app.post('/slack/views/:view/submit', async (context) => {
    const submission = await readJson(context, requests.submissionSchema)
    return context.json(await submitView(world, context.req.param('view'), submission))
  })
  app.post('/slack/views/:view/close', async (context) => {
    const { userId } = await readJson(context, requests.closeSchema)
    return context.json(await closeView(world, context.req.param('view'), userId))
  })
}

function addFaults(app: Hono<SandboxEnv>, world: World): void {
  app.get('/faults', (context) => context.json({ faults: world.faults.list() }))
  app.post('/faults', async (context) =>
    context.json({ fault: world.faults.add(await readJson(context, faultRequestSchema)) }, 201),
  )
  app.delete('/faults', (context) => {
    for (const fault of world.faults.list()) world.faults.remove(fault.id)
    return context.json({ ok: true })
  })
  app.delete('/faults/:id', (context) => {
    if (!world.faults.remove(context.req.param('id'))) throw new NotFoundError('There is no such fault.')
    return context.json({ ok: true })
  })
  app.get('/limits', (context) => context.json({ limits: world.limiter.limits() }))
  app.post('/limits', async (context) =>
    context.json({ limits: world.limiter.change(await readJson(context, limitsRequestSchema)) }),
  )
}

/** Server-sent events: `world` when something changed, `clock` at once and on each move. */
function streamChanges(context: SandboxContext, world: World): Response {
  return streamSSE(context, async (stream) => {
    const send: ChangeListener = (change) => {
      const data = change.event === 'clock' ? JSON.stringify({ offsetMs: change.offsetMs }) : '{}'
      void stream.writeSSE({ event: change.event, data })
    }
    const unsubscribe = world.changes.subscribe(send)
    send({ event: 'clock', offsetMs: world.clock.offsetMs() })
    await new Promise<void>((resolve) => stream.onAbort(resolve))
    unsubscribe()
  })
}

function readClock(world: World): { nowMs: number; offsetMs: number } {
  return { nowMs: world.clock.now(), offsetMs: world.clock.offsetMs() }
}
