/**
 * Verifies the chain from its first entry to its last, in one snapshot of the database and a few thousand entries at a
 * time, and stops at the first that is changed, missing or out of place.
 */
import type pg from 'pg'
import type { Database } from '../database/index.ts'
import { BadInputError, SECOND_MS } from '../primitives/index.ts'
import { BLANKED, readBlanking } from './blanking.ts'
import { type ChainEntry, entryHash, GENESIS, wordsDigest } from './chain.ts'
import { REMOVED, readRemoval } from './retention.ts'
import type { AuditHead } from './sealer.ts'

export type Verification =
  | { ok: true; entries: number; blanked: number; first: AuditHead | null; head: AuditHead }
  /** `seq`: the place in the chain; null: an entry that has none. `problem`: a sentence. */
  | { ok: false; seq: number | null; id: number | null; problem: string; checked: number }

export type VerificationOptions = {
  /** An anchor that was kept elsewhere: the chain has to go through it. */
  expect?: AuditHead | null
  /** Now, epoch milliseconds, by the clock that entries are dated by. */
  nowMs: number
  onProgress?: (checked: number, total: number) => void
  /** Entries in one read. */
  batch?: number
}

/** Reads `<seq>:<hash>`. @throws BadInputError when it is something else */
export function parseAnchor(text: string): AuditHead {
  const [, seq, hash] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(text.trim()) ?? []
  if (seq === undefined || hash === undefined)
    throw new BadInputError('An anchor is written as <place>:<hash>, for example 1042:9f86d0… (64 digits).')
  return { seq: Number(seq), hash }
}

/** Verifies. Throws what the database throws; a fault in the audit is an answer. */
export async function verifyChain(
  database: Pick<Database, 'pool'>,
  options: VerificationOptions,
): Promise<Verification> {
  const client = await database.pool.connect()
  let broken: Error | undefined
  try {
    await client.query('begin isolation level repeatable read read only')
    const verification = await verify(client, options)
    await client.query('commit')
    return verification
  } catch (error) {
    if (!(error instanceof Fault)) broken = error instanceof Error ? error : new Error(String(error))
    throw error
  } finally {
    client.release(broken)
  }
}

/** Entries that are not sealed for longer than this were not left to the sealer. */
const UNSEALED_LIMIT_MS = 60 * SECOND_MS
const BATCH = 5_000
const GIVEN = 'the anchor you gave'

/** What ends a verification. */
class Fault extends Error {
  readonly at: { seq: number | null; id: number | null }

  constructor(at: { seq: number | null; id: number | null }, problem: string) {
    super(problem)
    this.at = at
  }
}

async function verify(client: pg.PoolClient, options: VerificationOptions): Promise<Verification> {
  const known = await readKnown(client, options.expect ?? null)
  const walk = new Walk(known)
  try {
    for (;;) {
      const rows = await readEntries(client, walk.last.seq, options.batch ?? BATCH)
      for (const row of rows) walk.take(row)
      options.onProgress?.(walk.entries, Math.max(known.total, walk.entries))
      if (rows.length === 0) break
    }
    walk.end()
    if (walk.entries !== known.total)
      throw new Fault(
        { seq: null, id: null },
        `there are ${known.total - walk.entries} entries more than places in the chain: some were inserted`,
      )
    await refuseUnsealed(client, options.nowMs)
    return { ok: true, entries: walk.entries, blanked: walk.blanked, first: walk.first, head: walk.last }
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    return { ok: false, ...error.at, problem: error.message, checked: walk.entries }
  }
}

/** What is known beside the entries themselves. */
type Known = {
  /** Sealed entries. */
  total: number
  /** Up to here, entries were removed by retention. */
  removed: AuditHead | null
  /** Where the chain has to pass: the head, a place for each day, and what was given. */
  anchors: Map<number, { hash: string; name: string }[]>
  /** By the id of the entry that tells of it: places that were blanked, with the digests of what is left. */
  blankings: Map<number, Map<number, string>>
}

async function readKnown(client: pg.PoolClient, expected: AuditHead | null): Promise<Known> {
  const [anchors, told, totals] = [
    await client.query<{ name: string; seq: string; hash: string }>(
      'select name, seq, hash from audit_anchors',
    ),
    await client.query<{ id: string; action: string; detail: unknown }>(
      'select id, action, detail from audit_entries where action in ($1, $2) order by id',
      [BLANKED, REMOVED],
    ),
    await client.query<{ total: string }>(
      'select count(*) as total from audit_entries where seq is not null',
    ),
  ]
  const known: Known = {
    total: Number(totals.rows[0]?.total),
    removed: null,
    anchors: new Map(),
    blankings: new Map(),
  }
  const pass = (seq: number, hash: string, name: string) =>
    known.anchors.set(seq, [...(known.anchors.get(seq) ?? []), { hash, name }])
  for (const { name, seq, hash } of anchors.rows)
    pass(Number(seq), hash, name === 'head' ? 'the head of the chain' : `the anchor of ${name}`)
  if (expected) pass(expected.seq, expected.hash, GIVEN)
  for (const { id, action, detail } of told.rows) {
    if (action === BLANKED) known.blankings.set(Number(id), new Map(readBlanking(detail) ?? []))
    else {
      const removal = readRemoval(detail)
      if (removal && removal.through > (known.removed?.seq ?? 0))
        known.removed = { seq: removal.through, hash: removal.hash }
    }
  }
  return known
}

type Row = ChainEntry & { hash: string; salt: string; words: string; blankedBy: number[] }

