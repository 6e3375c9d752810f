import { z } from 'zod'
import { describeDecision } from '../approvals/index.ts'
import { fieldEditsSchema } from '../community/index.ts'
import { ConflictError } from '../primitives/index.ts'
import type { RouteHandler } from './access.ts'
import type { DecisionAnswer } from './contract.ts'
import type { ServerParts } from './parts.ts'
import { pathId, readBody, textSchema } from './request.ts'
import { viewDecision } from './submission-view.ts'

/** As long as the reason that Slack's dialog takes: both are read out in a text. */
const REASON_LENGTH = 300

const decisionSchema = z.discriminatedUnion('decision', [
  z.object({ decision: z.literal('approve'), edits: fieldEditsSchema.optional() }),
  z.object({ decision: z.literal('deny'), reason: textSchema({ min: 1, max: REASON_LENGTH }) }),
])

/**
 * `POST /api/approvals/:id/decision`: 200 both for the one who decided and for the one who came later, who is told who
 * did.
 */
export function decide(parts: ServerParts): RouteHandler {
  return async (context) => {
    const approvalId = pathId(context)
    const body = await readBody(context, decisionSchema)
    const person = context.get('person')
    const { won, approval } = await parts.review.decide({
      approvalId,
      actor: { kind: 'dashboard', id: person.id, name: person.name },
      decision:
        body.decision === 'deny'
          ? { outcome: 'denied', reason: body.reason }
          : { outcome: 'approved', ...(body.edits ? { edits: body.edits } : {}) },
    })
    const decision = viewDecision(approval)
    if (!decision) throw new ConflictError('This was not decided. Load the page again and decide once more.')
    const message = won ? wonMessage(approval.status) : describeDecision(approval, parts.clock.now())
    return context.json<DecisionAnswer>({ won, decision, message })
  }
}

function wonMessage(status: string): string {
  return status === 'approved'
    ? 'Approved. It is being published.'
    : 'Denied. The sender is told, with your reason.'
}
