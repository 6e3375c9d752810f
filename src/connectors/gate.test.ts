import { expect, test } from 'vitest'
import { connectorsAt } from '../../tests/contracts/connectors-at.ts'
import { type Recorded, type Reply, startRecordingServer } from '../../tests/contracts/recording-server.ts'
import { NeverRetryError, ParkError, RetryAtError, RetryError } from '../primitives/index.ts'
import type { Connectors, Gate } from './index.ts'

type Passed = { request: Parameters<Gate>[0]; error: unknown }

/** Connectors at a scripted provider, with a gate that notes what passes it and how that ends. */
async function start(reply: (request: Recorded, index: number) => Reply, refuse?: Error) {
  const server = await startRecordingServer(reply)
  const passed: Passed[] = []
  const gate: Gate = async (request, act) => {
    const pass: Passed = { request, error: null }
    passed.push(pass)
    if (refuse) throw refuse
    return act().catch((error: unknown) => {
      pass.error = error
      throw error
    })
  }
  return {
    server,
    passed,
    connectors: connectorsAt(server.url, { gate }),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}
const ok = (body: unknown): Reply => ({ status: 200, body })
const slackOk = ok({ ok: true, channel: 'C1', ts: '1.0', user: { name: 'jo' } })

const REQUESTS: readonly [
  expected: Parameters<Gate>[0],
  reply: Reply,
  call: (connectors: Connectors) => Promise<unknown>,
][] = [
  [
    { provider: 'slack', operation: 'chat.postMessage', subject: 'C1' },
    slackOk,
    ({ slack }) => slack.postMessage({ channel: 'C1', text: 'hi', blocks: [], marker: 'm' }),
  ],
  [
    { provider: 'slack', operation: 'chat.update', subject: 'C1' },
    slackOk,
    ({ slack }) => slack.updateMessage({ channel: 'C1', ts: '1.0', text: 'hi', blocks: [] }),
  ],
  [
    { provider: 'slack', operation: 'views.open', urgent: true },
    slackOk,
    ({ slack }) =>
      slack.openView({
        triggerId: 't',
        view: { type: 'modal', title: { type: 'plain_text', text: 'x' }, blocks: [] },
      }),
  ],
  [
    { provider: 'slack', operation: 'chat.postEphemeral', subject: 'C1', urgent: true },
    slackOk,
    ({ slack }) => slack.postEphemeral({ channel: 'C1', user: 'U1', text: 'hi' }),
  ],
  [
    { provider: 'slack', operation: 'users.info', urgent: true },
    slackOk,
    ({ slack }) => slack.userName('U1'),
  ],
  [
    { provider: 'circle', operation: 'list posts' },
    ok({ has_next_page: false, records: [] }),
    ({ circle }) => circle.findPost({ marker: 'm', title: 't', sinceMs: 0 }),
  ],
  [
    { provider: 'twilio', operation: 'messages.create' },
    { status: 201, body: { sid: 'SM1' } },
    ({ twilio }) => twilio.sendMessage({ to: '+14155550123', body: 'hi' }),
  ],
  [
    { provider: 'mailchimp', operation: 'ping' },
    ok({ health_status: 'fine' }),
    ({ mailchimp }) => mailchimp.ping(),
  ],
  [{ provider: 'luma', operation: 'ping' }, ok({ id: 'usr-1' }), ({ luma }) => luma.ping()],
  [
    { provider: 'stripe', operation: 'subscriptions.list' },
    ok({ object: 'list', data: [], has_more: false }),
    ({ stripe }) => stripe.ping(),
  ],
  [
    { provider: 'clerk', operation: 'users.getCount' },
    ok({ object: 'total_count', total_count: 3 }),
    ({ clerk }) => clerk.ping(),
  ],
  [
    { provider: 'stripe', operation: 'subscriptions.list' },
    ok({ object: 'list', data: [], has_more: false }),
    ({ stripe }) => stripe.listSubscriptions(null),
  ],
  [{ provider: 'clerk', operation: 'users.getUserList' }, ok([]), ({ clerk }) => clerk.listUsers(null)],
]

test.each(REQUESTS)('passes the gate: %j', async (expected, reply, call) => {
  await using world = await start(() => reply)
  await call(world.connectors)
  expect(world.passed).toEqual([{ request: expected, error: null }])
})

test('each page is a request of its own', async () => {
  await using slack = await start((_request, index) =>
    ok({ ok: true, messages: [], response_metadata: { next_cursor: index < 2 ? 'more' : '' } }),
  )
  await slack.connectors.slack.findMessage({ channel: 'C1', marker: 'm', sinceMs: 0 })
  expect(slack.passed.map(({ request }) => request)).toEqual(
    Array(3).fill({ provider: 'slack', operation: 'conversations.history', subject: 'C1' }),
  )

  await using twilio = await start((_request, index) =>
    ok({ messages: [], next_page_uri: index === 0 ? '/2010-04-01/Accounts/AC/Messages.json?Page=1' : null }),
  )
  await twilio.connectors.twilio.findMessage({ to: '+14155550123', body: 'hi', sinceMs: 0 })
  expect(twilio.passed).toHaveLength(2)
  expect(twilio.server.requests).toHaveLength(2)

  await using circle = await start((_request, index) =>
    ok({
      has_next_page: index === 0,
      records: [
        { id: 1, url: 'u', created_at: '2026-11-22T12:00:00Z', name: 'other', body: { body: 'text' } },
      ],
    }),
  )
  await circle.connectors.circle.findPost({ marker: 'm', title: 't', sinceMs: 0 })
  expect(circle.passed).toHaveLength(2)
})

test('a question that OpenAI answers by its other API is two requests', async () => {
  const message = { role: 'assistant', content: '{}', refusal: null }
  await using world = await start((request) =>
    request.path.endsWith('/responses')
      ? { status: 404, body: { detail: 'Not Found' } }
      : ok({ choices: [{ index: 0, finish_reason: 'stop', message }] }),
  )
  await world.connectors.openai.extract({ instructions: 'i', text: 't', schemaName: 's', jsonSchema: {} })
  expect(world.passed.map(({ request }) => request.operation)).toEqual([
    'responses.create',
    'chat.completions.create',
  ])
  expect(world.passed.map(({ error }) => error)).toEqual([expect.any(NeverRetryError), null])
})

test('a question that the caller gives up says nothing about OpenAI', async () => {
  await using world = await start(() => ({ fault: 'hang' }))
  const giveUp = new AbortController()
  const question = { instructions: 'i', text: 't', schemaName: 's', jsonSchema: {}, signal: giveUp.signal }
  const asked = world.connectors.openai.extract(question)
  await expect.poll(() => world.server.requests.length).toBe(1)
  const reason = new Error('stopped')
  giveUp.abort(reason)
  await expect(asked).rejects.toBe(reason)
  expect(world.passed[0]?.error).toBe(reason)
})

test('what the gate sees thrown is sorted already', async () => {
  await using away = await start(() => ({ status: 503, body: '' }))
  await expect(away.connectors.luma.ping()).rejects.toThrow()
  await expect(away.connectors.clerk.ping()).rejects.toThrow()
  await using busy = await start(() => ({ status: 429, body: '' }))
  await expect(busy.connectors.stripe.ping()).rejects.toThrow()
  expect(away.passed.map(({ error }) => error)).toEqual([expect.any(RetryError), expect.any(RetryError)])
  expect(busy.passed[0]?.error).toBeInstanceOf(RetryAtError)
})

test.each(REQUESTS)(
  'a gate that is shut sends nothing, and says so itself: %j',
  async (_expected, reply, call) => {
    const away = new ParkError('It is away.', { provider: 'x', untilMs: null })
    await using world = await start(() => reply, away)
    await expect(call(world.connectors)).rejects.toBe(away)
    expect(world.server.requests).toEqual([])
  },
)
