/**
 * Takes words out of entries, for an erasure. Each batch is one transaction with an entry that lists what it blanked,
 * each with the digest of what is left; the database refuses it otherwise. The verification compares the two. Such an
 * entry names nobody and is never blanked itself: in a digest, any few letters may stand.
 */
import { sql } from 'drizzle-orm'
import { z } from 'zod'
import type { Database, Transaction } from '../database/index.ts'
import { recordAudit, SYSTEM } from './record.ts'
import { sealEntries } from './sealer.ts'

/** The action of the entry that tells of it. */
export const BLANKED = 'blanked entries'

const detailSchema = z.object({ blanked: z.array(z.tuple([z.int(), z.string()])) })

/** What such an entry says: the places of the blanked entries, each with the digest of the words that are left. */
export function readBlanking(detail: unknown): [seq: number, words: string][] | null {
  const parsed = detailSchema.safeParse(detail)
  return parsed.success ? parsed.data.blanked : null
}

/** As many as one entry lists. */
const BATCH = 200

/**
 * Replaces what a pattern finds in the words of entries by `[erased]`.
 * @param pattern a regular expression of PostgreSQL's, used whatever the case
 * @param atMs community time, epoch milliseconds
 * @returns how many entries were blanked
 */
export async function blankWords(
  database: Database,
  { pattern, atMs, runId }: { pattern: string; atMs: number; runId: string | null },
): Promise<number> {
  let blanked = 0
  for (;;) {
    // Only sealed entries can be blanked: their digest has to be taken of the words as they were.
    await sealEntries(database)
    const count = await database.transaction((tx) => blankBatch(tx, pattern, { atMs, runId }))
    blanked += count
    if (count === 0) return blanked
  }
}

async function blankBatch(
  tx: Transaction,
  pattern: string,
  { atMs, runId }: { atMs: number; runId: string | null },
): Promise<number> {
  const { rows } = await tx.db.execute<{ id: string; seq: string; salt: string; words: string }>(sql`
    with found as materialized (
      select id, seq, actor_name, replace(gen_random_uuid()::text, '-', '') as salt,
        regexp_replace(action, ${pattern}, '[erased]', 'gi') as action,
        regexp_replace(reason, ${pattern}, '[erased]', 'gi') as reason,
        regexp_replace(detail::text, ${pattern}, '[erased]', 'gi')::jsonb as detail
      from audit_entries
      where seq is not null and action <> ${BLANKED}
        and (action ~* ${pattern} or reason ~* ${pattern} or detail::text ~* ${pattern})
      order by seq limit ${BATCH} for update)
    select id, seq, salt, audit_words(salt, actor_name, action, reason, detail) as words from found`)
  if (rows.length === 0) return 0
  const entry = await recordAudit(tx, {
    atMs,
    actor: SYSTEM,
    action: BLANKED,
    target: { kind: 'audit', id: 'entries' },
    reason: `${rows.length} ${rows.length === 1 ? 'entry' : 'entries'} named somebody who was erased`,
    detail: { blanked: rows.map(({ seq, words }) => [Number(seq), words]) },
    runId,
  })
  await tx.db.execute(sql`
    update audit_entries as entry set
      action = regexp_replace(action, ${pattern}, '[erased]', 'gi'),
      reason = regexp_replace(reason, ${pattern}, '[erased]', 'gi'),
      detail = regexp_replace(detail::text, ${pattern}, '[erased]', 'gi')::jsonb,
      salt = fresh.salt,
      blanked_by = coalesce(blanked_by, '{}') || ${entry}::bigint
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as fresh(id bigint, salt text)
    where entry.id = fresh.id`)
  return rows.length
}
