import { providerModes } from '../config.ts'
import type { ChangeFeed } from '../database/index.ts'
import { requestErasure } from '../jobs/erasure/index.ts'
import { CLERK_EVENTS, STRIPE_EVENTS } from '../jobs/membership/index.ts'
import { countWebhooks, createReadiness, observeWebhook, type WebhookCounts } from '../monitoring/index.ts'
import { MINUTE_MS } from '../primitives/index.ts'
import { createServer, sessionSecret } from '../server/index.ts'
import {
  answerInTime,
  clerkHandler,
  eventsHandler,
  ingestHandler,
  scheduledJobHandler,
  slackInteractionHandler,
  stripeHandler,
  twilioSmsHandler,
} from '../webhooks/index.ts'
import type { Base, Undo } from './base.ts'
import { DASHBOARD_DIR } from './dashboard-build.ts'
import { slackDecisions } from './slack-decisions.ts'
import type { Work } from './work.ts'

/** The HTTP edge: what answers a request. */
export async function createEdge(base: Base, work: Work, changes: ChangeFeed, undo: Undo) {
  const { config, logger, database, clock, sandbox, telemetry } = base
  const { publicUrl, production } = config
  const counts = countWebhooks({ database, logger, instruments: telemetry.instruments })
  undo.push(() => counts.stop())
  const readiness = createReadiness({ url: database.url, executorId: work.engine.executorId })
  undo.push(() => readiness.close())
  const server = createServer({
    database,
    clock,
    logger,
    changes,
    starter: work.starter,
    review: work.review,
    approvals: work.approvals,
    membership: work.membership,
    graceMs: config.membership.graceMs,
    schedules: work.schedules,
    deadLetters: work.deadLetters,
    alerts: work.alerting.desk,
    lookAgainWhatIsPaused: work.engine.lookAgainWhatIsPaused,
    cronOpen: config.cronSecret !== null,
    limits: work.limits,
    erase: (memberId, actor) =>
      database.transaction((tx) =>
        requestErasure(tx, { clock, starter: work.starter }, { who: { memberId }, actor, alsoActive: false }),
      ),
    modes: providerModes(config),
    webhooks: webhookHandlers(base, work, counts),
    sandbox: sandbox ? { controlUrl: `${sandbox.url}/control` } : null,
    publicUrl,
    trustedProxies: config.trustedProxies,
    production,
    sessionSecret: await sessionSecret(database),
    dashboardDir: DASHBOARD_DIR,
    readiness: () => readiness.check(),
    metrics: () => telemetry.metricsText(),
    reportError: (error, where) => telemetry.reporter.report(error, { where }),
  })
  return base.role === 'worker' ? onlyHowItIs(server.fetch) : server.fetch
}

/** A worker answers whoever watches over it, and nobody else. */
function onlyHowItIs(answer: (request: Request) => Response | Promise<Response>) {
  const paths = new Set(['/healthz', '/readyz', '/metrics', '/api/health'])
  return (request: Request) =>
    paths.has(new URL(request.url).pathname)
      ? answer(request)
      : Response.json(
          {
            error: {
              code: 'not_found',
              message: 'This process only works. Ask one that was started as web or all.',
            },
          },
          { status: 404 },
        )
}

/** A thousand events take seconds, and who sends so many waits for them. */
const BATCH_LIMIT_MS = MINUTE_MS

function webhookHandlers(base: Base, work: Work, { accepted, refused: refusals }: WebhookCounts) {
  const { config, logger, database, clock } = base
  const { publicUrl } = config
  const inbound = { database, clock, logger, refusals, first: base.slots.foreground }
  const { startReview } = work.review
  const { startHandling, events: known } = work.membership
  const json = { ...inbound, startHandling }
  const eventOptions = { ...inbound, eventsKey: config.eventsKey, known }
  const { cronSecret } = config
  const cron = { cronSecret, publicUrl, refusals, request: work.schedules.request }
  const observed = (source: string, handler: Parameters<typeof observeWebhook>[1], limitMs?: number) =>
    observeWebhook(source, answerInTime(handler, limitMs), accepted)
  return {
    twilioSms: observed(
      'twilio-sms',
      twilioSmsHandler({ ...inbound, twilio: config.twilio.settings, publicUrl, startReview }),
    ),
    slackInteraction: observed(
      'slack-interaction',
      slackInteractionHandler({
        ...inbound,
        slack: config.slack.settings,
        connector: work.connectors.slack,
        decisions: slackDecisions(database, work.review),
      }),
    ),
    stripe: observed(
      'stripe',
      stripeHandler({
        ...json,
        webhookSecret: config.stripe.settings?.webhookSecret ?? null,
        handled: STRIPE_EVENTS,
      }),
    ),
    clerk: observed(
      'clerk',
      clerkHandler({
        ...json,
        webhookSecret: config.clerk.settings?.webhookSecret ?? null,
        handled: CLERK_EVENTS,
      }),
    ),
    events: observed('events', eventsHandler(eventOptions), BATCH_LIMIT_MS),
    ingest: observed('events', ingestHandler(eventOptions), BATCH_LIMIT_MS),
    lumaApproval: scheduledJobHandler(cron, 'luma-approval'),
    slackSync: scheduledJobHandler(cron, 'slack-sync'),
    cleanup: scheduledJobHandler(cron, 'cleanup'),
  }
}
