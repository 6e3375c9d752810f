import type { ConversationsHistoryResponse, KnownBlock, ModalView } from '@slack/web-api'
import { expect, test } from 'vitest'
import { SANDBOX_CREDENTIALS, slackClient, startTestSandbox } from '../fixtures.ts'
import type { WorldView } from '../index.ts'

const { slackBotToken, slackJobsChannel: JOBS } = SANDBOX_CREDENTIALS

async function start(token: string = slackBotToken) {
  const sandbox = await startTestSandbox()
  const client = slackClient(sandbox.url, token)
  const world = () => sandbox.control<WorldView>('GET', '/world')
  return { sandbox, client, world }
}

const section = (text: string, block_id?: string): KnownBlock => ({
  type: 'section',
  ...(block_id === undefined ? {} : { block_id }),
  text: { type: 'plain_text', text },
})

test('a message is posted, found by its metadata in the history, updated, and replied to', async () => {
  const { client, world } = await start()
  const metadata = { event_type: 'job_submission', event_payload: { id: 'sub_1' } }
  const posted = await client.chat.postMessage({
    channel: JOBS,
    text: 'New',
    blocks: [section('New')],
    metadata,
  })
  const ts = String(posted.ts)
  expect(ts).toMatch(/^\d{10}\.\d{6}$/)

  const found = await client.conversations.history({ channel: JOBS, include_all_metadata: true })
  expect(found.messages).toMatchObject([
    { ts, metadata, blocks: [{ type: 'section', block_id: expect.any(String) }] },
  ])
  const plain = await client.conversations.history({ channel: JOBS })
  expect(plain.messages?.[0]).not.toHaveProperty('metadata')

  await client.chat.update({ channel: JOBS, ts, text: 'Done', blocks: [] })
  await client.chat.postMessage({ channel: JOBS, thread_ts: ts, text: 'Reminder' })
  const thread = await client.conversations.replies({ channel: JOBS, ts })
  expect(thread.messages).toMatchObject([
    { ts, reply_count: 1 },
    { text: 'Reminder', thread_ts: ts },
  ])
  const [channel] = (await world()).slack.channels
  expect(channel?.messages).toMatchObject([
    { text: 'Done', edited: true, blocks: [], metadata, replies: [{ text: 'Reminder' }] },
  ])
})

test('the history is paged by cursor and bounded by oldest and latest, both exclusive', async () => {
  const { client } = await start()
  const timestamps: string[] = []
  for (let number = 0; number < 7; number++) {
    timestamps.push(String((await client.chat.postMessage({ channel: JOBS, text: `m${number}` })).ts))
  }
  const texts: (string | undefined)[] = []
  for await (const page of client.paginate('conversations.history', { channel: JOBS, limit: 3 })) {
    const { messages } = page as ConversationsHistoryResponse
    texts.push(...(messages ?? []).map(({ text }) => text))
  }
  expect(texts).toEqual(['m6', 'm5', 'm4', 'm3', 'm2', 'm1', 'm0'])
  const range = { oldest: String(timestamps[1]), latest: String(timestamps[4]) }
  const exclusive = await client.conversations.history({ channel: JOBS, ...range })
  expect(exclusive.messages?.map(({ text }) => text)).toEqual(['m3', 'm2'])
  const inclusive = await client.conversations.history({ channel: JOBS, ...range, inclusive: true, limit: 2 })
  expect(inclusive.messages?.map(({ text }) => text)).toEqual(['m4', 'm3'])
  expect(inclusive.has_more).toBe(true)
})

const button = (value: string): KnownBlock => ({
  type: 'actions',
  elements: [{ type: 'button', action_id: 'a', text: { type: 'plain_text', text: 'A' }, value }],
})

test.each<[string, KnownBlock[]]>([
  ['the same block_id twice', [section('a', 'x'), section('b', 'x')]],
  ['a section over 3,000 characters', [section('x'.repeat(3_001))]],
  ['an empty text', [section('')]],
  ['a button value over 2,000 characters', [button('x'.repeat(2_001))]],
  ['more than 50 blocks', Array.from({ length: 51 }, () => section('x'))],
  ['an unknown type', [{ type: 'sectoin' } as unknown as KnownBlock]],
  ['an unknown property', [Object.assign(section('x'), { colour: 'red' })]],
  [
    'the same action_id twice in a block',
    [
      {
        type: 'actions',
        elements: [1, 2].map(() => ({
          type: 'button',
          action_id: 'a',
          text: { type: 'plain_text', text: 'A' },
        })),
      },
    ],
  ],
])('%s is invalid_blocks', async (_name, blocks) => {
  const { client, world } = await start()
  const post = client.chat.postMessage({ channel: JOBS, text: 'x', blocks })
  await expect(post).rejects.toMatchObject({ data: { ok: false, error: 'invalid_blocks' } })
  expect((await world()).slack.channels[0]?.messages).toEqual([])
})

