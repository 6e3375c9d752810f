import { z } from 'zod'
import { type Approval, describeDecision, readApproval, readQuestion } from '../approvals/index.ts'
import type { Actor } from '../audit/index.ts'
import { fieldEditsSchema } from '../community/index.ts'
import { APPROVAL_KIND } from '../jobs/job-post-review/index.ts'
import { BadInputError, ConflictError } from '../primitives/index.ts'
import type { RouteHandler } from './access.ts'
import type { DecisionAnswer } from './contract.ts'
import type { ServerParts } from './parts.ts'
import { pathId, readBody, textSchema } from './request.ts'
import { viewDecision } from './submission-view.ts'

/** As long as the reason that Slack's dialog takes: both are read out in a text. */
const REASON_LENGTH = 300

const decisionSchema = z.discriminatedUnion('decision', [
  z.object({ decision: z.literal('approve'), edits: fieldEditsSchema.optional() }),
  z.object({ decision: z.literal('deny'), reason: textSchema({ max: REASON_LENGTH }).optional() }),
])
type Decision = z.infer<typeof decisionSchema>
type Request = { approvalId: string; actor: Actor; body: Decision }

/**
 * `POST /api/approvals/:id/decision`: 200 both for the one who decided and for the one who came later, who is told who
 * did.
 */
export function decide(parts: ServerParts): RouteHandler {
  return async (context) => {
    const approvalId = pathId(context)
    const body = await readBody(context, decisionSchema)
    const { id, name } = context.get('person')
    const asked = await readApproval(parts.database, approvalId)
    const request: Request = { approvalId, actor: { kind: 'dashboard', id, name }, body }
    const { won, approval } =
      asked.kind === APPROVAL_KIND ? await decidePost(parts, request) : await answerQuestion(parts, request)
    const decision = viewDecision(approval)
    if (!decision) throw new ConflictError('This was not decided. Load the page again and decide once more.')
    const message = won ? await wonMessage(parts, approval) : describeDecision(approval, parts.clock.now())
    return context.json<DecisionAnswer>({ won, decision, message })
  }
}

function decidePost({ review }: ServerParts, { approvalId, actor, body }: Request) {
  if (body.decision === 'approve')
    return review.decide({
      approvalId,
      actor,
      decision: { outcome: 'approved', ...(body.edits ? { edits: body.edits } : {}) },
    })
  if (!body.reason) throw new BadInputError('reason: must not be empty; the sender will read it.')
  return review.decide({ approvalId, actor, decision: { outcome: 'denied', reason: body.reason } })
}

function answerQuestion({ approvals }: ServerParts, { approvalId, actor, body }: Request) {
  if (body.decision === 'approve' && body.edits)
    throw new BadInputError('edits: only a job post can be edited before it is approved.')
  return approvals.decide({
    approvalId,
    actor,
    outcome: body.decision === 'approve' ? 'approved' : 'denied',
    reason: body.decision === 'deny' && body.reason ? body.reason : null,
  })
}

async function wonMessage({ database }: ServerParts, approval: Approval): Promise<string> {
  if (approval.kind !== APPROVAL_KIND) {
    const { approveLabel, denyLabel } = await readQuestion(database, approval.subjectId)
    return `Answered: ${approval.status === 'approved' ? approveLabel : denyLabel}.`
  }
  return approval.status === 'approved'
    ? 'Approved. It is being published.'
    : 'Denied. The sender is told, with your reason.'
}
