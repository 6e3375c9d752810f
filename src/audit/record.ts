import { onlyRow, type Transaction, tables } from '../database/index.ts'
import type { Json } from '../primitives/index.ts'

/** Who did something: a person in Slack or in the dashboard, the sender of a text, or the program itself. */
export type Actor = { kind: 'slack' | 'dashboard' | 'sender'; id: string; name: string } | { kind: 'system' }

export const SYSTEM: Actor = { kind: 'system' }

export type AuditEntry = {
  /** Community time, epoch milliseconds. */
  atMs: number
  actor: Actor
  /** A verb in the past: `approved`, `published`, `opted out`. */
  action: string
  target: {
    kind:
      | 'submission'
      | 'approval'
      | 'question'
      | 'sender'
      | 'effect'
      | 'run'
      | 'person'
      | 'member'
      | 'schedule'
      | 'community'
      | 'dead-letter'
      | 'job'
      | 'audit'
      | 'alert'
      | 'alert-rule'
    id: string
  }
  reason?: string | null
  detail?: Json
  runId?: string | null
}

/**
 * Adds an entry, in the transaction of the change that it tells of. It is sealed a moment after that has committed (see
 * `chain.ts`). No name belongs in `action` or in an id: only the reason and the detail can be erased, and who acted stays.
 * @returns its id
 */
export async function recordAudit(tx: Transaction, entry: AuditEntry): Promise<number> {
  const { actor } = entry
  const added = await tx.db
    .insert(tables.auditEntries)
    .values({
      at: new Date(entry.atMs),
      actorKind: actor.kind,
      actorId: actor.kind === 'system' ? null : actor.id,
      actorName: actor.kind === 'system' ? 'Kinkeeper' : actor.name,
      action: entry.action,
      targetKind: entry.target.kind,
      targetId: entry.target.id,
      reason: entry.reason ?? null,
      detail: entry.detail ?? null,
      runId: entry.runId ?? null,
    })
    .returning({ id: tables.auditEntries.id })
  return onlyRow(added, 'audit entry').id
}
