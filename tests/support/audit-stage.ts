/** A database of its own for tests of the audit. */

import { type AuditHead, blankWords, recordAudit, sealEntries, verifyChain } from '../../src/audit/index.ts'
import { openDatabase } from '../../src/database/index.ts'
import { createLogger, SECOND_MS } from '../../src/primitives/index.ts'
import { createTestDatabase } from './test-database.ts'

export type AuditStage = Awaited<ReturnType<typeof startAuditStage>>

const BEGIN_MS = Date.UTC(2026, 0, 1)

export async function startAuditStage() {
  const created = await createTestDatabase()
  const database = openDatabase({ url: created.url, poolSize: 6, logger: createLogger('silent') })
  let added = 0
  /** As somebody does who owns the database and has set the guard aside. */
  const tamper = (statements: string, guarded = false) =>
    database.transaction(async ({ client }) => {
      if (!guarded) await client.query('set local session_replication_role = replica')
      await client.query(statements)
    })
  const atMs = (minute: number) => BEGIN_MS + minute * 60 * SECOND_MS
  return {
    database,
    tamper,
    /** The time of the nth entry. */
    atMs,
    at: (minute: number) => new Date(atMs(minute)),
    insertion: `insert into audit_entries (at, actor_kind, actor_name, action, target_kind, target_id)
      values ($1, 'system', 'Kinkeeper', $2, 'run', 'r')`,
    /** Entries a minute apart, one transaction each; the nth says `word n` unless another word is given. */
    async add(count: number, word?: string) {
      for (let n = 0; n < count; n++) {
        added += 1
        const number = added
        await database.transaction((tx) =>
          recordAudit(tx, {
            atMs: atMs(number),
            actor: { kind: 'dashboard', id: 'usr_1', name: 'Mona Møller' },
            action: 'did a thing',
            target: { kind: 'member', id: `mem_${number}` },
            reason: word ?? `word ${number} – “ok”`,
            detail: { n: number, list: ['ä', null, 1.5] },
          }),
        )
      }
    },
    seal: () => sealEntries(database),
    blank: (pattern: string) => blankWords(database, { pattern, atMs: atMs(added), runId: null }),
    verify: (expect: AuditHead | null = null, batch = 4) =>
      verifyChain(database, { expect, batch, nowMs: atMs(1_000_000) }),
    async reset() {
      added = 0
      await tamper('truncate audit_entries restart identity; truncate audit_anchors')
    },
    async stop() {
      await database.close()
      await created.drop()
    },
  }
}
