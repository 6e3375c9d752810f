/** How many calls Mailchimp takes at once, and how long any provider takes to answer. */
import { expect, test, vi } from 'vitest'
import { monotonicMs } from '../../primitives/index.ts'
import { SANDBOX_CREDENTIALS, slackClient, startTestSandbox, type TestSandbox } from '../fixtures.ts'
import type { WorldView } from '../index.ts'

const authorization = `Basic ${btoa(`key:${SANDBOX_CREDENTIALS.mailchimpApiKey}`)}`
const ping = (sandbox: TestSandbox) =>
  fetch(`${sandbox.url}/mailchimp/3.0/ping`, { headers: { authorization } })
const loadOf = async (sandbox: TestSandbox) =>
  (await sandbox.control<WorldView>('GET', '/world')).mailchimp.load

test.each([
  ['latency', '/latency', { provider: 'mailchimp', minMs: 150, maxMs: 150 }],
  ['a delay', '/faults', { provider: 'mailchimp', operation: '*', kind: 'delay', delayMs: 150 }],
])('the eleventh call at once is refused without Retry-After, while %s runs', async (_name, path, body) => {
  const sandbox = await startTestSandbox()
  await sandbox.control('POST', path, body)
  const ten = Array.from({ length: 10 }, () => ping(sandbox))
  await vi.waitFor(async () => expect((await loadOf(sandbox)).inFlight).toBe(10), { interval: 5 })
  const refused = await ping(sandbox)
  expect(refused.status).toBe(429)
  expect(refused.headers.get('retry-after')).toBeNull()
  expect(refused.headers.get('content-type')).toContain('application/problem+json')
  expect(await refused.json()).toMatchObject({ title: 'Too Many Requests', status: 429 })
  expect((await Promise.all(ten)).map(({ status }) => status)).toEqual(Array(10).fill(200))
  expect((await ping(sandbox)).status).toBe(200)
  expect(await loadOf(sandbox)).toEqual({ inFlight: 0, peak: 11, answered: 12, tooManyRequests: 1 })
  await sandbox.control('DELETE', '/load')
  expect(await loadOf(sandbox)).toEqual({ inFlight: 0, peak: 0, answered: 0, tooManyRequests: 0 })
})

test('ten at a time, over and over, are never refused', async () => {
  const sandbox = await startTestSandbox()
  await sandbox.control('POST', '/latency', { provider: 'mailchimp', minMs: 1, maxMs: 6, seed: 7 })
  let left = 300
  const worker = async () => {
    while (left-- > 0) expect((await ping(sandbox)).status).toBe(200)
  }
  await Promise.all(Array.from({ length: 10 }, worker))
  expect(await loadOf(sandbox)).toMatchObject({ peak: 10, answered: 300, tooManyRequests: 0 })
})

test('a caller who hung up still holds a connection until the answer', async () => {
  const sandbox = await startTestSandbox()
  await sandbox.control('POST', '/limits', { mailchimpConnections: 1 })
  await sandbox.control('POST', '/latency', { provider: 'mailchimp', minMs: 200, maxMs: 200 })
  const impatient = fetch(`${sandbox.url}/mailchimp/3.0/ping`, {
    headers: { authorization },
    signal: AbortSignal.timeout(50),
  })
  await expect(impatient).rejects.toThrow()
  expect((await ping(sandbox)).status).toBe(429)
  await vi.waitFor(async () => expect((await loadOf(sandbox)).inFlight).toBe(0))
  expect((await ping(sandbox)).status).toBe(200)
})

test('the edge can answer a bare 403 without JSON, and a cut connection frees its place', async () => {
  const sandbox = await startTestSandbox()
  const fault = { provider: 'mailchimp', operation: '*', times: 1 }
  await sandbox.control('POST', '/faults', { ...fault, kind: 'status', status: 403, body: 'Forbidden' })
  const bare = await ping(sandbox)
  expect([bare.status, bare.headers.get('content-type'), await bare.text()]).toEqual([
    403,
    'text/plain',
    'Forbidden',
  ])
  await sandbox.control('POST', '/faults', { ...fault, kind: 'rate-limit' })
  const limited = await ping(sandbox)
  expect([limited.status, limited.headers.get('retry-after')]).toEqual([429, null])
  for (const kind of ['drop-before', 'drop-after']) {
    await sandbox.control('POST', '/faults', { ...fault, kind })
    await expect(ping(sandbox)).rejects.toThrow()
  }
  await vi.waitFor(async () => expect(await loadOf(sandbox)).toMatchObject({ inFlight: 0, answered: 4 }))
})

test('any provider can be slow, within its bounds, and at once again', async () => {
  const sandbox = await startTestSandbox()
  const client = slackClient(sandbox.url)
  const took = async () => {
    const startedMs = monotonicMs()
    await client.auth.test()
    return monotonicMs() - startedMs
  }
  await took()
  await sandbox.control('POST', '/latency', { provider: 'slack', minMs: 80, maxMs: 90, seed: 'x' })
  expect(await sandbox.control('GET', '/latency')).toEqual({
    latencies: [{ provider: 'slack', minMs: 80, maxMs: 90, seed: 'x' }],
  })
  expect(await took()).toBeGreaterThan(75)
  await sandbox.control('POST', '/latency', { provider: 'slack', minMs: 0, maxMs: 0 })
  expect(await took()).toBeLessThan(75)
  const wrong = await sandbox.control('POST', '/latency', { provider: 'slack', minMs: 9, maxMs: 1 })
  expect(wrong).toHaveProperty('error.message', expect.stringContaining('at least minMs'))
})
