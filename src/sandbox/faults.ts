/**
 * Faults on request. A fault names a provider and an operation (`slack` / `chat.postMessage`), what goes wrong, how
 * often, and with what probability. Which calls are hit follows from the seed and the number of calls drawn so far
 * alone, so a failing run can be repeated.
 *
 * API operations (what the application calls): every kind but `duplicate`; `*` means all of a provider's. After the work
 * was done, `slow-trickle` answers bit by bit, `endless` goes on answering for ever, `cut-midway` cuts the connection in
 * the middle of the answer, and `malformed` ends it there.
 * Deliveries (what the sandbox sends: `twilio/webhook`, `twilio/status-callback`, `slack/interaction`): `delay`,
 * `drop-before`, `drop-after`, `duplicate`; they must be named, `*` does not reach them.
 * `twilio/delivery` with kind `status` lets a text end undelivered, with `status` as Twilio's error code (30007).
 */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { newId } from '../primitives/index.ts'
import type { Collection } from './store.ts'

export const PROVIDERS = [
  'twilio',
  'slack',
  'openai',
  'circle',
  'mailchimp',
  'luma',
  'stripe',
  'clerk',
  'pagerduty',
  'email',
] as const
export type Provider = (typeof PROVIDERS)[number]

const DELIVERIES = ['webhook', 'status-callback', 'interaction']
const DELIVERY_KINDS = ['delay', 'drop-before', 'drop-after', 'duplicate']

export const faultRequestSchema = z
  .strictObject({
    provider: z.enum(PROVIDERS),
    operation: z.string().min(1),
    kind: z.enum([
      'status',
      'delay',
      'drop-before',
      'drop-after',
      'duplicate',
      'slow-trickle',
      'endless',
      'cut-midway',
      'malformed',
      'html',
      'rate-limit',
    ]),
    /** HTTP status of `status` (500) and `html` (503). */
    status: z.int().min(100).max(99_999).optional(),
    /** Body of `status` and `rate-limit`; absent, the provider's own error body. */
    body: z.union([z.string(), z.record(z.string(), z.unknown())]).optional(),
    /** The provider's error code in its own error body, e.g. OpenAI's `insufficient_quota`. */
    code: z.union([z.string(), z.int()]).optional(),
    retryAfterS: z.int().nonnegative().optional(),
    /** `delay`: how long (1,000). `slow-trickle` and `endless`: between two chunks (50). */
    delayMs: z.int().nonnegative().max(600_000).optional(),
    /** For `delay`, `status` and `html`: whether the work is done first. */
    when: z.enum(['before', 'after']).default('before'),
    /** How many calls are hit before the fault is gone; absent or null, until it is removed. */
    times: z.int().positive().nullish(),
    probability: z.number().min(0).max(1).default(1),
    seed: z.union([z.int(), z.string()]).default(1),
  })
  .refine((fault) => DELIVERIES.includes(fault.operation) === false || DELIVERY_KINDS.includes(fault.kind), {
    message: `a delivery can only suffer ${DELIVERY_KINDS.join(', ')}`,
    path: ['kind'],
  })
  .refine((fault) => fault.kind !== 'duplicate' || DELIVERIES.includes(fault.operation), {
    message: `only deliveries (${DELIVERIES.join(', ')}) can be duplicated`,
    path: ['kind'],
  })

export type Fault = z.infer<typeof faultRequestSchema> & {
  id: string
  /** Calls that could have been hit, and calls that were. */
  draws: number
  hits: number
}

export type Faults = {
  add(request: z.infer<typeof faultRequestSchema>): Fault
  list(): Fault[]
  remove(id: string): boolean
  /** Decides whether this call suffers, and counts it. The oldest fault that hits wins. */
  draw(provider: Provider, operation: string): Fault | undefined
}

/** Keeps faults in a collection, so that they outlive a restart together with their counts. */
export function createFaults(faults: Collection<Fault>): Faults {
  return {
    add: (request) => {
      const fault = { ...request, id: newId('fault'), draws: 0, hits: 0 }
      return faults.put(fault.id, fault)
    },
    list: () => faults.values(),
    remove: (id) => faults.delete(id),
    draw(provider, operation) {
      for (const fault of faults.values()) {
        if (fault.provider !== provider || !reaches(fault, operation)) continue
        const hit = chance(fault.seed, fault.draws) < fault.probability
        const counted = { ...fault, draws: fault.draws + 1, hits: fault.hits + (hit ? 1 : 0) }
        if (counted.hits === fault.times) faults.delete(fault.id)
        else faults.put(fault.id, counted)
        if (hit) return counted
      }
      return undefined
    },
  }
}

function reaches(fault: Fault, operation: string): boolean {
  if (fault.operation === operation) return true
  return fault.operation === '*' && operation !== 'delivery' && !DELIVERIES.includes(operation)
}

/** A number in [0, 1) that depends on the seed and the draw's number only. */
function chance(seed: string | number, draw: number): number {
  return createHash('sha256').update(`${seed}:${draw}`).digest().readUInt32BE(0) / 2 ** 32
}
