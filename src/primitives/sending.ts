/**
 * The moment in which something leaves the process. Between "call the provider" and the request itself lie the
 * provider's limits, which may hold it back for minutes; what has to be true or on record when it goes out is looked at
 * after them. Whoever holds requests back (the gate) announces each one; whoever keeps records listens.
 */
import { AsyncLocalStorage } from 'node:async_hooks'

const listeners = new AsyncLocalStorage<() => Promise<void>>()

/** Does this work; before each request that it sends, `listener` is awaited. What that throws keeps the request from going out. */
export function listenToSending<T>(listener: () => Promise<void>, work: () => Promise<T>): Promise<T> {
  return listeners.run(listener, work)
}

/** To be awaited right before a request goes out, when nothing holds it back any more. */
export async function announceSending(): Promise<void> {
  await listeners.getStore()?.()
}
