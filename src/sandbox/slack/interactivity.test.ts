import { createHmac } from 'node:crypto'
import type { KnownBlock, ModalView } from '@slack/web-api'
import { expect, test } from 'vitest'
import { systemNow } from '../../primitives/index.ts'
import {
  type Received,
  SANDBOX_CREDENTIALS,
  slackClient,
  startApplication,
  startTestSandbox,
} from '../fixtures.ts'
import type { WorldView } from '../index.ts'
import type { ClickResult, SubmissionResult } from './interactivity.ts'

const { slackSigningSecret, slackJobsChannel: JOBS } = SANDBOX_CREDENTIALS
const AMARA = 'U0SANDAMARA'

type Payload = {
  type: string
  trigger_id: string
  response_url: string
  user: { id: string }
  actions: { action_id: string; value: string; block_id: string }[]
  view: { id: string; private_metadata: string; state: { values: unknown } }
}
const payloadOf = (request: Received | undefined): Payload => JSON.parse(request?.form.payload ?? '{}')

const actions: KnownBlock = {
  type: 'actions',
  elements: [
    {
      type: 'button',
      action_id: 'job_deny',
      text: { type: 'plain_text', text: 'Deny' },
      style: 'danger',
      value: 'apr_1',
    },
  ],
}
const modal: ModalView = {
  type: 'modal',
  callback_id: 'deny',
  private_metadata: 'apr_1',
  notify_on_close: true,
  title: { type: 'plain_text', text: 'Deny' },
  submit: { type: 'plain_text', text: 'Deny' },
  blocks: [
    {
      type: 'input',
      block_id: 'reason',
      label: { type: 'plain_text', text: 'Why?' },
      element: { type: 'plain_text_input', action_id: 'text', max_length: 20 },
    },
    {
      type: 'input',
      block_id: 'kind',
      optional: true,
      label: { type: 'plain_text', text: 'Kind' },
      element: {
        type: 'static_select',
        action_id: 'choice',
        options: [{ text: { type: 'plain_text', text: 'Spam' }, value: 'spam' }],
      },
    },
  ],
}

async function start() {
  const application = await startApplication()
  const sandbox = await startTestSandbox({ publicUrl: application.url })
  const client = slackClient(sandbox.url)
  const { ts } = await client.chat.postMessage({ channel: JOBS, text: 'Job', blocks: [actions] })
  const click = (userId = AMARA) =>
    sandbox.control<ClickResult>('POST', '/slack/clicks', { userId, channel: JOBS, ts, actionId: 'job_deny' })
  const submit = (viewId: string | undefined, values: unknown) =>
    sandbox.control<SubmissionResult>('POST', `/slack/views/${viewId}/submit`, { userId: AMARA, values })
  const world = () => sandbox.control<WorldView>('GET', '/world')
  /** Answers a click by opening the modal inside the request, as Slack demands. */
  const openOnClick = () => {
    application.answer = async (request) => {
      const payload = payloadOf(request)
      if (payload.type === 'block_actions')
        await client.views.open({ trigger_id: payload.trigger_id, view: modal })
      return {}
    }
  }
  return { application, sandbox, client, ts: String(ts), click, submit, world, openOnClick }
}

test('a click arrives signed, in the recorded shape, without a callback_id', async () => {
  const { application, click, ts } = await start()
  expect(await click()).toMatchObject({ status: 200 })
  const [request] = application.received
  const timestamp = String(request?.headers['x-slack-request-timestamp'])
  expect(Math.abs(systemNow() / 1_000 - Number(timestamp))).toBeLessThan(60)
  const hmac = createHmac('sha256', slackSigningSecret).update(`v0:${timestamp}:${request?.raw}`)
  expect(request?.headers['x-slack-signature']).toBe(`v0=${hmac.digest('hex')}`)
  const payload = payloadOf(request)
  expect(Object.keys(payload).toSorted()).toEqual(
    [
      'actions',
      'api_app_id',
      'channel',
      'container',
      'enterprise',
      'is_enterprise_install',
      'message',
      'response_url',
      'state',
      'team',
      'token',
      'trigger_id',
      'type',
      'user',
    ].toSorted(),
  )
  expect(payload).toMatchObject({
    type: 'block_actions',
    user: { id: AMARA },
    container: { type: 'message', message_ts: ts, channel_id: JOBS },
    actions: [{ type: 'button', action_id: 'job_deny', value: 'apr_1', style: 'danger' }],
  })
})

test('a modal opens in the click, refuses an incomplete form, shows errors, and closes on success', async () => {
  const { application, click, submit, world, openOnClick } = await start()
  openOnClick()
  const { modal: opened } = await click()
  expect(opened?.view).toMatchObject({
    callback_id: 'deny',
    private_metadata: 'apr_1',
    state: { values: {} },
  })

  expect(await submit(opened?.viewId, {})).toMatchObject({ error: { code: 'bad-input' } })
  expect(await submit(opened?.viewId, { reason: { text: 'x'.repeat(21) } })).toHaveProperty('error')
  expect(application.received, 'Slack itself refuses an incomplete form').toHaveLength(1)

  const errors = { response_action: 'errors', errors: { reason: 'Say more.' } }
  application.answer = () => ({ type: 'application/json', body: JSON.stringify(errors) })
  const values = { reason: { text: 'Spam' }, kind: { choice: 'spam' } }
  expect(await submit(opened?.viewId, values)).toEqual({ status: 200, response: errors })
  expect((await world()).slack.modals).toMatchObject([{ error: { reason: 'Say more.' } }])
  expect(payloadOf(application.received.at(-1))).toMatchObject({
    type: 'view_submission',
    view: {
      private_metadata: 'apr_1',
      state: {
        values: {
          reason: { text: { type: 'plain_text_input', value: 'Spam' } },
          kind: { choice: { type: 'static_select', selected_option: { value: 'spam' } } },
        },
      },
    },
  })

  application.answer = () => ({})
  expect(await submit(opened?.viewId, values)).toEqual({ status: 200, response: null })
  expect((await world()).slack.modals).toEqual([])
})

