import { count, desc, eq, isNull } from 'drizzle-orm'
import { z } from 'zod'
import { type Drizzle, tables } from '../database/index.ts'
import { explain } from '../dead-letters/index.ts'
import {
  parseRunId,
  type Run,
  type RunFilter,
  type RunPlace,
  runStatuses,
  searchRuns,
} from '../engine/index.ts'
import { DAY_MS, HOUR_MS, maskPersonalData, systemNow } from '../primitives/index.ts'
import type { RouteHandler } from './access.ts'
import type { ServerParts } from './parts.ts'
import { emptyIsAbsent, PAGE_SIZE, readCursor, textSchema, writeCursor } from './request.ts'
import type { RunLinks, RunListItem, RunPage, Within } from './run-list-contract.ts'
import { readParked, viewRun } from './run-view.ts'

const WITHIN_MS: Record<Within, number> = { '1h': HOUR_MS, '24h': DAY_MS, '7d': 7 * DAY_MS }

const querySchema = z.object({
  job: textSchema({ max: 100 }).optional(),
  status: z.enum(['queued', 'delayed', 'running', 'succeeded', 'failed', 'cancelled']).optional(),
  within: z.enum(['1h', '24h', '7d']).optional(),
  from: z.iso.datetime({ offset: true }).optional(),
  to: z.iso.datetime({ offset: true }).optional(),
  q: textSchema({ max: 300 }).optional(),
  waitsFor: textSchema({ max: 110 }).optional(),
  again: z.literal('1').optional(),
  older: z.string().optional(),
  newer: z.string().optional(),
})

/** `GET /api/runs`: newest first; a page begins where another ends, and nothing is counted. */
export function listRuns(parts: ServerParts): RouteHandler {
  return async (context) => {
    const { db } = parts.database
    const query = querySchema.parse(emptyIsAbsent(context.req.query()))
    const place = placeOf(query)
    const [found, waiting] = await Promise.all([
      searchRuns(db, filterOf(query), { place, size: PAGE_SIZE }),
      listWaiting(db),
    ])
    const { runs, more, tooMany } = found
    const [first, last] = [runs[0], runs.at(-1)]
    // A place that was come from has something on its other side.
    const isMoreNewer = place?.direction === 'newer' ? more : place !== null
    const isMoreOlder = place?.direction === 'newer' || more
    return context.json<RunPage>({
      items: await viewItems(db, runs),
      newerCursor: first && isMoreNewer ? cursorAt(first) : null,
      olderCursor: last && isMoreOlder ? cursorAt(last) : null,
      tooMany,
      waiting,
    })
  }
}

function placeOf({
  older,
  newer,
}: {
  older?: string | undefined
  newer?: string | undefined
}): RunPlace | null {
  const direction = newer === undefined ? 'older' : 'newer'
  const cursor = readCursor(newer ?? older)
  return cursor && { direction, atMs: cursor.at.getTime(), id: cursor.id }
}

function filterOf({
  job,
  status,
  within,
  from,
  to,
  q,
  waitsFor,
  again,
}: z.infer<typeof querySchema>): RunFilter {
  return {
    ...{ job, status, waitsFor },
    text: q,
    again: again !== undefined,
    fromMs: from ? Date.parse(from) : within && systemNow() - WITHIN_MS[within],
    toMs: to ? Date.parse(to) : undefined,
  }
}

function cursorAt(run: Run): string {
  return writeCursor(new Date(run.createdAtMs), run.id)
}

async function viewItems(db: Drizzle, runs: readonly Run[]): Promise<RunListItem[]> {
  const parked = await readParked(db, runs)
  return runs.map((run) => {
    const { key, retry } = parseRunId(run.id)
    const lies = parked.get(run.id) ?? null
    return {
      ...viewRun(run, lies),
      key: maskPersonalData(key),
      attempt: retry,
      dueAt: lies === null ? dueAtOf(run) : null,
    }
  })
}

function dueAtOf(run: Run): string | null {
  return run.status === 'delayed' && run.dueAtMs !== null ? new Date(run.dueAtMs).toISOString() : null
}

async function listWaiting(db: Drizzle): Promise<RunPage['waiting']> {
  const { parkedRuns } = tables
  const rows = await db
    .select({ for: parkedRuns.provider, count: count() })
    .from(parkedRuns)
    .where(isNull(parkedRuns.wokenAt))
    .groupBy(parkedRuns.provider)
    .orderBy(desc(count()))
  return rows
}

/** What else there is about a run: its dead letter, and the runs of the same work before and after it. */
export async function readLinks(db: Drizzle, run: Run): Promise<RunLinks> {
  const { deadLetters } = tables
  const { job, key, retry } = parseRunId(run.id)
  const idOf = (attempt: number) => (attempt === 1 ? `${job}:${key}` : `${job}:${key}~${attempt}`)
  const [[letter], near] = await Promise.all([
    db.select().from(deadLetters).where(eq(deadLetters.runId, run.id)),
    runStatuses([...(retry > 1 ? [idOf(retry - 1)] : []), idOf(retry + 1)]),
  ])
  const existing = (id: string) => (near.has(id) ? id : null)
  return {
    letter: letter ? { id: letter.id, status: letter.status, title: explain(letter).title } : null,
    before: retry > 1 ? existing(idOf(retry - 1)) : null,
    after: existing(idOf(retry + 1)),
    dueAt: dueAtOf(run),
  }
}
