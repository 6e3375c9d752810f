/** Lets what is due happen: when the clock is moved, and by a timer as it runs. */
import { SECOND_MS } from '../../primitives/index.ts'
import type { World } from '../world.ts'
import { comeDue, dueMs } from './billing.ts'
import type { StripeSubscription } from './model.ts'

/** What is done before other requests get their turn. */
const CHUNK = 500

/**
 * Settles subscriptions from now on until the returned function is called. A subscription that was passed over by
 * several periods lives through each of them in turn. What a move of the clock makes due has happened when the move
 * is answered, unless it is more than a chunk.
 */
export function startBilling(world: World): () => void {
  let more: NodeJS.Immediate | undefined
  const run = () => {
    if (more) return
    const step = () => {
      more = settle(world) ? setImmediate(step) : undefined
    }
    step()
  }
  const timer = setInterval(run, SECOND_MS).unref()
  const unsubscribe = world.changes.subscribe((moved) => moved.event === 'clock' && run())
  run()
  return () => {
    clearInterval(timer)
    if (more) clearImmediate(more)
    unsubscribe()
  }
}

/** One subscription as it is at this moment: what the timer has not come to yet happens now. */
export function upToDate(world: World, subscription: StripeSubscription): StripeSubscription {
  const nowMs = world.clock.now()
  let current = subscription
  for (let atMs = dueMs(current); atMs !== null && atMs <= nowMs; atMs = dueMs(current)) {
    current = comeDue(world, current, atMs)
  }
  return current
}

/** Whether something is due that has not happened yet. */
export function isBillingDue(world: World): boolean {
  return due(world).length > 0
}

/** One chunk, the earliest first; answers whether anything is left. */
function settle(world: World): boolean {
  let room = CHUNK
  for (let all = due(world); all.length > 0; all = due(world)) {
    if (room <= 0) return true
    const next = all.sort((a, b) => a.atMs - b.atMs).slice(0, room)
    for (const { id, atMs } of next) {
      const subscription = world.stripe.subscriptions.get(id)
      if (subscription) comeDue(world, subscription, atMs)
    }
    room -= next.length
  }
  return false
}

function due(world: World): { id: string; atMs: number }[] {
  const nowMs = world.clock.now()
  return world.stripe.subscriptions.values().flatMap((subscription) => {
    const atMs = dueMs(subscription)
    return atMs !== null && atMs <= nowMs ? [{ id: subscription.id, atMs }] : []
  })
}
