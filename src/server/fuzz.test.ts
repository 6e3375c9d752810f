import fc from 'fast-check'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { createTestDatabase } from '../../tests/support/test-database.ts'
import { recordAudit } from '../audit/index.ts'
import { tables } from '../database/index.ts'
import { ACCESS, type RouteName } from './access.ts'
import { type Ask, JOB_POST, startTestServer } from './test-server.ts'

const RUNS = 1_500
const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31))
/** Signing out would end the session that the next requests need; webhooks are in a file of their own. */
const ENDPOINTS = [
  ...(Object.keys(ACCESS) as RouteName[]).filter(
    (name) => !name.endsWith('/sign-out') && !name.includes(' /webhooks/'),
  ),
  'GET /:id',
  'GET /assets/:id',
]
/** What no answer may hold, whoever asks. */
const SECRETS = ['a secret that is used by tests only', 'scrypt-hash-of-nobody', 'hash-of-a-one-time-token']
/** Whom only those who are signed in may know. */
const MEMBER = 'fuzz-member@example.org'
/** Whom only owners may know. */
const COLLEAGUE = 'colleague@example.org'

let server: Awaited<ReturnType<typeof startTestServer>>
const askers = new Map<string, Ask>()
let ids: string[] = []

beforeAll(async () => {
  server = await startTestServer(await createTestDatabase())
  askers.set('nobody', server.browser())
  for (const role of tables.ROLES) askers.set(role, await server.signedIn(role))
  // Only what really is there leads the fuzzer past the first look-up.
  const submissionId = await server.text(JOB_POST)
  const now = new Date()
  const { db } = server.database
  await db.insert(tables.members).values({
    id: 'mem_fuzz',
    email: MEMBER,
    membership: 'active',
    createdAt: now,
    updatedAt: now,
  })
  await db.insert(tables.users).values({ id: 'usr_fuzz', name: 'Fuzz', email: COLLEAGUE })
  await db.insert(tables.accounts).values({
    id: 'acc_fuzz',
    accountId: 'f',
    providerId: 'credential',
    userId: 'usr_fuzz',
    password: SECRETS[1],
  })
  await db.insert(tables.invitations).values({
    id: 'inv_fuzz',
    tokenHash: SECRETS[2] ?? '',
    role: 'viewer',
    createdAt: now,
    expiresAt: now,
  })
  await server.database.transaction((tx) =>
    recordAudit(tx, {
      atMs: now.getTime(),
      actor: { kind: 'dashboard', id: 'usr_fuzz', name: 'Fuzz' },
      action: 'kept',
      target: { kind: 'member', id: 'mem_fuzz' },
    }),
  )
  const [approval] = await vi.waitFor(async () => {
    const rows = await db.select().from(tables.approvals)
    expect(rows).toHaveLength(1)
    return rows
  }, 20_000)
  ids = [
    submissionId,
    approval?.id ?? '',
    'job-post-review:x',
    'mem_fuzz',
    'usr_fuzz',
    'tidying',
    'tidy',
    'world',
  ]
})
afterAll(() => server.stop())

