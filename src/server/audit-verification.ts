import { desc, eq, isNotNull } from 'drizzle-orm'
import { recordAudit, sealEntries, type Verification, verifyChain } from '../audit/index.ts'
import { type Database, tables } from '../database/index.ts'
import { ConflictError, newId, serializeError } from '../primitives/index.ts'
import type { RouteHandler } from './access.ts'
import type { AuditVerificationState } from './audit-contract.ts'
import type { Person, ServerParts } from './parts.ts'

/**
 * Verifying from the Audit page: one at a time in this process, in the background. How the last one ended is kept in the
 * database, its progress only here.
 */
export function createAuditVerification(parts: ServerParts): { read: RouteHandler; start: RouteHandler } {
  let running: { checked: number; total: number } | null = null
  const verify = async (person: Person) => {
    const startedAt = new Date(parts.clock.now())
    // What was written a moment ago is no fault.
    await sealEntries(parts.database)
    const verification = await verifyChain(parts.database, {
      nowMs: parts.clock.now(),
      onProgress: (checked, total) => {
        running = { checked, total }
      },
    })
    await remember(parts, person, startedAt, verification)
  }
  return {
    read: async (context) =>
      context.json<AuditVerificationState>({ running, ...(await readLast(parts.database)) }),
    start(context) {
      if (running) throw new ConflictError('The audit is being verified already. Wait until that has ended.')
      running = { checked: 0, total: 0 }
      verify(context.get('person'))
        .catch((error: unknown) =>
          parts.logger.error(
            { event: 'audit.verification_failed', error: serializeError(error) },
            'The audit could not be verified',
          ),
        )
        .finally(() => {
          running = null
        })
      return context.json({}, 202)
    },
  }
}

async function remember(
  { database, clock }: ServerParts,
  { id, name }: Person,
  startedAt: Date,
  verification: Verification,
): Promise<void> {
  const summary = inWords(verification)
  const atMs = clock.now()
  await database.transaction(async (tx) => {
    await tx.db.insert(tables.auditVerifications).values({
      id: newId('ver'),
      startedAt,
      startedByName: name,
      finishedAt: new Date(atMs),
      ok: verification.ok,
      summary,
    })
    await recordAudit(tx, {
      atMs,
      actor: { kind: 'dashboard', id, name },
      action: 'verified the audit',
      target: { kind: 'audit', id: 'entries' },
      reason: summary,
    })
  })
}

function inWords(verification: Verification): string {
  if (!verification.ok)
    return `${verification.problem}; the ${verification.checked} entries before it are as they were sealed`
  const { entries, first, head, blanked } = verification
  const erased = blanked > 0 ? `; ${blanked} had words erased with a person` : ''
  return `${entries} entries, unbroken from ${first?.seq ?? 0} to ${head.seq}${erased}`
}

async function readLast({ db }: Database): Promise<Omit<AuditVerificationState, 'running'>> {
  const { auditVerifications, auditAnchors } = tables
  const [[last], [head]] = await Promise.all([
    db
      .select()
      .from(auditVerifications)
      .where(isNotNull(auditVerifications.finishedAt))
      .orderBy(desc(auditVerifications.finishedAt))
      .limit(1),
    db.select().from(auditAnchors).where(eq(auditAnchors.name, 'head')),
  ])
  return {
    last: last?.finishedAt
      ? {
          at: last.finishedAt.toISOString(),
          by: last.startedByName,
          ok: last.ok === true,
          summary: last.summary ?? '',
        }
      : null,
    head: head ? `${head.seq}:${head.hash}` : null,
  }
}
