/**
 * What Stripe's and Clerk's webhooks have in common: the delivery, what it brought, and the run that handles it commit
 * together before the answer; the second one with the same id changes nothing and hears the same.
 */
import type { Context } from 'hono'
import { type Database, type Transaction, tables } from '../database/index.ts'
import { type Clock, type Json, type Logger, seam } from '../primitives/index.ts'
import { noteHandling, receiveDelivery } from './deliveries.ts'
import { readRawBody } from './raw-body.ts'
import { type RefusalCounter, type RefusalReason, refuse } from './refusals.ts'
import { parseStorableJson } from './storable-json.ts'

export type JsonDeliveryOptions = {
  database: Database
  clock: Clock
  logger: Logger
  refusals: RefusalCounter
  /** Answers before the steps of runs go on; entered only by what is verified. */
  first<T>(work: () => Promise<T>): Promise<T>
  /** Starts the run that handles a delivery, in the transaction that received it. @returns its id */
  startHandling(tx: Transaction, deliveryId: number): Promise<string>
}

export type JsonSource = {
  /** As the delivery is kept under, and as refusals are counted. */
  name: string
  /** Its credentials are not set: everything is refused. */
  off: boolean
  /** Checks the signature over the raw bytes. @returns the delivery's own id, or why it is refused */
  verify(context: Context, rawBody: Uint8Array): Promise<{ id: string } | { refused: RefusalReason }>
  /** The event's type, by which it is known whether anything follows; null: not of the source's form. */
  typeOf(payload: Json): string | null
  /** The types that something follows from; others are kept and left alone. */
  handled: ReadonlySet<string>
}

/** Stripe's and Svix's are about thirty characters; it goes into an index. */
const LONGEST_ID = 255

/** Makes the handler of a source. */
export function jsonDeliveryHandler(
  options: JsonDeliveryOptions,
  source: JsonSource,
): (context: Context) => Promise<Response> {
  return async (context) => {
    if (source.off) return refuse(options.refusals, source.name, 'off')
    const rawBody = await readRawBody(context)
    if (!rawBody) return refuse(options.refusals, source.name, 'too_large')
    const verified = await source.verify(context, rawBody)
    if ('refused' in verified) return refuse(options.refusals, source.name, verified.refused)
    if (verified.id === '' || verified.id.length > LONGEST_ID)
      return refuse(options.refusals, source.name, 'malformed')
    const payload = parseStorableJson(rawBody)
    const type = payload === undefined ? null : source.typeOf(payload)
    if (payload === undefined || type === null) return refuse(options.refusals, source.name, 'malformed')
    const received = await options.first(() =>
      options.database.transaction(async (tx) => {
        const outcome = await receive(tx, options, source, { id: verified.id, type, payload })
        seam(`webhook.${source.name}.before-commit`)
        return outcome
      }),
    )
    seam(`webhook.${source.name}.after-commit`)
    options.logger.info(
      { event: 'delivery.received', source: source.name, id: verified.id, type, ...received },
      `${source.name} says ${type}${received.repeated ? ' (again)' : ''}`,
    )
    return Response.json({ received: true, ...(received.runId ? { runId: received.runId } : {}) })
  }
}

async function receive(
  tx: Transaction,
  options: JsonDeliveryOptions,
  source: JsonSource,
  brought: { id: string; type: string; payload: Json },
): Promise<{ repeated: boolean; runId: string | null }> {
  const receivedAtMs = options.clock.now()
  const { first, delivery } = await receiveDelivery(tx, {
    source: source.name,
    externalId: brought.id,
    receivedAtMs,
  })
  if (!first) return { repeated: true, runId: delivery.runId }
  const handled = source.handled.has(brought.type)
  await tx.db.insert(tables.deliveryPayloads).values({ deliveryId: delivery.id, payload: brought.payload })
  const runId = handled ? await options.startHandling(tx, delivery.id) : null
  await noteHandling(tx, delivery.id, runId, brought.type)
  return { repeated: false, runId }
}
