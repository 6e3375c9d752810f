/** Clerk's stand-in, with the official SDK as the client and its verifier as the receiver. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createClerkClient } from '@clerk/backend'
import { verifyWebhook } from '@clerk/backend/webhooks'
import { Ajv } from 'ajv'
import { expect, test, vi } from 'vitest'
import { parse as parseYaml } from 'yaml'
import { isRecord } from '../../primitives/index.ts'
import { type Received, SANDBOX_CREDENTIALS, startApplication, startTestSandbox } from '../fixtures.ts'
import type { Person } from '../people/person.ts'

const { clerkSecretKey, clerkWebhookSecret } = SANDBOX_CREDENTIALS
const SPEC = join(import.meta.dirname, '../../../../shared/reference/specs/clerk-webhooks.yml')

async function start() {
  const application = await startApplication()
  const sandbox = await startTestSandbox({ publicUrl: application.url })
  const { users } = createClerkClient({ secretKey: clerkSecretKey, apiUrl: `${sandbox.url}/clerk` })
  const signUp = (body: unknown) => sandbox.control<Person>('POST', '/people/signup', body)
  const idle = () =>
    vi.waitFor(
      async () => expect(await sandbox.control('GET', '/deliveries/idle')).toMatchObject({ idle: true }),
      10_000,
    )
  return { application, sandbox, users, signUp, idle }
}

/** What the application received, verified. */
async function verify({ raw, headers, path }: Received) {
  expect(path).toBe('/webhooks/clerk')
  const request = new Request('http://localhost/', {
    method: 'POST',
    body: raw,
    headers: Object.entries(headers).map(([name, value]): [string, string] => [name, String(value)]),
  })
  return verifyWebhook(request, { signingSecret: clerkWebhookSecret })
}

test('users are read, found by e-mail and paged', async () => {
  const { users, signUp } = await start()
  const people: Person[] = []
  for (const name of ['Ada One', 'Bo Two', 'Cy Three'])
    people.push(await signUp({ name, seed: name, pay: false }))
  const [first] = people
  const user = await users.getUser(first?.clerkUserId ?? '')
  expect(user).toMatchObject({ firstName: 'Ada', lastName: 'One', banned: false })
  expect(user.primaryEmailAddress).toMatchObject({
    emailAddress: first?.email,
    verification: { status: 'verified' },
  })
  const found = await users.getUserList({ emailAddress: [first?.email?.toUpperCase() ?? ''] })
  expect(found).toMatchObject({ totalCount: 1, data: [{ id: first?.clerkUserId }] })
  const page = await users.getUserList({ limit: 2, offset: 2, orderBy: '+created_at' })
  expect(page.totalCount).toBe(3)
  expect(page.data.map(({ id }) => id)).toEqual([people[2]?.clerkUserId])
  await expect(users.getUserList({ limit: 501 })).rejects.toMatchObject({ status: 422 })
})

test('changes reach the application signed, in milliseconds, and a deleted user is gone', async () => {
  const { application, users, signUp, idle } = await start()
  const { clerkUserId } = await signUp({ pay: false })
  await users.updateUser(clerkUserId, { firstName: 'Grace', externalId: 'ext-1' })
  await users.updateUserMetadata(clerkUserId, { publicMetadata: { plan: 'member' } })
  const merged = await users.updateUserMetadata(clerkUserId, { publicMetadata: { plan: null, seat: 4 } })
  expect(merged.publicMetadata).toEqual({ seat: 4 })
  expect(await users.banUser(clerkUserId)).toMatchObject({ banned: true })
  expect(await users.unbanUser(clerkUserId)).toMatchObject({ banned: false })
  expect(await users.lockUser(clerkUserId)).toMatchObject({ locked: true })
  expect(await users.unlockUser(clerkUserId)).toMatchObject({ locked: false })
  await users.deleteUser(clerkUserId)
  await expect(users.getUser(clerkUserId)).rejects.toMatchObject({
    status: 404,
    errors: [{ code: 'resource_not_found' }],
  })
  await idle()
  const events = await Promise.all(application.received.map(verify))
  expect(events.map(({ type }) => type).filter((type) => type === 'user.updated')).toHaveLength(7)
  const deleted = events.find(({ type }) => type === 'user.deleted')
  expect(deleted?.data).toEqual({ id: clerkUserId, object: 'user', deleted: true, external_id: 'ext-1' })
  const updates = events.flatMap(({ type, data }) => (type === 'user.updated' ? [data.updated_at] : []))
  expect(new Set(updates).size).toBe(7)
  for (const { raw } of application.received) expect(JSON.parse(raw).timestamp).toBeGreaterThan(1e12)
})

test('retries keep their svix-id', async () => {
  const { application, signUp, idle } = await start()
  let refusals = 1
  application.answer = () => ({ status: refusals-- > 0 ? 503 : 204 })
  await signUp({ pay: false })
  await idle()
  const ids = application.received.map(({ headers }) => headers['svix-id'])
  expect(ids).toEqual([ids[0], ids[0]])
})

test('a wrong key, too many requests, and the keys', async () => {
  const { sandbox, users, signUp } = await start()
  const stranger = createClerkClient({ secretKey: 'sk_wrong', apiUrl: `${sandbox.url}/clerk` })
  await expect(stranger.users.getUserList()).rejects.toMatchObject({ status: 401 })
  const { clerkUserId } = await signUp({ pay: false })
  await sandbox.control('POST', '/limits', { clerkRequests: { perMinute: 1, burst: 1 } })
  await users.getUser(clerkUserId)
  await expect(users.getUser(clerkUserId)).rejects.toMatchObject({
    status: 429,
    retryAfter: expect.any(Number),
  })
  const jwks = await fetch(`${sandbox.url}/clerk/v1/jwks`)
  expect(await jwks.json()).toMatchObject({ keys: [{ kty: 'RSA', alg: 'RS256', use: 'sig' }] })
})

test.skipIf(!present())('webhooks are what the vendor’s specification says', async () => {
  const { application, sandbox, users, signUp, idle } = await start()
  const { clerkUserId } = await signUp({})
  await sandbox.control('POST', `/people/${clerkUserId}/change-email`, { email: 'new@example.org' })
  await users.deleteUser(clerkUserId)
  await idle()
  const ajv = new Ajv({ strict: false, validateFormats: false, logger: false })
  ajv.addSchema(Object(withNulls(parseYaml(readFileSync(SPEC, 'utf8')))), 'spec')
  const received = application.received.filter(({ path }) => path === '/webhooks/clerk')
  expect(received).toHaveLength(3)
  for (const { raw } of received) {
    const event: unknown = JSON.parse(raw)
    const type = isRecord(event) ? String(event.type) : ''
    const schema = `spec#/x-webhooks/${type}/post/requestBody/content/application~1json/schema`
    const validate = ajv.compile({ $ref: schema })
    expect(validate(event) ? [] : validate.errors, type).toEqual([])
    expect(validate({ ...Object(event), timestamp: 'soon' }), 'the check itself can fail').toBe(false)
  }
})

function present(): boolean {
  if (existsSync(SPEC)) return true
  console.warn(
    `SKIPPED: ${SPEC} is not there, so Clerk's webhooks are not checked against its specification.`,
  )
  return false
}

/** OpenAPI 3.0 says `nullable` where JSON Schema says `null`. */
function withNulls(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(withNulls)
  if (!isRecord(node)) return node
  const { nullable, ...rest } = node
  const inner = Object.fromEntries(Object.entries(rest).map(([key, child]) => [key, withNulls(child)]))
  return nullable === true ? { anyOf: [inner, { type: 'null' }] } : inner
}
