/** How long a provider takes to answer, on request: as in the real world, and for benchmarks. */
import { setTimeout as wait } from 'node:timers/promises'
import { z } from 'zod'
import { PROVIDERS, type Provider } from './faults.ts'
import { createRandom, type Random } from './random.ts'
import type { Collection } from './store.ts'

export const latencyRequestSchema = z
  .strictObject({
    provider: z.enum(PROVIDERS),
    minMs: z.number().nonnegative().max(60_000),
    /** Zero makes the provider answer at once again. */
    maxMs: z.number().nonnegative().max(60_000),
    seed: z.union([z.int(), z.string()]).default(1),
  })
  .refine(({ minMs, maxMs }) => minMs <= maxMs, { message: 'is at least minMs', path: ['maxMs'] })

export type Latency = z.infer<typeof latencyRequestSchema>

export type Latencies = {
  set(latency: Latency): void
  list(): Latency[]
  clear(): void
  /** Waits as long as the provider's next answer takes: uniformly between its two bounds, in the seed's order. */
  wait(provider: Provider): Promise<void>
}

/** Keeps latencies in a collection; the row of random numbers begins anew with each process. */
export function createLatencies(latencies: Collection<Latency>): Latencies {
  const rows = new Map<Provider, Random>()
  return {
    set(latency) {
      rows.delete(latency.provider)
      if (latency.maxMs === 0) latencies.delete(latency.provider)
      else latencies.put(latency.provider, latency)
    },
    list: () => latencies.values(),
    clear() {
      rows.clear()
      latencies.clear()
    },
    async wait(provider) {
      const latency = latencies.get(provider)
      if (!latency) return
      const random = rows.get(provider) ?? createRandom(latency.seed)
      rows.set(provider, random)
      await wait(latency.minMs + random() * (latency.maxMs - latency.minMs))
    },
  }
}
