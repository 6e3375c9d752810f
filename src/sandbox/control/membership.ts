/** What happens to members at Mailchimp, Luma and Slack without the application; and how slow and busy providers are. */
import type { Hono } from 'hono'
import { z } from 'zod'
import { PROVIDERS } from '../faults.ts'
import { latencyRequestSchema } from '../latency.ts'
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
