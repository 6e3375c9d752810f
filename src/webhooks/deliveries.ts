import { and, eq, sql } from 'drizzle-orm'
import { onlyRow, type Transaction, tables } from '../database/index.ts'

export type Delivery = typeof tables.deliveries.$inferSelect

/**
 * Records that a delivery came, once per id of its source. The second one with the same id waits here for the first
 * to commit and then finds what became of it.
 */
export async function receiveDelivery(
  tx: Transaction,
  delivery: { source: string; externalId: string; receivedAtMs: number },
): Promise<{ first: boolean; delivery: Delivery }> {
  const { deliveries } = tables
  const inserted = await tx.db
    .insert(deliveries)
    .values({
      source: delivery.source,
      externalId: delivery.externalId,
      receivedAt: new Date(delivery.receivedAtMs),
      status: 'received',
    })
    .onConflictDoNothing({ target: [deliveries.source, deliveries.externalId] })
    .returning()
  if (inserted[0]) return { first: true, delivery: inserted[0] }
  const repeated = await tx.db
    .update(deliveries)
    .set({ repeats: sql`${deliveries.repeats} + 1` })
    .where(and(eq(deliveries.source, delivery.source), eq(deliveries.externalId, delivery.externalId)))
    .returning()
  return { first: false, delivery: onlyRow(repeated, 'delivery') }
}

/** Notes what a delivery became and what we answered, so that a repeat hears the same. */
export async function concludeDelivery(
  tx: Transaction,
  id: number,
  conclusion: { outcome: string; answer: string | null; submissionId: string | null },
): Promise<void> {
  await tx.db
    .update(tables.deliveries)
    .set({ status: 'processed', ...conclusion })
    .where(eq(tables.deliveries.id, id))
}

/** Notes which run handles a delivery, or that nothing follows from its type. */
export async function noteHandling(
  tx: Transaction,
  id: number,
  runId: string | null,
  type: string,
): Promise<void> {
  await tx.db
    .update(tables.deliveries)
    .set(runId ? { runId, outcome: type } : { status: 'processed', outcome: `${type}: nothing follows` })
    .where(eq(tables.deliveries.id, id))
}
