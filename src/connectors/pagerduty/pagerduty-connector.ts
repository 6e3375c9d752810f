import { z } from 'zod'
import { isRecord, MINUTE_MS, maskPersonalData, SECOND_MS } from '../../primitives/index.ts'
import type { Gate } from '../contract.ts'
import { type Failure, retryAfterMs, statusFailure } from '../failures.ts'
import { createHttpClient, type ErrorAnswer } from '../http-client.ts'
import type { PagerDutyConnector, PagerDutyEvent } from '../notice-contract.ts'

export type PagerDutySettings = {
  /** The integration key of an Events API v2 integration: 32 characters. */
  routingKey: string
  /** What replaces `https://events.pagerduty.com`; may have a path prefix. */
  eventsUrl?: string | undefined
  timeoutMs?: number | undefined
}

/** "Preferably with a back-off of a few minutes", the documentation says. */
const RATE_LIMIT_PAUSE_MS = MINUTE_MS
const LONGEST_SUMMARY = 1_024

const acceptedSchema = z.looseObject({ dedup_key: z.string().min(1) })

/** PagerDuty's Events API v2, whose own SDK speaks to its own address only. https://developer.pagerduty.com (2026-11) */
export function createPagerDutyConnector(settings: PagerDutySettings, gate: Gate): PagerDutyConnector {
  const request = createHttpClient({
    provider: 'pagerduty',
    gate,
    baseUrl: settings.eventsUrl ?? 'https://events.pagerduty.com',
    headers: {},
    timeoutMs: settings.timeoutMs ?? 10 * SECOND_MS,
    failureOf: pagerDutyFailure,
  })
  return {
    async send(event) {
      const answer = await request({
        operation: `${event.action} event`,
        effect: 'overwrites',
        method: 'POST',
        path: '/v2/enqueue',
        body: { routing_key: settings.routingKey, ...wireForm(event) },
        answer: acceptedSchema,
      })
      return { dedupKey: answer.dedup_key }
    },
  }
}

function wireForm(event: PagerDutyEvent): Record<string, unknown> {
  if (event.action !== 'trigger') return { event_action: event.action, dedup_key: event.dedupKey }
  const { summary } = event
  return {
    event_action: 'trigger',
    dedup_key: event.dedupKey,
    payload: {
      summary: summary.length <= LONGEST_SUMMARY ? summary : `${summary.slice(0, LONGEST_SUMMARY - 1)}…`,
      source: event.source,
      severity: event.severity,
      timestamp: new Date(event.atMs).toISOString(),
      ...(event.component === undefined ? {} : { component: event.component }),
    },
    client: 'Kinkeeper',
    client_url: event.source,
    links: event.links,
  }
}

function pagerDutyFailure({ status, body, retryAfter, operation }: ErrorAnswer): Failure {
  return statusFailure(status, {
    code: isKeyRefused(body) ? 'invalid_routing_key' : codeOf(body),
    retryAfterMs: retryAfterMs(retryAfter, RATE_LIMIT_PAUSE_MS),
    explanation: explain(status, body, operation),
  })
}

function codeOf(body: unknown): string | null {
  return isRecord(body) && typeof body.status === 'string' ? body.status : null
}

/** PagerDuty has no 401 for events: a key that it does not know is a field that is not valid. */
function isKeyRefused(body: unknown): boolean {
  return /routing.?key/i.test(errorsOf(body))
}

function errorsOf(body: unknown): string {
  return isRecord(body) && Array.isArray(body.errors) ? body.errors.join('; ').slice(0, 200) : ''
}

function explain(status: number, body: unknown, operation: string): string {
  const errors = errorsOf(body)
  const said = errors === '' ? '' : ` PagerDuty says: “${maskPersonalData(errors)}”.`
  if (isKeyRefused(body)) return `PagerDuty refused the key: check PAGERDUTY_ROUTING_KEY.${said}`
  return `PagerDuty refused the ${operation} (HTTP ${status}).${said}`
}