test('a submission may answer with another view', async () => {
  const { application, click, submit, world, openOnClick } = await start()
  openOnClick()
  const { modal: opened } = await click()
  const view = { type: 'modal', title: modal.title, blocks: [{ type: 'divider' }] }
  application.answer = () => ({ body: JSON.stringify({ response_action: 'update', view }) })
  await submit(opened?.viewId, { reason: { text: 'Spam' } })
  expect((await world()).slack.modals).toMatchObject([
    { viewId: opened?.viewId, view: { blocks: [{ type: 'divider' }] } },
  ])
})

test('closing a modal tells the application, when it asked to know', async () => {
  const { application, sandbox, click, world, openOnClick } = await start()
  openOnClick()
  const { modal: opened } = await click()
  await sandbox.control('POST', `/slack/views/${opened?.viewId}/close`, { userId: AMARA })
  expect(payloadOf(application.received.at(-1)).type).toBe('view_closed')
  expect((await world()).slack.modals).toEqual([])
})

test('a trigger lives three seconds and opens one modal', async () => {
  const { application, sandbox, client, click } = await start()
  const open = (request: Received | undefined) =>
    client.views.open({ trigger_id: payloadOf(request).trigger_id, view: modal })
  await click()
  await open(application.received[0])
  await expect(open(application.received[0])).rejects.toHaveProperty('data.error', 'exchanged_trigger_id')
  await click()
  await sandbox.control('POST', '/clock', { advanceMs: 3_001 })
  await expect(open(application.received[1])).rejects.toHaveProperty('data.error', 'expired_trigger_id')
})

test('views.update needs the right hash', async () => {
  const { client, click, openOnClick } = await start()
  openOnClick()
  const { modal: opened } = await click()
  const update = (hash: string) => client.views.update({ view_id: String(opened?.viewId), hash, view: modal })
  await expect(update('1.x')).rejects.toHaveProperty('data.error', 'hash_conflict')
  const { view } = await update(String(opened?.view.hash))
  expect(view?.hash).not.toBe(opened?.view.hash)
})

test('no answer within three seconds, or not a 200, is trouble and is not retried', async () => {
  const { application, click } = await start()
  application.answer = () => ({ status: 500 })
  expect(await click()).toMatchObject({ status: 500, error: expect.any(String) })
  application.answer = () => {
    throw new Error('cut')
  }
  expect(await click()).toMatchObject({ status: null, error: expect.any(String) })
  expect(application.received).toHaveLength(2)
})

test('an answer that does not come is given up after three seconds', async () => {
  const { application, click } = await start()
  application.answer = () => new Promise(() => {})
  const { status, elapsedMs } = await click()
  expect(status).toBeNull()
  expect(elapsedMs).toBeGreaterThanOrEqual(2_990)
  expect(elapsedMs).toBeLessThan(4_000)
})

test('a duplicated delivery arrives twice with the same content', async () => {
  const { application, sandbox, click } = await start()
  const fault = { provider: 'slack', operation: 'interaction', kind: 'duplicate', times: 1 }
  await sandbox.control('POST', '/faults', fault)
  await click()
  expect(application.received).toHaveLength(2)
  expect(application.received[0]?.raw).toBe(application.received[1]?.raw)
})

test('a response_url works five times, within thirty minutes', async () => {
  const { application, click, world } = await start()
  const use = (request: Received | undefined, body: unknown) =>
    fetch(payloadOf(request).response_url, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    })
  await click()
  const [first] = application.received
  expect(await (await use(first, { replace_original: true, text: 'Replaced' })).text()).toBe('ok')
  expect((await world()).slack.channels[0]?.messages).toMatchObject([{ text: 'Replaced', edited: true }])
  for (let number = 0; number < 4; number++) expect((await use(first, { text: 'Only you' })).status).toBe(200)
  expect((await world()).slack.ephemeral).toHaveLength(4)
  const gone = await use(first, { text: 'x' })
  expect([gone.status, await gone.json()]).toEqual([404, { ok: false, error: 'Expired url' }])
})

test('a response_url dies after thirty minutes', async () => {
  const { application, sandbox, click } = await start()
  await click()
  await sandbox.control('POST', '/clock', { advanceMs: 30 * 60_000 + 1 })
  const url = payloadOf(application.received[0]).response_url
  expect((await fetch(url, { method: 'POST', body: '{}' })).status).toBe(404)
})

test('a person that does not exist, a message without the button: 404', async () => {
  const { click, sandbox, ts } = await start()
  expect(await click('U0NOBODY')).toMatchObject({ error: { code: 'not-found' } })
  const press = { userId: AMARA, channel: JOBS, ts, actionId: 'other' }
  expect(await sandbox.control('POST', '/slack/clicks', press)).toMatchObject({
    error: { code: 'not-found' },
  })
})
