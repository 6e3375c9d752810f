/** How much each provider is asked at once: what a benchmark reads, and what Mailchimp's limit is about. */
import type { Provider } from './faults.ts'

export type Load = {
  /** Calls that are being answered now. */
  inFlight: number
  /** The most calls that ever were here at the same time, those refused for being too many included. */
  peak: number
  answered: number
  /** Answers with status 429, whatever the reason. */
  tooManyRequests: number
}

export type Visit = {
  /** False: as many calls as the provider takes at once are here already; answer 429. */
  admitted: boolean
  /** Says that the call has its answer; status 0 for a connection that was cut. */
  leave(status: number): void
}

export type LoadBook = {
  /** A call has arrived. */
  enter(provider: Provider): Visit
  read(provider: Provider): Load
  /** Forgets what was; calls in flight stay counted. */
  clear(): void
}

/**
 * Creates an empty book. It is in memory only.
 * @param connectionsOf how many calls at once a provider takes
 */
export function createLoadBook(connectionsOf: (provider: Provider) => number): LoadBook {
  const loads = new Map<Provider, Load>()
  const loadOf = (provider: Provider): Load => {
    const known = loads.get(provider)
    if (known) return known
    const load = { inFlight: 0, peak: 0, answered: 0, tooManyRequests: 0 }
    loads.set(provider, load)
    return load
  }
  return {
    enter(provider) {
      const load = loadOf(provider)
      load.peak = Math.max(load.peak, load.inFlight + 1)
      const admitted = load.inFlight < connectionsOf(provider)
      if (admitted) load.inFlight++
      return {
        admitted,
        leave(status) {
          if (admitted) load.inFlight--
          load.answered++
          if (status === 429) load.tooManyRequests++
        },
      }
    },
    read: (provider) => ({ ...loadOf(provider) }),
    clear() {
      for (const load of loads.values()) Object.assign(load, { peak: 0, answered: 0, tooManyRequests: 0 })
    },
  }
}