test('what Slack accepts is accepted: the limits themselves', async () => {
  const { client } = await start()
  const blocks = [button('x'.repeat(2_000)), ...Array.from({ length: 49 }, () => section('x'.repeat(3_000)))]
  expect((await client.chat.postMessage({ channel: JOBS, text: 'x', blocks })).ok).toBe(true)
})

test('platform errors are 200 with ok: false', async () => {
  const { client, sandbox } = await start()
  const failing = (call: Promise<unknown>) =>
    expect(call).rejects.toHaveProperty('data.error', expect.any(String))
  await failing(client.chat.postMessage({ channel: 'C0NOWHERE00', text: 'x' }))
  await expect(client.chat.postMessage({ channel: JOBS, text: '' })).rejects.toHaveProperty(
    'data.error',
    'no_text',
  )
  const update = client.chat.update({ channel: JOBS, ts: '1.000000', text: 'x' })
  await expect(update).rejects.toHaveProperty('data.error', 'message_not_found')
  const lookup = client.users.lookupByEmail({ email: 'nobody@sandbox.example' })
  await expect(lookup).rejects.toHaveProperty('data.error', 'users_not_found')
  const answer = await fetch(`${sandbox.url}/slack/api/auth.test`, { method: 'POST' })
  expect([answer.status, await answer.json()]).toEqual([200, { ok: false, error: 'not_authed' }])
})

test('another token is invalid_auth; JSON bodies work as well as forms', async () => {
  const { client, sandbox } = await start('someone-else')
  await expect(client.auth.test()).rejects.toHaveProperty('data.error', 'invalid_auth')
  const response = await fetch(`${sandbox.url}/slack/api/chat.postMessage`, {
    method: 'POST',
    headers: { authorization: `Bearer ${slackBotToken}`, 'content-type': 'application/json; charset=utf-8' },
    body: JSON.stringify({ channel: JOBS, text: 'x', blocks: [section('x')] }),
  })
  expect(await response.json()).toMatchObject({ ok: true, channel: JOBS })
})

test('people can be read: info, list, auth.test, channel info, permalink', async () => {
  const { client } = await start()
  const { members = [] } = await client.users.list({ limit: 200 })
  const people = members.filter((member) => !member.is_bot && member.id !== 'USLACKBOT')
  expect(people).toHaveLength(4)
  const user = await client.users.info({ user: String(members[0]?.id) })
  expect(user.user?.profile?.email).toBe('amara@sandbox.example')
  expect((await client.auth.test()).bot_id).toBe('B0SANDKINKP')
  expect((await client.conversations.info({ channel: JOBS })).channel?.name).toBe('jobs')
  const { ts } = await client.chat.postMessage({ channel: JOBS, text: 'x' })
  const { permalink } = await client.chat.getPermalink({ channel: JOBS, message_ts: String(ts) })
  expect(permalink).toContain(String(ts).replace('.', ''))
})

test('over the limit is 429 with Retry-After, per channel', async () => {
  const { client, sandbox } = await start()
  await sandbox.control('POST', '/limits', { preset: 'documented' })
  const post = () => client.chat.postMessage({ channel: JOBS, text: 'x' })
  for (let number = 0; number < 5; number++) await post()
  await expect(post()).rejects.toMatchObject({ code: 'slack_webapi_rate_limited_error', retryAfter: 1 })
  await client.chat.postMessage({ channel: SANDBOX_CREDENTIALS.slackAlertsChannel, text: 'x' })
})

test('a modal needs a live trigger', async () => {
  const { client } = await start()
  const view: ModalView = {
    type: 'modal',
    title: { type: 'plain_text', text: 'Deny' },
    blocks: [section('x')],
  }
  const open = client.views.open({ trigger_id: '1.2.abc', view })
  await expect(open).rejects.toHaveProperty('data.error', 'invalid_trigger_id')
  const tooLong: ModalView = { ...view, title: { type: 'plain_text', text: 'x'.repeat(25) } }
  const refused = client.views.open({ trigger_id: '1.2.abc', view: tooLong })
  await expect(refused).rejects.toHaveProperty('data.error', 'invalid_arguments')
})

test('posts at the same moment get distinct timestamps', async () => {
  const { client } = await start()
  const posts = Array.from({ length: 30 }, () => client.chat.postMessage({ channel: JOBS, text: 'x' }))
  const timestamps = (await Promise.all(posts)).map(({ ts }) => String(ts))
  expect(new Set(timestamps).size).toBe(30)
})
