import { describe, expect, test } from 'vitest'
import type { Connectors } from '../../src/connectors/index.ts'
import { KinkeeperError, LookFirstError, RetryAtError } from '../../src/primitives/index.ts'
import { connectorsAt } from './connectors-at.ts'
import { type Reply, startRecordingServer, unusedAddress } from './recording-server.ts'

const TIMEOUT_MS = 400

/** Each call by name: those that repeating would do twice, and those that may be repeated. */
const ONCE: Record<string, (connectors: Connectors) => Promise<unknown>> = {
  'chat.postMessage': ({ slack }) =>
    slack.postMessage({ channel: 'C1', text: 'hi', blocks: [], marker: 'm' }),
  'create post': ({ circle }) => circle.createPost({ title: 'Chef', paragraphs: [], marker: 'Ref KK-00000' }),
  'messages.create': ({ twilio }) => twilio.sendMessage({ to: '+14155550123', body: 'hi' }),
  'trigger welcome': ({ mailchimp }) => mailchimp.triggerWelcome('jo@example.org'),
  'set guest status': ({ luma }) =>
    luma.setGuestStatus({ eventId: 'evt-1', guestId: 'gst-1', status: 'approved' }),
}
const REPEATABLE: Record<string, (connectors: Connectors) => Promise<unknown>> = {
  'conversations.history': ({ slack }) => slack.findMessage({ channel: 'C1', marker: 'm', sinceMs: 0 }),
  'conversations.replies': ({ slack }) =>
    slack.findMessage({ channel: 'C1', marker: 'm', sinceMs: 0, threadTs: '1.0' }),
  'chat.update': ({ slack }) => slack.updateMessage({ channel: 'C1', ts: '1.0', text: 'hi', blocks: [] }),
  'users.info': ({ slack }) => slack.userName('U1'),
  'list posts': ({ circle }) => circle.findPost({ marker: 'Ref KK-00000', title: 'Chef', sinceMs: 0 }),
  'messages.list': ({ twilio }) => twilio.findMessage({ to: '+14155550123', body: 'hi', sinceMs: 0 }),
  'responses.create': ({ openai }) =>
    openai.extract({ instructions: 'i', text: 't', schemaName: 's', jsonSchema: { type: 'object' } }),
  'users.list': ({ slackPeople }) => slackPeople.listPeople(null),
  'users.lookupByEmail': ({ slackPeople }) => slackPeople.findPerson('jo@example.org'),
  'usergroups.list': ({ slackPeople }) => slackPeople.setGroupMembers('S1', ['U1']),
  'find contact': ({ mailchimp }) => mailchimp.findContact('jo@example.org'),
  'put contact': ({ mailchimp }) =>
    mailchimp.putContact({
      email: 'jo@example.org',
      name: { first: 'Jo', last: '' },
      statusIfNew: 'subscribed',
    }),
  'set tags': ({ mailchimp }) => mailchimp.setTags('jo@example.org', [{ name: 'active', active: true }]),
  'archive contact': ({ mailchimp }) => mailchimp.archiveContact('jo@example.org'),
  'list events': ({ luma }) => luma.listUpcomingEvents({ afterMs: 0, cursor: null }),
  'list guests': ({ luma }) => luma.listPendingGuests({ eventId: 'evt-1', cursor: null }),
  'find guest': ({ luma }) => luma.findGuest({ eventId: 'evt-1', guestId: 'gst-1' }),
  'subscriptions.retrieve': ({ stripe }) => stripe.subscription('sub_1'),
  'customers.retrieve': ({ stripe }) => stripe.customer('cus_1'),
  'subscriptions.list': ({ stripe }) => stripe.subscriptionsOf('cus_1'),
  'users.getUser': ({ clerk }) => clerk.user('user_1'),
}

async function failureOf(
  call: (connectors: Connectors) => Promise<unknown>,
  url: string,
): Promise<KinkeeperError> {
  const error: unknown = await call(connectorsAt(url, { timeoutMs: TIMEOUT_MS })).then(
    () => new Error('it did not fail'),
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof KinkeeperError)) throw error
  return error
}

async function failureAfter(call: (connectors: Connectors) => Promise<unknown>, reply: Reply) {
  await using server = await startRecordingServer(() => reply)
  const error = await failureOf(call, server.url)
  expect(server.requests, 'a connector never retries by itself').toHaveLength(1)
  return error
}

const HTML = '<html><body>Bad gateway jo@example.org</body></html>'
/** What happened, and what is then known. `settle`: how long before a look-up is worth it. */
const LOST: readonly (readonly [name: string, reply: Reply, settleMs: number])[] = [
  ['a reset', { fault: 'reset' }, 1_000],
  ['a body that is cut', { fault: 'cut_body' }, 1_000],
  ['no answer in time', { fault: 'hang' }, 15_000],
  ['500', { status: 500, body: { message: 'oops' } }, 1_000],
  ['502 with a page', { status: 502, body: HTML }, 15_000],
  ['503', { status: 503, body: '' }, 1_000],
  ['200 with a page', { status: 200, body: HTML }, 1_000],
  ['200 with half of the JSON', { status: 200, body: '{"ok":true,"ts":"1' }, 1_000],
  ['200 with other JSON', { status: 200, body: { ok: true, hello: 'world' } }, 1_000],
]

