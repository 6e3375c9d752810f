import { z } from 'zod'
import { recordAudit } from '../audit/index.ts'
import type { Drizzle } from '../database/index.ts'
import type { RouteHandler } from './access.ts'
import type { AuditFilter } from './audit-contract.ts'
import { type AuditRow, auditFilterSchema, readAuditPage } from './audit-list.ts'
import type { ServerParts } from './parts.ts'
import { type Cursor, emptyIsAbsent } from './request.ts'

const querySchema = auditFilterSchema.extend({ format: z.enum(['csv', 'jsonl'], 'is csv or jsonl') })
const FORMATS = {
  csv: { type: 'text/csv; charset=utf-8', head: () => `${COLUMNS.join(',')}\r\n`, line: csvLine },
  jsonl: { type: 'application/x-ndjson; charset=utf-8', head: () => '', line: jsonLine },
} as const
/** Entries in one read. */
const BATCH = 2_000

/**
 * `GET /api/audit/export?format=csv|jsonl&…`: everything that a filter selects, newest first, as a file that is written
 * while it is read, so that its size does not matter. Who took it is on record, and the file begins behind that.
 */
export function exportAudit(parts: ServerParts): RouteHandler {
  return async (context) => {
    const { format, ...filter } = querySchema.parse(emptyIsAbsent(context.req.query()))
    const { id, name } = context.get('person')
    const atMs = parts.clock.now()
    const own = await parts.database.transaction((tx) =>
      recordAudit(tx, {
        atMs,
        actor: { kind: 'dashboard', id, name },
        action: 'exported the audit',
        target: { kind: 'audit', id: 'entries' },
        detail: { format, ...defined(filter) },
      }),
    )
    const { type, head, line } = FORMATS[format]
    const begin: Cursor = { at: new Date(atMs), id: String(own) }
    return context.body(streamLines(parts.database.db, filter, begin, head(), line), 200, {
      'content-type': type,
      'content-disposition': `attachment; filename="audit-${new Date(atMs).toISOString().slice(0, 10)}.${format}"`,
    })
  }
}

function defined(filter: AuditFilter): Record<string, string> {
  const given = Object.entries(filter).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value]],
  )
  return Object.fromEntries(given)
}

function streamLines(
  db: Drizzle,
  filter: AuditFilter,
  begin: Cursor,
  head: string,
  line: (row: AuditRow) => string,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  let place = begin
  return new ReadableStream({
    start: (controller) => controller.enqueue(encoder.encode(head)),
    async pull(controller) {
      const rows = await readAuditPage(db, filter, place, BATCH)
      const last = rows.at(-1)
      if (!last) return controller.close()
      place = { at: last.at, id: String(last.id) }
      controller.enqueue(encoder.encode(rows.map(line).join('')))
    },
  })
}

const COLUMNS = [
  'seq',
  'id',
  'at',
  'actorKind',
  'actorId',
  'actorName',
  'action',
  'targetKind',
  'targetId',
  'reason',
  'detail',
  'runId',
  'hash',
] as const

function csvLine(row: AuditRow): string {
  return `${COLUMNS.map((column) => csvCell(row[column])).join(',')}\r\n`
}

/** Everything but numbers is quoted; what a spreadsheet would take for a formula gets an apostrophe in front. */
function csvCell(value: AuditRow[(typeof COLUMNS)[number]]): string {
  if (value === null) return ''
  if (typeof value === 'number') return String(value)
  const text =
    value instanceof Date ? value.toISOString() : typeof value === 'string' ? value : JSON.stringify(value)
  // https://owasp.org/www-community/attacks/CSV_Injection (2026-11), and the full-width signs that are read the same.
  const tame = /^\s*[=+\-@\t\r\n＝＋－＠]/u.test(text) ? `'${text}` : text
  return `"${tame.replaceAll('"', '""')}"`
}

function jsonLine(row: AuditRow): string {
  return `${JSON.stringify(Object.fromEntries(COLUMNS.map((column) => [column, row[column]])))}\n`
}
