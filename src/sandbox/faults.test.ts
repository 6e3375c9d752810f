import { expect, test, vi } from 'vitest'
import { monotonicMs } from '../primitives/index.ts'
import { SANDBOX_CREDENTIALS, slackClient, startApplication, startTestSandbox } from './fixtures.ts'
import type { WorldView } from './index.ts'

const { slackBotToken, slackJobsChannel: JOBS, circleApiToken, circleSpaceId } = SANDBOX_CREDENTIALS

async function start() {
  const sandbox = await startTestSandbox()
  const client = slackClient(sandbox.url)
  const post = (text: string) => client.chat.postMessage({ channel: JOBS, text })
  const outcome = (text: string) =>
    post(text).then(
      () => 'ok',
      () => 'failed',
    )
  const fault = (kind: string, more = {}) =>
    sandbox.control<{ fault: { id: string } }>('POST', '/faults', {
      provider: 'slack',
      operation: 'chat.postMessage',
      kind,
      ...more,
    })
  const texts = async () => {
    const world = await sandbox.control<WorldView>('GET', '/world')
    return world.slack.channels[0]?.messages.map(({ text }) => text)
  }
  const raw = (signal?: AbortSignal) =>
    fetch(`${sandbox.url}/slack/api/chat.postMessage`, {
      method: 'POST',
      headers: { authorization: `Bearer ${slackBotToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ channel: JOBS, text: 'raw' }),
      ...(signal && { signal }),
    })
  return { sandbox, post, outcome, fault, texts, raw }
}

test('drop-after: the message is there, the answer is lost', async () => {
  const { fault, outcome, texts, sandbox } = await start()
  await fault('drop-after', { times: 1 })
  expect(await outcome('first')).toBe('failed')
  expect(await outcome('second')).toBe('ok')
  expect(await texts()).toEqual(['first', 'second'])
  const { calls } = await sandbox.control<{ calls: { status: number }[] }>('GET', '/calls?provider=slack')
  expect(calls.map(({ status }) => status)).toEqual([0, 200])
})

test('drop-before: the connection is cut and nothing is done', async () => {
  const { fault, outcome, texts } = await start()
  await fault('drop-before', { times: 2 })
  expect([await outcome('1'), await outcome('2'), await outcome('3')]).toEqual(['failed', 'failed', 'ok'])
  expect(await texts()).toEqual(['3'])
})

test('status before and after the work', async () => {
  const { fault, raw, texts } = await start()
  await fault('status', { status: 503, times: 1 })
  const before = await raw()
  expect([before.status, await before.json()]).toEqual([503, { ok: false, error: 'internal_error' }])
  expect(await texts()).toEqual([])
  await fault('status', { status: 500, when: 'after', body: 'oops', times: 1 })
  const after = await raw()
  expect([after.status, await after.text()]).toEqual([500, 'oops'])
  expect(await texts()).toEqual(['raw'])
})

test('rate-limit, html, malformed and slow-trickle', async () => {
  const { fault, raw, texts } = await start()
  await fault('rate-limit', { retryAfterS: 3, times: 1 })
  const limited = await raw()
  expect([limited.status, limited.headers.get('retry-after'), await limited.json()]).toEqual([
    429,
    '3',
    { ok: false, error: 'ratelimited' },
  ])
  await fault('html', { times: 1 })
  const page = await raw()
  expect([page.status, page.headers.get('content-type')]).toEqual([503, 'text/html'])
  expect(await texts()).toEqual([])
  await fault('malformed', { times: 1 })
  await expect((await raw()).json()).rejects.toThrow(SyntaxError)
  await fault('slow-trickle', { delayMs: 10, times: 1 })
  const startedMs = monotonicMs()
  expect(await (await raw()).json()).toMatchObject({ ok: true })
  expect(monotonicMs() - startedMs).toBeGreaterThan(60)
  expect(await texts()).toEqual(['raw', 'raw'])
})

test('endless and cut-midway: the work is done, and the answer never ends, or breaks off', async () => {
  const { fault, raw, texts } = await start()
  await fault('endless', { delayMs: 5, times: 1 })
  const endless = await raw(AbortSignal.timeout(200))
  expect(endless.status).toBe(200)
  await expect(endless.text()).rejects.toThrow()
  await fault('cut-midway', { times: 1 })
  const cut = await raw()
  expect(cut.status).toBe(200)
  await expect(cut.text()).rejects.toThrow()
  expect(await texts()).toEqual(['raw', 'raw'])
  expect((await raw()).status).toBe(200)
})

test('delay holds the call, and the work is done even when the caller has given up', async () => {
  const { fault, raw, texts } = await start()
  await fault('delay', { delayMs: 80, times: 2 })
  const startedMs = monotonicMs()
  expect((await raw()).status).toBe(200)
  expect(monotonicMs() - startedMs).toBeGreaterThan(70)
  await expect(raw(AbortSignal.timeout(30))).rejects.toThrow()
  expect(await texts()).toEqual(['raw'])
  await vi.waitFor(async () => expect(await texts()).toEqual(['raw', 'raw']))
})

test('who is hit depends on the seed alone', async () => {
  const runs: string[] = []
  for (const seed of [42, 42, 43]) {
    const { fault, outcome } = await start()
    await fault('drop-before', { probability: 0.5, seed })
    const outcomes: string[] = []
    for (let number = 0; number < 24; number++) outcomes.push(await outcome('x'))
    runs.push(outcomes.join())
  }
  expect(runs[0]).toBe(runs[1])
  expect(runs[0]).not.toBe(runs[2])
  expect(runs[0]).toContain('ok')
  expect(runs[0]).toContain('failed')
})

test('`*` reaches all API operations of one provider, and no delivery', async () => {
  const application = await startApplication()
  const sandbox = await startTestSandbox({ publicUrl: application.url })
  const added = await sandbox.control<{ fault: { id: string } }>('POST', '/faults', {
    provider: 'twilio',
    operation: '*',
    kind: 'status',
  })
  const sid = SANDBOX_CREDENTIALS.twilioAccountSid
  const list = () => fetch(`${sandbox.url}/twilio/2010-04-01/Accounts/${sid}/Messages.json`)
  expect((await list()).status).toBe(500)
  await sandbox.control('POST', '/texts', { from: '+14155550123', body: 'Hello' })
  expect(application.received).toHaveLength(1)
  const circle = await fetch(`${sandbox.url}/circle/api/admin/v2/posts?space_id=${circleSpaceId}`, {
    headers: { authorization: `Token ${circleApiToken}` },
  })
  expect(circle.status).toBe(200)
  await sandbox.control('DELETE', `/faults/${added.fault.id}`)
  expect((await list()).status).toBe(401)
})

test.each([
  [{ provider: 'slack', operation: 'chat.postMessage', kind: 'duplicate' }, 'only deliveries'],
  [{ provider: 'twilio', operation: 'webhook', kind: 'html' }, 'a delivery can only suffer'],
  [{ provider: 'nobody', operation: '*', kind: 'html' }, 'provider'],
])('a fault that makes no sense is refused: %o', async (request, words) => {
  const { sandbox } = await start()
  const answer = await sandbox.control<{ error: { message: string } }>('POST', '/faults', request)
  expect(answer.error.message).toContain(words)
})
