/**
 * What makes the audit trustworthy. An entry is inserted in the transaction of the change it tells of, and nothing waits
 * for it. A moment later the sealer gives the committed entries, in the order of their ids, a place without gaps (`seq`)
 * and a hash over the hash before and the entry itself. An entry whose transaction committed late gets a later place;
 * the chain says in which order entries became visible, the ids in which order they were made.
 *
 * Canonical form: fields one after the other, each as its length in bytes of UTF-8, a colon and itself; `-` for null. No
 * two lists of fields read the same. Times are whole microseconds since 1970, details as PostgreSQL writes its jsonb.
 * The database computes the same when it seals (`audit_words` and `audit_hash` in migration 0004): two implementations,
 * so that neither can be wrong alone.
 *
 * What a person may ask to be erased (words in `action`, `reason`, `detail`; with them `actor_name`, which stays) enters
 * the hash by a digest with a salt of its own. Erasing changes the words and replaces the salt, and leaves the digest: the chain
 * stays as it was, and nobody can try out what the words have been. An entry of the erasure's own lists what it blanked
 * with digests of what is left, so that no other change passes for an erasure.
 */
import { createHash } from 'node:crypto'

/** An entry as it is hashed: `at` in microseconds since 1970, `detail` as PostgreSQL writes it. */
export type ChainEntry = {
  seq: number
  id: number
  at: string
  actorKind: string
  actorId: string | null
  actorName: string
  action: string
  targetKind: string
  targetId: string
  reason: string | null
  detail: string | null
  runId: string | null
}

/** What stands before the first entry. */
export const GENESIS = '0'.repeat(64)

/** The digest of an entry's words. @returns 64 hexadecimal digits */
export function wordsDigest(
  salt: string,
  { actorName, action, reason, detail }: Pick<ChainEntry, 'actorName' | 'action' | 'reason' | 'detail'>,
): string {
  return digest([salt, actorName, action, reason, detail])
}

/** The hash of an entry behind another. @param words the digest of its words when it was sealed */
export function entryHash(previous: string, entry: ChainEntry, words: string): string {
  const { seq, id, at, actorKind, actorId, targetKind, targetId, runId } = entry
  return digest(
    [previous, String(seq), String(id), at, actorKind, actorId, targetKind, targetId, runId, words],
    FORM,
  )
}

/** The version of the form; a later one would be told apart by it. */
const FORM = '1'

function digest(fields: (string | null)[], prefix = ''): string {
  const canonical = fields.map((field) => (field === null ? '-' : `${Buffer.byteLength(field)}:${field}`))
  return createHash('sha256')
    .update(prefix + canonical.join(''))
    .digest('hex')
}
