/** The sandbox as a process: what outlives it, and what it says when it cannot start. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, onTestFinished, test, vi } from 'vitest'
import { controlCall, SANDBOX_CREDENTIALS, startApplication, startTestSandbox } from './fixtures.ts'
import type { WorldView } from './index.ts'

const MAIN = join(import.meta.dirname, 'main.ts')
const { slackBotToken, slackJobsChannel: JOBS } = SANDBOX_CREDENTIALS

function environment(changes: Record<string, string> = {}): Record<string, string> {
  return {
    SANDBOX_PORT: '0',
    PUBLIC_URL: 'http://127.0.0.1:9',
    TWILIO_ACCOUNT_SID: SANDBOX_CREDENTIALS.twilioAccountSid,
    TWILIO_AUTH_TOKEN: SANDBOX_CREDENTIALS.twilioAuthToken,
    TWILIO_FROM: SANDBOX_CREDENTIALS.twilioFrom,
    SLACK_BOT_TOKEN: slackBotToken,
    SLACK_SIGNING_SECRET: SANDBOX_CREDENTIALS.slackSigningSecret,
    SLACK_JOBS_CHANNEL: JOBS,
    OPENAI_API_KEY: SANDBOX_CREDENTIALS.openaiApiKey,
    CIRCLE_API_TOKEN: SANDBOX_CREDENTIALS.circleApiToken,
    CIRCLE_SPACE_ID: String(SANDBOX_CREDENTIALS.circleSpaceId),
    SLACK_MEMBERS_USERGROUP: SANDBOX_CREDENTIALS.slackMembersUsergroup,
    MAILCHIMP_API_KEY: SANDBOX_CREDENTIALS.mailchimpApiKey,
    MAILCHIMP_LIST_ID: SANDBOX_CREDENTIALS.mailchimpListId,
    MAILCHIMP_WELCOME_JOURNEY_ID: String(SANDBOX_CREDENTIALS.mailchimpWelcomeJourneyId),
    MAILCHIMP_WELCOME_STEP_ID: String(SANDBOX_CREDENTIALS.mailchimpWelcomeStepId),
    LUMA_API_KEY: SANDBOX_CREDENTIALS.lumaApiKey,
    PAGERDUTY_ROUTING_KEY: SANDBOX_CREDENTIALS.pagerdutyRoutingKey,
    STRIPE_API_KEY: SANDBOX_CREDENTIALS.stripeApiKey,
    STRIPE_WEBHOOK_SECRET: SANDBOX_CREDENTIALS.stripeWebhookSecret,
    CLERK_SECRET_KEY: SANDBOX_CREDENTIALS.clerkSecretKey,
    CLERK_WEBHOOK_SIGNING_SECRET: SANDBOX_CREDENTIALS.clerkWebhookSecret,
    ...changes,
  }
}

function launch(changes: Record<string, string> = {}): ChildProcess {
  const child = spawn(process.execPath, [MAIN], { env: environment(changes), stdio: 'pipe' })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  return child
}

async function ready(child: ChildProcess): Promise<string> {
  if (!child.stdout) throw new Error('no standard output')
  const [line] = await once(createInterface({ input: child.stdout }), 'line')
  const said: unknown = JSON.parse(String(line))
  expect(said).toMatchObject({ event: 'sandbox.ready', port: expect.any(Number) })
  return `http://127.0.0.1:${(said as { port: number }).port}`
}

async function ended(child: ChildProcess): Promise<{ code: number | null; said: string }> {
  let said = ''
  child.stderr?.on('data', (chunk) => {
    said += chunk
  })
  const [code] = await once(child, 'close')
  return { code, said }
}

function stateFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'kinkeeper-sandbox-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'inner', 'world.sqlite')
}

const slack = (url: string, method: string, body: unknown) =>
  fetch(`${url}/slack/api/${method}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${slackBotToken}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })

test('kill -9 at any moment loses nothing: messages, opt-outs, faults, limits, the clock', async () => {
  const state = { SANDBOX_STATE_FILE: stateFile() }
  const first = launch(state)
  const url = await ready(first)
  await slack(url, 'chat.postMessage', { channel: JOBS, text: 'Before' })
  await controlCall(url, 'POST', '/texts', { from: '+14155550123', body: 'STOP' })
  await controlCall(url, 'POST', '/clock', { advanceMs: 86_400_000 })
  const fault = { provider: 'circle', operation: '*', kind: 'html', times: 3 }
  await controlCall(url, 'POST', '/faults', fault)
  await controlCall(url, 'POST', '/limits', { slackTier2: { perMinute: 7, burst: 7 } })
  await vi.waitFor(async () => {
    const { phones } = await controlCall<WorldView>(url, 'GET', '/world')
    expect(phones[0]?.messages.at(-1)?.status).toBe('delivered')
  })
  const before = await controlCall<WorldView>(url, 'GET', '/world')
  first.kill('SIGKILL')
  await once(first, 'close')

  const again = await ready(launch(state))
  const after = await controlCall<WorldView>(again, 'GET', '/world')
  expect({ ...after, clock: null, calls: null, circle: null }).toEqual({
    ...before,
    clock: null,
    calls: null,
    circle: null,
  })
  expect(after.clock.offsetMs).toBe(86_400_000)
  expect(after.phones[0]?.optedOut).toBe(true)
  const { limits } = await controlCall<{ limits: Record<string, unknown> }>(again, 'GET', '/limits')
  expect(limits.slackTier2).toEqual({ perMinute: 7, burst: 7 })
  await slack(again, 'chat.postMessage', { channel: JOBS, text: 'After' })
  const messages = (await controlCall<WorldView>(again, 'GET', '/world')).slack.channels[0]?.messages ?? []
  expect(messages.map(({ text }) => text)).toEqual(['Before', 'After'])
})

test('a text that was under way when the sandbox stopped goes on at the next start', async () => {
  const state = stateFile()
  const first = await startTestSandbox({ stateFile: state })
  const { twilioAccountSid: sid, twilioAuthToken, twilioFrom } = SANDBOX_CREDENTIALS
  await fetch(`${first.url}/twilio/2010-04-01/Accounts/${sid}/Messages.json`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${sid}:${twilioAuthToken}`).toString('base64')}` },
    body: new URLSearchParams({ To: '+14155550123', From: twilioFrom, Body: 'Hello' }),
  })
  await first.stop()
  const second = await startTestSandbox({ stateFile: state })
  await vi.waitFor(async () => {
    const { phones } = await second.control<WorldView>('GET', '/world')
    expect(phones[0]?.messages.map(({ status }) => status)).toEqual(['delivered'])
  })
})

test('kill -9 loses no webhook: what was not answered 2xx is sent again by the next process', async () => {
  const application = await startApplication()
  application.answer = () => new Promise(() => {})
  const state = { SANDBOX_STATE_FILE: stateFile(), PUBLIC_URL: application.url }
  const first = launch(state)
  await controlCall(await ready(first), 'POST', '/people/signup', { seed: 1 })
  await vi.waitFor(() => expect(application.received).toHaveLength(4))
  first.kill('SIGKILL')
  await once(first, 'close')
  const before = application.received.splice(0).map(({ raw }) => raw)
  application.answer = () => ({})
  const again = await ready(launch(state))
  await vi.waitFor(async () =>
    expect(await controlCall(again, 'GET', '/deliveries/idle')).toEqual({ idle: true, pending: 0, held: 0 }),
  )
  expect(application.received.map(({ raw }) => raw).toSorted()).toEqual(before.toSorted())
})

test('SIGTERM ends it cleanly', async () => {
  const child = launch()
  const url = await ready(child)
  const changes = await fetch(`${url}/control/changes`)
  child.kill('SIGTERM')
  expect((await ended(child)).code).toBe(0)
  await changes.body?.cancel().catch(() => {})
})

test('it ends when its parent is gone, if it was asked to', async () => {
  const child = launch({ SANDBOX_EXIT_WITH_PARENT: '1' })
  await ready(child)
  child.stdin?.end()
  expect((await ended(child)).code).toBe(0)
})

test('a taken port is a sentence and exit code 1', async () => {
  const { port } = await startTestSandbox()
  const { code, said } = await ended(launch({ SANDBOX_PORT: String(port) }))
  expect(code).toBe(1)
  expect(said).toBe(`Port ${port} is taken. Stop what uses it, or set SANDBOX_PORT to another one.\n`)
})

test('a state file in use is a sentence', async () => {
  const state = { SANDBOX_STATE_FILE: stateFile() }
  await ready(launch(state))
  const { code, said } = await ended(launch(state))
  expect(code).toBe(1)
  expect(said).toMatch(/^Another sandbox is using .+\n$/)
})

test('missing and wrong variables are named, each in a sentence', async () => {
  const { code, said } = await ended(launch({ SLACK_BOT_TOKEN: '', TWILIO_FROM: '12' }))
  expect(code).toBe(1)
  expect(said.trim().split('\n').toSorted()).toEqual([
    'SLACK_BOT_TOKEN is not set; the sandbox needs it.',
    'TWILIO_FROM is wrong: it is a phone number like +15005550006.',
  ])
})