async function readEntries(client: pg.PoolClient, after: number, limit: number): Promise<Row[]> {
  const { rows } = await client.query<Record<string, string | null> & { blanked_by: string[] | null }>(
    `select seq, id, (extract(epoch from at) * 1000000)::bigint::text as at, actor_kind, actor_id, actor_name, action,
       target_kind, target_id, reason, detail::text as detail, run_id, hash, salt, words, blanked_by
     from audit_entries where seq > $1 order by seq limit $2`,
    [after, limit],
  )
  return rows.map((row) => ({
    seq: Number(row.seq),
    id: Number(row.id),
    at: row.at ?? '',
    actorKind: row.actor_kind ?? '',
    actorId: row.actor_id ?? null,
    actorName: row.actor_name ?? '',
    action: row.action ?? '',
    targetKind: row.target_kind ?? '',
    targetId: row.target_id ?? '',
    reason: row.reason ?? null,
    detail: row.detail ?? null,
    runId: row.run_id ?? null,
    hash: row.hash ?? '',
    salt: row.salt ?? '',
    words: row.words ?? '',
    blankedBy: (row.blanked_by ?? []).map(Number),
  }))
}

/** Goes along the chain, an entry at a time, and throws a fault at the first that is not right. */
class Walk {
  entries = 0
  blanked = 0
  first: AuditHead | null = null
  last: AuditHead
  readonly #known: Known
  /** How many of the entries that each erasure lists have been met. */
  readonly #met = new Map<number, number>()

  constructor(known: Known) {
    this.#known = known
    this.last = known.removed ?? { seq: 0, hash: GENESIS }
  }

  take(row: Row): void {
    const at = { seq: row.seq, id: row.id }
    const expected = this.last.seq + 1
    if (row.seq > expected)
      throw new Fault(
        { seq: expected, id: null },
        row.seq === expected + 1
          ? `entry ${expected} is missing`
          : `entries ${expected} to ${row.seq - 1} are missing`,
      )
    this.#checkWords(row, at)
    if (entryHash(this.last.hash, row, row.words) !== row.hash)
      throw new Fault(at, `entry ${row.seq} was changed, or is not in its place`)
    if (row.action === BLANKED) this.#checkBlanking(row, at)
    this.last = { seq: row.seq, hash: row.hash }
    this.first ??= this.last
    this.entries += 1
    this.#checkAnchors(this.last, at)
  }

  /** The words are those that were sealed, or what an erasure has left of them. */
  #checkWords(row: Row, at: { seq: number; id: number }): void {
    const eraser = row.blankedBy.at(-1)
    const words = wordsDigest(row.salt, row)
    if (eraser === undefined) {
      if (words !== row.words) throw new Fault(at, `the words of entry ${row.seq} were changed`)
      return
    }
    this.blanked += 1
    for (const id of row.blankedBy) {
      if (!this.#known.blankings.get(id)?.has(row.seq))
        throw new Fault(
          at,
          `entry ${row.seq} was changed: it calls that an erasure, which no erasure tells of`,
        )
      this.#met.set(id, (this.#met.get(id) ?? 0) + 1)
    }
    if (this.#known.blankings.get(eraser)?.get(row.seq) !== words)
      throw new Fault(at, `the words of entry ${row.seq} were changed after they were erased`)
  }

  /** Everything that an erasure says it blanked was met, as far as it is still kept. */
  #checkBlanking(row: Row, at: { seq: number; id: number }): void {
    const start = (this.#known.removed?.seq ?? 0) + 1
    const listed = [...(this.#known.blankings.get(row.id)?.keys() ?? [])].filter((seq) => seq >= start)
    const met = this.#met.get(row.id) ?? 0
    if (met !== listed.length)
      throw new Fault(at, `entry ${row.seq} tells of ${listed.length} blanked entries, and ${met} were found`)
  }

  #checkAnchors(place: AuditHead, at: { seq: number; id: number }): void {
    for (const { hash, name } of this.#known.anchors.get(place.seq) ?? [])
      if (hash !== place.hash) throw new Fault(at, `entry ${place.seq} is not the one that ${name} names`)
  }

  /** Nothing is missing behind the last entry, or before the first. */
  end(): void {
    const kept = this.#known.removed?.seq ?? 0
    for (const [seq, passed] of [...this.#known.anchors].sort(([a], [b]) => a - b)) {
      const names = passed.map(({ name }) => name).join(' and ')
      if (seq > this.last.seq)
        throw new Fault(
          { seq: this.last.seq + 1, id: null },
          `entries ${this.last.seq + 1} to ${seq} are missing at the end: ${names} says the chain went on to ${seq}`,
        )
      if (seq <= kept && passed.some(({ name, hash }) => name === GIVEN && !this.#isRemoved(seq, hash)))
        throw new Fault(
          { seq, id: null },
          `entry ${seq}, which ${GIVEN} names, was removed by age, so it cannot be compared; give a later one`,
        )
    }
  }

  /** Whether this is the very place up to which entries were removed. */
  #isRemoved(seq: number, hash: string): boolean {
    return this.#known.removed?.seq === seq && this.#known.removed.hash === hash
  }
}

async function refuseUnsealed(client: pg.PoolClient, nowMs: number): Promise<void> {
  const { rows } = await client.query<{ id: string; count: string }>(
    'select min(id) as id, count(*) as count from audit_entries where seq is null and at < $1 having count(*) > 0',
    [new Date(nowMs - UNSEALED_LIMIT_MS)],
  )
  const [oldest] = rows
  if (oldest)
    throw new Fault(
      { seq: null, id: Number(oldest.id) },
      `${oldest.count} entries from ${oldest.id} on have not been sealed for more than a minute: start Kinkeeper, which seals them`,
    )
}