/** Texts that break things: half characters, zero bytes, the words of other layers. */
const nastyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    '\u0000',
    '\ud800',
    "'; drop table users; --",
    '../../etc/passwd',
    '__proto__',
    '%E0%A4%A',
    '',
    ' ',
    '=cmd|calc',
  ),
  fc.constantFrom(
    'approve',
    'deny',
    'happened',
    'owner',
    'circle.post',
    'published',
    'a@example.org',
    'system',
  ),
  fc.constantFrom(
    '2026-01-01',
    '9999-12-31',
    '-271821-04-20',
    '1e309',
    'csv',
    'jsonl',
    'member:mem_fuzz',
    ':',
    '& | !',
  ),
  fc.string({ minLength: 5_000, maxLength: 6_000 }),
)
const body = fc.oneof(
  fc.record(
    {
      decision: fc.oneof(fc.constantFrom('approve', 'deny'), nastyText),
      edits: fc.dictionary(fc.constantFrom('title', 'salaryMin', 'applyUrl', '__proto__'), nastyText),
      reason: nastyText,
      outcome: fc.oneof(fc.constantFrom('happened', 'did_not_happen'), nastyText),
      objectId: nastyText,
      url: nastyText,
      role: fc.oneof(fc.constantFrom('viewer', 'owner'), nastyText),
      email: fc.oneof(fc.emailAddress(), nastyText),
      password: nastyText,
      newPassword: nastyText,
      currentPassword: nastyText,
      token: nastyText,
      name: nastyText,
      confirm: nastyText,
      deactivationId: nastyText,
      kind: fc.oneof(fc.constantFrom('replay', 'compensate', 'abandon'), nastyText),
      from: fc.oneof(fc.constantFrom('failed-step', 'start', 'input'), nastyText),
      input: fc.jsonValue(),
      ids: fc.array(nastyText, { maxLength: 3 }),
      filter: fc.jsonValue(),
      until: nastyText,
      minutes: fc.oneof(fc.double(), nastyText),
    },
    { requiredKeys: [] },
  ),
  fc.jsonValue(),
)
const rawBody = fc.oneof({ weight: 4, arbitrary: body.map((value) => JSON.stringify(value)) }, fc.string())
const QUERIES = [
  'cursor',
  'q',
  'status',
  'membership',
  'slack',
  'problem',
  'actor',
  'action',
  'target',
  'from',
  'to',
]
const query = fc.dictionary(
  fc.oneof(fc.constantFrom(...QUERIES, 'format', 'job', 'cause', 'provider', 'window', 'limit'), nastyText),
  fc.oneof(
    nastyText,
    fc.jsonValue().map((value) => Buffer.from(JSON.stringify(value)).toString('base64url')),
  ),
  { maxKeys: 4 },
)
/** What a header may hold on the wire; its meaning is up to us. */
const headers = fc.dictionary(
  fc.constantFrom(
    'origin',
    'cookie',
    'accept',
    'content-type',
    'authorization',
    'x-forwarded-for',
    'range',
    'host',
  ),
  fc.oneof(
    fc.string({ unit: 'grapheme-ascii', maxLength: 200 }),
    fc.constantFrom(
      'null',
      'Bearer x',
      'kinkeeper.session_token=x.y',
      'text/event-stream',
      'bytes=0-',
      'evil.example',
    ),
  ),
  { maxKeys: 2 },
)
const ALLOWED = [200, 202, 400, 401, 403, 404, 405, 409, 413, 415, 422, 429, 502, 503]

test('no request makes the server fail, shows a stack, a secret, or somebody else', async () => {
  console.log(`fuzz seed ${seed}`)
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...ENDPOINTS),
      fc.constantFrom(...askers.keys(), 'owner', 'owner'),
      fc.oneof(nastyText, fc.constantFrom(...ids)),
      rawBody,
      query,
      fc.option(headers, { freq: 3 }),
      async (endpoint, who, id, raw, search, extra) => {
        const [method = '', pattern = ''] = endpoint.split(' ')
        const parameters = new URLSearchParams(search).toString()
        const path = pattern.replaceAll(/:\w+|\*/g, () => encodeURIComponent(id.toWellFormed()))
        // The sandbox's door makes whoever knocks somebody else, so it is tried by somebody new each time.
        const ask = (pattern === '/api/sandbox/sign-in' ? undefined : askers.get(who)) ?? server.browser()
        const answer = await ask(
          method,
          `${path}?${parameters}`,
          method === 'GET' ? undefined : raw,
          extra ?? {},
        )
        const text = JSON.stringify(answer.json)
        expect(server.logged, text).toEqual([])
        expect(ALLOWED, `${who}: ${endpoint}: ${text}`).toContain(answer.status)
        if (answer.status === 503) expect(text).toMatch(/npm run build|sandbox/i)
        expect(text).not.toMatch(/ at .*\.[mt]?[jt]s:\d+|node_modules|select .* from/i)
        for (const secret of SECRETS) expect(text).not.toContain(secret)
        if (who === 'nobody') expect(text).not.toContain(MEMBER)
        if (who !== 'owner' && !raw.includes(COLLEAGUE)) expect(text).not.toContain(COLLEAGUE)
      },
    ),
    { seed, numRuns: RUNS },
  )
}, 180_000)
