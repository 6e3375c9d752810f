/** Lets what is due happen: when the clock is moved, and by a timer as it runs. */
import { SECOND_MS } from '../../primitives/index.ts'
import type { World } from '../world.ts'
import { comeDue, dueMs } from './billing.ts'

/** What is done at once; a longer list goes on between other requests. */
const CHUNK = 500

/**
 * Settles subscriptions from now on until the returned function is called. A subscription that was passed over by
 * several periods lives through each of them in turn.
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

/** Whether something is due that has not happened yet. */
export function isBillingDue(world: World): boolean {
  return due(world).length > 0
}

/** One step for each of the earliest that are due; answers whether something was. */
function settle(world: World): boolean {
  const all = due(world).sort((a, b) => a.atMs - b.atMs)
  for (const { id, atMs } of all.slice(0, CHUNK)) {
    const subscription = world.stripe.subscriptions.get(id)
    if (subscription) comeDue(world, subscription, atMs)
  }
  return all.length > 0
}

function due(world: World): { id: string; atMs: number }[] {
  const nowMs = world.clock.now()
  return world.stripe.subscriptions.values().flatMap((subscription) => {
    const atMs = dueMs(subscription)
    return atMs !== null && atMs <= nowMs ? [{ id: subscription.id, atMs }] : []
  })
}
