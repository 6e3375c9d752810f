/**
 * The HTTP edge: webhooks, the dashboard's API and pages, health and metrics. `Request` in, `Response` out; it keeps
 * no state of its own but the count of sign-in attempts.
 */
import { Hono } from 'hono'
import { newId, serializeError } from '../primitives/index.ts'
import { ACCESS, type RouteName, type Routes, requireRole } from './access.ts'
import { acknowledge, listAlerts, mute, readRunbookPage, test } from './alerts.ts'
import { exportAudit } from './audit-export.ts'
import { listAudit } from './audit-list.ts'
import { createAuditVerification } from './audit-verification.ts'
import { type Auth, createAuth } from './auth.ts'
import { streamChanges } from './changes.ts'
import { listConnections } from './connections.ts'
import type { ApiError } from './contract.ts'
import { serveDashboard } from './dashboard-files.ts'
import {
  abandonDeadLetter,
  answerLetterAction,
  compensateDeadLetter,
  readDeadLetterInput,
  replayDeadLetter,
  requestLetterAction,
} from './dead-letter-actions.ts'
import { listDeadLetters, readDeadLetter } from './dead-letters.ts'
import { decide } from './decisions.ts'
import { resolve } from './effect-resolution.ts'
import { httpError } from './errors.ts'
import { readHealth } from './health.ts'
import { readInbox } from './inbox.ts'
import { listJobs, pause, resume } from './jobs.ts'
import { deactivateMember, eraseMember, syncMember, undoDeactivation } from './members/member-actions.ts'
import { readMemberDetail } from './members/member-detail.ts'
import { exportMember } from './members/member-export.ts'
import { importMembers } from './members/member-import.ts'
import { listMembers } from './members/member-list.ts'
import { readOverview } from './overview.ts'
import type { ServerEnv, ServerParts } from './parts.ts'
import { changeRole, invitePerson, listPeople, removePerson, revokeInvitation, welcome } from './people.ts'
import { listRuns } from './run-list.ts'
import { readRunbookByName } from './runbooks.ts'
import { cancel, readRunDetail, retryRun } from './runs.ts'
import { sandboxSignIn } from './sandbox-door.ts'
import { sandboxProxy } from './sandbox-proxy.ts'
import { listSchedules, runSchedule } from './schedules.ts'
import { jsonBodyLimit, notCached, sameOriginOnly, securityHeaders } from './security.ts'
import { readSession } from './session.ts'
import { readSubmissionDetail, retryPublication } from './submission-detail.ts'
import { listSubmissions } from './submissions.ts'

/** Makes the server. It listens nowhere: give its `fetch` to whatever does. */
export function createServer(parts: ServerParts): Hono<ServerEnv> {
  const app = new Hono<ServerEnv>()
  const auth = createAuth(parts)
  app.onError((error, context) => {
    const reference = newId('err')
    const { status, headers, body, unexpected } = httpError(error, reference)
    if (unexpected) {
      parts.logger.error(
        { event: 'http.unexpected', reference, path: context.req.routePath, error: serializeError(error) },
        'A request failed for a reason nobody foresaw',
      )
      parts.reportError?.(error, `${context.req.method} ${context.req.routePath}`)
    }
    return context.json<ApiError>(body, status, headers)
  })
  app.use('*', securityHeaders(parts.publicUrl))
  app.use('/api/*', notCached(), sameOriginOnly(parts.publicUrl), jsonBodyLimit())
  addRoutes(app, auth, createRoutes(parts, auth))
  serveDashboard(app, parts.dashboardDir)
  app.notFound((context) =>
    context.json<ApiError>(
      { error: { code: 'not_found', message: 'There is nothing at this address.' } },
      404,
    ),
  )
  return app
}

function addRoutes(app: Hono<ServerEnv>, auth: Auth, routes: Routes): void {
  for (const name of Object.keys(ACCESS) as RouteName[]) {
    const [method = '', path = ''] = name.split(' ')
    const access = ACCESS[name]
    if (access === 'anyone') app.on(method, path, routes[name])
    else app.on(method, path, requireRole(auth, access), routes[name])
  }
}

