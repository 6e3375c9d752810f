import { tables } from '../database/index.ts'
import type { RouteHandler } from './access.ts'
import type { Auth } from './auth.ts'
import type { SessionInfo } from './contract.ts'
import { hasOwner } from './invitations.ts'
import type { ServerParts } from './parts.ts'
import { sandboxDoorIsOpen } from './sandbox-door.ts'

const PROVIDERS = [
  'twilio',
  'slack',
  'openai',
  'circle',
  'stripe',
  'clerk',
  'mailchimp',
  'luma',
  'pagerduty',
  'email',
] as const

/** `GET /api/session`: who is signed in, and for those who are not, how to get in. */
export function readSession(parts: ServerParts, auth: Auth): RouteHandler {
  return async (context) => {
    const [user, owned] = await Promise.all([auth.whoIs(context), hasOwner(parts.database)])
    return context.json<SessionInfo>({
      user,
      sandbox: parts.sandbox !== null,
      sandboxSignIn: sandboxDoorIsOpen(parts) ? [...tables.ROLES] : [],
      hasOwner: owned,
      providers: PROVIDERS.map((provider) => ({ provider, mode: parts.modes[provider] })),
      now: new Date(parts.clock.now()).toISOString(),
    })
  }
}
