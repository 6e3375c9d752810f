/** What anybody can send to the doors of Stripe, Clerk, events and schedules: refused, counted, and leaving no row. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { raw, refusalsCounted, rowsEverywhere, tampered, twice, withHeaders } from './attacks.ts'
import { type SignedRequest, send, signedClerk, signedStripe, wallClock } from './signed.ts'
import { type Stage, setStage } from './stage.ts'

let stage: Stage
let shut: Stage
const EVENTS_KEY = 'the-key-of-events'
const CRON_SECRET = 'the-secret-of-the-scheduler'
const LIMIT_BYTES = 1024 * 1024

beforeAll(async () => {
  const off = {
    STRIPE_WEBHOOK_SECRET: '',
    STRIPE_API_KEY: '',
    CLERK_WEBHOOK_SIGNING_SECRET: '',
    CLERK_SECRET_KEY: '',
  }
  ;[stage, shut] = await Promise.all([
    setStage({ env: { EVENTS_KEY, CRON_SECRET } }),
    setStage({ mode: 'live', env: off }),
  ])
})
afterAll(() => Promise.all([stage.close(), shut.close()]))

let number = 0
const stripeEvent = () => ({
  id: `evt_hostile_${++number}`,
  object: 'event',
  created: 1_795_000_000,
  type: 'invoice.paid',
  data: { object: { object: 'invoice', id: 'in_1', customer: 'cus_1', subscription: 'sub_1' } },
})
const clerkEvent = () => ({ type: 'user.deleted', data: { id: `user_hostile_${++number}` } })
const stripe = (options: Parameters<typeof signedStripe>[2] = {}) =>
  signedStripe(stage.world, stripeEvent(), options)
const clerk = (options: Parameters<typeof signedClerk>[2] = {}) =>
  signedClerk(stage.world, clerkEvent(), options)

const typed = { name: 'member.updated', key: 'k1', data: { memberId: 'mem_1', action: 'update' } }
const events = (body: unknown, key: string | null = EVENTS_KEY): SignedRequest => ({
  url: `${stage.url}/api/events`,
  headers: {
    'content-type': 'application/json',
    ...(key === null ? {} : { authorization: `Bearer ${key}` }),
  },
  body: typeof body === 'string' ? body : JSON.stringify(body),
})
const ingest = (body: unknown, key = EVENTS_KEY): SignedRequest => ({
  url: `${stage.url}/e/${key}`,
  headers: { 'content-type': 'application/json' },
  body: typeof body === 'string' ? body : JSON.stringify(body),
})
const cron = (authorization?: string): SignedRequest => ({
  url: `${stage.url}/api/jobs/cleanup`,
  headers: authorization === undefined ? {} : { authorization },
  body: '',
})

type Refusal = [name: string, status: number, source: string, reason: string, attack: () => SignedRequest]

const FIVE_MINUTES_MS = 300_000
const seconds = (ms: number) => Math.floor(ms / 1_000)
const OTHER_CLERK = 'whsec_YW5vdGhlci1lbmRwb2ludHMtc2VjcmV0LTAwMDA='

const STRIPE: Refusal[] = [
  [
    'no signature',
    401,
    'stripe',
    'missing_header',
    () => withHeaders(stripe(), { 'stripe-signature': null }),
  ],
  ['nonsense', 401, 'stripe', 'malformed_header', () => withHeaders(stripe(), { 'stripe-signature': 'x' })],
  [
    '301 s old',
    401,
    'stripe',
    'stale_timestamp',
    () => stripe({ atMs: wallClock() - FIVE_MINUTES_MS - 2_000 }),
  ],
  ['another secret', 403, 'stripe', 'mismatch', () => stripe({ secret: 'whsec_another' })],
  ['one changed byte', 403, 'stripe', 'mismatch', () => tampered(stripe())],
  ['signed, and not JSON', 400, 'stripe', 'malformed', () => signedStripe(stage.world, 'hello')],
  [
    'signed, without a type',
    400,
    'stripe',
    'malformed',
    () => signedStripe(stage.world, { id: 'evt_x', object: 'event' }),
  ],
]

const CLERK: Refusal[] = [
  ['no signature', 401, 'clerk', 'missing_header', () => withHeaders(clerk(), { 'svix-signature': null })],
  ['no id', 401, 'clerk', 'missing_header', () => withHeaders(clerk(), { 'svix-id': null })],
  [
    'the names of Standard Webhooks',
    401,
    'clerk',
    'missing_header',
    () => {
      const request = clerk()
      const renamed = Object.entries(request.headers).map(([k, v]) => [k.replace('svix-', 'webhook-'), v])
      return { ...request, headers: Object.fromEntries(renamed) }
    },
  ],
  ['nonsense', 401, 'clerk', 'malformed_header', () => withHeaders(clerk(), { 'svix-signature': 'v1,x' })],
  [
    '302 s old',
    401,
    'clerk',
    'stale_timestamp',
    () => clerk({ atMs: wallClock() - FIVE_MINUTES_MS - 2_000 }),
  ],
  [
    '302 s ahead',
    401,
    'clerk',
    'stale_timestamp',
    () => clerk({ atMs: wallClock() + FIVE_MINUTES_MS + 2_000 }),
  ],
  [
    'another timestamp',
    403,
    'clerk',
    'mismatch',
    () => withHeaders(clerk(), { 'svix-timestamp': String(seconds(wallClock()) - 9) }),
  ],
  ['another secret', 403, 'clerk', 'mismatch', () => clerk({ secret: OTHER_CLERK })],
  ['one changed byte', 403, 'clerk', 'mismatch', () => tampered(clerk())],
  ['signed, and not JSON', 400, 'clerk', 'malformed', () => signedClerk(stage.world, 'hello')],
  ['signed, without a type', 400, 'clerk', 'malformed', () => signedClerk(stage.world, { data: {} })],
]

const EVENTS: Refusal[] = [
  ['no key', 401, 'events', 'missing_header', () => events(typed, null)],
  ['another key', 401, 'events', 'mismatch', () => events(typed, 'another')],
  ['half of the key', 401, 'events', 'mismatch', () => events(typed, EVENTS_KEY.slice(0, 8))],
  ['the key and more', 401, 'events', 'mismatch', () => events(typed, `${EVENTS_KEY}x`)],
  ['another key in the path', 401, 'events', 'mismatch', () => ingest([typed], 'another')],
  ['not JSON', 400, 'events', 'malformed', () => events('hello')],
  ['not JSON in the path’s', 400, 'events', 'malformed', () => ingest('hello')],
  ['nested half a million deep', 400, 'events', 'malformed', () => ingest('['.repeat(500_000))],
]

const CRON: Refusal[] = [
  ['no secret', 401, 'cron', 'missing_header', () => cron()],
  ['another secret', 401, 'cron', 'mismatch', () => cron('Bearer another')],
  ['half of the secret', 401, 'cron', 'mismatch', () => cron(`Bearer ${CRON_SECRET.slice(0, 9)}`)],
  ['another scheme', 401, 'cron', 'mismatch', () => cron(`Basic ${CRON_SECRET}`)],
  ['an empty bearer', 401, 'cron', 'mismatch', () => cron('Bearer ')],
]

describe('refused', () => {
  test.each([...STRIPE, ...CLERK, ...EVENTS, ...CRON])(
    '%s → %i (%s)',
    async (_name, status, source, reason, attack) => {
      const key = `${source} ${reason}`
      const [before, rows] = await Promise.all([refusalsCounted(stage), rowsEverywhere(stage)])
      const answer = await send(attack())
      const text = await answer.text()
      expect(answer.status).toBe(status)
      const { error, ...rest } = JSON.parse(text)
      // What the `inngest` package talks to has a shape of its own.
      if (typeof error === 'string') expect(rest).toEqual({ ids: [], status })
      else expect([Object.keys(error), rest]).toEqual([['code', 'message'], {}])
      expect(text).not.toMatch(/\bat .+:\d+|node_modules|\.ts\b/)
      expect((await refusalsCounted(stage)).get(key)).toBe((before.get(key) ?? 0) + 1)
      expect(await rowsEverywhere(stage)).toEqual(rows)
    },
  )

  test.each(['webhooks/stripe', 'webhooks/clerk', `e/${EVENTS_KEY}`])(
    'a body over 1 MiB, announced or not, before it ends (%s)',
    async (path) => {
      const rows = await rowsEverywhere(stage)
      const url = `${stage.url}/${path}`
      const announced = { url, headers: { 'content-length': String(LIMIT_BYTES + 1) }, body: 'a' }
      const chunked = { url, headers: { 'transfer-encoding': 'chunked' }, body: 'a'.repeat(LIMIT_BYTES + 1) }
      expect(await raw(announced, { end: false })).toBe(413)
      expect(await raw(chunked, { end: false })).toBe(413)
      expect(await rowsEverywhere(stage)).toEqual(rows)
    },
  )

  test('a header that is sent twice', async () => {
    expect(await twice(clerk(), 'svix-id')).toBe(403)
    expect(await twice(clerk(), 'svix-timestamp')).toBe(401)
  })

  test('the same requests, untouched, are taken', async () => {
    expect((await send(stripe())).status).toBe(200)
    expect((await send(clerk())).status).toBe(200)
    expect((await send(stripe({ atMs: wallClock() - FIVE_MINUTES_MS + 5_000 }))).status).toBe(200)
  })
})

describe('shut, because nothing is set', () => {
  test.each([
    ['stripe', 'POST', '/webhooks/stripe', /its credentials are not set/],
    ['clerk', 'POST', '/webhooks/clerk', /its credentials are not set/],
    ['events', 'POST', '/api/events', /set EVENTS_KEY/],
    ['events', 'POST', '/e/anything', /set EVENTS_KEY/],
    ['cron', 'POST', '/api/jobs/cleanup', /set CRON_SECRET/],
    ['cron', 'GET', '/api/jobs/slack-sync', /set CRON_SECRET/],
    ['cron', 'GET', '/api/jobs/luma-auto-approve', /set CRON_SECRET/],
  ])('%s %s %s → 503, and it says what to do', async (source, method, path, words) => {
    const before = (await refusalsCounted(shut)).get(`${source} off`) ?? 0
    const answer = await fetch(`${shut.url}${path}`, { method, headers: { authorization: 'Bearer x' } })
    expect(answer.status).toBe(503)
    expect(await answer.text()).toMatch(words)
    expect((await refusalsCounted(shut)).get(`${source} off`)).toBe(before + 1)
  })
})
