/**
 * Who may call what. This table is the only place that says so: a route without a line here does not compile, and the
 * tests walk it for every role.
 */
import type { MiddlewareHandler } from 'hono'
import { NotAllowedError } from '../primitives/index.ts'
import type { Auth } from './auth.ts'
import type { Role } from './contract.ts'
import { SignedOutError } from './errors.ts'
import type { Person, ServerContext, ServerEnv } from './parts.ts'

/** `anyone`: no session. Webhooks verify signatures, events and scheduled jobs a bearer, the sign-in routes passwords and tokens, by themselves. */
export type Access = 'anyone' | Role

export const ACCESS = {
  'POST /webhooks/twilio-sms': 'anyone',
  'POST /webhooks/slack-interaction': 'anyone',
  'POST /webhooks/stripe': 'anyone',
  'POST /webhooks/clerk': 'anyone',
  'POST /api/events': 'anyone',
  'POST /e/:key': 'anyone',
  'GET /api/jobs/luma-auto-approve': 'anyone',
  'POST /api/jobs/luma-auto-approve': 'anyone',
  'GET /api/jobs/slack-sync': 'anyone',
  'POST /api/jobs/slack-sync': 'anyone',
  'GET /api/jobs/cleanup': 'anyone',
  'POST /api/jobs/cleanup': 'anyone',
  'GET /healthz': 'anyone',
  'GET /readyz': 'anyone',
  'GET /metrics': 'anyone',
  'GET /api/health': 'anyone',
  'POST /api/auth/sign-in/email': 'anyone',
  'POST /api/auth/sign-out': 'anyone',
  'GET /api/auth/get-session': 'anyone',
  'POST /api/auth/change-password': 'viewer',
  'GET /api/session': 'anyone',
  'POST /api/welcome': 'anyone',
  'POST /api/sandbox/sign-in': 'anyone',
  'GET /api/changes': 'viewer',
  'GET /api/inbox': 'viewer',
  'GET /api/submissions': 'viewer',
  'GET /api/submissions/:id': 'viewer',
  'GET /api/runs': 'viewer',
  'GET /api/runs/:id': 'viewer',
  'POST /api/approvals/:id/decision': 'approver',
  'POST /api/submissions/:id/publication/retry': 'approver',
  'POST /api/runs/:id/retry': 'operator',
  'POST /api/runs/:id/cancel': 'operator',
  'GET /api/dead-letters': 'viewer',
  'GET /api/dead-letters/:id': 'viewer',
  'GET /api/dead-letters/:id/input': 'operator',
  'POST /api/dead-letters/:id/replay': 'operator',
  'POST /api/dead-letters/:id/compensate': 'operator',
  'POST /api/dead-letters/:id/abandon': 'operator',
  'POST /api/dead-letters/actions': 'operator',
  'POST /api/dead-letters/actions/:id/answer': 'operator',
  'GET /api/jobs': 'viewer',
  'POST /api/jobs/:name/pause': 'operator',
  'POST /api/jobs/:name/resume': 'operator',
  'POST /api/effects/:id/resolution': 'approver',
  'GET /api/members': 'viewer',
  'GET /api/members/:id': 'viewer',
  'GET /api/members/:id/export': 'approver',
  'POST /api/members/:id/sync': 'approver',
  'POST /api/members/:id/deactivate': 'approver',
  'POST /api/members/:id/undo': 'approver',
  'POST /api/members/:id/erase': 'owner',
  'POST /api/members/import': 'operator',
  'GET /api/schedules': 'viewer',
  'POST /api/schedules/:name/run': 'operator',
  'GET /api/connections': 'viewer',
  'GET /api/overview': 'viewer',
  'GET /api/alerts': 'viewer',
  'POST /api/alerts/:id/acknowledge': 'operator',
  'GET /api/alerts/rules/:name/runbook': 'viewer',
  'GET /api/runbooks/:name': 'viewer',
  'POST /api/alerts/rules/:name/mute': 'operator',
  'POST /api/alerts/rules/:name/test': 'operator',
  'GET /api/people': 'owner',
  'POST /api/people/invitations': 'owner',
  'DELETE /api/people/invitations/:id': 'owner',
  'PATCH /api/people/:id': 'owner',
  'DELETE /api/people/:id': 'owner',
  'GET /api/audit': 'viewer',
  'GET /api/audit/export': 'operator',
  'GET /api/audit/verification': 'viewer',
  'POST /api/audit/verify': 'operator',
  'GET /api/sandbox/*': 'viewer',
  'POST /api/sandbox/*': 'approver',
  'DELETE /api/sandbox/*': 'approver',
} as const satisfies Record<string, Access>

export type RouteName = keyof typeof ACCESS
export type RouteHandler = (context: ServerContext) => Promise<Response> | Response
export type Routes = Record<RouteName, RouteHandler>

const RANK: Record<Role, number> = { viewer: 1, approver: 2, operator: 3, owner: 4 }

/** Lets those in who have the role or a higher one, and says who they are in `context.get('person')`. */
export function requireRole(auth: Auth, role: Role): MiddlewareHandler<ServerEnv> {
  return async (context, next) => {
    const person = await auth.whoIs(context)
    if (!person) throw new SignedOutError()
    if (!isAtLeast(person, role))
      throw new NotAllowedError(
        `This needs the role ${role}, and you are ${person.role}. An owner can change that.`,
      )
    context.set('person', person)
    await next()
  }
}

function isAtLeast(person: Person, role: Role): boolean {
  return RANK[person.role] >= RANK[role]
}
