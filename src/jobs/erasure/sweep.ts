/**
 * Takes a person out of everything that is written down anywhere in the database: every column of text or JSON, ours
 * and the engine's, whatever tables there are. What is found is replaced by `[erased]` inside the JSON, so that a run
 * that is under way can still be replayed. Not reached: ids that an application has chosen (of runs, of events in
 * primary keys), which must stay what they are; `leftovers` says where it is so.
 */
import { sql } from 'drizzle-orm'
import { blankWords } from '../../audit/index.ts'
import type { Database } from '../../database/index.ts'
import { seam } from '../../primitives/index.ts'
import { type About, patternOf } from './about.ts'

const BATCH = 200
const ERASED = '[erased]'

/**
 * Kept as they are: who may sign in here is managed by its owners (People), members and Slack's people are erased row
 * by row, and an erasure knows whom it is about until it is done.
 */
const KEPT = new Set([
  'public.members',
  'public.slack_people',
  'public.erasures',
  'public.users',
  'public.accounts',
  'public.sessions',
  'public.verifications',
  'public.invitations',
  'public.installation_secrets',
])
/** What somebody has texted is theirs: of others' posts only the address is taken out, not a name that many have. */
const POSTS = new Set(['public.submissions', 'public.submission_texts'])
/** Who decided or did something stays on record, also when that was the person. */
const ACTORS = new Set(['actor_id', 'actor_name', 'decided_by_id', 'decided_by_name', 'requested_by'])
/** Blanked by a path of its own, which the chain survives. Ids elsewhere name nobody to who reads an entry, and stay. */
const AUDIT = 'public.audit_entries'

type Column = { table: string; column: string; type: string; isKey: boolean; isUnique: boolean }

/**
 * @param told when and by which run, for the entry that tells of blanked entries of the audit
 * @returns how many rows were changed, by table
 */
export async function sweep(
  database: Database,
  about: About,
  told: { atMs: number; runId: string },
): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  const audited = patternOf(needlesFor(AUDIT, about))
  const blanked = audited === null ? 0 : await blankWords(database, { pattern: audited, ...told })
  if (blanked > 0) counts[AUDIT] = blanked
  for (const column of await writtenColumns(database)) {
    const pattern = patternOf(needlesFor(column.table, about))
    if (column.isKey || pattern === null || column.table === AUDIT) continue
    const changed = await sweepColumn(database, column, pattern)
    if (changed > 0) counts[column.table] = (counts[column.table] ?? 0) + changed
    seam('erasure.after-column')
  }
  return counts
}

/** Where the person is still named, as `table.column`. */
export async function leftovers(database: Database, about: About): Promise<string[]> {
  const found: string[] = []
  for (const { table, column } of await writtenColumns(database)) {
    const pattern = patternOf(needlesFor(table, about))
    if (pattern === null) continue
    const { rows } = await database.db.execute(
      sql`select from ${name(table)} where ${sql.identifier(column)}::text ~* ${pattern} limit 1`,
    )
    if (rows.length > 0) found.push(`${table}.${column}`)
  }
  return found
}

function needlesFor(table: string, { emails, names, ids }: About): string[] {
  if (POSTS.has(table)) return emails
  return table === AUDIT ? [...emails, ...names] : [...emails, ...names, ...ids]
}

/** A few rows in each statement, which finds them without locking any: nobody waits long for it. */
async function sweepColumn(database: Database, column: Column, pattern: string): Promise<number> {
  const [table, field] = [name(column.table), sql.identifier(column.column)]
  // Two unique values must not become one.
  const replacement = column.isUnique
    ? sql`${`${ERASED} `} || left(encode(sha256(convert_to(${field}::text, 'UTF8')), 'hex'), 12)`
    : sql`${ERASED}`
  const type = sql.raw(column.type)
  let changed = 0
  for (;;) {
    const { rowCount } = await database.db.execute(sql`
      update ${table} set ${field} = regexp_replace(${field}::text, ${pattern}, ${replacement}, 'gi')::${type}
      where ctid = any(array(select ctid from ${table} where ${field}::text ~* ${pattern} limit ${BATCH}))
        and ${field}::text ~* ${pattern}`)
    if (!rowCount) return changed
    changed += rowCount
  }
}

async function writtenColumns(database: Database): Promise<Column[]> {
  const { rows } = await database.db.execute<Column & { schema: string }>(sql`
    select format('%s.%s', space.nspname, class.relname) as table, field.attname as column,
      format_type(field.atttypid, null) as type,
      exists (select from pg_index where indrelid = class.oid and indisprimary and field.attnum = any(indkey)) as "isKey",
      exists (select from pg_index where indrelid = class.oid and indisunique and field.attnum = any(indkey)) as "isUnique"
    from pg_class as class
    join pg_namespace as space on space.oid = class.relnamespace
    join pg_attribute as field on field.attrelid = class.oid and field.attnum > 0 and not field.attisdropped
    where class.relkind in ('r', 'p') and space.nspname in ('public', 'dbos')
      and field.atttypid in ('text'::regtype, 'varchar'::regtype, 'json'::regtype, 'jsonb'::regtype)
    order by 1, 2`)
  return rows.filter(
    ({ table, column }) => !KEPT.has(table) && !ACTORS.has(column) && !namesRun(table, column),
  )
}

/** What the engine finds runs and their steps by. */
const ENGINE_NAMES = new Set([
  'workflow_uuid',
  'parent_workflow_id',
  'forked_from',
  'name',
  'function_name',
  'queue_name',
  'status',
])

function namesRun(table: string, column: string): boolean {
  return table.startsWith('dbos.') ? ENGINE_NAMES.has(column) : column === 'run_id'
}

function name(table: string) {
  return sql.join(
    table.split('.').map((part) => sql.identifier(part)),
    sql.raw('.'),
  )
}
