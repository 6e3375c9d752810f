/**
 * Lists of runs, newest first, read from DBOS's table by our indexes (`run-indexes.ts`), so that any page of any filter
 * costs the same however many runs there are: a page begins after the last row of the one before it, nothing is
 * counted, and for each job and state at most one page of rows is looked at.
 */
import { type SQL, sql } from 'drizzle-orm'
import { type Drizzle, tables } from '../database/index.ts'
import type { Run, RunStatus } from './runs.ts'

/** Times in epoch milliseconds (machine time), of when the run was asked for. */
export type RunFilter = {
  job?: string | undefined
  status?: RunStatus | undefined
  fromMs?: number | undefined
  toMs?: number | undefined
  /** What the run's id, or the key in it, begins with. */
  text?: string | undefined
  /** Put down, and for whom: a provider, `job:<name>` for a paused job, `any`. */
  waitsFor?: string | undefined
  /** Those alone that were started again after another. */
  again?: boolean | undefined
}

/** A place between two rows, and which way the page lies from it. */
export type RunPlace = { direction: 'older' | 'newer'; atMs: number; id: string }
export type ListedRuns = {
  runs: Run[]
  /** Whether there are more in the direction that was asked for. */
  more: boolean
  /** More begin with the text than are looked through, so nothing is shown. */
  tooMany: boolean
}

/** More than so many that begin with a text are not sorted by time for one page. */
const MOST_BY_TEXT = 5_000

/** A page of runs, newest first whichever way it lies. `input` and `output` are not read. */
export async function searchRuns(
  db: Drizzle,
  filter: RunFilter,
  page: { place: RunPlace | null; size: number },
): Promise<ListedRuns> {
  const { place, size } = page
  const newer = place?.direction === 'newer'
  const order = newer ? sql`created_at, workflow_uuid collate "C"` : NEWEST_FIRST
  const limit = sql`order by ${order} limit ${size + 1}`
  const fits = and([between(filter, place), state(filter.status), job(filter.job), again(filter.again)])
  if (filter.text !== undefined) {
    const ids = await beginningWith(db, filter.text)
    if (ids.length > MOST_BY_TEXT) return { runs: [], more: false, tooMany: true }
    const one = sql`workflow_uuid = any(${sql.param(ids)}::text[])`
    return asPage(await few(db, and([one, fits, waiting(filter.waitsFor)]), limit), size, newer)
  }
  if (filter.waitsFor !== undefined)
    return asPage(await few(db, and([fits, waiting(filter.waitsFor)]), limit), size, newer)
  if (filter.again || (!filter.job && !filter.status))
    return asPage(await read(db, sql`${SELECT} where ${fits} ${limit}`), size, newer)
  return asPage(await byJobAndState(db, filter, page), size, newer)
}

const NEWEST_FIRST = sql`created_at desc, workflow_uuid collate "C" desc`
const SELECT = sql`
  select workflow_uuid, name, status, created_at, started_at_epoch_ms, completed_at, delay_until_epoch_ms,
    executor_id, recovery_attempts
  from dbos.workflow_status`

const DBOS_STATUSES: Record<RunStatus, readonly string[]> = {
  queued: ['ENQUEUED'],
  delayed: ['DELAYED'],
  running: ['PENDING'],
  succeeded: ['SUCCESS'],
  failed: ['ERROR', 'MAX_RECOVERY_ATTEMPTS_EXCEEDED'],
  cancelled: ['CANCELLED'],
}
const EVERY_STATUS = Object.values(DBOS_STATUSES).flat()

/** Those that are few are found first and sorted then: in the order of time, every run might have to be looked at. */
function few(db: Drizzle, fits: SQL, limit: SQL): Promise<Row[]> {
  return read(db, sql`with chosen as materialized (${SELECT} where ${fits}) select * from chosen ${limit}`)
}

/** `created_at` as the index of jobs and states has it, and no other: see `run-indexes.ts`. */
const AT_BY_JOB = sql`(created_at + 0)`

/** The newest of each job in each state, of which there are few, and the newest of those. */
async function byJobAndState(
  db: Drizzle,
  filter: RunFilter,
  { place, size }: { place: RunPlace | null; size: number },
): Promise<Row[]> {
  const way = place?.direction === 'newer' ? sql`asc` : sql`desc`
  const limit = sql`order by ${AT_BY_JOB} ${way}, workflow_uuid collate "C" ${way} limit ${size + 1}`
  const range = between(filter, place, AT_BY_JOB)
  const statuses = filter.status ? DBOS_STATUSES[filter.status] : EVERY_STATUS
  const names = filter.job ? [filter.job] : await jobsWithRuns(db)
  return read(
    db,
    sql`
      select page.* from unnest(${sql.param(names)}::text[]) as known(name)
      cross join unnest(${sql.param([...statuses])}::text[]) as stands(status)
      cross join lateral (
        ${SELECT} as run where run.name = known.name and run.status = stands.status and ${range} ${limit}) as page
      ${limit}`,
  )
}

