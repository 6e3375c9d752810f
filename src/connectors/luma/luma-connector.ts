import { z } from 'zod'
import { isRecord, MINUTE_MS, maskPersonalData, SECOND_MS } from '../../primitives/index.ts'
import type { Gate } from '../contract.ts'
import { type Failure, orNull, retryAfterMs, statusFailure } from '../failures.ts'
import { createHttpClient, type ErrorAnswer, type HttpClient } from '../http-client.ts'
import type { LumaConnector, LumaEvent, LumaGuest, Page } from '../membership-contract.ts'

export type LumaSettings = {
  apiKey: string
  /** What replaces `https://public-api.luma.com`; may have a path prefix. */
  apiUrl?: string | undefined
  timeoutMs?: number | undefined
}

/** Over its limit, Luma blocks for a minute; its Retry-After counts when there is one. */
const RATE_LIMIT_PAUSE_MS = MINUTE_MS
/** Luma documents no maximum: its server gives fewer when it wants to. */
const PAGE_SIZE = 100

const eventSchema = z
  .looseObject({
    id: z.string().min(1),
    name: z.string(),
    start_at: z.iso.datetime({ offset: true }),
    url: z.string().nullish(),
  })
  .transform(
    ({ id, name, start_at, url }): LumaEvent => ({
      id,
      name,
      startsAtMs: Date.parse(start_at),
      url: url ?? null,
    }),
  )

const ticketSchema = z.looseObject({
  amount: z.number(),
  currency: z.string().nullable(),
  is_captured: z.boolean(),
})
const guestSchema = z
  .looseObject({
    id: z.string().min(1),
    user_email: z.string(),
    user_name: z.string().nullish(),
    approval_status: z.string(),
    // Not optional: a guest whose ticket is not told is not to be charged unasked.
    event_tickets: z.array(ticketSchema),
  })
  .transform(
    (guest): LumaGuest => ({
      id: guest.id,
      email: guest.user_email.toLowerCase(),
      name: guest.user_name ?? null,
      status: guest.approval_status,
      paid: chargeOf(guest.event_tickets),
    }),
  )
const done = z.looseObject({})
const selfSchema = z.looseObject({ id: z.string() })

/** Luma's public API, for which there is no SDK; the key belongs to one calendar. https://docs.luma.com (2026-11) */
export function createLumaConnector(settings: LumaSettings, gate: Gate): LumaConnector {
  const request = createHttpClient({
    provider: 'luma',
    gate,
    baseUrl: settings.apiUrl ?? 'https://public-api.luma.com',
    headers: { 'x-luma-api-key': settings.apiKey },
    timeoutMs: settings.timeoutMs ?? 15 * SECOND_MS,
    failureOf: lumaFailure,
  })
  return {
    listUpcomingEvents: (query) => listUpcomingEvents(request, query),
    listPendingGuests: (query) => listPendingGuests(request, query),
    findGuest: ({ eventId, guestId }) =>
      orNull(
        request({
          operation: 'find guest',
          effect: 'repeatable',
          method: 'GET',
          path: '/v1/events/guests/get',
          query: { event_id: eventId, id: guestId },
          answer: guestSchema,
        }),
        ({ status }) => status === 404,
      ),
    async setGuestStatus({ eventId, guestId, status }) {
      await request({
        operation: 'set guest status',
        effect: 'once',
        method: 'POST',
        path: '/v1/events/guests/update-status',
        body: { event_id: eventId, guest_id: guestId, status },
        answer: done,
      })
    },
    async ping() {
      await request({
        operation: 'ping',
        effect: 'repeatable',
        method: 'GET',
        path: '/v1/users/get-self',
        answer: selfSchema,
      })
    },
  }
}

async function listUpcomingEvents(
  request: HttpClient,
  { afterMs, cursor }: { afterMs: number; cursor: string | null },
): Promise<Page<LumaEvent>> {
  const page = await request({
    operation: 'list events',
    effect: 'repeatable',
    method: 'GET',
    path: '/v1/calendars/events/list',
    query: {
      after: new Date(afterMs).toISOString(),
      sort_column: 'start_at',
      sort_direction: 'asc',
      ...paging(cursor),
    },
    answer: pageOf(eventSchema),
  })
  return { ...page, items: page.items.filter(({ startsAtMs }) => startsAtMs >= afterMs) }
}

function listPendingGuests(
  request: HttpClient,
  { eventId, cursor }: { eventId: string; cursor: string | null },
): Promise<Page<LumaGuest>> {
  return request({
    operation: 'list guests',
    effect: 'repeatable',
    method: 'GET',
    path: '/v1/events/guests/list',
    query: {
      event_id: eventId,
      approval_status: 'pending_approval',
      // Oldest first: who asks while the pages are read comes at the end and moves nobody.
      sort_column: 'created_at',
      sort_direction: 'asc',
      ...paging(cursor),
    },
    answer: pageOf(guestSchema),
  })
}

/**
 * What approval would charge: the amounts, in the currency's smallest unit, of the tickets whose payment is held but not
 * captured. An event has one currency. Luma does not say whether `amount` is before or after `amount_discount`: read as
 * after, so that at worst a person is asked about a charge that turns out smaller.
 */
function chargeOf(tickets: z.infer<typeof ticketSchema>[]): LumaGuest['paid'] {
  const held = tickets.filter(({ amount, is_captured }) => amount > 0 && !is_captured)
  if (held.length === 0) return null
  const amountCents = held.reduce((sum, { amount }) => sum + Math.round(amount), 0)
  return { amountCents, currency: held.find(({ currency }) => currency)?.currency ?? 'unknown' }
}

function pageOf<T>(item: z.ZodType<T>) {
  return (
    z
      .looseObject({ entries: z.array(item), has_more: z.boolean(), next_cursor: z.string().nullish() })
      // More without a cursor cannot be read on from: better no page than a list that silently ends early.
      .refine(({ has_more, next_cursor }) => !has_more || Boolean(next_cursor))
      .transform(
        ({ entries, has_more, next_cursor }): Page<T> => ({
          items: entries,
          next: (has_more && next_cursor) || null,
        }),
      )
  )
}

function paging(cursor: string | null): Record<string, string | number> {
  return { pagination_limit: PAGE_SIZE, ...(cursor === null ? {} : { pagination_cursor: cursor }) }
}

function lumaFailure({ status, body, retryAfter, operation }: ErrorAnswer): Failure {
  return statusFailure(status, {
    code: null,
    retryAfterMs: retryAfterMs(retryAfter, RATE_LIMIT_PAUSE_MS),
    explanation: explain(status, body, operation),
  })
}

function explain(status: number, body: unknown, operation: string): string {
  const message =
    isRecord(body) && typeof body.message === 'string'
      ? ` Luma says: “${maskPersonalData(body.message.slice(0, 200))}”.`
      : ''
  switch (status) {
    case 401:
      return 'Luma refused the key: check LUMA_API_KEY.'
    case 403:
      return `Luma does not allow to ${operation}: the calendar needs Luma Plus, and the key must be the calendar’s own.${message}`
    case 404:
      return `Luma knows no such event or guest (${operation}): it may have been deleted.${message}`
    default:
      return `Luma refused to ${operation} (HTTP ${status}).${message}`
  }
}
