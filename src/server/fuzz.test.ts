import fc from 'fast-check'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { createTestDatabase } from '../../tests/support/test-database.ts'
import { tables } from '../database/index.ts'
import { type Ask, JOB_POST, startTestServer } from './test-server.ts'

const RUNS = 900
const seed = Math.floor(Math.random() * 2 ** 31)
const ENDPOINTS = [
  'POST /api/welcome',
  'POST /api/sandbox/sign-in',
  'POST /api/approvals/:id/decision',
  'POST /api/submissions/:id/publication/retry',
  'POST /api/runs/:id/retry',
  'POST /api/effects/:id/resolution',
  'POST /api/people/invitations',
  'PATCH /api/people/:id',
  'POST /api/auth/sign-in/email',
  'GET /api/inbox',
  'GET /api/submissions',
  'GET /api/submissions/:id',
  'GET /api/runs/:id',
  'GET /api/members',
  'GET /api/members/:id',
  'GET /api/members/:id/export',
  'POST /api/members/:id/sync',
  'POST /api/members/:id/deactivate',
  'POST /api/members/:id/undo',
  'POST /api/members/:id/erase',
  'GET /api/schedules',
  'POST /api/schedules/:id/run',
  'GET /api/connections',
  'GET /:id',
  'GET /assets/:id',
] as const

let server: Awaited<ReturnType<typeof startTestServer>>
let ask: Ask

beforeAll(async () => {
  server = await startTestServer(await createTestDatabase())
  ask = await server.signedIn('owner')
  // Only what really is there leads the fuzzer past the first look-up.
  await server.text(JOB_POST)
  const now = new Date()
  await server.database.db.insert(tables.members).values({
    id: 'mem_fuzz',
    email: 'fuzz@example.org',
    membership: 'active',
    createdAt: now,
    updatedAt: now,
  })
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
  ),
  fc.constantFrom('approve', 'deny', 'happened', 'owner', 'circle.post', 'published', 'a@example.org'),
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
      token: nastyText,
      name: nastyText,
      confirm: nastyText,
      deactivationId: nastyText,
    },
    { requiredKeys: [] },
  ),
  fc.jsonValue(),
)
const rawBody = fc.oneof({ weight: 4, arbitrary: body.map((value) => JSON.stringify(value)) }, fc.string())
const query = fc.dictionary(
  fc.constantFrom('cursor', 'q', 'status', 'membership', 'slack', 'problem'),
  nastyText,
)

test('no request makes the server fail, or shows a stack', async () => {
  console.log(`fuzz seed ${seed}`)
  const { db } = server.database
  const [submission] = await db.select().from(tables.submissions)
  const [approval] = await vi.waitFor(async () => {
    const rows = await db.select().from(tables.approvals)
    expect(rows).toHaveLength(1)
    return rows
  }, 20_000)
  const ids = fc.oneof(
    nastyText,
    fc.constantFrom(
      submission?.id ?? '',
      approval?.id ?? '',
      'job-post-review:x',
      'usr_sandbox_viewer',
      'mem_fuzz',
      'tidying',
    ),
  )
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...ENDPOINTS),
      ids,
      rawBody,
      query,
      async (endpoint, id, raw, search) => {
        const [method = '', pattern = ''] = endpoint.split(' ')
        const parameters = new URLSearchParams(search).toString()
        const path = pattern.replace(':id', () => encodeURIComponent(id.toWellFormed()))
        const answer = await ask(method, `${path}?${parameters}`, method === 'GET' ? undefined : raw)
        const text = JSON.stringify(answer.json)
        expect(server.logged, text).toEqual([])
        expect([200, 400, 401, 403, 404, 409, 413, 415, 429, 503], `${endpoint}: ${text}`).toContain(
          answer.status,
        )
        if (answer.status === 503) expect(text).toContain('npm run build')
        expect(text).not.toMatch(/ at .*\.[mt]?[jt]s:\d+|node_modules|select .* from/i)
      },
    ),
    { seed, numRuns: RUNS },
  )
}, 120_000)
