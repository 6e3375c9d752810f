import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase } from '../../tests/support/test-database.ts'
import { announceChange, openDatabase } from '../database/index.ts'
import { createLogger } from '../primitives/index.ts'
import { createServer } from './index.ts'
import { startTestServer } from './test-server.ts'

let server: Awaited<ReturnType<typeof startTestServer>>
let cookie: string

beforeAll(async () => {
  server = await startTestServer(await createTestDatabase())
  const door = await server.app.request('/api/sandbox/sign-in', {
    method: 'POST',
    body: '{"role":"approver"}',
  })
  cookie = door.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ')
})
afterAll(() => server.stop())

test('a committed change reaches the stream, by name only', async () => {
  const stream = await server.app.request('/api/changes', { headers: { cookie } })
  expect(stream.headers.get('content-type')).toContain('text/event-stream')
  const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader()
  expect((await reader?.read())?.value).toBe(': listening\n\n')
  const next = reader?.read()
  // The feed may still be connecting: announce until it is heard.
  const announce = setInterval(
    () => void server.database.transaction((tx) => announceChange(tx, { topic: 'submission', id: 'sub_1' })),
    50,
  )
  try {
    expect((await next)?.value).toBe('event: change\ndata: {"topic":"submission","id":"sub_1"}\n\n')
  } finally {
    clearInterval(announce)
    await reader?.cancel()
  }
})

test('while the database is away the answer says to come back, also to those who are signed in', async () => {
  const url = 'postgresql://nobody@127.0.0.1:9/none'
  const gone = openDatabase({ url, poolSize: 1, logger: createLogger('silent') })
  const app = createServer({ ...server.parts, database: gone })
  for (const path of ['/api/session', '/api/inbox', '/api/submissions/sub_1']) {
    const answer = await app.request(path, { headers: { cookie } })
    expect(answer.status, path).toBe(503)
    expect(answer.headers.get('retry-after')).toBe('5')
    expect(await answer.json()).toMatchObject({ error: { code: 'database_unavailable' } })
  }
  const body = '{"email":"a@example.org","password":"long enough"}'
  const headers = { 'content-type': 'application/json' }
  const signIn = await app.request('/api/auth/sign-in/email', { method: 'POST', headers, body })
  expect(signIn.status).toBe(503)
  expect((await app.request('/healthz')).status).toBe(200)
  await gone.close()
})

test('readiness is the status, metrics are plain text', async () => {
  const app = createServer({
    ...server.parts,
    readiness: async () => ({ ready: false, checks: { database: true, engine: false } }),
  })
  const ready = await app.request('/readyz')
  expect(ready.status).toBe(503)
  expect(await ready.json()).toEqual({ ready: false, checks: { database: true, engine: false } })
  const metrics = await app.request('/metrics')
  expect(metrics.headers.get('content-type')).toContain('text/plain')
  expect(await metrics.text()).toBe('up 1\n')
})

test('hashed files are kept for ever, the page is asked for each time, and nothing outside is served', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'kinkeeper-dashboard-'))
  const dashboardDir = join(folder, 'dashboard')
  const app = createServer({ ...server.parts, dashboardDir })
  expect((await app.request('/assets/index-1.js')).status).toBe(404)
  mkdirSync(join(dashboardDir, 'assets'), { recursive: true })
  writeFileSync(join(dashboardDir, 'index.html'), '<title>Kinkeeper</title>')
  writeFileSync(join(dashboardDir, 'assets', 'index-1.js'), 'export {}')
  writeFileSync(join(folder, 'secret.txt'), 'secret')
  try {
    const script = await app.request('/assets/index-1.js')
    expect(script.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
    expect(script.headers.get('content-type')).toContain('javascript')
    for (const path of ['/', '/posts/sub_1', '/welcome?token=x', '/secret.txt']) {
      const page = await app.request(path)
      expect(page.headers.get('cache-control')).toBe('no-cache')
      expect(await page.text()).toBe('<title>Kinkeeper</title>')
    }
    for (const path of [
      '/assets/gone.js',
      '/assets/..%2f..%2fsecret.txt',
      '/assets/%2e%2e/%2e%2e/secret.txt',
    ]) {
      const answer = await app.request(path)
      expect(await answer.text(), path).not.toContain('secret')
    }
    expect((await app.request('/assets/gone.js')).status).toBe(404)
    expect((await app.request('/api/gone')).status).toBe(404)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('the sandbox is reached through us, with method, query and body as they are', async () => {
  const control = new Hono()
  control.all('/control/*', async ({ req, json }) =>
    json(
      {
        seen: `${req.method} ${new URL(req.url).pathname}`,
        limit: req.query('limit'),
        body: await req.text(),
      },
      201,
    ),
  )
  const listening = await new Promise<{ port: number; close(): void }>((resolve) => {
    const running = serve({ fetch: control.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) =>
      resolve({ port, close: () => running.close() }),
    )
  })
  try {
    const sandbox = { controlUrl: `http://127.0.0.1:${listening.port}/control` }
    const app = createServer({ ...server.parts, sandbox })
    const read = await app.request('/api/sandbox/world?limit=3', { headers: { cookie } })
    expect(read.status).toBe(201)
    expect(await read.json()).toEqual({ seen: 'GET /control/world', limit: '3', body: '' })
    const body = '{"from":"+14155550123"}'
    const write = await app.request('/api/sandbox/texts', { method: 'POST', headers: { cookie }, body })
    expect(await write.json()).toEqual({ seen: 'POST /control/texts', body })
    const outside = await app.request('/api/sandbox/../../secret', { headers: { cookie } })
    expect(await outside.text()).not.toContain('seen')
  } finally {
    listening.close()
  }
  const away = await server.app.request('/api/sandbox/world', { headers: { cookie } })
  expect(away.status).toBe(502)
})

test.each(['README', '..', '..%2F..%2Fpackage', 'dead-letter-refused.md', '%00', 'https:'])(
  'a runbook has a plain name, which %s is not',
  async (name) => {
    const answer = await server.app.request(`/api/runbooks/${name}`, { headers: { cookie } })
    expect(await answer.text()).not.toMatch(/# |kinkeeper/i)
    expect([400, 404]).toContain(answer.status)
  },
)
