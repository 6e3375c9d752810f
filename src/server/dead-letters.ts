import { and, asc, count, desc, eq, inArray, max, min, sql } from 'drizzle-orm'
import { z } from 'zod'
import { type Drizzle, tables } from '../database/index.ts'
import {
  ALONE_AT_MOST,
  explain,
  type LetterAction,
  openLetters,
  planFor,
  readLetter,
} from '../dead-letters/index.ts'
import { type DeadLetter, parseRunId, readRun, readSteps, runStatuses } from '../engine/index.ts'
import { maskPersonalData } from '../primitives/index.ts'
import type { RouteHandler } from './access.ts'
import type { RunStatus } from './contract.ts'
import type {
  LetterActionView,
  LetterDetail,
  LetterGroup,
  LetterPage,
  LetterSummary,
} from './dead-letters-contract.ts'
import type { ServerParts } from './parts.ts'
import { emptyIsAbsent, PAGE_SIZE, pathId, readCursor, textSchema, writeCursor } from './request.ts'
import { showJson, viewStep } from './run-view.ts'
import { viewEffect } from './submission-view.ts'

const { deadLetters, letterActions, letterActionItems } = tables
const MOST_GROUPS = 100
const LATEST_ACTIONS = 10
const SHOWN_PROBLEMS = 5

const querySchema = z.object({
  status: z.enum(tables.DEAD_LETTER_STATUSES).default('open'),
  job: textSchema({ max: 100 }).optional(),
  provider: textSchema({ max: 50 }).optional(),
  errorClass: textSchema({ max: 50 }).optional(),
  cause: textSchema({ max: 500 }).optional(),
  cursor: z.string().optional(),
})

/** `GET /api/dead-letters`: newest first, with the causes of the open ones. */
export function listDeadLetters(parts: ServerParts): RouteHandler {
  return async (context) => {
    const { db } = parts.database
    const { cursor: place, status, ...filter } = querySchema.parse(emptyIsAbsent(context.req.query()))
    const cursor = readCursor(place)
    const fits = and(
      eq(deadLetters.status, status),
      ...(['job', 'provider', 'errorClass', 'cause'] as const).map((name) =>
        filter[name] === undefined ? undefined : eq(deadLetters[name], filter[name]),
      ),
      cursor
        ? sql`(${deadLetters.failedAt}, ${deadLetters.id}) < (${cursor.at.toISOString()}::timestamptz, ${cursor.id})`
        : undefined,
    )
    const [found, groups, openCount, actions] = await Promise.all([
      db
        .select()
        .from(deadLetters)
        .where(fits)
        .orderBy(desc(deadLetters.failedAt), desc(deadLetters.id))
        .limit(PAGE_SIZE + 1),
      listGroups(db, filter),
      db.$count(deadLetters, eq(deadLetters.status, 'open')),
      listActions(db, context.get('person').id),
    ])
    const page = found.slice(0, PAGE_SIZE)
    const last = page.at(-1)
    return context.json<LetterPage>({
      items: await viewLetters(page),
      nextCursor: last && found.length > PAGE_SIZE ? writeCursor(last.failedAt, last.id) : null,
      groups,
      openCount,
      actions,
      aloneAtMost: ALONE_AT_MOST,
    })
  }
}

/** `GET /api/dead-letters/:id`, with what each action would do. */
export function readDeadLetter(parts: ServerParts): RouteHandler {
  return async (context) => {
    const letter = await readLetter(parts, pathId(context))
    const run = await readRun(letter.runId)
    const [plan, steps, [view]] = await Promise.all([
      planFor(parts.deadLetters.parts, letter),
      readSteps(parts.database.db, run),
      viewLetters([letter]),
    ])
    if (!view) throw new Error('A letter that was read can be shown')
    return context.json<LetterDetail>({
      letter: view,
      ...explain(letter),
      input: showJson(run.input),
      steps: steps.filter((step) => !step.name.startsWith('DBOS.')).map(viewStep),
      plan: {
        replayBlocked: plan.replayBlocked && maskPersonalData(plan.replayBlocked),
        keptSteps: plan.keptSteps,
        effects: plan.effects.map(({ effect, fate }) => ({ effect: viewEffect(effect), fate })),
        undo: plan.undo,
      },
    })
  }
}

