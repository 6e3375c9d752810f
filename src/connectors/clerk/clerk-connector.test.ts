import { describe, expect, test } from 'vitest'
import { connectorsAt } from '../../../tests/contracts/connectors-at.ts'
import { type Recorded, type Reply, startRecordingServer } from '../../../tests/contracts/recording-server.ts'
import { KinkeeperError, RetryAtError } from '../../primitives/index.ts'
import { openGate } from '../open-gate.ts'
import { createClerkConnector } from './clerk-connector.ts'

async function start(reply: (request: Recorded, index: number) => Reply) {
  const server = await startRecordingServer(reply)
  const { clerk } = connectorsAt(server.url)
  return { server, clerk, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}
const address = (id: string, email: string, status: string | null) => ({
  id,
  object: 'email_address',
  email_address: email,
  verification: status === null ? null : { status, strategy: 'email_code' },
  linked_to: [],
})
const user = (fields: Record<string, unknown> = {}) => ({
  id: 'user_1',
  object: 'user',
  primary_email_address_id: 'idn_2',
  email_addresses: [
    address('idn_1', 'other@example.org', 'unverified'),
    address('idn_2', 'Jo@Example.org', 'verified'),
  ],
  phone_numbers: [],
  first_name: 'Jo',
  last_name: '',
  created_at: 1_000,
  updated_at: 2_000,
  ...fields,
})
const jo = {
  id: 'user_1',
  email: 'jo@example.org',
  emailVerified: true,
  firstName: 'Jo',
  lastName: null,
  createdAtMs: 1_000,
  updatedAtMs: 2_000,
}
const refused = (status: number, code: string, headers: Record<string, string> = {}): Reply => ({
  status,
  headers,
  body: { errors: [{ code, message: 'jo@example.org', long_message: '', meta: {} }], clerk_trace_id: 't' },
})
const silent = createClerkConnector({ secretKey: null }, openGate)

test('a user is read with the key, under the address that was given', async () => {
  await using world = await start(() => ({ status: 200, body: user() }))
  expect(await world.clerk.user('user_1')).toEqual(jo)
  expect(world.server.requests).toHaveLength(1)
  expect(world.server.requests[0]).toMatchObject({
    method: 'GET',
    path: '/clerk/v1/users/user_1',
    headers: { authorization: 'Bearer sk_test_2' },
  })
})

test('a user who is gone is null', async () => {
  await using world = await start(() => refused(404, 'resource_not_found'))
  expect(await world.clerk.user('user_1')).toBeNull()
})

describe('all users', () => {
  /** Lists these, as Clerk does; with each page the SDK asks how many there are. */
  const listing = (all: () => Record<string, unknown>[]) =>
    start(({ path, query }) => {
      if (path.endsWith('/count')) return { status: 200, body: { object: 'total_count', total_count: 1 } }
      const [offset, limit] = [Number(query.get('offset')), Number(query.get('limit'))]
      return { status: 200, body: all().slice(offset, offset + limit) }
    })
  const many = (count: number) => Array.from({ length: count }, (_, n) => user({ id: `user_${n}` }))

  test.each([0, 1, 99, 100, 101, 250])('%d users are read, each once, the oldest first', async (count) => {
    await using world = await listing(() => many(count))
    const ids: string[] = []
    let cursor: string | null = null
    do {
      const page: Awaited<ReturnType<typeof world.clerk.listUsers>> = await world.clerk.listUsers(cursor)
      ids.push(...page.items.map(({ id }) => id))
      cursor = page.next
    } while (cursor !== null)
    expect(ids).toEqual(many(count).map(({ id }) => id))
    const { query } = world.server.requests.find(({ path }) => path === '/clerk/v1/users') ?? {}
    expect(query?.get('order_by')).toBe('+created_at')
  })

  test.each([1, 9])('nobody is passed over when %d of the first are deleted meanwhile', async (gone) => {
    let users = many(150)
    await using world = await listing(() => users)
    const first = await world.clerk.listUsers(null)
    users = users.slice(gone)
    const second = await world.clerk.listUsers(first.next)
    expect([...first.items, ...second.items].map(({ id }) => id)).toEqual(many(150).map(({ id }) => id))
  })

  test('one that cannot be read is named, and the others are read', async () => {
    await using world = await listing(() => [user({ updated_at: null }), user({ id: 'user_2' })])
    expect((await world.clerk.listUsers(null)).items).toEqual([
      { id: 'user_1', fault: 'updatedAt' },
      { id: 'user_2', object: { ...jo, id: 'user_2' } },
    ])
  })
})

test('without a key nothing can be read again, and nothing is sent', async () => {
  expect(silent.canRead).toBe(false)
  await expect(silent.user('user_1')).rejects.toMatchObject({
    next: 'never-retry',
    facts: { code: 'no_secret_key' },
  })
})

describe('a webhook’s user', () => {
  const camel = {
    id: 'user_1',
    primaryEmailAddressId: 'idn_2',
    emailAddresses: [
      { id: 'idn_2', emailAddress: 'Jo@Example.org', verification: { status: 'verified' }, linkedTo: [] },
    ],
    firstName: 'Jo',
    lastName: null,
    createdAt: 1_000,
    updatedAt: 2_000,
  }
  test.each([
    ['as sent', user(), {}],
    ['as the SDK gives it', camel, {}],
    [
      'whose primary address is not verified, though another is',
      user({ primary_email_address_id: 'idn_1' }),
      { email: 'other@example.org', emailVerified: false },
    ],
    [
      'whose address has no verification',
      user({ email_addresses: [address('idn_2', 'jo@example.org', null)] }),
      { emailVerified: false },
    ],
    [
      'without a primary address',
      user({ primary_email_address_id: null }),
      { email: null, emailVerified: false },
    ],
  ])('%s', (_name, object, difference) => {
    expect(silent.readUser(object)).toEqual({ ...jo, ...difference })
  })

  test.each([
    ['nothing', null, /the object itself/],
    ['a deleted user', { id: 'user_1', object: 'user', deleted: true }, /email_addresses/],
    ['a user without times', user({ updated_at: 'jo@example.org' }), /updated_at/],
  ])('%s cannot be read', (_name, object, message) => {
    const reading = () => silent.readUser(object)
    expect(reading).toThrow(message)
    expect(reading).not.toThrow(/jo@/)
  })
})

describe('a refusal', () => {
  async function refusalOf(reply: Reply) {
    await using world = await start(() => reply)
    const error: unknown = await world.clerk.user('user_1').catch((thrown: unknown) => thrown)
    if (!(error instanceof KinkeeperError)) throw error
    expect(world.server.requests, 'the SDK does not try again').toHaveLength(1)
    expect(error.message).not.toContain('jo@')
    return error
  }

  test.each([
    [401, 'authentication_invalid', /check CLERK_SECRET_KEY/],
    [403, 'forbidden', /check CLERK_SECRET_KEY/],
    [422, 'form_param_invalid', /form_param_invalid/],
  ])('%d is final', async (status, code, message) => {
    const error = await refusalOf(refused(status, code))
    expect(error).toMatchObject({ next: 'never-retry', facts: { provider: 'clerk', status, code } })
    expect(error.message).toMatch(message)
  })

  test.each([
    [{ 'retry-after': '3' }, 3_000],
    [{}, 10_000],
  ])('for now: %j', async (headers, retryAfterMs) => {
    const error = await refusalOf(refused(429, 'too_many_requests', headers))
    expect(error instanceof RetryAtError && error.retryAfterMs).toBe(retryAfterMs)
  })
})
