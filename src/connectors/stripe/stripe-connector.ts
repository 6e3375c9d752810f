import Stripe from 'stripe'
import type { z } from 'zod'
import { isRecord, NeverRetryError, parseJson, SECOND_MS } from '../../primitives/index.ts'
import type { Gate } from '../contract.ts'
import { attempt, type Call, errorFor, orNull } from '../failures.ts'
import type { StripeConnector, StripeSubscription } from '../membership-contract.ts'
import { ForeignAnswer, stripeError } from './stripe-errors.ts'
import {
  customerSchema,
  listedPageSchema,
  readObject,
  subscriptionPageSchema,
  subscriptionSchema,
} from './stripe-objects.ts'
import { pageAt, readPlace } from './subscription-list.ts'

export type StripeSettings = {
  /** Null: objects cannot be read again. */
  apiKey: string | null
  /** What replaces `https://api.stripe.com`; may have a path prefix. */
  apiUrl?: string | undefined
  timeoutMs?: number | undefined
}

const PAGE_SIZE = 100

/** Stripe through its official SDK, which here neither retries nor reports its own timings. */
export function createStripeConnector(settings: StripeSettings, gate: Gate): StripeConnector {
  const client = settings.apiKey ? clientWith(settings.apiKey, settings) : null
  /** One request; what it answers must satisfy the schema. */
  const ask = async <T>(
    operation: string,
    schema: z.ZodType<T>,
    act: (client: Stripe) => Promise<unknown>,
  ): Promise<T> => {
    if (!client) throw withoutKey(operation)
    const call: Call = { provider: 'stripe', operation, effect: 'repeatable' }
    return attempt(gate, call, stripeError, async () => {
      const answer = schema.safeParse(await act(client))
      if (answer.success) return answer.data
      throw errorFor(call, { kind: 'unreadable', status: 200 })
    })
  }
  return {
    canRead: client !== null,

    subscription: (id) =>
      orNull(
        ask('subscriptions.retrieve', subscriptionSchema, (stripe) => stripe.subscriptions.retrieve(id)),
        isMissing,
      ),

    customer: (id) =>
      orNull(
        ask('customers.retrieve', customerSchema, (stripe) => stripe.customers.retrieve(id)),
        isMissing,
      ),

    async subscriptionsOf(customerId) {
      const all: StripeSubscription[] = []
      for (;;) {
        const last = all.at(-1)
        const from = last === undefined ? {} : { starting_after: last.id }
        const query = { customer: customerId, status: 'all' as const, limit: PAGE_SIZE, ...from }
        const page = await ask('subscriptions.list', subscriptionPageSchema, (stripe) =>
          stripe.subscriptions.list(query),
        )
        all.push(...page.data)
        if (!page.has_more || page.data.length === 0) break
      }
      return all.sort((a, b) => b.createdMs - a.createdMs)
    },

    async listSubscriptions(cursor) {
      const place = readPlace(cursor)
      const query = { status: 'all' as const, limit: PAGE_SIZE, expand: ['data.customer'], ...place }
      const page = await ask('subscriptions.list', listedPageSchema, (stripe) =>
        stripe.subscriptions.list(query),
      )
      return pageAt(place, page)
    },

    readSubscription: (object) => readObject('subscription', subscriptionSchema, object),
    readCustomer: (object) => readObject('customer', customerSchema, object),

    async ping() {
      await ask('subscriptions.list', subscriptionPageSchema, (stripe) =>
        stripe.subscriptions.list({ limit: 1 }),
      )
    },
  }
}

function clientWith(apiKey: string, { apiUrl, timeoutMs }: StripeSettings): Stripe {
  return new Stripe(apiKey, {
    maxNetworkRetries: 0,
    telemetry: false,
    timeout: timeoutMs ?? 20 * SECOND_MS,
    // Also without an address of our own: the SDK's other client tries once more by itself when a connection is cut.
    httpClient: Stripe.createFetchHttpClient(fetchAt(apiUrl ?? 'https://api.stripe.com')),
  })
}

/**
 * The SDK takes a host and a port, but no path prefix: its requests are sent on to where they belong. And it takes an
 * error of somebody in between for Stripe's answer, so that the status would be lost.
 */
function fetchAt(apiUrl: string): typeof fetch {
  return async (input, init) => {
    const { pathname, search } = new URL(input instanceof Request ? input.url : input)
    const response = await fetch(`${apiUrl.replace(/\/+$/, '')}${pathname}${search}`, {
      ...init,
      redirect: 'manual',
    })
    if (response.ok) return response
    const { status, headers } = response
    const text = await response.text()
    const body = parseJson(text)
    if (!isRecord(body) || !isRecord(body.error)) throw new ForeignAnswer(status, headers.get('retry-after'))
    return new Response(text, { status, headers })
  }
}

/** A key may be missing where Stripe only sends events. */
function withoutKey(operation: string): NeverRetryError {
  return new NeverRetryError('Stripe cannot be asked: STRIPE_API_KEY is not set.', {
    facts: { provider: 'stripe', operation, code: 'no_api_key' },
  })
}

function isMissing({ code }: { code?: unknown }): boolean {
  return code === 'resource_missing'
}
