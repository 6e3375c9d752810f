/**
 * Stripe's and Clerk's webhooks: an outbox that loses nothing.
 *
 *   held    → kept until the control API releases it
 *   waiting → under way, or due at `nextAttemptMs`
 *   sent    → answered 2xx
 *   given-up → the provider stopped trying
 *
 * A webhook is on disk before anything is sent, so a kill of the sandbox or of the application costs at most a repeat.
 * The times between attempts are the world's: moving the clock makes a webhook due.
 */
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../primitives/index.ts'
import { clerkHeaders } from './clerk/signature.ts'
import { type DeliveryOutcome, deliver } from './deliveries.ts'
import { type IndexedCollection, indexed } from './indexed.ts'
import type { Collection, Store } from './store.ts'
import { legacyEvent } from './stripe/legacy.ts'
import { stripeHeaders } from './stripe/signature.ts'
import type { World } from './world.ts'

export type WebhookProvider = 'stripe' | 'clerk'

export type Webhook = {
  /** Stripe's event id, or Svix's message id: the same on every attempt. */
  id: string
  provider: WebhookProvider
  type: string
  /** What it is about: a subscription's, user's or invoice's id. */
  subjectId: string
  createdMs: number
  /** The body in the current shape. */
  json: string
  /** Sent as an endpoint with an API version before 2025-03-31 gets it. */
  legacyShapes: boolean
  state: 'held' | 'waiting' | 'sent' | 'given-up'
  attempts: number
  nextAttemptMs: number
  /** `status` is null when no answer came; `reason` then says why. */
  lastAnswer: { status: number | null; reason: string | null; atMs: number } | null
}

export type Webhooks = {
  all: IndexedCollection<Webhook, 'state'>
  /** Providers whose webhooks are kept back. */
  holds: Collection<{ provider: WebhookProvider }>
  /** Ids to be sent as soon as there is room, oldest first. */
  ready: Set<string>
  /** Ids of which an attempt is under way, with how many. */
  inFlight: Map<string, number>
  /** Looks at once for something to send. */
  wake: () => void
}

/** The webhooks of earlier processes, and none under way. */
export function openWebhooks(store: Store): Webhooks {
  return {
    all: indexed(store.collection<Webhook>('webhooks'), { state: ({ state }) => state }),
    holds: store.collection('webhook-holds'),
    ready: new Set(),
    inFlight: new Map(),
    wake: () => {},
  }
}

const CONCURRENCY = 8
const TICK_MS = 250

/**
 * When a failed attempt is repeated. The vendors begin with seconds (Svix: 5 s, 5 min) and go on for days; here there
 * are more of the short ones, so that an application that was away for ten seconds has everything soon after.
 */
const BACKOFF_MS = [
  SECOND_MS,
  5 * SECOND_MS,
  10 * SECOND_MS,
  30 * SECOND_MS,
  2 * MINUTE_MS,
  5 * MINUTE_MS,
  30 * MINUTE_MS,
  2 * HOUR_MS,
  5 * HOUR_MS,
  10 * HOUR_MS,
  10 * HOUR_MS,
  DAY_MS,
]

/** Keeps a webhook and sends it, unless its provider's are held. */
export function queueWebhook(
  world: World,
  webhook: Pick<Webhook, 'id' | 'provider' | 'type' | 'subjectId' | 'createdMs' | 'json'>,
): void {
  const { all, holds, ready } = world.webhooks
  const state = holds.get(webhook.provider) ? 'held' : 'waiting'
  all.put(webhook.id, {
    ...webhook,
    legacyShapes: false,
    state,
    attempts: 0,
    nextAttemptMs: 0,
    lastAnswer: null,
  })
  if (state === 'held') return
  ready.add(webhook.id)
  world.webhooks.wake()
}

/**
 * Sends what is due, from now on until the returned function is called.
 * @returns stops; what is under way is not waited for
 */
export function startWebhooks(world: World): () => void {
  const { all, ready, inFlight } = world.webhooks
  const pump = () => {
    for (const id of ready) {
      if (inFlight.size >= CONCURRENCY) return
      ready.delete(id)
      void attempt(world, id).then(() => !stopped && pump())
    }
  }
  const tick = () => {
    const nowMs = world.clock.now()
    for (const { id, nextAttemptMs } of all.find('state', 'waiting')) {
      if (nextAttemptMs <= nowMs && !inFlight.has(id)) ready.add(id)
    }
    pump()
  }
  let stopped = false
  const timer = setInterval(tick, TICK_MS).unref()
  const unsubscribe = world.changes.subscribe((change) => change.event === 'clock' && tick())
  world.webhooks.wake = pump
  tick()
  return () => {
    stopped = true
    world.webhooks.wake = () => {}
    clearInterval(timer)
    unsubscribe()
  }
}

/** Sends a webhook once, and notes what came of it. Never throws; undefined when there is no such webhook. */
export async function attempt(world: World, id: string): Promise<DeliveryOutcome | undefined> {
  const { all, inFlight } = world.webhooks
  const webhook = all.get(id)
  if (!webhook) return undefined
  inFlight.set(id, (inFlight.get(id) ?? 0) + 1)
  const outcome = await deliver(world, { ...envelope(world, webhook), connectTimeoutMs: 5 * SECOND_MS })
  const others = (inFlight.get(id) ?? 1) - 1
  if (others > 0) inFlight.set(id, others)
  else inFlight.delete(id)
  // Another attempt may have ended meanwhile, or the world been emptied.
  const latest = all.get(id)
  if (latest) all.put(id, { ...latest, ...after(latest, outcome, world.clock.now()) })
  return outcome
}

function after(webhook: Webhook, outcome: DeliveryOutcome, nowMs: number): Partial<Webhook> {
  const answered = outcome.kind === 'answered'
  const attempts = webhook.attempts + 1
  const lastAnswer = {
    status: answered ? outcome.status : null,
    reason: answered ? null : outcome.reason,
    atMs: nowMs,
  }
  if (answered && outcome.status >= 200 && outcome.status < 300)
    return { attempts, lastAnswer, state: 'sent' }
  if (webhook.state === 'sent') return { attempts, lastAnswer }
  const waitMs = BACKOFF_MS[attempts - 1]
  if (waitMs === undefined) return { attempts, lastAnswer, state: 'given-up' }
  return { attempts, lastAnswer, state: 'waiting', nextAttemptMs: nowMs + waitMs }
}

function envelope(world: World, webhook: Webhook) {
  const { publicUrl, stripeWebhookSecret, clerkWebhookSecret } = world.options
  const operation = 'webhook' as const
  switch (webhook.provider) {
    case 'stripe': {
      const json = webhook.legacyShapes ? legacyEvent(webhook.json) : webhook.json
      return {
        provider: webhook.provider,
        operation,
        url: `${publicUrl}/webhooks/stripe`,
        headers: stripeHeaders(stripeWebhookSecret, json),
        body: { json },
        totalTimeoutMs: 10 * SECOND_MS,
      }
    }
    case 'clerk':
      return {
        provider: webhook.provider,
        operation,
        url: `${publicUrl}/webhooks/clerk`,
        headers: clerkHeaders(clerkWebhookSecret, webhook.id, webhook.json),
        body: { json: webhook.json },
        totalTimeoutMs: 15 * SECOND_MS,
      }
  }
}
