import { providerModes } from '../config.ts'
import type { ChangeFeed, Database } from '../database/index.ts'
import { requestErasure } from '../jobs/erasure/index.ts'
import { CLERK_EVENTS, STRIPE_EVENTS } from '../jobs/membership/index.ts'
import { createMetrics } from '../monitoring/index.ts'
import { createServer, sessionSecret } from '../server/index.ts'
import {
  clerkHandler,
  eventsHandler,
  ingestHandler,
  scheduledJobHandler,
  slackInteractionHandler,
  stripeHandler,
  twilioSmsHandler,
} from '../webhooks/index.ts'
import type { Base } from './base.ts'
import { DASHBOARD_DIR } from './dashboard-build.ts'
import { slackDecisions } from './slack-decisions.ts'
import type { Work } from './work.ts'

/** The HTTP edge: what answers a request. */
export async function createEdge(base: Base, work: Work, changes: ChangeFeed) {
  const { config, logger, database, clock, sandbox } = base
  const { publicUrl, production } = config
  const metrics = createMetrics()
  metrics.gauge('kinkeeper_process_resident_bytes', 'Resident memory of this process', () =>
    process.memoryUsage.rss(),
  )
  metrics.gauge(
    'kinkeeper_audit_head_seq',
    'Entries that the audit’s chain has had',
    () => base.sealer.head()?.seq ?? 0,
  )
  const refusals = (source: string, reason: string) =>
    metrics.count('kinkeeper_webhook_refusals_total', { source, reason })
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
    lookAgainWhatIsPaused: work.engine.lookAgainWhatIsPaused,
    cronOpen: config.cronSecret !== null,
    limits: work.limits,
    erase: (memberId, actor) =>
      database.transaction((tx) =>
        requestErasure(tx, { clock, starter: work.starter }, { who: { memberId }, actor, alsoActive: false }),
      ),
    modes: providerModes(config),
    webhooks: webhookHandlers(base, work, refusals),
    sandbox: sandbox ? { controlUrl: `${sandbox.url}/control` } : null,
    publicUrl,
    production,
    sessionSecret: await sessionSecret(database),
    dashboardDir: DASHBOARD_DIR,
    readiness: () => readiness(database),
    metrics: () => metrics.text(),
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

function webhookHandlers(base: Base, work: Work, refusals: (source: string, reason: string) => void) {
  const { config, logger, database, clock } = base
  const { publicUrl } = config
  const inbound = { database, clock, logger, refusals, first: base.slots.foreground }
  const { startReview } = work.review
  const { startHandling, events: known } = work.membership
  const json = { ...inbound, startHandling }
  const eventOptions = { ...inbound, eventsKey: config.eventsKey, known }
  const { cronSecret } = config
  const cron = { cronSecret, publicUrl, refusals, request: work.schedules.request }
  return {
    twilioSms: twilioSmsHandler({ ...inbound, twilio: config.twilio.settings, publicUrl, startReview }),
    slackInteraction: slackInteractionHandler({
      ...inbound,
      slack: config.slack.settings,
      connector: work.connectors.slack,
      decisions: slackDecisions(database, work.review),
    }),
    stripe: stripeHandler({
      ...json,
      webhookSecret: config.stripe.settings?.webhookSecret ?? null,
      handled: STRIPE_EVENTS,
    }),
    clerk: clerkHandler({
      ...json,
      webhookSecret: config.clerk.settings?.webhookSecret ?? null,
      handled: CLERK_EVENTS,
    }),
    events: eventsHandler(eventOptions),
    ingest: ingestHandler(eventOptions),
    lumaApproval: scheduledJobHandler(cron, 'luma-approval'),
    slackSync: scheduledJobHandler(cron, 'slack-sync'),
    cleanup: scheduledJobHandler(cron, 'cleanup'),
  }
}

/** The edge only listens once the schema is up to date and the engine runs, so the database is what can go away. */
async function readiness(database: Database): Promise<{ ready: boolean; checks: Record<string, boolean> }> {
  const answers = await database.pool.query('select 1').then(
    () => true,
    () => false,
  )
  return { ready: answers, checks: { database: answers, migrations: true, engine: true } }
}
