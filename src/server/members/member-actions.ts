/** What people do about a member by hand. Each answers with what follows from it, in words. */
import { z } from 'zod'
import type { Actor } from '../../audit/index.ts'
import { readMember } from '../../community/index.ts'
import { BadInputError, ConflictError } from '../../primitives/index.ts'
import type { RouteHandler } from '../access.ts'
import type { MemberActionAnswer } from '../membership-contract.ts'
import type { ServerContext, ServerParts } from '../parts.ts'
import { pathId, readBody, textSchema } from '../request.ts'
import { erasureWord } from './member-detail.ts'

const deactivateSchema = z.object({ reason: textSchema({ min: 1, max: 300 }) })
const undoSchema = z.object({ deactivationId: textSchema({ min: 1, max: 100 }) })
const eraseSchema = z.object({ confirm: textSchema({ max: 320 }) })

/** `POST /api/members/:id/sync` */
export function syncMember(parts: ServerParts): RouteHandler {
  return async (context) => {
    const id = pathId(context)
    if (parts.modes.mailchimp === 'off')
      throw new ConflictError('Mailchimp is off, so there is nothing to sync to.')
    const { runId } = await parts.membership.syncNow(id, actorOf(context))
    return context.json<MemberActionAnswer>({ runId, message: 'Mailchimp is being brought up to date.' })
  }
}

/** `POST /api/members/:id/deactivate {reason}` */
export function deactivateMember(parts: ServerParts): RouteHandler {
  return async (context) => {
    const id = pathId(context)
    const { reason } = await readBody(context, deactivateSchema)
    await parts.membership.deactivate(id, actorOf(context), reason)
    const message = 'The membership is being ended. You can take it back.'
    return context.json<MemberActionAnswer>({ runId: null, message })
  }
}

/** `POST /api/members/:id/undo {deactivationId}` */
export function undoDeactivation(parts: ServerParts): RouteHandler {
  return async (context) => {
    const id = pathId(context)
    const { deactivationId } = await readBody(context, undoSchema)
    await parts.membership.undo(id, deactivationId, actorOf(context))
    const message = 'They are a member again; Mailchimp and Slack follow.'
    return context.json<MemberActionAnswer>({ runId: null, message })
  }
}

/** `POST /api/members/:id/erase {confirm}`: the address has to be typed, because this cannot be undone. */
export function eraseMember(parts: ServerParts): RouteHandler {
  return async (context) => {
    const { confirm } = await readBody(context, eraseSchema)
    const member = await readMember(parts.database, pathId(context))
    if (member.erasedAt) throw new ConflictError('This person has been erased already.')
    if (confirm.toLowerCase() !== erasureWord(member).toLowerCase())
      throw new BadInputError('confirm: this is not their address. Type it exactly as it stands above.')
    const { runId } = await parts.erase(member.id, actorOf(context))
    const message = 'Everything that is kept about them is being erased.'
    return context.json<MemberActionAnswer>({ runId, message })
  }
}

function actorOf(context: ServerContext): Actor {
  const { id, name } = context.get('person')
  return { kind: 'dashboard', id, name }
}
