import { eq } from 'drizzle-orm'
import { z } from 'zod'
import { recordAudit } from '../audit/index.ts'
import { announceChange, tables } from '../database/index.ts'
import {
  cancelRun,
  listEffectsOfRun,
  type Run,
  readRun,
  readSteps,
  recoveriesOf,
  startRunAgain,
} from '../engine/index.ts'
import { maskPersonalData } from '../primitives/index.ts'
import type { RouteHandler } from './access.ts'
import type { RunDetail, SubmissionSummary } from './contract.ts'
import type { ServerParts } from './parts.ts'
import { pathId, readBody, textSchema } from './request.ts'
import { readLinks } from './run-list.ts'
import { readParked, showJson, subjectOf, viewRun, viewStep } from './run-view.ts'
import { summariesOf, viewEffect } from './submission-view.ts'

/** `GET /api/runs/:id` */
export function readRunDetail(parts: ServerParts): RouteHandler {
  return async (context) => {
    const { db } = parts.database
    const run = await readRun(pathId(context))
    const [parked, steps, effects, submission, memberId, recoveries, links] = await Promise.all([
      readParked(db, [run]),
      readSteps(db, run),
      listEffectsOfRun(db, run.id),
      submissionOf(parts, run),
      memberOf(parts, run),
      recoveriesOf(db, run.id),
      readLinks(db, run),
    ])
    return context.json<RunDetail>({
      run: viewRun(run, parked.get(run.id) ?? null),
      input: showJson(run.input),
      error: run.error === null ? null : maskPersonalData(run.error),
      // The engine's own steps (sleeping out a back-off) are no part of the job.
      steps: steps.filter((step) => !step.name.startsWith('DBOS.')).map(viewStep),
      effects: effects.map(viewEffect),
      submission,
      memberId,
      executor: run.executorId,
      recoveries,
      // A run that waits for somebody is due in the year 3000.
      links: parked.has(run.id) ? { ...links, dueAt: null } : links,
    })
  }
}

/** `POST /api/runs/:id/retry`: starts a failed run again. Answers `{runId}` of the new run. */
export function retryRun(parts: ServerParts): RouteHandler {
  return async (context) => {
    const id = pathId(context)
    const person = context.get('person')
    const submission = await submissionOf(parts, await readRun(id))
    const runId = await parts.database.transaction(async (tx) => {
      const started = await startRunAgain(tx, parts.starter(), id, {
        actor: { kind: 'dashboard', id: person.id, name: person.name },
        atMs: parts.clock.now(),
      })
      await recordAudit(tx, {
        atMs: parts.clock.now(),
        actor: { kind: 'dashboard', id: person.id, name: person.name },
        action: 'started it again',
        target: { kind: 'run', id },
        runId: started,
      })
      if (submission) await announceChange(tx, { topic: 'submission', id: submission.id })
      return started
    })
    return context.json({ runId })
  }
}

const cancelSchema = z.object({ reason: textSchema({ max: 500 }).optional() })

/** `POST /api/runs/:id/cancel {reason?}`: ends a run that has not ended. */
export function cancel(parts: ServerParts): RouteHandler {
  return async (context) => {
    const id = pathId(context)
    const body = await readBody(context, cancelSchema)
    const reason = body.reason === undefined || body.reason === '' ? null : body.reason
    const person = context.get('person')
    const submission = await submissionOf(parts, await readRun(id))
    await parts.database.transaction(async (tx) => {
      await cancelRun(tx, parts.deadLetters.parts.jobs(), id, { name: person.name, reason })
      await recordAudit(tx, {
        atMs: parts.clock.now(),
        actor: { kind: 'dashboard', id: person.id, name: person.name },
        action: 'cancelled',
        target: { kind: 'run', id },
        reason,
        runId: id,
      })
      if (submission) await announceChange(tx, { topic: 'submission', id: submission.id })
    })
    return context.json({})
  }
}

async function submissionOf({ database: { db } }: ServerParts, run: Run): Promise<SubmissionSummary | null> {
  const { submissionId, approvalId } = subjectOf(run)
  const id = submissionId ?? (approvalId ? await subjectOfApproval(approvalId) : null)
  return id === null ? null : ((await summariesOf(db, [id])).get(id) ?? null)

  async function subjectOfApproval(approval: string): Promise<string | null> {
    const { approvals } = tables
    const [row] = await db
      .select({ subjectId: approvals.subjectId })
      .from(approvals)
      .where(eq(approvals.id, approval))
    return row?.subjectId ?? null
  }
}

async function memberOf({ database: { db } }: ServerParts, run: Run): Promise<string | null> {
  const { memberId, deactivationId } = subjectOf(run)
  if (memberId !== null || deactivationId === null) return memberId
  const { deactivations } = tables
  const [row] = await db
    .select({ memberId: deactivations.memberId })
    .from(deactivations)
    .where(eq(deactivations.id, deactivationId))
  return row?.memberId ?? null
}
