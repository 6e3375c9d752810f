import { expect, test, vi } from 'vitest'
import { DAY_MS, monotonicMs } from '../../primitives/index.ts'
import { SANDBOX_CREDENTIALS, startTestSandbox } from '../fixtures.ts'
import type { WorldView } from '../index.ts'

type Guest = { id: string; user_email: string; approval_status: string; registered_at: string }
type Event = { id: string; name: string; start_at: string }
type Answer<T> = { entries: T[]; has_more: boolean; next_cursor?: string; message?: string }

const ADA = { email: 'ada@members.example', name: 'Ada Lovelace' }
const PAID = { email: 'bob@members.example', name: 'Bob', ticket: { amountCents: 2_500, currency: 'eur' } }

async function start() {
  const sandbox = await startTestSandbox()
  const call = async (
    method: string,
    path: string,
    body?: unknown,
    key: string = SANDBOX_CREDENTIALS.lumaApiKey,
  ) => {
    const response = await fetch(`${sandbox.url}/luma/v1${path}`, {
      method,
      headers: { 'x-luma-api-key': key, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    return { status: response.status, headers: response.headers, body: Object(await response.json()) }
  }
  const create = (name: string, startsInMs: number, guests: object[] = []) =>
    sandbox.control<{ id: string; guests: { id: string; email: string }[] }>('POST', '/luma/events', {
      name,
      startsInMs,
      guests,
    })
  /** Every page of a list. */
  const all = async <T>(path: string, query: Record<string, string>) => {
    const entries: T[] = []
    let pages = 0
    let cursor: string | undefined
    do {
      const paging = { ...query, ...(cursor === undefined ? {} : { pagination_cursor: cursor }) }
      const { status, body } = await call('GET', `${path}?${new URLSearchParams(paging)}`)
      expect(status, JSON.stringify(body)).toBe(200)
      const page: Answer<T> = body
      entries.push(...page.entries)
      cursor = page.next_cursor
      expect(page.has_more).toBe(cursor !== undefined)
      pages++
    } while (cursor !== undefined)
    return { entries, pages }
  }
  const setStatus = (event_id: string, guest_id: string, status: string, more = {}) =>
    call('POST', '/events/guests/update-status', { event_id, guest_id, status, ...more })
  const world = async () => (await sandbox.control<WorldView>('GET', '/world')).luma
  return { sandbox, call, create, all, setStatus, world }
}

test('the key is checked, and errors are messages', async () => {
  const { call } = await start()
  expect((await call('GET', '/users/get-self')).body).toMatchObject({ id: expect.stringMatching(/^usr-/) })
  expect(await call('GET', '/users/get-self', undefined, 'wrong')).toMatchObject({
    status: 401,
    body: { message: 'Invalid API key.' },
  })
  const missing = [
    '/events/guests/list?event_id=evt-none',
    '/events/guests/get?event_id=evt-none&id=gst-none',
    '/nowhere',
  ]
  for (const path of missing) {
    expect(await call('GET', path)).toMatchObject({ status: 404, body: { message: expect.any(String) } })
  }
})

test('events are listed by start, within bounds, page by page', async () => {
  const { create, all, call } = await start()
  for (const day of [3, -1, 2, 1]) await create(`day ${day}`, day * DAY_MS)
  const names = async (query: Record<string, string>) =>
    (await all<Event>('/calendars/events/list', query)).entries.map(({ name }) => name)
  expect(await names({})).toEqual(['day -1', 'day 1', 'day 2', 'day 3'])
  const now = new Date().toISOString()
  expect(await names({ after: now, pagination_limit: '1' })).toEqual(['day 1', 'day 2', 'day 3'])
  expect(await names({ before: now })).toEqual(['day -1'])
  expect(await names({ sort_column: 'start_at', sort_direction: 'desc' })).toHaveLength(4)
  expect((await names({ sort_direction: 'desc' }))[0]).toBe('day 3')
  expect(await names({ status: 'pending' })).toEqual([])
  expect(await names({ platforms: 'external' })).toEqual([])
  for (const query of ['after=soon', 'pagination_limit=0', 'pagination_cursor=nope', 'status=odd']) {
    expect((await call('GET', `/calendars/events/list?${query}`)).status).toBe(400)
  }
})

test('guests approved while the pages are read make nobody be skipped', async () => {
  const { create, call, setStatus } = await start()
  const people = Array.from({ length: 7 }, (_, index) => ({ email: `p${index}@members.example`, name: 'P' }))
  const event = await create('Salon', DAY_MS, people)
  const seen: string[] = []
  let cursor: string | undefined
  do {
    const query = new URLSearchParams({ event_id: event.id, approval_status: 'pending_approval' })
    query.set('pagination_limit', '2')
    if (cursor !== undefined) query.set('pagination_cursor', cursor)
    const page: Answer<Guest> = (await call('GET', `/events/guests/list?${query}`)).body
    for (const { id, user_email } of page.entries) {
      seen.push(user_email)
      expect((await setStatus(event.id, id, 'approved')).status).toBe(200)
    }
    cursor = page.next_cursor
  } while (cursor !== undefined)
  expect(seen).toEqual(people.map(({ email }) => email))
})

test('a guest is found by id, key, ticket and address, and in one event only', async () => {
  const { create, call } = await start()
  const event = await create('Salon', DAY_MS, [ADA])
  const other = await create('Other', DAY_MS)
  const id = String(event.guests[0]?.id)
  const get = (eventId: string, guest: string) =>
    call('GET', `/events/guests/get?${new URLSearchParams({ event_id: eventId, id: guest })}`)
  const { body } = await get(event.id, id)
  expect(body).toMatchObject({ id, user_email: ADA.email, approval_status: 'pending_approval' })
  for (const name of [id.replace('gst-', 'g-'), body.event_tickets[0].id, 'Ada@Members.example']) {
    expect((await get(event.id, name)).body).toEqual(body)
  }
  expect((await get(other.id, id)).status).toBe(404)
})

test('each approval and refusal mails the guest, the same one again too', async () => {
  const { create, setStatus, world } = await start()
  const event = await create('Salon', DAY_MS, [ADA, { ...PAID, ticket: undefined }])
  const [ada, bob] = event.guests.map(({ id }) => id)
  expect(await setStatus(event.id, String(ada), 'approved')).toMatchObject({ status: 200, body: {} })
  await setStatus(event.id, ADA.email, 'approved', { message: 'See you there' })
  await setStatus(event.id, String(bob), 'declined')
  await setStatus(event.id, String(bob), 'approved', { send_email: false })
  await setStatus(event.id, String(bob), 'waitlist')
  const { mails, events, charges } = await world()
  expect(mails.map(({ email, status, message }) => [email, status, message])).toEqual([
    [ADA.email, 'approved', null],
    [ADA.email, 'approved', 'See you there'],
    [PAID.email, 'declined', null],
  ])
  expect(events).toMatchObject([{ id: event.id, name: 'Salon', counts: { approved: 1, waitlist: 1 } }])
  expect(charges).toEqual([])
})

test('approving a guest with a paid ticket takes the money, once; a refund gives it back', async () => {
  const { create, setStatus, world, call } = await start()
  const event = await create('Dinner', DAY_MS, [PAID])
  const id = String(event.guests[0]?.id)
  const ticket = async () => {
    const { body } = await call('GET', `/events/guests/get?event_id=${event.id}&id=${id}`)
    return body.event_tickets[0]
  }
  expect(await ticket()).toMatchObject({ amount: 2_500, currency: 'eur', is_captured: false })
  await setStatus(event.id, id, 'approved')
  await setStatus(event.id, id, 'approved')
  expect(await ticket()).toMatchObject({ is_captured: true })
  expect((await world()).charges).toMatchObject([
    {
      guestId: id,
      eventId: event.id,
      email: PAID.email,
      amountCents: 2_500,
      currency: 'eur',
      refundedAtMs: null,
    },
  ])
  await setStatus(event.id, id, 'declined')
  expect(await ticket()).toMatchObject({ is_captured: true })
  await setStatus(event.id, id, 'declined', { should_refund: true })
  expect(await ticket()).toMatchObject({ is_captured: false })
  expect((await world()).charges).toMatchObject([{ refundedAtMs: expect.any(Number) }])
})

test.each([
  ['an unknown status', 'invited', {}],
  ['a message that is not sent', 'approved', { send_email: false, message: 'Hello' }],
  ['a long message', 'approved', { message: 'x'.repeat(201) }],
])('%s is refused', async (_name, status, more) => {
  const { create, setStatus, world } = await start()
  const event = await create('Salon', DAY_MS, [ADA])
  expect((await setStatus(event.id, ADA.email, status, more)).status).toBe(400)
  expect((await setStatus(event.id, 'gst-nobody', 'approved')).status).toBe(404)
  expect((await setStatus('evt-none', ADA.email, 'approved')).status).toBe(404)
  expect((await world()).mails).toEqual([])
})

test('one call too many, and everybody is refused for as long as the window is', async () => {
  const { sandbox, call } = await start()
  // Twenty calls in a second, then a second of nothing: Luma's rule, sixty times as fast.
  await sandbox.control('POST', '/limits', { lumaRequests: { perMinute: 1_200, burst: 20 } })
  const self = async () => (await call('GET', '/users/get-self')).status
  const first = await Promise.all(Array.from({ length: 20 }, self))
  expect(first).toEqual(Array(20).fill(200))
  const blockedMs = monotonicMs()
  const refused = await call('GET', '/users/get-self')
  expect(refused).toMatchObject({ status: 429, body: { message: 'Too many requests.' } })
  expect(refused.headers.get('retry-after')).toBeNull()
  await vi.waitFor(async () => expect(await self()).toBe(200), { interval: 5, timeout: 5_000 })
  expect(monotonicMs() - blockedMs).toBeGreaterThanOrEqual(995)
  const second = await Promise.all(Array.from({ length: 19 }, self))
  expect(second).toEqual(Array(19).fill(200))
  expect(await self()).toBe(429)
})

test('the documented limit is 200 a minute, reads and writes together', async () => {
  const { sandbox, call, setStatus } = await start()
  await sandbox.control('POST', '/limits', { preset: 'documented' })
  const statuses = await Promise.all(
    Array.from({ length: 100 }, () => [
      call('GET', '/users/get-self'),
      setStatus('evt-x', 'y', 'approved'),
    ]).flat(),
  )
  expect(statuses.filter(({ status }) => status === 429)).toEqual([])
  expect((await call('GET', '/users/get-self')).status).toBe(429)
})

test('10,000 guests over 30 events come quickly, are paged quickly, and are the same for the same seed', async () => {
  const { sandbox, all, world } = await start()
  await sandbox.control('POST', '/limits', { lumaRequests: { perMinute: 600_000, burst: 10_000 } })
  const members = Array.from({ length: 500 }, (_, index) => ({
    email: `m${index}@members.example`,
    name: 'M',
  }))
  const rush = { events: 30, guestsPerEvent: 334, seed: 'spring', memberShare: 0.5, paidShare: 0.1, members }
  const startedMs = monotonicMs()
  const made = await sandbox.control<{ guests: number; memberGuests: number; paidGuests: number }>(
    'POST',
    '/luma/rush',
    rush,
  )
  expect(made).toMatchObject({ guests: 10_020, memberGuests: 30 * 167 })
  expect(made.paidGuests / made.guests).toBeCloseTo(0.1, 1)
  const read = async () => {
    const { entries: events } = await all<Event>('/calendars/events/list', {})
    const emails: string[] = []
    for (const { id } of events) {
      const query = { event_id: id, approval_status: 'pending_approval', pagination_limit: '500' }
      const { entries, pages } = await all<Guest>('/events/guests/list', query)
      expect(pages).toBe(4)
      emails.push(...entries.map(({ id: guestId, user_email }) => `${id} ${guestId} ${user_email}`))
    }
    return emails
  }
  const guests = await read()
  expect(monotonicMs() - startedMs).toBeLessThan(10_000)
  expect(new Set(guests).size).toBe(10_020)
  expect(guests.filter((guest) => guest.endsWith('@members.example'))).toHaveLength(made.memberGuests)
  const counts = (await world()).events.map((event) => event.counts)
  expect(counts).toEqual(Array(30).fill({ pending_approval: 334 }))
  await sandbox.control('POST', '/reset')
  await sandbox.control('POST', '/limits', { lumaRequests: { perMinute: 600_000, burst: 10_000 } })
  await sandbox.control('POST', '/luma/rush', rush)
  expect(await read()).toEqual(guests)
}, 30_000)

test('without members of its own a rush takes the people of the workspace', async () => {
  const { sandbox } = await start()
  const made = await sandbox.control<{ events: { id: string }[]; memberGuests: number }>(
    'POST',
    '/luma/rush',
    {
      events: 1,
      guestsPerEvent: 10,
      memberShare: 1,
    },
  )
  expect(made.memberGuests).toBe(4)
  const { guests } = await sandbox.control<{ guests: { email: string; status: string }[] }>(
    'GET',
    `/luma/events/${made.events[0]?.id}/guests?status=pending_approval`,
  )
  expect(guests.map(({ email }) => email)).toContain('amara@sandbox.example')
  expect(guests).toHaveLength(10)
})