function createRoutes(parts: ServerParts, auth: Auth): Routes {
  const proxy = sandboxProxy(parts)
  const verification = createAuditVerification(parts)
  return {
    'POST /webhooks/twilio-sms': parts.webhooks.twilioSms,
    'POST /webhooks/slack-interaction': parts.webhooks.slackInteraction,
    'POST /webhooks/stripe': parts.webhooks.stripe,
    'POST /webhooks/clerk': parts.webhooks.clerk,
    'POST /api/events': parts.webhooks.events,
    'POST /e/:key': parts.webhooks.ingest,
    'GET /api/jobs/luma-auto-approve': parts.webhooks.lumaApproval,
    'POST /api/jobs/luma-auto-approve': parts.webhooks.lumaApproval,
    'GET /api/jobs/slack-sync': parts.webhooks.slackSync,
    'POST /api/jobs/slack-sync': parts.webhooks.slackSync,
    'GET /api/jobs/cleanup': parts.webhooks.cleanup,
    'POST /api/jobs/cleanup': parts.webhooks.cleanup,
    'GET /healthz': (context) => context.json({ ok: true }),
    'GET /readyz': async (context) => {
      const readiness = await parts.readiness()
      return context.json(readiness, readiness.ready ? 200 : 503)
    },
    'GET /metrics': async (context) =>
      context.body(await parts.metrics(), 200, {
        'content-type': 'text/plain; version=0.0.4; charset=utf-8',
      }),
    'POST /api/auth/sign-in/email': auth.handle,
    'POST /api/auth/sign-out': auth.handle,
    'GET /api/auth/get-session': auth.handle,
    'POST /api/auth/change-password': auth.handle,
    'GET /api/session': readSession(parts, auth),
    'POST /api/welcome': welcome(parts, auth),
    'POST /api/sandbox/sign-in': sandboxSignIn(parts, auth),
    'GET /api/changes': streamChanges(parts, auth),
    'GET /api/inbox': readInbox(parts),
    'GET /api/submissions': listSubmissions(parts),
    'GET /api/submissions/:id': readSubmissionDetail(parts),
    'GET /api/runs': listRuns(parts),
    'GET /api/runs/:id': readRunDetail(parts),
    'POST /api/approvals/:id/decision': decide(parts),
    'POST /api/submissions/:id/publication/retry': retryPublication(parts),
    'POST /api/runs/:id/retry': retryRun(parts),
    'POST /api/runs/:id/cancel': cancel(parts),
    'GET /api/dead-letters': listDeadLetters(parts),
    'GET /api/dead-letters/:id': readDeadLetter(parts),
    'GET /api/dead-letters/:id/input': readDeadLetterInput(parts),
    'POST /api/dead-letters/:id/replay': replayDeadLetter(parts),
    'POST /api/dead-letters/:id/compensate': compensateDeadLetter(parts),
    'POST /api/dead-letters/:id/abandon': abandonDeadLetter(parts),
    'POST /api/dead-letters/actions': requestLetterAction(parts),
    'POST /api/dead-letters/actions/:id/answer': answerLetterAction(parts),
    'GET /api/jobs': listJobs(parts),
    'POST /api/jobs/:name/pause': pause(parts),
    'POST /api/jobs/:name/resume': resume(parts),
    'POST /api/effects/:id/resolution': resolve(parts),
    'GET /api/members': listMembers(parts),
    'GET /api/members/:id': readMemberDetail(parts),
    'GET /api/members/:id/export': exportMember(parts),
    'POST /api/members/:id/sync': syncMember(parts),
    'POST /api/members/:id/deactivate': deactivateMember(parts),
    'POST /api/members/:id/undo': undoDeactivation(parts),
    'POST /api/members/:id/erase': eraseMember(parts),
    'POST /api/members/import': importMembers(parts),
    'GET /api/schedules': listSchedules(parts),
    'POST /api/schedules/:name/run': runSchedule(parts),
    'GET /api/connections': listConnections(parts),
    'GET /api/health': readHealth(parts),
    'GET /api/overview': readOverview(parts),
    'GET /api/alerts': listAlerts(parts),
    'POST /api/alerts/:id/acknowledge': acknowledge(parts),
    'GET /api/alerts/rules/:name/runbook': readRunbookPage(parts),
    'GET /api/runbooks/:name': readRunbookByName(parts),
    'POST /api/alerts/rules/:name/mute': mute(parts),
    'POST /api/alerts/rules/:name/test': test(parts),
    'GET /api/people': listPeople(parts),
    'POST /api/people/invitations': invitePerson(parts),
    'DELETE /api/people/invitations/:id': revokeInvitation(parts),
    'PATCH /api/people/:id': changeRole(parts),
    'DELETE /api/people/:id': removePerson(parts),
    'GET /api/audit': listAudit(parts),
    'GET /api/audit/export': exportAudit(parts),
    'GET /api/audit/verification': verification.read,
    'POST /api/audit/verify': verification.start,
    'GET /api/sandbox/*': proxy,
    'POST /api/sandbox/*': proxy,
    'DELETE /api/sandbox/*': proxy,
  }
}
