import twilio from 'twilio'
import type RequestClient from 'twilio/lib/base/RequestClient.js'
import { expect, test, vi } from 'vitest'
import { SANDBOX_CREDENTIALS, startApplication, startTestSandbox } from '../fixtures.ts'
import type { WorldView } from '../index.ts'
import type { WebhookResult } from './inbound.ts'

const SENDER = '+14155550123'
const { twilioAccountSid: SID, twilioAuthToken: TOKEN, twilioFrom: OURS } = SANDBOX_CREDENTIALS
const twiml = (text: string) =>
  `<?xml version="1.0" encoding="UTF-8"?><Response><Message>${text}</Message></Response>`

class SandboxHttpClient extends twilio.RequestClient {
  readonly origin: string
  constructor(origin: string) {
    super({ autoRetry: false })
    this.origin = origin
  }
  override request<TData>(options: RequestClient.RequestOptions<TData>) {
    return super.request<TData>({
      ...options,
      uri: options.uri.replace('https://api.twilio.com', `${this.origin}/twilio`),
    })
  }
}

async function start() {
  const application = await startApplication()
  const sandbox = await startTestSandbox({ publicUrl: application.url })
  const client = twilio(SID, TOKEN, { httpClient: new SandboxHttpClient(sandbox.url) })
  const text = (body: string, more = {}) =>
    sandbox.control<WebhookResult>('POST', '/texts', { from: SENDER, body, ...more })
  const phone = async () => {
    const world = await sandbox.control<WorldView>('GET', '/world')
    return world.phones.find(({ number }) => number === SENDER)
  }
  return { application, sandbox, client, text, phone }
}

test('the official SDK sends, fetches and lists texts', async () => {
  const { client } = await start()
  const before = new Date()
  const sent = await client.messages.create({ to: SENDER, from: OURS, body: 'Your post is live 🎉' })
  expect(sent).toMatchObject({
    status: 'queued',
    direction: 'outbound-api',
    numSegments: '1',
    dateSent: null,
  })

  await vi.waitFor(async () => expect((await client.messages(sent.sid).fetch()).status).toBe('delivered'))
  for (const number of [1, 2, 3, 4])
    await client.messages.create({ to: SENDER, from: OURS, body: `text ${number}` })
  await vi.waitFor(async () => {
    const found = await client.messages.list({ to: SENDER, from: OURS, dateSentAfter: before, pageSize: 2 })
    expect(found.map(({ body }) => body)).toEqual([
      'text 4',
      'text 3',
      'text 2',
      'text 1',
      'Your post is live 🎉',
    ])
  })
  expect(await client.messages.list({ to: '+14155550199' })).toEqual([])
  const tomorrow = new Date(Date.parse(before.toISOString()) + 86_400_000)
  expect(await client.messages.list({ dateSentAfter: tomorrow })).toEqual([])
  await expect(client.messages('SM'.padEnd(34, '0')).fetch()).rejects.toMatchObject({
    status: 404,
    code: 20404,
  })
})

test.each([
  [{ to: '+15005550001' }, 21211],
  [{ to: 'nobody' }, 21211],
  [{ to: '+15005550009' }, 21614],
  [{ to: '+15005550004' }, 21610],
  [{ from: '+15005550008' }, 21611],
  [{ from: '+14155550000' }, 21606],
  [{ body: 'x'.repeat(1_601) }, 21617],
  [{ body: '' }, 21602],
])('a text that cannot be sent is refused: %o', async (change, code) => {
  const { client } = await start()
  const create = client.messages.create({ to: SENDER, from: OURS, body: 'Hello', ...change })
  await expect(create).rejects.toMatchObject({ status: 400, code })
})

test('wrong credentials are 401 with code 20003', async () => {
  const { sandbox } = await start()
  const stranger = twilio(SID, 'wrong', { httpClient: new SandboxHttpClient(sandbox.url) })
  const create = stranger.messages.create({ to: SENDER, from: OURS, body: 'Hello' })
  await expect(create).rejects.toMatchObject({ status: 401, code: 20003 })
})

test('an inbound text is signed so that the SDK accepts it, and its answer is delivered once', async () => {
  const { application, sandbox, text, phone } = await start()
  application.answer = () => ({ body: twiml('Thanks &amp; see you, KK-1') })
  const { sid, webhookStatus, reply } = await text('Barista at Blue Café, +1 415 555 0100 & more =?')
  expect({ webhookStatus, reply }).toEqual({ webhookStatus: 200, reply: 'Thanks & see you, KK-1' })

  const [request] = application.received
  const url = `${application.url}/webhooks/twilio-sms`
  const signature = String(request?.headers['x-twilio-signature'])
  expect(twilio.validateRequest(TOKEN, signature, url, request?.form ?? {})).toBe(true)
  expect(twilio.validateRequest(TOKEN, signature, url, { ...request?.form, Body: 'x' })).toBe(false)
  expect(request?.form).toMatchObject({
    MessageSid: sid,
    From: SENDER,
    To: OURS,
    NumMedia: '0',
    FromCity: '',
  })

  await sandbox.control('POST', `/texts/${sid}/redeliver`, { times: 50, concurrent: true })
  expect(application.received).toHaveLength(51)
  expect((await phone())?.messages.map(({ direction }) => direction)).toEqual([
    'to_community',
    'from_community',
  ])
})

