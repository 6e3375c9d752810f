import { describe, expect, test } from 'vitest'
import { extractJobPost, jobPostJsonSchema } from '../../src/extraction/index.ts'
import { connectorsAt, ACCOUNT_SID as SID } from './connectors-at.ts'
import { type Recorded, type RecordingServer, type Reply, startRecordingServer } from './recording-server.ts'
import { hasSpecification, readSpecification } from './specifications.ts'

const HOUR = 3_600_000
const since = Date.parse('2026-11-22T12:00:00Z')

async function start(reply: (request: Recorded, index: number) => Reply) {
  const server = await startRecordingServer(reply)
  const connectors = connectorsAt(server.url)
  return { server, ...connectors, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}
const ok = (body: unknown): Reply => ({ status: 200, body })
const form = (server: RecordingServer, index = 0) =>
  Object.fromEntries(new URLSearchParams(server.requests[index]?.body))
const json = (server: RecordingServer) => JSON.parse(server.requests[0]?.body ?? '')

describe('Slack', () => {
  test('a message carries its marker and pings nobody', async () => {
    await using slack = await start(() => ok({ ok: true, channel: 'C1', ts: '1.000001', message: {} }))
    const blocks = [
      { type: 'section' as const, text: { type: 'plain_text' as const, text: '<!channel> hi' } },
    ]
    const message = { channel: 'C1', text: '<!channel> & co', blocks, marker: 'eff_1', threadTs: '0.5' }
    expect(await slack.slack.postMessage(message)).toEqual({ channel: 'C1', ts: '1.000001' })

    const [request] = slack.server.requests
    expect(request).toMatchObject({
      method: 'POST',
      path: '/slack/api/chat.postMessage',
      headers: { authorization: 'Bearer xoxb-test' },
    })
    const fields = form(slack.server)
    expect(fields).toMatchObject({
      channel: 'C1',
      text: '&lt;!channel&gt; &amp; co',
      thread_ts: '0.5',
      unfurl_links: 'false',
    })
    expect(JSON.parse(fields.metadata ?? '')).toEqual({
      event_type: 'kinkeeper',
      event_payload: { marker: 'eff_1' },
    })
    expect(JSON.parse(fields.blocks ?? '')).toEqual(blocks)
  })

  const other = { ts: '9.0', metadata: { event_type: 'kinkeeper', event_payload: { marker: 'other' } } }
  const foreign = { ts: '8.0', metadata: { event_type: 'deploy', event_payload: { marker: 'eff_1' } } }
  const ours = { ts: '7.0', metadata: { event_type: 'kinkeeper', event_payload: { marker: 'eff_1' } } }
  const pages = [
    {
      ok: true,
      messages: [other, foreign, { ts: '6.0' }],
      has_more: true,
      response_metadata: { next_cursor: 'next' },
    },
    { ok: true, messages: [ours], has_more: false, response_metadata: { next_cursor: '' } },
  ]

  test('a message is found on any page, in the channel or in the thread', async () => {
    for (const [threadTs, path] of [
      [undefined, '/slack/api/conversations.history'],
      ['5.0', '/slack/api/conversations.replies'],
    ] as const) {
      await using slack = await start((_request, index) => ok(pages[index]))
      const query = { channel: 'C1', marker: 'eff_1', sinceMs: since, ...(threadTs ? { threadTs } : {}) }
      expect(await slack.slack.findMessage(query)).toEqual({ channel: 'C1', ts: '7.0' })
      expect(slack.server.requests.map((request) => request.path)).toEqual([path, path])
      expect(form(slack.server)).toMatchObject({
        channel: 'C1',
        include_all_metadata: 'true',
        oldest: `${since / 1_000 - 300}.000000`,
      })
      expect(form(slack.server, 1)).toMatchObject({ cursor: 'next' })
    }
  })

  test('is certainly not there only after the last page', async () => {
    await using slack = await start((_request, index) => ok(pages[index]))
    expect(await slack.slack.findMessage({ channel: 'C1', marker: 'eff_2', sinceMs: since })).toBeNull()
    expect(slack.server.requests).toHaveLength(2)
  })

  test('a person is called by the name they chose', async () => {
    await using slack = await start(() =>
      ok({ ok: true, user: { name: 'jo', profile: { display_name: '', real_name: 'Jo Doe' } } }),
    )
    expect(await slack.slack.userName('U1')).toBe('Jo Doe')
  })
})

describe('Twilio', () => {
  const message = (fields: Record<string, unknown>) => ({
    sid: 'SM1',
    body: 'Your post is live',
    direction: 'outbound-api',
    date_created: 'Sun, 22 Nov 2026 12:30:00 +0000',
    ...fields,
  })
  const list = (messages: unknown[], next: string | null = null) =>
    ok({ messages, next_page_uri: next, page: 0, page_size: 1_000 })
  const query = { to: '+14155550123', body: 'Your post is live', sinceMs: since }

  test('a text goes out as a form, signed in with the account', async () => {
    await using twilio = await start(() => ({ status: 201, body: message({}) }))
    expect(await twilio.twilio.sendMessage({ to: '+14155550123', body: 'Your post is live 🎉' })).toEqual({
      sid: 'SM1',
    })
    expect(twilio.server.requests[0]).toMatchObject({
      method: 'POST',
      path: `/twilio/2010-04-01/Accounts/${SID}/Messages.json`,
      headers: { authorization: `Basic ${btoa(`${SID}:secret`)}` },
    })
    expect(form(twilio.server)).toEqual({
      To: '+14155550123',
      From: '+15005550006',
      Body: 'Your post is live 🎉',
    })
  })

  test.each([
    ['the same text', message({}), true],
    ['one that waits in the queue', message({ date_sent: null, status: 'queued' }), true],
    [
      'one of a trial account',
      message({ body: 'Sent from your Twilio trial account - Your post is live' }),
      true,
    ],
    [
      'one by a clock that is 4 minutes behind',
      message({ date_created: 'Sun, 22 Nov 2026 11:56:00 +0000' }),
      true,
    ],
    ['an older one', message({ date_created: 'Sun, 22 Nov 2026 11:54:00 +0000' }), false],
    ['an inbound one', message({ direction: 'inbound' }), false],
    ['another text', message({ body: 'Your post is live!' }), false],
  ])('looks for %s', async (_name, candidate, found) => {
    await using twilio = await start(() => list([candidate]))
    expect(await twilio.twilio.findMessage(query)).toEqual(found ? { sid: 'SM1' } : null)
    expect(Object.fromEntries(twilio.server.requests[0]?.query ?? [])).toMatchObject({
      To: query.to,
      From: '+15005550006',
    })
  })

  test('reads every page', async () => {
    const next = `/2010-04-01/Accounts/${SID}/Messages.json?Page=1&PageToken=x`
    await using twilio = await start((_request, index) =>
      index === 0 ? list([message({ body: 'no' })], next) : list([message({})]),
    )
    expect(await twilio.twilio.findMessage(query)).toEqual({ sid: 'SM1' })
    expect(twilio.server.requests[1]?.query.get('PageToken')).toBe('x')
  })

  test.skipIf(!hasSpecification('twilio_api_v2010.json'))('satisfies the specification', async () => {
    const violations = readSpecification('twilio_api_v2010.json')
    const path = '/paths/~12010-04-01~1Accounts~1{AccountSid}~1Messages.json'
    await using twilio = await start((request) =>
      request.method === 'POST' ? { status: 201, body: message({}) } : list([]),
    )
    await twilio.twilio.sendMessage({ to: '+14155550123', body: 'x'.repeat(1_600) })
    await twilio.twilio.findMessage(query)
    const schema = `${path}/post/requestBody/content/application~1x-www-form-urlencoded/schema`
    expect(violations(schema, form(twilio.server))).toEqual([])
    expect(violations(schema, { To: 5 })).not.toEqual([])
    const known = new Set([
      'AccountSid',
      'To',
      'From',
      'DateSent',
      'DateSent<',
      'DateSent>',
      'PageSize',
      'Page',
      'PageToken',
    ])
    for (const name of twilio.server.requests[1]?.query.keys() ?? []) expect(known).toContain(name)
  })
})

describe('Circle', () => {
  const post = (id: number, html: string, created: number) => ({
    id,
    url: `https://club.example/c/jobs/${id}`,
    created_at: new Date(created).toISOString(),
    body: { body: html },
  })
  const page = (records: unknown[], more = false) =>
    ok({ page: 1, per_page: 50, has_next_page: more, records })
  const find = { marker: 'Ref KK-7F3QA', title: 'Barista', sinceMs: since }
  const draft = {
    title: 'Barista <b>',
    marker: 'Ref KK-7F3QA',
    paragraphs: [
      { kind: 'text' as const, text: '<script>alert(1)</script>\nSecond line' },
      { kind: 'labelled' as const, label: 'Apply', text: 'cafe.example', href: 'https://cafe.example/' },
      { kind: 'labelled' as const, label: 'Or', text: 'here', href: 'javascript:alert(1)' },
    ],
  }

  test('a post is text, links and its reference at the end', async () => {
    await using circle = await start(() => ok({ message: 'Post created.', post: post(2, '', since) }))
    expect(await circle.circle.createPost(draft)).toEqual({ id: '2', url: 'https://club.example/c/jobs/2' })
    expect(circle.server.requests[0]).toMatchObject({
      method: 'POST',
      path: '/circle/api/admin/v2/posts',
      headers: { authorization: 'Token circle-test', 'content-type': 'application/json' },
    })
    const bold = [{ type: 'bold' }]
    const link = [{ type: 'link', attrs: { href: 'https://cafe.example/' } }]
    const text = (value: string, marks?: unknown) => ({
      type: 'text',
      text: value,
      ...(marks ? { marks } : {}),
    })
    expect(json(circle.server)).toEqual({
      space_id: 7,
      status: 'published',
      name: 'Barista <b>',
      tiptap_body: {
        body: {
          type: 'doc',
          content: [
            {
              type: 'paragraph',
              content: [text('<script>alert(1)</script>'), { type: 'hardBreak' }, text('Second line')],
            },
            { type: 'paragraph', content: [text('Apply: ', bold), text('cafe.example', link)] },
            { type: 'paragraph', content: [text('Or: ', bold), text('here')] },
            { type: 'paragraph', content: [text('Ref KK-7F3QA')] },
          ],
        },
      },
    })
  })

  test.each([
    ['ours', post(3, '<div><p>Hi</p><p>Ref KK-7F3QA</p></div>', since + HOUR), true],
    [
      'one whose text quotes our reference',
      post(3, '<p>Ref KK-7F3QA</p><p>Ref KK-00000</p>', since + HOUR),
      false,
    ],
    ['an old one', post(3, '<p>Ref KK-7F3QA</p>', since - HOUR), false],
  ])('looks for %s', async (_name, record, found) => {
    await using circle = await start(() => page([record]))
    expect((await circle.circle.findPost(find))?.id).toBe(found ? '3' : undefined)
    expect(Object.fromEntries(circle.server.requests[0]?.query ?? [])).toMatchObject({
      space_id: '7',
      sort: 'latest',
      page: '1',
    })
  })

  test('reads on behind a pinned post, and stops where everything is older', async () => {
    const pages = [
      page([post(1, 'pinned', since - 9 * HOUR), post(2, 'new', since + HOUR)], true),
      page([post(3, '<p>Ref KK-00000</p>', since + 1)], true),
      page([post(4, 'old', since - HOUR)], true),
    ]
    await using circle = await start((_request, index) => pages[index] ?? { status: 500 })
    expect(await circle.circle.findPost(find)).toBeNull()
    expect(circle.server.requests).toHaveLength(3)
  })

  test.skipIf(!hasSpecification('circle-admin-v2.yaml'))('satisfies the specification', async () => {
    const violations = readSpecification('circle-admin-v2.yaml')
    await using circle = await start(() => ok({ message: 'Post created.', post: post(2, '', since) }))
    await circle.circle.createPost(draft)
    const schema = '/paths/~1api~1admin~1v2~1posts/post/requestBody/content/application~1json/schema'
    // The specification requires a property `body` that it does not define: its own mistake.
    expect(violations(schema, json(circle.server))).toEqual([" must have required property 'body'"])
    expect(violations(schema, { ...json(circle.server), space_id: 'seven', body: '' })).not.toEqual([])
  })
})

describe('OpenAI', () => {
  const request = {
    instructions: 'Read.',
    text: 'Hiring a barista',
    schemaName: 'job_post',
    jsonSchema: jobPostJsonSchema,
  }
  const answer = extractJobPost(request.text, { referenceDate: new Date(since) })
  const output = (...content: unknown[]) => [
    { type: 'reasoning', id: 'rs_1', summary: [] },
    { type: 'message', id: 'msg_1', role: 'assistant', status: 'completed', content },
  ]
  const text = { type: 'output_text', text: JSON.stringify(answer), annotations: [] }
  const response = (fields: Record<string, unknown>) =>
    ok({
      id: 'resp_1',
      object: 'response',
      status: 'completed',
      error: null,
      incomplete_details: null,
      ...fields,
    })

  test('the text is input, never instructions; the schema is strict; nothing is stored', async () => {
    await using openai = await start(() => response({ output: output(text) }))
    expect(await openai.openai.extract(request)).toEqual(JSON.parse(JSON.stringify(answer)))
    expect(openai.server.requests[0]).toMatchObject({
      path: '/openai/v1/responses',
      headers: { authorization: 'Bearer sk-test' },
    })
    expect(json(openai.server)).toMatchObject({
      model: 'gpt-test',
      instructions: 'Read.',
      input: [{ role: 'user', content: [{ type: 'input_text', text: 'Hiring a barista' }] }],
      text: { format: { type: 'json_schema', name: 'job_post', strict: true } },
      store: false,
    })
    expect(json(openai.server).text.format.schema).toEqual(jobPostJsonSchema)
  })

  test.each([
    ['a refusal', { output: output({ type: 'refusal', refusal: 'No.' }) }, 'never-retry'],
    [
      'the content filter',
      { status: 'incomplete', incomplete_details: { reason: 'content_filter' }, output: [] },
      'never-retry',
    ],
    [
      'an answer that was cut',
      { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' }, output: output(text) },
      'retry',
    ],
    ['a failure', { status: 'failed', error: { code: 'server_error', message: '' }, output: [] }, 'retry'],
    [
      'too many requests',
      { status: 'failed', error: { code: 'rate_limit_exceeded', message: '' }, output: [] },
      'retry-at',
    ],
    ['no message', { output: [] }, 'retry'],
    ['words instead of JSON', { output: output({ ...text, text: 'Sure! Here it is' }) }, 'retry'],
  ])('%s', async (_name, fields, next) => {
    await using openai = await start(() => response(fields))
    await expect(openai.openai.extract(request)).rejects.toMatchObject({
      next,
      facts: { provider: 'openai' },
    })
  })

  test('is given up when the caller gives up', async () => {
    await using openai = await start(() => ({ fault: 'hang' }))
    const signal = AbortSignal.timeout(50)
    await expect(openai.openai.extract({ ...request, signal })).rejects.toBe(
      await new Promise((resolve) => {
        signal.addEventListener('abort', () => resolve(signal.reason))
      }),
    )
  })
})
