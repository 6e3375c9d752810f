/**
 * Who goes first when everybody wants the machine: a webhook or a click that somebody waits for, then the steps of
 * runs. Few steps work at once in one process, one in the pauses of a flood, and hardly any while a request is being
 * answered; so a flood of texts is acknowledged in milliseconds while its runs queue up, and they catch up afterwards.
 *
 * Only work of our own takes a slot (the database, reading, rendering). Waiting for a provider takes none, so its
 * outage slows nobody else.
 */
import { monotonicMs } from '../primitives/index.ts'

export type Slots = {
  /** Runs work when a slot is free, first come first served. */
  run<T>(work: () => Promise<T>): Promise<T>
  /** Answers a request that somebody waits for: never waits itself, and holds the steps back meanwhile. */
  foreground<T>(work: () => Promise<T>): Promise<T>
}

const IDLE_LIMIT = 4
const BUSY_LIMIT = 1
/** Requests at a steady rate have gaps between them; they are one flood all the same. */
const BUSY_FOR_MS = 50
/** However many requests there are, a step is let in this often: runs go slowly then, but they go. */
const STARVE_AT_MOST_MS = 200

export function createSlots(): Slots {
  let working = 0
  let requests = 0
  let lastRequestMs = Number.NEGATIVE_INFINITY
  let lastAdmittedMs = Number.NEGATIVE_INFINITY
  let recheck: NodeJS.Timeout | null = null
  const waiting: (() => void)[] = []

  const limitNow = (nowMs: number) => {
    if (requests > 0) return nowMs - lastAdmittedMs < STARVE_AT_MOST_MS ? 0 : BUSY_LIMIT
    return nowMs - lastRequestMs < BUSY_FOR_MS ? BUSY_LIMIT : IDLE_LIMIT
  }

  const admit = () => {
    const nowMs = monotonicMs()
    const limit = limitNow(nowMs)
    while (working < limit && waiting.length > 0) {
      working += 1
      lastAdmittedMs = nowMs
      waiting.shift()?.()
    }
    if (limit < IDLE_LIMIT && waiting.length > 0 && !recheck) {
      recheck = setTimeout(() => {
        recheck = null
        admit()
      }, BUSY_FOR_MS)
    }
  }

  return {
    async run(work) {
      const admitted = new Promise<void>((resolve) => waiting.push(resolve))
      admit()
      await admitted
      try {
        return await work()
      } finally {
        working -= 1
        admit()
      }
    },
    async foreground(work) {
      requests += 1
      try {
        return await work()
      } finally {
        requests -= 1
        lastRequestMs = monotonicMs()
        admit()
      }
    },
  }
}
