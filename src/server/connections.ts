import type { ProviderMode, ProviderName } from '../connectors/contract.ts'
import { type ProviderStatus, readProviderStatuses } from '../governor/index.ts'
import { maskPersonalData } from '../primitives/index.ts'
import type { RouteHandler } from './access.ts'
import type { ConnectionView } from './membership-contract.ts'
import type { ServerParts } from './parts.ts'

/** `GET /api/connections`: how every provider stands, and what to do about it. */
export function listConnections(parts: ServerParts): RouteHandler {
  return async (context) => {
    const statuses = await readProviderStatuses(parts.database, parts.limits)
    return context.json<{ connections: ConnectionView[] }>({
      connections: statuses.map((status) => viewConnection(status, parts.modes[status.provider])),
    })
  }
}

function viewConnection(status: ProviderStatus, mode: ProviderMode): ConnectionView {
  const { lastAnswerAtMs } = status
  return {
    provider: status.provider,
    mode,
    breaker: status.breaker,
    reason: status.breaker === 'closed' || status.reason === null ? null : maskPersonalData(status.reason),
    openedAt: status.breaker === 'closed' ? null : isoOrNull(status.openedAtMs),
    nextProbeAt: status.breaker === 'closed' ? null : isoOrNull(status.nextProbeAtMs),
    lastAnswer:
      lastAnswerAtMs === null
        ? null
        : { at: new Date(lastAnswerAtMs).toISOString(), text: maskPersonalData(status.lastAnswer ?? '') },
    parkedRuns: status.parkedRuns,
    lastMinute: status.lastMinute,
    places: status.places,
    perMinute: status.perMinute,
    month: status.month,
    advice: adviceOn(status, mode),
  }
}

/** What has to be set to make a provider live. */
const VARIABLES: Record<ProviderName, string> = {
  twilio: 'TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and TWILIO_FROM',
  slack: 'SLACK_BOT_TOKEN, SLACK_SIGNING_SECRET and SLACK_JOBS_CHANNEL',
  openai: 'OPENAI_API_KEY',
  circle: 'CIRCLE_API_TOKEN and CIRCLE_SPACE_ID',
  mailchimp: 'MAILCHIMP_API_KEY and MAILCHIMP_LIST_ID',
  luma: 'LUMA_API_KEY',
  stripe: 'STRIPE_WEBHOOK_SECRET, and STRIPE_API_KEY so that objects can be read again',
  clerk: 'CLERK_WEBHOOK_SIGNING_SECRET, and CLERK_SECRET_KEY so that people can be read again',
  pagerduty: 'PAGERDUTY_ROUTING_KEY',
  email: 'SMTP_URL and EMAIL_FROM',
}

/** The most pressing thing to say about a provider, or nothing. */
export function adviceOn(
  {
    breaker,
    parkedRuns,
    month,
    provider,
  }: Pick<ProviderStatus, 'breaker' | 'parkedRuns' | 'month' | 'provider'>,
  mode: ProviderMode,
): string | null {
  if (mode === 'off') return `Nothing is sent. To turn it on, set ${VARIABLES[provider]}.`
  if (breaker !== 'closed')
    return `Nothing is sent until it answers again. ${waiting(parkedRuns)} Look at the provider’s status page.`
  if (month.budget !== null && month.used >= month.budget)
    return 'The month’s budget is used up. What waits goes on next month, or when the budget is raised.'
  if (month.budget !== null && month.forecast > month.budget)
    return 'At this pace the month’s budget will not last.'
  return mode === 'sandbox' ? `Played by the sandbox. To go live, set ${VARIABLES[provider]}.` : null
}

function waiting(runs: number): string {
  if (runs === 0) return 'What comes meanwhile waits, and goes on by itself.'
  return runs === 1 ? 'One run waits, and goes on by itself.' : `${runs} runs wait, and go on by themselves.`
}

function isoOrNull(atMs: number | null): string | null {
  return atMs === null ? null : new Date(atMs).toISOString()
}