/** Steps from one name to the next in the index. */
async function jobsWithRuns(db: Drizzle): Promise<string[]> {
  const { rows } = await db.execute<{ name: string }>(sql`
    with recursive names as (
      (select name from dbos.workflow_status order by name limit 1)
      union all
      select (select run.name from dbos.workflow_status as run where run.name > names.name order by run.name limit 1)
      from names where names.name is not null)
    select name from names where name is not null`)
  return rows.map(({ name }) => name)
}

/** Ids that begin with it, and those whose key does, whatever their job. One more than is wanted tells that there are more. */
async function beginningWith(db: Drizzle, text: string): Promise<string[]> {
  const names = await jobsWithRuns(db)
  const prefixes = [text, ...names.map((name) => `${name}:${text}`)]
  const { rows } = await db.execute<{ id: string }>(sql`
    select distinct found.id from unnest(${sql.param(prefixes)}::text[]) as begins(prefix)
    cross join lateral (
      select workflow_uuid as id from dbos.workflow_status
      where workflow_uuid collate "C" >= prefix and workflow_uuid collate "C" < prefix || chr(1114111)
      limit ${MOST_BY_TEXT + 1}) as found
    limit ${MOST_BY_TEXT + 1}`)
  return rows.map(({ id }) => id)
}

function between({ fromMs, toMs }: RunFilter, place: RunPlace | null, at = sql`created_at`): SQL {
  return and([
    fromMs === undefined ? null : sql`${at} >= ${fromMs}::bigint`,
    toMs === undefined ? null : sql`${at} < ${toMs}::bigint`,
    place === null
      ? null
      : sql`(${at}, workflow_uuid collate "C")
          ${place.direction === 'newer' ? sql`>` : sql`<`} (${place.atMs}::bigint, ${place.id}::text collate "C")`,
  ])
}

function state(status: RunStatus | undefined): SQL | null {
  return status === undefined ? null : sql`status = any(${sql.param([...DBOS_STATUSES[status]])}::text[])`
}

function job(name: string | undefined): SQL | null {
  return name === undefined ? null : sql`name = ${name}`
}

function again(only: boolean | undefined): SQL | null {
  return only ? sql`workflow_uuid ~ '~[0-9]+$'` : null
}

function waiting(waitsFor: string | undefined): SQL | null {
  if (waitsFor === undefined) return null
  const who = waitsFor === 'any' ? sql`true` : sql`lying.provider = ${waitsFor}`
  return sql`status = 'DELAYED' and workflow_uuid in (
    select lying.run_id from ${tables.parkedRuns} as lying where lying.woken_at is null and ${who})`
}

function and(conditions: readonly (SQL | null)[]): SQL {
  const given = conditions.filter((condition) => condition !== null)
  return given.length === 0 ? sql`true` : sql.join(given, sql` and `)
}

type Row = {
  workflow_uuid: string
  name: string
  status: string
  created_at: string
  started_at_epoch_ms: string | null
  completed_at: string | null
  delay_until_epoch_ms: string | null
  executor_id: string | null
  recovery_attempts: string | null
}

async function read(db: Drizzle, query: SQL): Promise<Row[]> {
  return (await db.execute<Row>(query)).rows
}

function asPage(rows: Row[], size: number, newer: boolean): ListedRuns {
  const runs = rows.slice(0, size).map(asListed)
  return { runs: newer ? runs.reverse() : runs, more: rows.length > size, tooMany: false }
}

function asListed(row: Row): Run {
  const numberOrNull = (text: string | null) => (text === null ? null : Number(text))
  const statuses = Object.entries(DBOS_STATUSES) as [RunStatus, readonly string[]][] // the keys of that record
  return {
    id: row.workflow_uuid,
    job: row.name,
    status: statuses.find(([, names]) => names.includes(row.status))?.[0] ?? 'failed',
    createdAtMs: Number(row.created_at),
    startedAtMs: numberOrNull(row.started_at_epoch_ms),
    finishedAtMs: numberOrNull(row.completed_at),
    dueAtMs: numberOrNull(row.delay_until_epoch_ms),
    executorId: row.executor_id,
    recoveries: Math.max(0, Number(row.recovery_attempts ?? 1) - 1),
    input: null,
    output: null,
    error: null,
  }
}
