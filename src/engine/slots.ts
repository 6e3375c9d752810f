/**
 * Who goes first when everybody wants the machine: a webhook or a click that somebody waits for, then the steps of
 * runs. Few steps work at once in one process, and only one while requests are being answered; so a flood of texts is
 * acknowledged in milliseconds while its runs queue up, and they catch up afterwards.
 *
 * Only work of our own takes a slot (the database, reading, rendering). Waiting for a provider takes none, so its
 * outage slows nobody else.
 */
import { monotonicMs } from '../primitives/index.ts'

export type Slots = {
  /** Runs work when a slot is free, first come first served. */
  run<T>(work: () => Promise<T>): Promise<T>
  /** Answers a request that somebody waits for: never waits itself, and keeps the steps to one at a time meanwhile. */
  foreground<T>(work: () => Promise<T>): Promise<T>
}

const IDLE_LIMIT = 4
const BUSY_LIMIT = 1
/** Requests at a steady rate have gaps between them; they are one flood all the same. */
const BUSY_FOR_MS = 50

export function createSlots(): Slots {
  let working = 0
  let requests = 0
  let lastRequestMs = Number.NEGATIVE_INFINITY
  let recheck: NodeJS.Timeout | null = null
  const waiting: (() => void)[] = []

  const admit = () => {
    const busy = requests > 0 || monotonicMs() - lastRequestMs < BUSY_FOR_MS
    const limit = busy ? BUSY_LIMIT : IDLE_LIMIT
    while (working < limit && waiting.length > 0) {
      working += 1
      waiting.shift()?.()
    }
    if (busy && waiting.length > 0 && !recheck) {
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
