import { createHash } from 'node:crypto'
import { serve } from '@hono/node-server'
import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase } from '../../tests/support/test-database.ts'
import { tables } from '../database/index.ts'
import { createServer, ensureOwnerLink, sessionSecret } from './index.ts'
import { startTestServer } from './test-server.ts'

let server: Awaited<ReturnType<typeof startTestServer>>

beforeAll(async () => {
  server = await startTestServer(await createTestDatabase())
})
afterAll(() => server.stop())

const tokenOf = (link: string | null) => new URL(link ?? '').searchParams.get('token')
const dana = { name: 'Dana', email: 'Dana@Example.org', password: 'correct horse battery' }

test('the first owner arrives by a link that works once; a newer link ends the older', async () => {
  const older = await ensureOwnerLink(server.parts)
  const link = await ensureOwnerLink(server.parts)
  expect(link).toMatch(/^http:\/\/localhost:3000\/welcome\?token=[\w-]{32}$/)
  const stored = JSON.stringify(await server.database.db.select().from(tables.invitations))
  expect(stored).not.toContain(tokenOf(link))

  const ask = server.browser()
  const refused = await ask('POST', '/api/welcome', { ...dana, token: tokenOf(older) })
  expect(refused.status).toBe(403)
  expect(
    (await ask('POST', '/api/welcome', { ...dana, token: tokenOf(link), password: 'short' })).status,
  ).toBe(400)
  const attempts = await Promise.all(
    ['a', 'b', 'c'].map((name) =>
      server.browser()('POST', '/api/welcome', {
        ...dana,
        name,
        email: `${name}@example.org`,
        token: tokenOf(link),
      }),
    ),
  )
  expect(attempts.map(({ status }) => status).sort()).toEqual([200, 403, 403])
  expect(await ensureOwnerLink(server.parts)).toBeNull()
  const session = await server.browser()('GET', '/api/session')
  expect(session.json).toMatchObject({
    user: null,
    hasOwner: true,
    sandboxSignIn: ['owner', 'operator', 'approver', 'viewer'],
  })
})

test('a first owner’s link that is left over, because two processes started at once, makes no second', async () => {
  const expiresAt = new Date(Date.now() + 1_000_000)
  await server.database.db.insert(tables.invitations).values({
    id: 'inv_left_over',
    tokenHash: createHash('sha256').update('left over').digest('hex'),
    role: 'owner',
    createdAt: new Date(),
    expiresAt,
  })
  const newcomer = { ...dana, email: 'second@example.org', token: 'left over' }
  expect((await server.browser()('POST', '/api/welcome', newcomer)).status).toBe(403)
})

test('an open invitation can be ended, and then its link leads nowhere', async () => {
  const owner = await server.signedIn('owner')
  const email = 'not.after.all@example.org'
  const { json } = await owner('POST', '/api/people/invitations', { email, role: 'viewer' })
  const [row] = await server.database.db
    .select()
    .from(tables.invitations)
    .where(eq(tables.invitations.email, email))
  expect((await owner('DELETE', `/api/people/invitations/${row?.id}`)).status).toBe(200)
  expect((await owner('DELETE', `/api/people/invitations/${row?.id}`)).status).toBe(404)
  const newcomer = { ...dana, email, token: tokenOf((json as { link: string }).link) }
  expect((await server.browser()('POST', '/api/welcome', newcomer)).status).toBe(403)
  const [entry] = await server.database.db
    .select()
    .from(tables.auditEntries)
    .where(eq(tables.auditEntries.action, 'ended an invitation'))
  expect(entry).toMatchObject({ targetId: row?.id })
})

test.each([
  ['removed', 'DELETE', undefined],
  ['an owner no more', 'PATCH', { role: 'viewer' }],
])('who is %s does not come back as an owner by an invitation of their own', async (how, method, body) => {
  const owner = await server.signedIn('owner')
  const arrive = async (by: typeof owner, email: string) => {
    const { json } = await by('POST', '/api/people/invitations', { email, role: 'owner' })
    return { ...dana, email, token: tokenOf((json as { link: string }).link) }
  }
  const email = `eve.${how.length}@example.org`
  const eve = server.browser()
  expect((await eve('POST', '/api/welcome', await arrive(owner, email))).status).toBe(200)
  const back = await arrive(eve, `again.${email}`)
  const [row] = await server.database.db.select().from(tables.users).where(eq(tables.users.email, email))
  expect((await owner(method, `/api/people/${row?.id}`, body)).status).toBe(200)
  expect((await server.browser()('POST', '/api/welcome', back)).status).toBe(403)
})

test('an invitation makes a person with its role, who signs in with a password and out again', async () => {
  const owner = await server.signedIn('owner')
  const invited = await owner('POST', '/api/people/invitations', { email: dana.email, role: 'approver' })
  const { link } = invited.json as { link: string }
  const list = await owner('GET', '/api/people')
  expect(list.json).toMatchObject({ invitations: [{ email: 'dana@example.org', role: 'approver', link }] })

  const stranger = { ...dana, email: 'else@example.org', token: tokenOf(link) }
  expect((await server.browser()('POST', '/api/welcome', stranger)).status).toBe(403)
  const ask = server.browser()
  expect((await ask('POST', '/api/welcome', { ...dana, token: tokenOf(link) })).status).toBe(200)
  const user = { name: 'Dana', email: 'dana@example.org', role: 'approver' }
  expect((await ask('GET', '/api/session')).json).toMatchObject({ user })
  expect((await ask('POST', '/api/auth/sign-out', {})).status).toBe(200)
  expect((await ask('GET', '/api/session')).json).toMatchObject({ user: null })

  const wrong = await ask('POST', '/api/auth/sign-in/email', { email: dana.email, password: 'not this one' })
  expect(wrong).toMatchObject({
    status: 401,
    json: { error: { code: 'invalid_email_or_password', message: 'Invalid email or password' } },
  })
  const right = await ask('POST', '/api/auth/sign-in/email', { email: dana.email, password: dana.password })
  expect(right.status).toBe(200)
  expect((await ask('GET', '/api/session')).json).toMatchObject({ user })
})

