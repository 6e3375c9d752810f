/** Removes the oldest entries, for those who must not keep them for ever. What is left can still be verified. */
import { sql } from 'drizzle-orm'
import { z } from 'zod'
import type { Transaction } from '../database/index.ts'
import { recordAudit, SYSTEM } from './record.ts'

/** The action of the entry that tells of it: from what it says, verifying goes on. */
export const REMOVED = 'removed old entries'

const detailSchema = z.object({ through: z.int(), hash: z.string(), count: z.int() })

/** What such an entry says: everything up to this place, which has this hash, is gone. */
export function readRemoval(detail: unknown): { through: number; hash: string } | null {
  const parsed = detailSchema.safeParse(detail)
  return parsed.success ? parsed.data : null
}

/**
 * Removes the beginning of the chain up to the first entry that is not older, in the caller's transaction, with an entry
 * that says so. The chain's end stays, however old.
 * @param before community time, epoch milliseconds
 * @param limit most entries at once
 * @returns how many were removed
 */
export async function removeOldEntries(
  tx: Transaction,
  { before, atMs, limit }: { before: number; atMs: number; limit: number },
): Promise<number> {
  const { rows } = await tx.db.execute<{ through: string; hash: string; count: string }>(sql`
    with first as (
      select seq, hash, at, lead(seq) over (order by seq) as next from audit_entries
      where seq is not null order by seq limit ${limit + 1}),
    due as (
      select * from first
      where next is not null
        and seq < coalesce((select min(seq) from first where at >= ${new Date(before)}), 9e15))
    select seq as through, hash, count(*) over () as count from due order by seq desc limit 1`)
  const [last] = rows
  if (!last) return 0
  const through = Number(last.through)
  await recordAudit(tx, {
    atMs,
    actor: SYSTEM,
    action: REMOVED,
    target: { kind: 'audit', id: 'entries' },
    reason: `${last.count} entries from before ${new Date(before).toISOString()}`,
    detail: { through, hash: last.hash, count: Number(last.count) },
  })
  const removed = await tx.db.execute(sql`delete from audit_entries where seq <= ${through}`)
  return removed.rowCount ?? 0
}
