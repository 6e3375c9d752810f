import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase } from '../../tests/support/test-database.ts'
import { tables } from '../database/index.ts'
import { ACCESS, type Access, type RouteName } from './access.ts'
import type { Role } from './contract.ts'
import { type Ask, startTestServer } from './test-server.ts'

let server: Awaited<ReturnType<typeof startTestServer>>
const people = new Map<Role | 'nobody', Ask>()
const RANK = { anyone: 0, nobody: 0, viewer: 1, approver: 2, operator: 3, owner: 4 }

beforeAll(async () => {
  server = await startTestServer(await createTestDatabase())
  people.set('nobody', server.browser())
  for (const role of tables.ROLES) people.set(role, await server.signedIn(role))
})
afterAll(() => server.stop())

const rows = Object.entries(ACCESS) as [RouteName, Access][]
/** What a request to this route looks like. */
const example = (pattern: string) => pattern.replaceAll(/:\w+/g, 'none').replace('*', 'world')
/** Served to everybody, whatever the path: the dashboard itself, which holds nothing. */
const PAGES = ['GET /assets/*', 'GET /*']

test('every route that the server has is in the table, and the other way round', () => {
  const running = server.app.routes.filter(({ method }) => method !== 'ALL')
  const names = new Set(running.map(({ method, path }) => `${method} ${path}`))
  expect([...names].filter((name) => !PAGES.includes(name)).sort()).toEqual(Object.keys(ACCESS).sort())
})

test('docs/access.md says of every route who may call it', () => {
  const text = readFileSync(fileURLToPath(new URL('../../docs/access.md', import.meta.url)), 'utf8')
  const told = [...text.matchAll(/^\| `((?:GET|POST|PATCH|DELETE) [^`]+)` \| (.+?) \| (\w+) \|$/gm)]
  expect(told.filter(([, , words]) => (words ?? '').length < 5)).toEqual([])
  expect(Object.fromEntries(told.map(([, name = '', , access]) => [name, access]))).toEqual(ACCESS)
})

test.each(rows)('%s is for %s and above', async (route, access) => {
  const [method = '', pattern = ''] = route.split(' ')
  // Signing out would end the session that the next rows need.
  if (pattern.endsWith('/sign-out')) return
  for (const [who, ask] of people) {
    const { status, json } = await ask(method, example(pattern), method === 'GET' ? undefined : {})
    const expected = RANK[who] >= RANK[access] ? 'let in' : who === 'nobody' ? 401 : 403
    const seen = status === 401 || status === 403 ? status : 'let in'
    expect(`${who}: ${seen}`, JSON.stringify(json)).toBe(`${who}: ${expected}`)
    expect(status, JSON.stringify(json)).not.toBe(500)
  }
})

const changing = rows.filter(([route]) => !route.startsWith('GET ') && route.includes(' /api/'))

test.each(changing)('%s is refused to everybody when another site asks', async (route) => {
  const [method = '', pattern = ''] = route.split(' ')
  for (const [who, ask] of people) {
    const foreign = await ask(method, example(pattern), {}, { origin: 'https://evil.example' })
    expect(foreign, who).toMatchObject({
      status: 403,
      json: { error: { message: expect.stringContaining('another site') } },
    })
  }
})

test('paths that are no routes are closed: better-auth cannot sign anybody up', async () => {
  const ask = server.browser()
  const body = { email: 'eve@example.org', name: 'Eve', password: 'long enough' }
  expect((await ask('POST', '/api/auth/sign-up/email', body)).status).toBe(404)
  expect((await ask('POST', '/api/auth/update-user', { role: 'owner' })).status).toBe(404)
  expect((await ask('GET', '/api/nothing')).json).toMatchObject({ error: { code: 'not_found' } })
})

test('a request that another site made is refused, whoever sends it', async () => {
  const attempt = (headers: Record<string, string>) =>
    server.app.request('/api/sandbox/sign-in', {
      method: 'POST',
      headers: { host: 'localhost:3000', ...headers },
      body: '{"role":"viewer"}',
    })
  expect((await attempt({ origin: 'https://evil.example' })).status).toBe(403)
  expect((await attempt({ origin: 'null' })).status).toBe(403)
  expect((await attempt({ 'sec-fetch-site': 'cross-site' })).status).toBe(403)
  expect((await attempt({ origin: 'http://localhost:3000', 'sec-fetch-site': 'same-origin' })).status).toBe(
    200,
  )
  expect((await attempt({})).status).toBe(200)
})

test('bodies that are too large or no JSON are refused in words', async () => {
  const ask = await server.signedIn('approver')
  const large = await ask('POST', '/api/approvals/apr_x/decision', `{"reason":"${'x'.repeat(300_000)}"}`)
  expect(large).toMatchObject({ status: 413, json: { error: { code: 'too_large' } } })
  const broken = await ask('POST', '/api/approvals/apr_x/decision', '{"decision":')
  expect(broken).toMatchObject({ status: 400, json: { error: { message: 'The body is not JSON.' } } })
  const wrong = await ask('POST', '/api/approvals/apr_x/decision', {
    decision: 'approve',
    edits: { title: 7 },
  })
  expect(JSON.stringify(wrong.json)).toContain('edits.title')
})

test('every answer carries the security headers, and the pages say when they are not built', async () => {
  const page = await server.app.request('/posts/sub_1?x=1')
  expect(page.status).toBe(503)
  expect(await page.text()).toContain('npm run build')
  const policy = page.headers.get('content-security-policy')
  expect(policy).toContain("script-src 'self'")
  expect(policy).toContain("frame-ancestors 'none'")
  expect(page.headers.get('x-content-type-options')).toBe('nosniff')
  const session = await server.app.request('/api/session')
  expect(session.headers.get('cache-control')).toBe('no-store')
})
