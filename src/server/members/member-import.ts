import { ConflictError } from '../../primitives/index.ts'
import type { RouteHandler } from '../access.ts'
import type { MemberImportAnswer } from '../member-import-contract.ts'
import type { ServerParts } from '../parts.ts'

/** `POST /api/members/import` */
export function importMembers({ membership, modes }: ServerParts): RouteHandler {
  return async (context) => {
    if (modes.clerk === 'off' && modes.stripe === 'off')
      throw new ConflictError(
        'Clerk and Stripe are off, so there is nobody to import. Set CLERK_SECRET_KEY and STRIPE_API_KEY, and restart.',
      )
    const { id, name } = context.get('person')
    const { runId } = await membership.importMembers({ kind: 'dashboard', id, name })
    return context.json<MemberImportAnswer>({ runId })
  }
}