/** Open letters by cause, most first. */
export async function listGroups(
  db: Drizzle,
  filter: { job?: string | undefined; provider?: string | undefined } = {},
): Promise<LetterGroup[]> {
  const { job, provider } = filter
  const rows = await db
    .select({
      cause: deadLetters.cause,
      count: count(),
      firstAt: min(deadLetters.failedAt),
      latestAt: max(deadLetters.failedAt),
      exampleId: sql<string>`(array_agg(${deadLetters.id} order by ${deadLetters.failedAt} desc))[1]`,
    })
    .from(deadLetters)
    .where(openLetters({ ...(job !== undefined && { job }), ...(provider !== undefined && { provider }) }))
    .groupBy(deadLetters.cause)
    .orderBy(desc(count()), asc(deadLetters.cause))
    .limit(MOST_GROUPS)
  if (rows.length === 0) return []
  const examples = await db
    .select()
    .from(deadLetters)
    .where(
      inArray(
        deadLetters.id,
        rows.map(({ exampleId }) => exampleId),
      ),
    )
  return rows.flatMap((row): LetterGroup[] => {
    const example = examples.find(({ id }) => id === row.exampleId)
    if (!example || !row.firstAt || !row.latestAt) return []
    return [
      {
        cause: row.cause,
        ...explain(example),
        job: example.job,
        step: example.step,
        provider: example.provider,
        errorClass: example.errorClass,
        count: row.count,
        firstAt: row.firstAt.toISOString(),
        latestAt: row.latestAt.toISOString(),
        example: { id: example.id, error: maskPersonalData(example.error.message) },
      },
    ]
  })
}

async function viewLetters(letters: readonly DeadLetter[]): Promise<LetterSummary[]> {
  const statuses = await runStatuses(letters.flatMap(({ followUpRunId }) => followUpRunId ?? []))
  return letters.map((letter) => viewLetter(letter, statuses))
}

function viewLetter(letter: DeadLetter, statuses: ReadonlyMap<string, RunStatus>): LetterSummary {
  const { id, runId, job, status, step, provider, errorClass, cause, attempts, replayOf } = letter
  const settled = status !== 'open' && letter.resolvedAt !== null
  return {
    key: parseRunId(runId).key,
    ...{ id, runId, job, status, step, provider, errorClass, cause, attempts, replayOf },
    failedAt: letter.failedAt.toISOString(),
    error: maskPersonalData(letter.error.message),
    resolved: settled
      ? {
          by: letter.resolvedByName ?? 'Somebody',
          at: (letter.resolvedAt ?? letter.failedAt).toISOString(),
          reason: letter.reason,
        }
      : null,
    followUp: letter.followUpRunId
      ? { runId: letter.followUpRunId, status: statuses.get(letter.followUpRunId) ?? null }
      : null,
    problem: letter.problem && maskPersonalData(letter.problem),
  }
}

async function listActions(db: Drizzle, personId: string): Promise<LetterActionView[]> {
  const rows = await db
    .select()
    .from(letterActions)
    .where(
      sql`${letterActions.status} in ('waiting', 'running') or ${letterActions.id} in (
        select id from ${letterActions} order by requested_at desc limit ${LATEST_ACTIONS})`,
    )
    .orderBy(desc(letterActions.requestedAt))
    .limit(MOST_GROUPS)
  return Promise.all(rows.map((row) => viewAction(db, row, personId)))
}

/** @param personId who asks */
export async function viewAction(
  db: Drizzle,
  action: LetterAction,
  personId: string,
): Promise<LetterActionView> {
  const problems =
    action.failed === 0
      ? []
      : await db
          .select({ letterId: letterActionItems.deadLetterId, problem: letterActionItems.problem })
          .from(letterActionItems)
          .where(and(eq(letterActionItems.actionId, action.id), eq(letterActionItems.outcome, 'failed')))
          .limit(SHOWN_PROBLEMS)
  const { id, kind, from, reason, status, chosen, total, done, failed } = action
  return {
    ...{ id, kind, from, reason, status, chosen, total, done, failed },
    problems: problems.map(({ letterId, problem }) => ({
      letterId,
      problem: maskPersonalData(problem ?? ''),
    })),
    requestedBy: action.requestedByName,
    requestedAt: action.requestedAt.toISOString(),
    answeredBy: action.answeredByName,
    finishedAt: action.finishedAt?.toISOString() ?? null,
    mayAgree: action.status === 'waiting' && action.requestedById !== personId,
  }
}
