import { setTimeout as delay } from 'node:timers/promises'
import { monotonicMs } from '../primitives/index.ts'

/**
 * A graceful stop lets the attempts that are under way finish, and begins no new ones. A run that is between attempts
 * (waiting out a back-off, or about to take its next step) simply stays where it is: its record says where to go on,
 * and the next process does.
 */
export type Drain = {
  /** Runs an attempt; while draining it never begins (the promise stays open until the process ends). */
  track<T>(work: () => Promise<T>): Promise<T>
  /** Waits between attempts; while draining it never ends. */
  pause(durationMs: number): Promise<void>
  /** Begins no more attempts, and waits for those under way. Returns how many were still under way at the limit. */
  drain(limitMs: number): Promise<number>
}

export function createDrain(): Drain {
  let draining = false
  let underWay = 0
  const forever = () => new Promise<never>(() => {})
  return {
    async track(work) {
      if (draining) return forever()
      underWay += 1
      try {
        return await work()
      } finally {
        underWay -= 1
      }
    },
    async pause(durationMs) {
      await delay(durationMs, undefined, { ref: false })
      if (draining) await forever()
    },
    async drain(limitMs) {
      draining = true
      const limit = monotonicMs() + limitMs
      while (underWay > 0 && monotonicMs() < limit) await delay(10)
      return underWay
    },
  }
}