describe.each(Object.entries(ONCE))('%s, which must not be done twice', (operation, call) => {
  test('was not sent when the connection is refused', async () => {
    const error = await failureOf(call, await unusedAddress())
    expect(error).toMatchObject({ next: 'retry', facts: { operation, code: 'ECONNREFUSED' } })
  })

  // Luma's answer to it says nothing, so there is nothing in it that could be wrong.
  const lost = LOST.filter(([name]) => operation !== 'set guest status' || name !== '200 with other JSON')
  test.each(lost)('may have happened after %s', async (_name, reply, settleMs) => {
    const error = await failureAfter(call, reply)
    expect(error).toMatchObject({ next: 'look-first', facts: { operation } })
    expect(error instanceof LookFirstError && error.settleMs).toBe(settleMs)
    expect(error.message).not.toContain('jo@example.org')
  })
})

describe.each(Object.entries(REPEATABLE))('%s, which may be repeated', (operation, call) => {
  test('is tried again when the connection is refused', async () => {
    expect(await failureOf(call, await unusedAddress())).toMatchObject({
      next: 'retry',
      facts: { operation },
    })
  })

  const lost = LOST.filter(([name]) => name !== '200 with other JSON')
  test.each(lost)('is tried again after %s', async (_name, reply) => {
    expect(await failureAfter(call, reply)).toMatchObject({ next: 'retry', facts: { operation } })
  })
})

describe.each(Object.entries({ ...ONCE, ...REPEATABLE }))('%s', (_operation, call) => {
  test('comes back when Retry-After says, in seconds', async () => {
    const error = await failureAfter(call, { status: 429, body: {}, headers: { 'retry-after': '7' } })
    expect(error instanceof RetryAtError && error.retryAfterMs).toBe(7_000)
  })

  test('comes back after a while when a 429 does not say', async () => {
    const error = await failureAfter(call, { status: 429, body: HTML })
    expect(error instanceof RetryAtError && error.retryAfterMs).toBeGreaterThanOrEqual(2_000)
  })
})

describe('a refusal says what to do', () => {
  const REFUSALS: readonly (readonly [call: string, reply: Reply, message: RegExp])[] = [
    [
      'create post',
      { status: 401, body: { success: false, message: 'The API token is invalid.' } },
      /check CIRCLE_API_TOKEN/,
    ],
    ['create post', { status: 404, body: { message: 'Oops! Missing record.' } }, /check CIRCLE_SPACE_ID/],
    [
      'create post',
      { status: 422, body: { message: "Name can't be blank" } },
      /content of the post.*Name can't be blank/,
    ],
    ['create post', { status: 302, headers: { location: 'https://elsewhere.example' } }, /HTTP 302/],
    [
      'chat.postMessage',
      { status: 200, body: { ok: false, error: 'invalid_auth' } },
      /check SLACK_BOT_TOKEN/,
    ],
    ['chat.postMessage', { status: 200, body: { ok: false, error: 'not_in_channel' } }, /\/invite/],
    ['chat.postMessage', { status: 200, body: { ok: false, error: 'invalid_blocks' } }, /invalid_blocks/],
    ['messages.create', { status: 400, body: { code: 21610, message: 'to +14155550123' } }, /opted out/],
    [
      'messages.create',
      { status: 401, body: { code: 20003, message: 'Authenticate' } },
      /check TWILIO_ACCOUNT_SID/,
    ],
    [
      'messages.create',
      { status: 400, body: { code: 21999, message: 'to +14155550123' } },
      /docs\/errors\/21999/,
    ],
    [
      'responses.create',
      { status: 401, body: { error: { code: 'invalid_api_key' } } },
      /check OPENAI_API_KEY/,
    ],
    ['responses.create', { status: 404, body: { error: { code: 'model_not_found' } } }, /check OPENAI_MODEL/],
    ['responses.create', { status: 429, body: { error: { code: 'insufficient_quota' } } }, /no credit/],
  ]
  const calls = { ...ONCE, ...REPEATABLE }
  test.each(REFUSALS)('%s %j', async (name, reply, message) => {
    const error = await failureAfter(calls[name] ?? (() => Promise.resolve()), reply)
    expect(error.next).toBe('never-retry')
    expect(error.message).toMatch(message)
    expect(error.message).not.toContain('4155550123')
  })

  test('but a person whom Slack does not know is called by their id', async () => {
    await using server = await startRecordingServer(() => ({
      status: 200,
      body: { ok: false, error: 'user_not_found' },
    }))
    expect(await connectorsAt(server.url).slack.userName('U404')).toBe('U404')
  })

  test('a provider’s own words for its failures are not refusals', async () => {
    const { 'chat.postMessage': post } = ONCE
    if (!post) throw new Error('no such call')
    expect(
      (await failureAfter(post, { status: 200, body: { ok: false, error: 'internal_error' } })).next,
    ).toBe('look-first')
    expect((await failureAfter(post, { status: 200, body: { ok: false, error: 'ratelimited' } })).next).toBe(
      'retry-at',
    )
  })

  test('OpenAI’s finer Retry-After counts', async () => {
    const { 'responses.create': create } = REPEATABLE
    if (!create) throw new Error('no such call')
    const headers = { 'retry-after-ms': '1500', 'retry-after': '2' }
    const error = await failureAfter(create, {
      status: 429,
      body: { error: { code: 'rate_limit_exceeded' } },
      headers,
    })
    expect(error instanceof RetryAtError && error.retryAfterMs).toBe(1_500)
  })
})
