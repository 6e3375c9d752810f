/**
 * `webhook-delivery` handles what a webhook brought, right after it was accepted; `webhook-retry` takes over when that
 * fails: five more attempts after 1, 2, 4, 8 and 16 seconds (with jitter). Then the delivery has failed, and its run
 * waits for a person with everything that was received.
 */
import { and, eq, ne } from 'drizzle-orm'
import { z } from 'zod'
import { type Transaction, tables } from '../../database/index.ts'
import { defineJob, type Job, replayAfterOutage, StepFailedError } from '../../engine/index.ts'
import {
  NeverRetryError,
  NotFoundError,
  RetryError,
  SECOND_MS,
  type SerializedError,
} from '../../primitives/index.ts'
import { clerkEventSchema, takeClerkEvent } from '../membership/clerk-news.ts'
import type { Cause, MembershipParts } from '../membership/parts.ts'
import { readAs } from '../membership/readable.ts'
import { stripeEventSchema, takeStripeEvent } from '../membership/stripe-news.ts'

const deliveryInput = z.object({ deliveryId: z.int().positive() })
/** `key`: what asked for the retry; the same again is the same run. */
const webhookRetryInput = z.object({ deliveryId: z.int().positive(), key: z.string().min(1) })

export type WebhookDeliveryJob = Job<z.infer<typeof deliveryInput>>
export type WebhookRetryJob = Job<z.infer<typeof webhookRetryInput>>

type Settle = (tx: Transaction, memberId: string, cause: Cause) => Promise<void>

/** A little more or less than a second, so that many that failed together do not return together. */
const firstPauseMs = () => SECOND_MS * (0.75 + Math.random() / 2)

export function defineWebhookJobs(
  parts: MembershipParts,
  settle: Settle,
): { delivery: WebhookDeliveryJob; retry: WebhookRetryJob } {
  const retry = defineJob({
    name: 'webhook-retry',
    input: webhookRetryInput,
    idempotencyKey: ({ deliveryId, key }) => `${deliveryId}:${key}`,
    lane: 'deliveries',
    retry: { attempts: 5, baseMs: 2 * SECOND_MS, factor: 2, maxMs: 16 * SECOND_MS },
    deadLetters: replayAfterOutage,
    run: async (context, { deliveryId }) =>
      context.call('handle the delivery', () => handle(parts, settle, deliveryId, context.runId)),
    onFailure: (tx, { deliveryId }, error) => noteFailure(tx, deliveryId, error),
  })
  const delivery = defineJob({
    name: 'webhook-delivery',
    input: deliveryInput,
    idempotencyKey: ({ deliveryId }) => String(deliveryId),
    lane: 'deliveries',
    retry: { attempts: 1 },
    async run(context, { deliveryId }) {
      try {
        return await context.call('handle the delivery', () =>
          handle(parts, settle, deliveryId, context.runId),
        )
      } catch (error) {
        if (!(error instanceof StepFailedError)) throw error
        return context.transaction('hand over to the retry', async (tx) => {
          const notBeforeMs = parts.clock.now() + firstPauseMs()
          await parts.starter().start(tx, retry, { deliveryId, key: 'first' }, { notBeforeMs })
          return `It failed (${error.message}); webhook-retry goes on`
        })
      }
    },
    // Somebody cancelled it, or it brought the program down again and again.
    onFailure: (tx, { deliveryId }, error) => noteFailure(tx, deliveryId, error),
  })
  return { delivery, retry }
}

async function noteFailure(tx: Transaction, deliveryId: number, error: SerializedError): Promise<void> {
  await tx.db
    .update(tables.deliveries)
    .set({ status: 'failed', problem: error.message })
    // Another retry, which somebody asked for, may have managed it meanwhile.
    .where(and(eq(tables.deliveries.id, deliveryId), ne(tables.deliveries.status, 'processed')))
}

/** Handles one delivery, as often as it takes: everything in it is safe to repeat. */
async function handle(
  parts: MembershipParts,
  settle: Settle,
  deliveryId: number,
  runId: string,
): Promise<string> {
  const { deliveries, deliveryPayloads } = tables
  const [row] = await parts.database.db
    .select({ delivery: deliveries, payload: deliveryPayloads.payload })
    .from(deliveries)
    .leftJoin(deliveryPayloads, eq(deliveryPayloads.deliveryId, deliveries.id))
    .where(eq(deliveries.id, deliveryId))
  if (!row) throw new NotFoundError('There is no such delivery. It may have been cleaned up.')
  if (row.delivery.status === 'processed') return `Handled already: ${row.delivery.outcome ?? ''}`
  if (row.payload === null) throw new NeverRetryError('What this delivery brought is not kept any more.')
  const outcome = await handlePayload(parts, settle, row.delivery, row.payload, runId).catch(tryAgain)
  await parts.database.db
    .update(deliveries)
    .set({ status: 'processed', outcome, problem: null })
    .where(eq(deliveries.id, deliveryId))
  return outcome
}

/**
 * What looks final may not be: a key that is being replaced, an object that the provider's API does not show yet. Trying
 * five times costs nothing, so every failure of the handling itself is tried again.
 */
function tryAgain(error: unknown): never {
  if (error instanceof NeverRetryError)
    throw new RetryError(error.message, { cause: error, facts: error.facts })
  throw error
}

async function handlePayload(
  parts: MembershipParts,
  settle: Settle,
  delivery: { source: string; externalId: string },
  payload: unknown,
  runId: string,
): Promise<string> {
  switch (delivery.source) {
    case 'stripe':
      return takeStripeEvent(parts, settle, readAs(stripeEventSchema, payload, 'Stripe’s event'), runId)
    case 'clerk': {
      const event = readAs(clerkEventSchema, payload, 'Clerk’s event')
      return takeClerkEvent(parts, settle, { id: delivery.externalId, event, runId })
    }
    default:
      throw new NotFoundError(`Deliveries of "${delivery.source}" are handled when they arrive, not again.`)
  }
}
