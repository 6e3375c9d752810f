import { expect, test } from 'vitest'
import { SANDBOX_CREDENTIALS, startApplication, startTestSandbox } from '../fixtures.ts'
import type { WorldView } from '../index.ts'

test('the change stream says the clock at once, each move of it, and that the world changed', async () => {
  const sandbox = await startTestSandbox()
  const response = await fetch(`${sandbox.url}/control/changes`)
  expect(response.headers.get('content-type')).toContain('text/event-stream')
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  let said = ''
  const heard = async (words: string) => {
    while (!said.includes(words)) {
      const piece = await reader?.read()
      if (!piece || piece.done) throw new Error(`the stream ended before it said: ${words}`)
      said += piece.value
    }
  }
  await heard('event: clock\ndata: {"offsetMs":0}')
  await sandbox.control('POST', '/clock', { advanceMs: 604_800_000 })
  await heard('event: clock\ndata: {"offsetMs":604800000}')
  await sandbox.control('POST', '/texts', { from: '+14155550123', body: 'Hello', wait: false })
  await heard('event: world')
  await reader?.cancel()
})

test('the clock moves everything the world dates, and never back', async () => {
  const application = await startApplication()
  const sandbox = await startTestSandbox({ publicUrl: application.url })
  const before = await sandbox.control<{ nowMs: number }>('GET', '/clock')
  await sandbox.control('POST', '/clock', { advanceMs: 604_800_000 })
  await sandbox.control('POST', '/texts', { from: '+14155550123', body: 'Hello' })
  const { phones } = await sandbox.control<WorldView>('GET', '/world')
  expect(phones[0]?.messages[0]?.atMs).toBeGreaterThanOrEqual(before.nowMs + 604_800_000)
  expect(await sandbox.control('POST', '/clock', { advanceMs: -1 })).toHaveProperty('error')
})

test('reset empties the world and keeps the people', async () => {
  const sandbox = await startTestSandbox()
  await sandbox.control('POST', '/texts', { from: '+14155550123', body: 'STOP' })
  await sandbox.control('POST', '/faults', { provider: 'slack', operation: '*', kind: 'html' })
  await sandbox.control('POST', '/reset')
  const world = await sandbox.control<WorldView>('GET', '/world')
  expect(world).toMatchObject({ phones: [], twilioAlerts: [], faults: [], calls: { byOperation: {} } })
  expect(world.slack.users).toHaveLength(5)
  expect(world.slack.channels.map(({ name }) => name)).toEqual(['jobs', 'alerts'])
})

test('a limited view shows the latest of each list', async () => {
  const application = await startApplication()
  const sandbox = await startTestSandbox({ publicUrl: application.url })
  for (const body of ['1', '2', '3']) await sandbox.control('POST', '/texts', { from: '+14155550123', body })
  const { phones } = await sandbox.control<WorldView>('GET', '/world?limit=2')
  expect(phones[0]?.messages.map(({ body }) => body)).toEqual(['2', '3'])
})

test('recorded calls carry no credentials', async () => {
  const sandbox = await startTestSandbox()
  const { slackBotToken } = SANDBOX_CREDENTIALS
  for (const init of [
    { headers: { authorization: `Bearer ${slackBotToken}` } },
    { body: new URLSearchParams({ token: slackBotToken }) },
  ]) {
    const response = await fetch(`${sandbox.url}/slack/api/auth.test`, { method: 'POST', ...init })
    expect(await response.json()).toHaveProperty('ok', true)
  }
  const calls = JSON.stringify(await sandbox.control('GET', '/calls?operation=auth.test'))
  expect(calls).toContain('auth.test')
  expect(calls).not.toContain(slackBotToken)
})
