/**
 * The guests that a run deals with, one row each (`luma_guests`): the run's ledger, written a batch at a time, so that
 * ten thousand guests cost a few hundred statements.
 *
 *   intended ──▶ approved, declined, failed     the answer came
 *       └──────▶ (no row)                        it certainly was not sent
 *
 * A row that is found `intended` may have been answered: the process died under it, or the answer was lost. Luma says.
 */
import { and, eq, inArray, ne, sql } from 'drizzle-orm'
import { type Drizzle, tables } from '../../database/index.ts'

export type GuestRow = typeof tables.lumaGuests.$inferInsert
export type GuestOutcome = GuestRow['outcome']

/** Writes rows, or what became of them, in one statement. */
export async function recordGuests(db: Drizzle, rows: GuestRow[]): Promise<void> {
  if (rows.length === 0) return
  const { lumaGuests } = tables
  await db
    .insert(lumaGuests)
    .values(rows)
    .onConflictDoUpdate({
      target: [lumaGuests.runId, lumaGuests.eventId, lumaGuests.guestId],
      set: { outcome: sql`excluded.outcome`, error: sql`excluded.error`, at: sql`excluded.at` },
    })
}

/** Takes rows back that certainly led to nothing: these guests are as if nobody had looked at them yet. */
export async function forgetGuests(db: Drizzle, rows: Pick<GuestRow, 'runId' | 'eventId' | 'guestId'>[]) {
  const { lumaGuests } = tables
  const [first] = rows
  if (!first) return
  await db.delete(lumaGuests).where(
    and(
      eq(lumaGuests.runId, first.runId),
      eq(lumaGuests.eventId, first.eventId),
      inArray(
        lumaGuests.guestId,
        rows.map(({ guestId }) => guestId),
      ),
    ),
  )
}

/** The guests of whom it is not known whether they were answered. */
export function intendedGuests(db: Drizzle, runId: string, eventId: string): Promise<GuestRow[]> {
  return guestsOf(db, runId, eventId, eq(tables.lumaGuests.outcome, 'intended'))
}

/** The ids of the guests that this run has dealt with. */
export async function settledGuests(db: Drizzle, runId: string, eventId: string): Promise<Set<string>> {
  const rows = await guestsOf(db, runId, eventId, ne(tables.lumaGuests.outcome, 'intended'))
  return new Set(rows.map(({ guestId }) => guestId))
}

function guestsOf(db: Drizzle, runId: string, eventId: string, condition: ReturnType<typeof eq>) {
  const { lumaGuests } = tables
  return db
    .select()
    .from(lumaGuests)
    .where(and(eq(lumaGuests.runId, runId), eq(lumaGuests.eventId, eventId), condition))
}
