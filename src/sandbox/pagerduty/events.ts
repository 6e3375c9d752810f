/**
 * What PagerDuty makes of an event (Events API v2). A trigger with the dedup key of an open incident is folded into it;
 * after a resolve, the same key opens a new one. Events about nothing are accepted and ignored, as PagerDuty does.
 * https://developer.pagerduty.com/docs/send-alert-event (2026-11)
 */
import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import type { World } from '../world.ts'
import type { Incident } from './model.ts'

export type PagerDutyAnswer = { status: number; body: Record<string, unknown> }

const routing = { routing_key: z.string().length(32, 'must be 32 characters') }
const key = z.string().min(1).max(255)
const link = z.strictObject({ href: z.url(), text: z.string().optional() })

const eventSchema = z.discriminatedUnion('event_action', [
  z.object({
    ...routing,
    event_action: z.literal('trigger'),
    dedup_key: key.optional(),
    payload: z.object({
      summary: z.string().min(1).max(1_024),
      source: z.string().min(1),
      severity: z.enum(['critical', 'error', 'warning', 'info']),
      timestamp: z.iso.datetime({ offset: true }).optional(),
      component: z.string().optional(),
      group: z.string().optional(),
      class: z.string().optional(),
      custom_details: z.unknown().optional(),
    }),
    client: z.string().optional(),
    client_url: z.string().optional(),
    links: z.array(link).optional(),
    images: z.array(z.unknown()).optional(),
  }),
  z.object({ ...routing, event_action: z.enum(['acknowledge', 'resolve']), dedup_key: key }),
])

/** Takes one event. */
export function takeEvent(world: World, body: unknown): PagerDutyAnswer {
  const parsed = eventSchema.safeParse(body)
  if (!parsed.success)
    return invalid(parsed.error.issues.map(({ path, message }) => `'${path.join('.')}' ${message}`))
  const event = parsed.data
  if (event.routing_key !== world.options.pagerdutyRoutingKey) return invalid(["'routing_key' is invalid"])
  const dedupKey = event.dedup_key ?? randomUUID().replaceAll('-', '')
  const open = openIncident(world, dedupKey)
  const seen = { action: event.event_action, atMs: world.clock.now() }
  if (event.event_action === 'trigger') {
    const { payload, links } = event
    const [id, before] = open ?? [`${dedupKey}#${world.nextNumber('pagerduty-incident')}`, null]
    world.pagerduty.incidents.put(id, {
      dedupKey,
      status: before?.status ?? 'triggered',
      summary: payload.summary,
      severity: payload.severity,
      source: payload.source,
      component: payload.component ?? null,
      links: (links ?? []).map(({ href, text }) => ({ href, text: text ?? href })),
      events: [...(before?.events ?? []), seen],
    })
  } else if (open) {
    const [id, incident] = open
    const status = event.event_action === 'resolve' ? 'resolved' : 'acknowledged'
    world.pagerduty.incidents.put(id, { ...incident, status, events: [...incident.events, seen] })
  }
  return { status: 202, body: { status: 'success', message: 'Event processed', dedup_key: dedupKey } }
}

function openIncident(world: World, dedupKey: string): [string, Incident] | undefined {
  return world.pagerduty.incidents
    .entries()
    .find(([, incident]) => incident.dedupKey === dedupKey && incident.status !== 'resolved')
}

function invalid(errors: string[]): PagerDutyAnswer {
  return { status: 400, body: { status: 'invalid event', message: 'Event object is invalid', errors } }
}
