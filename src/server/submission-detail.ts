import { readSubmission } from '../community/index.ts'
import { listEffectsOfSubject, listRunsOf, type Run } from '../engine/index.ts'
import { uncertainFields } from '../jobs/job-post-review/index.ts'
import { ConflictError, NotFoundError } from '../primitives/index.ts'
import type { RouteHandler } from './access.ts'
import type { SubmissionDetail } from './contract.ts'
import type { ServerParts } from './parts.ts'
import { pathId } from './request.ts'
import { viewRuns } from './run-view.ts'
import {
  gatherSubmissions,
  type SubmissionParts,
  viewApproval,
  viewEffect,
  viewPublication,
  viewSubmission,
  viewTexts,
} from './submission-view.ts'
import { readTimeline } from './timeline.ts'

/** `GET /api/submissions/:id` */
export function readSubmissionDetail(parts: ServerParts): RouteHandler {
  return async (context) => {
    const { db } = parts.database
    const gathered = await gather(parts, pathId(context))
    const { submission, approval } = gathered
    const [runs, effects] = await Promise.all([
      listRuns(parts, gathered),
      listEffectsOfSubject(db, submission.id),
    ])
    const timeline = await readTimeline(db, gathered, { runs, effects }, parts.clock.now())
    return context.json<SubmissionDetail>({
      submission: viewSubmission(gathered),
      texts: viewTexts(gathered.texts),
      parsed: submission.parsed,
      parser: submission.parser,
      edits: submission.edits ?? [],
      uncertain: submission.parsed ? uncertainFields(submission.parsed) : [],
      approval: approval ? viewApproval(approval) : null,
      timeline,
      runs: await viewRuns(db, runs),
      effects: effects.map(viewEffect),
    })
  }
}

/**
 * `POST /api/submissions/:id/publication/retry`: publishes an approved post once more. While nobody knows whether the
 * last try did, that has to be said first.
 */
export function retryPublication(parts: ServerParts): RouteHandler {
  return async (context) => {
    const gathered = await gather(parts, pathId(context))
    if (viewPublication(gathered).state === 'unknown')
      throw new ConflictError('It may be published already. Look on Circle, then say whether it happened.')
    const person = context.get('person')
    await parts.review.retryPublication(gathered.submission.id, {
      kind: 'dashboard',
      id: person.id,
      name: person.name,
    })
    return context.json({})
  }
}

async function gather(parts: ServerParts, id: string): Promise<SubmissionParts> {
  const submission = await readSubmission(parts.database, id)
  const [gathered] = await gatherSubmissions(parts.database.db, [submission])
  if (!gathered) throw new NotFoundError(`There is no submission ${id}`)
  return gathered
}

/** The timer belongs to the approvals room, the other jobs to the review. */
const TIMER_JOB = 'approval-timer'

async function listRuns({ review }: ServerParts, { submission, approval }: SubmissionParts): Promise<Run[]> {
  const ids = approval ? [submission.id, approval.id] : [submission.id]
  const names = [...review.jobs.map((job) => job.name), TIMER_JOB]
  return listRunsOf(names.flatMap((name) => ids.map((id) => `${name}:${id}`)))
}
