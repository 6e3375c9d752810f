/** The calendar's events. */
import type { Fields } from '../pipeline.ts'
import type { World } from '../world.ts'
import { type LumaAnswer, page, refuse } from './answers.ts'
import { type LumaEvent, lumaId } from './model.ts'

const CALENDAR_ID = 'cal-SandboxCommunity'
/** Whose key it is. */
const HOST = { id: lumaId('usr', 'hanna@sandbox.example'), email: 'hanna@sandbox.example' }

/** GET /v1/users/get-self */
export function showSelf(): LumaAnswer {
  const [first_name, last_name] = ['Hanna', 'Lindqvist']
  const avatar_url = 'https://images.lumacdn.com/avatars-default/avatar_1.png'
  return {
    status: 200,
    body: { ...HOST, name: `${first_name} ${last_name}`, avatar_url, first_name, last_name },
  }
}

/**
 * GET /v1/calendars/events/list: those that start after `after` and before `before`, the soonest first unless asked
 * otherwise. Every event here is of Luma's own and approved.
 */
export function listEvents(world: World, fields: Fields, platforms: string[]): LumaAnswer {
  const after = timeField(fields.after, Number.NEGATIVE_INFINITY)
  const before = timeField(fields.before, Number.POSITIVE_INFINITY)
  if (Number.isNaN(after) || Number.isNaN(before)) return refuse(400, 'after and before are ISO 8601 times.')
  const status = String(fields.status ?? 'approved')
  if (!['approved', 'pending'].includes(status)) return refuse(400, 'status is approved or pending.')
  const shown = status === 'approved' && (platforms.length === 0 || platforms.includes('luma'))
  const events = world.luma.events.values().sort((a, b) => a.startMs - b.startMs || (a.id < b.id ? -1 : 1))
  if (String(fields.sort_direction ?? 'asc').startsWith('desc')) events.reverse()
  return page(
    events,
    fields,
    ({ startMs }) => shown && startMs > after && startMs < before,
    (event) => eventResource(event),
  )
}

function timeField(value: unknown, otherwise: number): number {
  return value === undefined ? otherwise : Date.parse(String(value))
}

function eventResource(event: LumaEvent): Record<string, unknown> {
  const iso = (ms: number) => new Date(ms).toISOString()
  return {
    platform: 'luma',
    id: event.id,
    user_id: HOST.id,
    calendar_id: CALENDAR_ID,
    start_at: iso(event.startMs),
    duration_interval: `P0Y0M0DT0H${(event.endMs - event.startMs) / 60_000}M0S`,
    end_at: iso(event.endMs),
    created_at: iso(event.createdMs),
    timezone: event.timezone,
    name: event.name,
    description: '',
    description_md: '',
    geo_address_json: null,
    coordinate: null,
    meeting_url: null,
    location_type: 'missing',
    location_visibility: 'guests-only',
    cover_url: 'https://images.lumacdn.com/event-defaults/1-1/standard1.png',
    registration_questions: [],
    url: `https://luma.com/${event.id.slice('evt-'.length, 'evt-'.length + 8).toLowerCase()}`,
    visibility: 'public',
    waitlist_status: 'disabled',
    feedback_email: { enabled: false },
    tags: [],
  }
}