test('webhooks may take a shorter way than the public address they are signed for', async () => {
  const application = await startApplication()
  const publicUrl = 'https://kinkeeper.example'
  const sandbox = await startTestSandbox({ publicUrl, deliverTo: application.url })
  await sandbox.control('POST', '/texts', { from: SENDER, body: 'Hello' })
  const [request] = application.received
  const signature = String(request?.headers['x-twilio-signature'])
  const url = `${publicUrl}/webhooks/twilio-sms`
  expect(twilio.validateRequest(TOKEN, signature, url, request?.form ?? {})).toBe(true)
  expect(request?.headers.host).toBe('kinkeeper.example')
})

test.each([
  ['a 500', { status: 500, body: 'oops' }, 11200],
  ['the wrong content type', { type: 'application/json', body: '{}' }, 12300],
  ['broken XML', { body: '<Response><Message>Tom & Ann</Message></Response>' }, 12100],
])('%s of the webhook is an alert and no reply', async (_name, answer, code) => {
  const { application, sandbox, text, phone } = await start()
  application.answer = () => answer
  expect((await text('Hello')).reply).toBeNull()
  expect((await sandbox.control<WorldView>('GET', '/world')).twilioAlerts).toMatchObject([{ code }])
  expect((await phone())?.messages).toHaveLength(1)
})

test('a webhook that cannot be reached is tried once more, with the same idempotency token', async () => {
  const { application, sandbox, text } = await start()
  await sandbox.control('POST', '/faults', {
    provider: 'twilio',
    operation: 'webhook',
    kind: 'drop-before',
    times: 1,
  })
  expect((await text('Hello')).webhookStatus).toBe(200)
  const { calls } = await sandbox.control<{ calls: { headers: Record<string, string>; status: number }[] }>(
    'GET',
    '/calls?provider=twilio&operation=webhook',
  )
  expect(calls.map(({ status }) => status)).toEqual([0, 200])
  expect(new Set(calls.map(({ headers }) => headers['i-twilio-idempotency-token'])).size).toBe(1)
  expect(JSON.stringify(calls)).not.toContain('x-twilio-signature')

  application.answer = () => {
    throw new Error('cut')
  }
  expect((await text('Again')).webhookStatus).toBeNull()
  expect(application.received, 'a connection cut after the request is not retried').toHaveLength(2)
})

test('Twilio answers the opt-out words itself, forwards them, and blocks what follows', async () => {
  const { application, client, text, phone } = await start()
  application.answer = () => ({ body: twiml('Hello from us') })
  await text(' Stop ')
  await text('stop')
  expect(application.received).toHaveLength(2)
  const bodies = (await phone())?.messages.filter((m) => m.direction === 'from_community').map((m) => m.body)
  expect(bodies).toEqual([expect.stringContaining('successfully been unsubscribed')])
  expect((await phone())?.optedOut).toBe(true)
  const create = () => client.messages.create({ to: SENDER, from: OURS, body: 'Hello' })
  await expect(create()).rejects.toMatchObject({ status: 400, code: 21610 })

  await text('START')
  expect((await phone())?.optedOut).toBe(false)
  expect(await create()).toMatchObject({ status: 'queued' })
  await text('Stop please')
  expect((await phone())?.optedOut).toBe(false)
})

test('status callbacks follow a text, signed: queued, sent, delivered; or undelivered with a code', async () => {
  const { application, sandbox, client } = await start()
  const statusCallback = `${application.url}/status?run=1`
  const send = () => client.messages.create({ to: SENDER, from: OURS, body: 'Hello', statusCallback })
  const statuses = () => application.received.map(({ form }) => form.MessageStatus)
  await send()
  await vi.waitFor(() => expect(statuses().toSorted()).toEqual(['delivered', 'queued', 'sent']))
  for (const { headers, form } of application.received) {
    expect(twilio.validateRequest(TOKEN, String(headers['x-twilio-signature']), statusCallback, form)).toBe(
      true,
    )
  }
  const fault = { provider: 'twilio', operation: 'delivery', kind: 'status', status: 30007 }
  await sandbox.control('POST', '/faults', fault)
  await send()
  await vi.waitFor(() => expect(application.received.at(-1)?.form.ErrorCode).toBe('30007'))
})

test('a picture message points to media behind Basic authentication', async () => {
  const { application, text } = await start()
  const source = `data:image/png;base64,${Buffer.from('not really a png').toString('base64')}`
  const { sid } = await text('', { mediaUrls: [source] })
  expect(sid).toMatch(/^MM/)
  const url = String(application.received[0]?.form.MediaUrl0)
  expect((await fetch(url)).status).toBe(401)
  const authorization = `Basic ${Buffer.from(`${SID}:${TOKEN}`).toString('base64')}`
  const redirect = await fetch(url, { headers: { authorization }, redirect: 'manual' })
  expect(redirect.status).toBe(307)
  const picture = await fetch(String(redirect.headers.get('location')))
  expect(picture.headers.get('content-type')).toBe('image/png')
  expect(await picture.text()).toBe('not really a png')
})
