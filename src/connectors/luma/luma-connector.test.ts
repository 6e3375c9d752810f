import { describe, expect, test } from 'vitest'
import { connectorsAt } from '../../../tests/contracts/connectors-at.ts'
import { type Recorded, type Reply, startRecordingServer } from '../../../tests/contracts/recording-server.ts'
import { hasSpecification, readSpecification } from '../../../tests/contracts/specifications.ts'
import { KinkeeperError, LookFirstError, RetryAtError } from '../../primitives/index.ts'

/** The parameters in the specification's order. */
const EVENT_PARAMETERS = [
  'before',
  'after',
  'pagination_cursor',
  'pagination_limit',
  'platforms',
  'sort_column',
  'sort_direction',
  'status',
]
const GUEST_PARAMETERS = [
  'event_id',
  'approval_status',
  'pagination_cursor',
  'pagination_limit',
  'sort_column',
  'sort_direction',
]
const pointer = (path: string) => `/paths/~1v1~1${path.replaceAll('/', '~1')}`
const NOW = Date.parse('2026-11-22T12:00:00Z')

async function start(reply: (request: Recorded, index: number) => Reply) {
  const server = await startRecordingServer(reply)
  const { luma } = connectorsAt(server.url)
  return { server, luma, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}
const ok = (body: unknown): Reply => ({ status: 200, body })
const queryOf = (request: Recorded | undefined) => Object.fromEntries(request?.query ?? [])
const event = (id: string, startsAt: string, fields: Record<string, unknown> = {}) => ({
  platform: 'luma',
  id,
  name: `Event ${id}`,
  start_at: startsAt,
  url: `https://luma.com/${id}`,
  ...fields,
})
const ticket = (amount: number, fields: Record<string, unknown> = {}) => ({
  id: 'tkt-1',
  amount,
  amount_discount: 0,
  amount_tax: 0,
  currency: amount === 0 ? null : 'eur',
  checked_in_at: null,
  is_captured: false,
  ...fields,
})
const guest = (fields: Record<string, unknown> = {}) => ({
  id: 'gst-1',
  user_email: 'Jo@Example.org',
  user_name: null,
  approval_status: 'pending_approval',
  event_tickets: [],
  ...fields,
})

describe('requests', () => {
  test('upcoming events come soonest first, a page at a time, without those that have begun', async () => {
    await using world = await start((_request, index) =>
      index === 0
        ? ok({
            entries: [
              event('evt-0', '2026-11-22T11:00:00Z'),
              event('evt-1', '2026-11-22T13:00:00.000+00:00'),
            ],
            has_more: true,
            next_cursor: 'two',
          })
        : ok({ entries: [event('evt-2', '2026-11-23T12:00:00Z', { url: null })], has_more: false }),
    )
    const first = await world.luma.listUpcomingEvents({ afterMs: NOW, cursor: null })
    expect(first).toEqual({
      items: [
        { id: 'evt-1', name: 'Event evt-1', startsAtMs: NOW + 3_600_000, url: 'https://luma.com/evt-1' },
      ],
      next: 'two',
    })
    const second = await world.luma.listUpcomingEvents({ afterMs: NOW, cursor: first.next })
    expect(second).toMatchObject({ items: [{ id: 'evt-2', url: null }], next: null })
    const [one, two] = world.server.requests
    expect(one).toMatchObject({
      method: 'GET',
      path: '/luma/v1/calendars/events/list',
      headers: { 'x-luma-api-key': 'luma-test' },
    })
    expect(queryOf(one)).toEqual({
      after: '2026-11-22T12:00:00.000Z',
      sort_column: 'start_at',
      sort_direction: 'asc',
      pagination_limit: '100',
    })
    expect(queryOf(two)).toMatchObject({ pagination_cursor: 'two' })
  })

  test('pending guests come oldest first, a page at a time', async () => {
    await using world = await start(() => ok({ entries: [guest()], has_more: true, next_cursor: 'two' }))
    const page = await world.luma.listPendingGuests({ eventId: 'evt-1', cursor: 'one' })
    expect(page).toEqual({
      items: [{ id: 'gst-1', email: 'jo@example.org', name: null, status: 'pending_approval', paid: null }],
      next: 'two',
    })
    expect(world.server.requests[0]?.path).toBe('/luma/v1/events/guests/list')
    expect(queryOf(world.server.requests[0])).toEqual({
      event_id: 'evt-1',
      approval_status: 'pending_approval',
      sort_column: 'created_at',
      sort_direction: 'asc',
      pagination_limit: '100',
      pagination_cursor: 'one',
    })
  })

  test('more guests without a way to them is no list', async () => {
    await using world = await start(() => ok({ entries: [guest()], has_more: true }))
    const listed = world.luma.listPendingGuests({ eventId: 'evt-1', cursor: null })
    await expect(listed).rejects.toMatchObject({ next: 'retry' })
  })

  test.each([
    ['free', [ticket(0)], null],
    ['paid', [ticket(2_500)], { amountCents: 2_500, currency: 'eur' }],
    ['two tickets', [ticket(2_500), ticket(0), ticket(1_000)], { amountCents: 3_500, currency: 'eur' }],
    ['paid already', [ticket(2_500, { is_captured: true })], null],
    [
      'paid in part',
      [ticket(2_500, { is_captured: true }), ticket(500)],
      { amountCents: 500, currency: 'eur' },
    ],
    ['of no currency', [ticket(5, { currency: null })], { amountCents: 5, currency: 'unknown' }],
  ])('what approval would charge: %s', async (_name, tickets, paid) => {
    await using world = await start(() => ok(guest({ event_tickets: tickets })))
    expect(await world.luma.findGuest({ eventId: 'evt-1', guestId: 'gst-1' })).toMatchObject({ paid })
  })

  test('a guest is found by their id, or is null', async () => {
    await using world = await start((_request, index) =>
      index === 0 ? ok(guest({ user_name: 'Jo' })) : { status: 404, body: { message: 'Not found' } },
    )
    const query = { eventId: 'evt-1', guestId: 'gst-1' }
    expect(await world.luma.findGuest(query)).toMatchObject({ id: 'gst-1', name: 'Jo' })
    expect(await world.luma.findGuest(query)).toBeNull()
    expect(world.server.requests[0]).toMatchObject({ method: 'GET', path: '/luma/v1/events/guests/get' })
    expect(queryOf(world.server.requests[0])).toEqual({ event_id: 'evt-1', id: 'gst-1' })
  })

  test('a status is set by the guest’s id', async () => {
    await using world = await start(() => ok({}))
    await world.luma.setGuestStatus({ eventId: 'evt-1', guestId: 'gst-1', status: 'declined' })
    expect(world.server.requests[0]).toMatchObject({
      method: 'POST',
      path: '/luma/v1/events/guests/update-status',
    })
    expect(JSON.parse(world.server.requests[0]?.body ?? '')).toEqual({
      event_id: 'evt-1',
      guest_id: 'gst-1',
      status: 'declined',
    })
  })

  test.skipIf(!hasSpecification('luma.openapi.json'))('satisfy the specification', async () => {
    const violations = readSpecification('luma.openapi.json')
    await using world = await start(({ method }) =>
      ok(method === 'POST' ? {} : { entries: [], has_more: false }),
    )
    await world.luma.setGuestStatus({ eventId: 'evt-1', guestId: 'gst-1', status: 'approved' })
    await world.luma.listUpcomingEvents({ afterMs: NOW, cursor: 'c' })
    await world.luma.listPendingGuests({ eventId: 'evt-1', cursor: 'c' })
    const [change, events, guests] = world.server.requests
    const body = `${pointer('events/guests/update-status')}/post/requestBody/content/application~1json/schema`
    expect(violations(body, JSON.parse(change?.body ?? ''))).toEqual([])
    expect(violations(body, { event_id: 'evt-1' })).not.toEqual([])
    const parameters = (path: string, names: string[], request: Recorded | undefined) =>
      Object.entries(queryOf(request)).flatMap(([name, value]) => {
        const index = names.indexOf(name)
        if (index < 0) return [`${name} is unknown`]
        const typed = name === 'pagination_limit' ? Number(value) : value
        return violations(`${pointer(path)}/get/parameters/${index}/schema`, typed)
      })
    expect(parameters('calendars/events/list', EVENT_PARAMETERS, events)).toEqual([])
    expect(parameters('events/guests/list', GUEST_PARAMETERS, guests)).toEqual([])
  })
})

describe('a refusal', () => {
  async function refusalOf(reply: Reply) {
    await using world = await start(() => reply)
    const change = { eventId: 'evt-1', guestId: 'gst-1', status: 'approved' } as const
    const error: unknown = await world.luma.setGuestStatus(change).catch((thrown: unknown) => thrown)
    if (!(error instanceof KinkeeperError)) throw error
    return error
  }

  test.each([
    [401, /check LUMA_API_KEY/],
    [403, /Luma Plus/],
    [404, /no such event or guest/],
    [400, /HTTP 400.*Luma says: “j•••@example\.org is odd”/],
  ])('with %d is final', async (status, message) => {
    const error = await refusalOf({ status, body: { message: 'jo@example.org is odd' } })
    expect(error).toMatchObject({ next: 'never-retry', facts: { provider: 'luma', status } })
    expect(error.message).toMatch(message)
    expect(error.message).not.toContain('jo@')
  })

  test('for now lasts a minute, unless Luma says', async () => {
    const silent = await refusalOf({ status: 429, body: {} })
    expect(silent instanceof RetryAtError && silent.retryAfterMs).toBe(60_000)
    const told = await refusalOf({ status: 429, body: {}, headers: { 'retry-after': '12' } })
    expect(told instanceof RetryAtError && told.retryAfterMs).toBe(12_000)
  })

  test('that never arrived is looked up: approval may have mailed and charged', async () => {
    expect(await refusalOf({ fault: 'reset' })).toBeInstanceOf(LookFirstError)
  })
})
