/** Pausing jobs. */
import { and, count, isNull, like } from 'drizzle-orm'
import { z } from 'zod'
import { recordAudit } from '../audit/index.ts'
import { tables } from '../database/index.ts'
import { listPausedJobs, pauseJob, resumeJob } from '../engine/index.ts'
import { NotFoundError } from '../primitives/index.ts'
import type { RouteHandler } from './access.ts'
import type { JobList } from './dead-letters-contract.ts'
import type { ServerParts } from './parts.ts'
import { pathId, readBody, textSchema } from './request.ts'

const pauseSchema = z.object({ reason: textSchema({ max: 500 }).optional() })

/** `GET /api/jobs` */
export function listJobs(parts: ServerParts): RouteHandler {
  return async (context) => {
    const { parkedRuns } = tables
    const [paused, waiting] = await Promise.all([
      listPausedJobs(parts.database),
      parts.database.db
        .select({ of: parkedRuns.provider, count: count() })
        .from(parkedRuns)
        .where(and(like(parkedRuns.provider, 'job:%'), isNull(parkedRuns.wokenAt)))
        .groupBy(parkedRuns.provider),
    ])
    const names = [...parts.deadLetters.parts.jobs().keys()].sort()
    return context.json<JobList>({
      jobs: names.map((name) => {
        const row = paused.find(({ job }) => job === name)
        return {
          name,
          paused: row
            ? {
                by: row.pausedByName,
                at: row.pausedAt.toISOString(),
                reason: row.reason,
                waiting: waiting.find(({ of }) => of === `job:${name}`)?.count ?? 0,
              }
            : null,
        }
      }),
    })
  }
}

/** `POST /api/jobs/:name/pause {reason?}` */
export function pause(parts: ServerParts): RouteHandler {
  return async (context) => {
    const job = knownJob(parts, pathId(context, 'name'))
    const { reason } = await readBody(context, pauseSchema)
    const { id, name } = context.get('person')
    const atMs = parts.clock.now()
    const said = reason === undefined || reason === '' ? null : reason
    await parts.database.transaction(async (tx) => {
      await pauseJob(tx, job, { id, name, reason: said, atMs })
      await recordAudit(tx, {
        atMs,
        actor: { kind: 'dashboard', id, name },
        action: 'paused',
        target: { kind: 'job', id: job },
        reason: said,
      })
    })
    await parts.lookAgainWhatIsPaused()
    return context.json({})
  }
}

/** `POST /api/jobs/:name/resume` → `{waiting}`: how many runs go on */
export function resume(parts: ServerParts): RouteHandler {
  return async (context) => {
    const job = knownJob(parts, pathId(context, 'name'))
    const { id, name } = context.get('person')
    const waiting = await parts.database.transaction(async (tx) => {
      const woken = await resumeJob(tx, job)
      await recordAudit(tx, {
        atMs: parts.clock.now(),
        actor: { kind: 'dashboard', id, name },
        action: 'let it go on',
        target: { kind: 'job', id: job },
        detail: { waiting: woken },
      })
      return woken
    })
    await parts.lookAgainWhatIsPaused()
    return context.json({ waiting })
  }
}

function knownJob(parts: ServerParts, name: string): string {
  if (!parts.deadLetters.parts.jobs().has(name)) throw new NotFoundError(`There is no job ${name}.`)
  return name
}
