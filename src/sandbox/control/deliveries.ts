/** Webhooks of Stripe and Clerk under control: kept back, shuffled, repeated, watched. */
import type { Hono } from 'hono'
import { z } from 'zod'
import { NotFoundError } from '../../primitives/index.ts'
import type { DeliveryOutcome } from '../deliveries.ts'
import type { SandboxEnv } from '../pipeline.ts'
import { createRandom } from '../random.ts'
import { isBillingDue } from '../stripe/settle.ts'
import { attempt, type Webhook } from '../webhooks.ts'
import type { World } from '../world.ts'
import { check, readJson } from './body.ts'

const PROVIDERS = ['stripe', 'clerk'] as const
const provider = z.enum(PROVIDERS)

const holdSchema = z.strictObject({
  /** Absent: both. */
  provider: provider.optional(),
})

const releaseSchema = z.strictObject({
  /** Absent: both. */
  provider: provider.optional(),
  /** Of the shuffle. */
  seed: z.union([z.int(), z.string()]).default(1),
  shuffle: z.boolean().default(false),
  /** How often each is sent beside the first time. */
  duplicates: z.int().min(0).max(100).default(0),
  /** Stripe's events as an endpoint with an old API version gets them. */
  legacyShapes: z.boolean().optional(),
  /** How many are under way at the same moment. */
  concurrency: z.int().min(1).max(100).default(1),
  /** False: answer at once, and send behind it. */
  wait: z.boolean().default(true),
})

const redeliverySchema = z.strictObject({
  times: z.int().min(1).max(1_000).default(1),
  concurrent: z.boolean().default(false),
  legacyShapes: z.boolean().optional(),
})

const listSchema = z.object({
  provider: provider.optional(),
  /** Only what has not been answered 2xx yet, or only what has. */
  pending: z.enum(['true', 'false']).optional(),
  limit: z.coerce.number().int().positive().default(1_000),
})

/** Routes under `/control/deliveries`. */
export function addDeliveries(app: Hono<SandboxEnv>, world: World): void {
  app.get('/deliveries', (context) => {
    const query = check(listSchema, context.req.query())
    const pending = query.pending === undefined ? null : query.pending === 'true'
    const shown = world.webhooks.all
      .values()
      .filter((each) => query.provider === undefined || each.provider === query.provider)
      .filter((each) => pending === null || isPending(each) === pending)
    return context.json({ total: shown.length, deliveries: shown.slice(-query.limit).map(viewWebhook) })
  })
  app.get('/deliveries/idle', (context) => context.json(idleness(world)))
  app.post('/deliveries/hold', async (context) => {
    const { provider: only } = await readJson(context, holdSchema)
    for (const name of only ? [only] : PROVIDERS) world.webhooks.holds.put(name, { provider: name })
    return context.json({ holding: world.webhooks.holds.values().map((hold) => hold.provider) })
  })
  app.post('/deliveries/release', async (context) => {
    const asked = await readJson(context, releaseSchema)
    const ids = release(world, asked)
    const sends = ordered(ids, asked)
    const sending = inTurn(sends, asked.concurrency, (id) => attempt(world, id))
    const outcomes = asked.wait ? await sending : []
    return context.json({
      released: ids.length,
      sent: sends.length,
      accepted: outcomes.filter(isAccepted).length,
    })
  })
  app.post('/deliveries/:id/redeliver', async (context) => {
    const asked = await readJson(context, redeliverySchema)
    const webhook = world.webhooks.all.get(context.req.param('id'))
    if (!webhook) throw new NotFoundError('There is no delivery with this id.')
    if (asked.legacyShapes !== undefined) {
      world.webhooks.all.put(webhook.id, { ...webhook, legacyShapes: asked.legacyShapes })
    }
    const sends = Array.from({ length: asked.times }, () => webhook.id)
    const outcomes = await inTurn(sends, asked.concurrent ? asked.times : 1, (id) => attempt(world, id))
    return context.json({ results: outcomes.map(viewOutcome) })
  })
}

/** Whether nothing is under way, nothing waits to be sent, and no subscription's due change is still to come. */
function idleness(world: World) {
  const { all, inFlight } = world.webhooks
  const pending = all.find('state', 'waiting').length
  const held = all.find('state', 'held').length
  return { idle: pending === 0 && inFlight.size === 0 && !isBillingDue(world), pending, held }
}

/** Ends the hold and takes what was held, from the oldest on. A crash from here on costs repeats, no loss. */
function release(world: World, asked: z.output<typeof releaseSchema>): string[] {
  const { all, holds } = world.webhooks
  for (const name of asked.provider ? [asked.provider] : PROVIDERS) holds.delete(name)
  const held = all.find('state', 'held').filter((each) => !asked.provider || each.provider === asked.provider)
  for (const webhook of held) {
    const legacyShapes = asked.legacyShapes ?? webhook.legacyShapes
    all.put(webhook.id, {
      ...webhook,
      state: 'waiting',
      legacyShapes,
      nextAttemptMs: world.clock.now() + GRACE_MS,
    })
  }
  return held.map(({ id }) => id)
}

/** The outbox leaves what is being released alone for so long. */
const GRACE_MS = 60_000

function ordered(ids: string[], asked: z.output<typeof releaseSchema>): string[] {
  const sends = ids.flatMap((id) => Array.from({ length: asked.duplicates + 1 }, () => id))
  if (!asked.shuffle) return sends
  const random = createRandom(asked.seed)
  for (let last = sends.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1))
    const [a, b] = [sends[last], sends[other]]
    if (a !== undefined && b !== undefined) [sends[last], sends[other]] = [b, a]
  }
  return sends
}

async function inTurn<T>(ids: string[], concurrency: number, send: (id: string) => Promise<T>): Promise<T[]> {
  const results: T[] = []
  const left = ids.values()
  const worker = async () => {
    for (const id of left) results.push(await send(id))
  }
  await Promise.all(Array.from({ length: concurrency }, worker))
  return results
}

function isPending(webhook: Webhook): boolean {
  return webhook.state === 'waiting' || webhook.state === 'held'
}

function isAccepted(outcome: DeliveryOutcome | undefined): boolean {
  return outcome?.kind === 'answered' && outcome.status >= 200 && outcome.status < 300
}

function viewWebhook({ json: _json, ...shown }: Webhook) {
  return shown
}

function viewOutcome(outcome: DeliveryOutcome | undefined) {
  return outcome?.kind === 'answered'
    ? { status: outcome.status, reason: null }
    : { status: null, reason: outcome?.reason ?? 'there is no such delivery' }
}
