import { and, desc, eq, gte, inArray, lt, type SQL, sql } from 'drizzle-orm'
import { z } from 'zod'
import { type Drizzle, tables } from '../database/index.ts'
import { DAY_MS } from '../primitives/index.ts'
import type { RouteHandler } from './access.ts'
import type { AuditEntryView, AuditFilter, AuditPage } from './audit-contract.ts'
import type { ServerParts } from './parts.ts'
import { type Cursor, emptyIsAbsent, PAGE_SIZE, readCursor, textSchema, writeCursor } from './request.ts'

const { auditEntries } = tables
export type AuditRow = typeof auditEntries.$inferSelect

/** PostgreSQL knows no year 0, and a text with five digits of a year it does not take for a time. */
const day = z.iso
  .date('is a day, as 2026-11-22')
  .refine((text) => text >= '1970-01-01' && text < '9999-12-31', 'is a day between 1970 and 9999')
export const auditFilterSchema = z.object({
  actor: textSchema({ max: 200 }).optional(),
  action: textSchema({ max: 200 }).optional(),
  target: textSchema({ max: 400 }).optional(),
  q: textSchema({ max: 200 }).optional(),
  from: day.optional(),
  to: day.optional(),
})
const querySchema = auditFilterSchema.extend({ cursor: z.string().optional() })

/** `GET /api/audit?actor=&action=&target=&q=&from=&to=&cursor=`: newest first. */
export function listAudit({ database: { db } }: ServerParts): RouteHandler {
  return async (context) => {
    const { cursor: place, ...filter } = querySchema.parse(emptyIsAbsent(context.req.query()))
    const [found, actions] = await Promise.all([
      readAuditPage(db, filter, readCursor(place), PAGE_SIZE + 1),
      readActions(db),
    ])
    const page = found.slice(0, PAGE_SIZE)
    const last = page.at(-1)
    return context.json<AuditPage>({
      items: page.map(viewEntry),
      nextCursor: last && found.length > PAGE_SIZE ? writeCursor(last.at, String(last.id)) : null,
      actions,
    })
  }
}

/** The entries that a filter selects, newest first, behind a place. */
export async function readAuditPage(
  db: Drizzle,
  filter: AuditFilter,
  cursor: Cursor | null,
  limit: number,
): Promise<AuditRow[]> {
  const id = cursor === null ? null : idOf(cursor)
  const words = filter.q === undefined ? undefined : await findWords(db, filter.q)
  return db
    .select()
    .from(auditEntries)
    .where(
      and(
        ...conditions(filter),
        words,
        cursor
          ? sql`(${auditEntries.at}, ${auditEntries.id}) < (${cursor.at.toISOString()}::timestamptz, ${id}::bigint)`
          : undefined,
      ),
    )
    .orderBy(desc(auditEntries.at), desc(auditEntries.id))
    .limit(limit)
}

/** A place from elsewhere has no number; then the list begins at its time. */
function idOf({ id }: Cursor): number {
  return /^\d{1,15}$/.test(id) ? Number(id) : 0
}

function conditions({ actor, action, target, from, to }: AuditFilter): (SQL | undefined)[] {
  const [kind = '', ...id] = target?.split(':') ?? []
  return [
    actor === 'system' ? eq(auditEntries.actorKind, 'system') : undefined,
    actor !== undefined && actor !== 'system' ? eq(auditEntries.actorId, actor) : undefined,
    action === undefined ? undefined : eq(auditEntries.action, action),
    target === undefined ? undefined : eq(auditEntries.targetKind, kind),
    id.length > 0 ? eq(auditEntries.targetId, id.join(':')) : undefined,
    from === undefined ? undefined : gte(auditEntries.at, new Date(from)),
    to === undefined ? undefined : lt(auditEntries.at, new Date(Date.parse(to) + DAY_MS)),
  ]
}

/** Up to here, looking at each entry that was found is cheaper than going through the list until a page is full. */
const RARE = 2_000

/**
 * PostgreSQL cannot know how rare the beginning of a word is, and would go through the whole list for one that nobody
 * wrote. So the index of words is asked first; only what is frequent is met soon on the way through the list.
 */
async function findWords(db: Drizzle, q: string): Promise<SQL> {
  const matches = hasWords(q)
  const found = await db.transaction(async (tx) => {
    await tx.execute(sql`set local enable_seqscan = off`)
    await tx.execute(sql`set local enable_indexscan = off`)
    return tx
      .select({ id: auditEntries.id })
      .from(auditEntries)
      .where(matches)
      .limit(RARE + 1)
  })
  return found.length > RARE
    ? matches
    : inArray(
        auditEntries.id,
        found.map(({ id }) => id),
      )
}

/**
 * As the index `audit_entries_found_by` has them: every word is the beginning of one of the entry's. A word is looked for
 * as it was typed and as PostgreSQL takes it apart, because it keeps `jo@example.org` whole and parts `mem_7ZK3`.
 */
function hasWords(q: string): SQL {
  const words = q.split(/\s+/).filter(Boolean)
  const query = words.map((word) => {
    const prefix = `'${word.replaceAll(/['\\]/g, ' ')}':*`
    return sql`(to_tsquery('simple', ${prefix}) || ${prefix.toLowerCase()}::tsquery)`
  })
  const { actorName, action, targetId, reason } = auditEntries
  return sql`to_tsvector('simple', ${actorName} || ' ' || ${action} || ' ' || ${targetId} || ' ' || coalesce(${reason}, ''))
    @@ (${sql.join(query, sql` && `)})`
}

/** One look into the index for each action, however many entries there are. */
async function readActions(db: Drizzle): Promise<string[]> {
  const { rows } = await db.execute<{ action: string }>(sql`
    with recursive step as (
      (select action from audit_entries order by action limit 1)
      union all
      select (select next.action from audit_entries as next where next.action > step.action order by next.action limit 1)
      from step where step.action is not null)
    select action from step where action is not null limit 300`)
  return rows.map(({ action }) => action)
}

function viewEntry(row: AuditRow): AuditEntryView {
  return {
    id: row.id,
    seq: row.seq,
    at: row.at.toISOString(),
    actor: { kind: row.actorKind, id: row.actorId, name: row.actorName },
    action: row.action,
    target: { kind: row.targetKind, id: row.targetId },
    reason: row.reason,
    detail: row.detail,
    runId: row.runId,
    erased: row.blankedBy !== null,
  }
}