test('a changed password ends every session but the one it was changed in', async () => {
  const [here, elsewhere] = [server.browser(), server.browser()]
  const credentials = { email: dana.email, password: dana.password }
  for (const ask of [here, elsewhere])
    expect((await ask('POST', '/api/auth/sign-in/email', credentials)).status).toBe(200)
  const change = (currentPassword: string) =>
    here('POST', '/api/auth/change-password', { currentPassword, newPassword: 'another horse battery' })
  expect((await change('not this one')).status).toBe(400)
  expect((await elsewhere('GET', '/api/runs')).status).toBe(200)
  expect((await change(dana.password)).status).toBe(200)
  expect((await elsewhere('GET', '/api/runs')).status).toBe(401)
  expect((await here('GET', '/api/runs')).status).toBe(200)
})

test('a role changes at once, but never one’s own', async () => {
  const owner = await server.signedIn('owner')
  const viewer = await server.signedIn('viewer')
  expect((await viewer('GET', '/api/people')).status).toBe(403)
  expect((await owner('PATCH', '/api/people/usr_sandbox_viewer', { role: 'owner' })).status).toBe(200)
  expect((await viewer('GET', '/api/people')).status).toBe(200)
  expect((await owner('PATCH', '/api/people/usr_sandbox_owner', { role: 'viewer' })).status).toBe(409)
  expect((await owner('PATCH', '/api/people/usr_nobody', { role: 'viewer' })).status).toBe(404)
})

test.each([
  ['no sandbox runs', { sandbox: null }],
  ['it is production', { production: true }],
  [
    'strangers could reach something live',
    {
      publicUrl: 'https://kinkeeper.example.org',
      modes: {
        twilio: 'live',
        slack: 'off',
        openai: 'off',
        circle: 'off',
        mailchimp: 'off',
        luma: 'off',
        stripe: 'off',
        clerk: 'off',
        pagerduty: 'off',
        email: 'off',
      },
    },
  ],
] as const)('the sandbox’s door is shut when %s, also for sessions from before', async (_when, change) => {
  const cookie = (
    await server.app.request('/api/sandbox/sign-in', { method: 'POST', body: '{"role":"owner"}' })
  ).headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ')
  const open = await server.app.request('/api/people', { headers: { cookie } })
  expect(open.status).toBe(200)
  const shut = createServer({ ...server.parts, ...change })
  const headers = { cookie: `${cookie}; __Secure-${cookie}` }
  expect((await shut.request('/api/people', { headers })).status).toBe(401)
  const door = await shut.request('/api/sandbox/sign-in', { method: 'POST', body: '{"role":"owner"}' })
  expect(door.status).toBe(404)
  const session = await shut.request('/api/session')
  expect(await session.json()).toMatchObject({ sandboxSignIn: [] })
})

test('the session cookie is out of reach for scripts and other sites, and secure where the address is', async () => {
  const signIn = async (publicUrl: string) => {
    const app = createServer({ ...server.parts, publicUrl })
    const answer = await app.request('/api/sandbox/sign-in', { method: 'POST', body: '{"role":"viewer"}' })
    return answer.headers.getSetCookie().join()
  }
  const plain = await signIn('http://localhost:3000')
  expect(plain).toMatch(/^kinkeeper\.session_token=.*HttpOnly; SameSite=Lax/)
  expect(plain).not.toContain('Secure')
  expect(await signIn('https://localhost:3000')).toMatch(/^__Secure-kinkeeper\.session_token=.*Secure/)
})

test('guessing passwords is slowed down', async () => {
  const ask = server.browser()
  const guesses: number[] = []
  for (let guess = 0; guess < 25; guess++) {
    const { status } = await ask('POST', '/api/auth/sign-in/email', {
      email: 'a@example.org',
      password: `no ${guess}`,
    })
    guesses.push(status)
  }
  expect(guesses[0]).toBe(401)
  expect(guesses.at(-1)).toBe(429)
})

test('the session secret is made once', async () => {
  const secrets = await Promise.all([sessionSecret(server.database), sessionSecret(server.database)])
  expect(secrets[0]).toHaveLength(43)
  expect(secrets[1]).toBe(secrets[0])
})

test('over a real socket, the address that guesses are counted by is the connection’s, whatever a client claims', async () => {
  const listening = await new Promise<{ port: number; close(): void }>((resolve) => {
    const running = serve({ fetch: server.app.fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) =>
      resolve({ port, close: () => running.close() }),
    )
  })
  const signIn = (password: string) =>
    fetch(`http://127.0.0.1:${listening.port}/api/auth/sign-in/email`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-kinkeeper-client-address': '203.0.113.9' },
      body: JSON.stringify({ email: 'socket@example.org', password }),
    })
  try {
    const owner = await server.signedIn('owner')
    const invited = await owner('POST', '/api/people/invitations', {
      email: 'socket@example.org',
      role: 'viewer',
    })
    const token = tokenOf((invited.json as { link: string }).link)
    const newcomer = { ...dana, email: 'socket@example.org', token }
    expect((await server.browser()('POST', '/api/welcome', newcomer)).status).toBe(200)
    // The test before has used up the guesses of 127.0.0.1, which is also where this connection comes from.
    const answer = await signIn(dana.password)
    expect(answer.status).toBe(429)
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
  } finally {
    listening.close()
  }
})
