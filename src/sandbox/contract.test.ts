/** The stand-ins' answers against the vendors' own specifications, where those lie beside the project. */
import { expect, test, vi } from 'vitest'
import { SANDBOX_CREDENTIALS, startTestSandbox } from './fixtures.ts'
import { loadSpec, present } from './specifications.ts'

const TWILIO = 'twilio_api_v2010.json'
const CIRCLE = 'circle-admin-v2.yaml'
const {
  twilioAccountSid: SID,
  twilioAuthToken,
  twilioFrom,
  circleApiToken,
  circleSpaceId,
} = SANDBOX_CREDENTIALS

test.skipIf(!present(TWILIO))('Twilio: create, fetch, list, media', async () => {
  const check = loadSpec(TWILIO)
  const sandbox = await startTestSandbox()
  const base = '/2010-04-01/Accounts/{AccountSid}'
  const call = async (path: string, form?: Record<string, string>) => {
    const response = await fetch(`${sandbox.url}/twilio/2010-04-01/Accounts/${SID}${path}`, {
      headers: { authorization: `Basic ${Buffer.from(`${SID}:${twilioAuthToken}`).toString('base64')}` },
      ...(form && { method: 'POST', body: new URLSearchParams(form) }),
    })
    return { status: response.status, body: Object(await response.json()) }
  }
  const text = { To: '+14155550123', From: twilioFrom, Body: 'Hello', MediaUrl: 'https://a.example/a.jpg' }
  const created = await call('/Messages.json', text)
  expect(created.status).toBe(201)
  check(`${base}/Messages.json`, 'post', 201, created.body)
  const wrong = () => check(`${base}/Messages.json`, 'post', 201, { ...created.body, num_segments: 1 })
  expect(wrong, 'the check itself can fail').toThrow()
  await call('/Messages.json', { ...text, Body: 'Second' })
  await vi.waitFor(async () => {
    const fetched = await call(`/Messages/${created.body.sid}.json`)
    check(`${base}/Messages/{Sid}.json`, 'get', 200, fetched.body)
    expect(fetched.body.status).toBe('delivered')
  })
  check(`${base}/Messages.json`, 'get', 200, (await call('/Messages.json?PageSize=1')).body)
  const media = await call(`/Messages/${created.body.sid}/Media.json`)
  check(`${base}/Messages/{MessageSid}/Media.json`, 'get', 200, media.body)
  const one = await call(`/Messages/${created.body.sid}/Media/${media.body.media_list[0].sid}.json`)
  check(`${base}/Messages/{MessageSid}/Media/{Sid}.json`, 'get', 200, one.body)
})

test.skipIf(!present(CIRCLE))('Circle: posts and spaces, and their errors', async () => {
  const check = loadSpec(CIRCLE)
  const sandbox = await startTestSandbox()
  const api = '/api/admin/v2'
  const call = async (method: string, path: string, body?: unknown, token: string = circleApiToken) => {
    const response = await fetch(`${sandbox.url}/circle${api}${path}`, {
      method,
      headers: { authorization: `Token ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    return { status: response.status, body: Object(await response.json()) }
  }
  const body = { type: 'doc', content: [{ type: 'paragraph', content: [{ type: 'text', text: 'Test' }] }] }
  const post = { space_id: circleSpaceId, name: 'A post', tiptap_body: { body } }
  const created = await call('POST', '/posts', post)
  check(`${api}/posts`, 'post', 200, created.body)
  const { id, url: _url, ...poor } = created.body.post
  const lacking = () => check(`${api}/posts`, 'post', 200, { ...created.body, post: poor })
  expect(lacking, 'the check itself can fail').toThrow()
  check(`${api}/posts`, 'get', 200, (await call('GET', '/posts')).body)
  check(`${api}/posts/{id}`, 'get', 200, (await call('GET', `/posts/${id}`)).body)
  check(`${api}/posts/{id}`, 'put', 200, (await call('PUT', `/posts/${id}`, { name: 'Other' })).body)
  check(`${api}/posts/{id}`, 'delete', 200, (await call('DELETE', `/posts/${id}`)).body)
  check(`${api}/posts/{id}`, 'get', 404, (await call('GET', `/posts/${id}`)).body)
  check(`${api}/posts`, 'post', 401, (await call('POST', '/posts', post, 'wrong')).body)
  const strange = { ...post, user_email: 'nobody@sandbox.example' }
  check(`${api}/posts`, 'post', 404, (await call('POST', '/posts', strange)).body)
  check(`${api}/spaces`, 'get', 200, (await call('GET', '/spaces')).body)
})
