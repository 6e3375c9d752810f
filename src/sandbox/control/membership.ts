/** What happens to members at Mailchimp, Luma and Slack without the application; and how slow and busy providers are. */
import type { Hono } from 'hono'
import { z } from 'zod'
import { PROVIDERS } from '../faults.ts'
import { latencyRequestSchema } from '../latency.ts'
import { createEvent, eventRequestSchema, rushRequestSchema, startRush } from '../luma/rush.ts'
import { contactActs } from '../mailchimp/people.ts'
import type { SandboxEnv } from '../pipeline.ts'
import { joinWorkspace, setDeactivated } from '../slack/people.ts'
import type { World } from '../world.ts'
import { readJson } from './body.ts'

const email = z.string().regex(/^[^\s@]+@[^\s@]+$/, 'is an e-mail address')
const personSchema = z.strictObject({
  email,
  realName: z.string().min(1),
  /** In some channels only. */
  guest: z.boolean().default(false),
})

/** Adds the routes to the control API. */
export function addMembership(app: Hono<SandboxEnv>, world: World): void {
  addTraffic(app, world)
  addMailchimp(app, world)
  addLuma(app, world)
  addWorkspace(app, world)
}

function addTraffic(app: Hono<SandboxEnv>, world: World): void {
  app.get('/latency', (context) => context.json({ latencies: world.latencies.list() }))
  app.post('/latency', async (context) => {
    world.latencies.set(await readJson(context, latencyRequestSchema))
    return context.json({ latencies: world.latencies.list() })
  })
  app.delete('/latency', (context) => {
    world.latencies.clear()
    return context.json({ ok: true })
  })
  app.get('/load', (context) =>
    context.json({ load: Object.fromEntries(PROVIDERS.map((each) => [each, world.load.read(each)])) }),
  )
  app.delete('/load', (context) => {
    world.load.clear()
    return context.json({ ok: true })
  })
}

function addMailchimp(app: Hono<SandboxEnv>, world: World): void {
  for (const act of ['unsubscribe', 'clean', 'confirm'] as const) {
    app.post(`/mailchimp/contacts/:email/${act}`, (context) => {
      const contact = contactActs(world, context.req.param('email'), act)
      return context.json({ email: contact.email, status: contact.status })
    })
  }
}

function addLuma(app: Hono<SandboxEnv>, world: World): void {
  const { luma } = world
  app.post('/luma/events', async (context) => {
    const event = createEvent(world, await readJson(context, eventRequestSchema))
    const guests = luma.guests
      .find('event', event.id)
      .map(({ id, email: address }) => ({ id, email: address }))
    return context.json({ id: event.id, guests }, 201)
  })
  app.post('/luma/rush', async (context) =>
    context.json(startRush(world, await readJson(context, rushRequestSchema)), 201),
  )
  app.get('/luma/events/:id/guests', (context) => {
    const { status } = context.req.query()
    const guests = luma.guests.find('event', context.req.param('id'))
    return context.json({ guests: guests.filter((guest) => status === undefined || guest.status === status) })
  })
  app.get('/luma/mails', (context) => context.json({ mails: luma.mails.values() }))
  app.get('/luma/charges', (context) => context.json({ charges: luma.charges.values() }))
}

function addWorkspace(app: Hono<SandboxEnv>, world: World): void {
  app.post('/slack/users', async (context) => {
    const { id } = joinWorkspace(world, await readJson(context, personSchema))
    return context.json({ id }, 201)
  })
  app.post('/slack/users/:id/deactivate', (context) => {
    const { id } = setDeactivated(world, context.req.param('id'), true)
    return context.json({ id, deleted: true })
  })
  app.post('/slack/users/:id/reactivate', (context) => {
    const { id } = setDeactivated(world, context.req.param('id'), false)
    return context.json({ id, deleted: false })
  })
}
