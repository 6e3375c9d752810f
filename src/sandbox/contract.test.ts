/** The stand-ins' answers against the vendors' own specifications, where those lie beside the project. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv, type ValidateFunction } from 'ajv'
import { expect, test, vi } from 'vitest'
import { parse as parseYaml } from 'yaml'
import { isRecord } from '../primitives/index.ts'
import { SANDBOX_CREDENTIALS, startTestSandbox } from './fixtures.ts'

const SPECS = join(import.meta.dirname, '../../../shared/reference/specs')
const TWILIO = join(SPECS, 'twilio_api_v2010.json')
const CIRCLE = join(SPECS, 'circle-admin-v2.yaml')
const {
  twilioAccountSid: SID,
  twilioAuthToken,
  twilioFrom,
  circleApiToken,
  circleSpaceId,
} = SANDBOX_CREDENTIALS

/** OpenAPI 3.0 says `nullable` where JSON Schema says `null`. */
function withNulls(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(withNulls)
  if (!isRecord(node)) return node
  const { nullable, ...rest } = node
  const inner = Object.fromEntries(Object.entries(rest).map(([key, child]) => [key, withNulls(child)]))
  return nullable === true ? { anyOf: [inner, { type: 'null' }] } : inner
}

function present(file: string): boolean {
  if (existsSync(file)) return true
  console.warn(
    `SKIPPED: ${file} is not there, so the sandbox's answers are not checked against the vendor's specification.`,
  )
  return false
}

/** Checks answers of a specification's operations: its schema, and every property that its own example has. */
function loadSpec(file: string) {
  const text = readFileSync(file, 'utf8')
  const spec: unknown = file.endsWith('.json') ? JSON.parse(text) : parseYaml(text)
  const ajv = new Ajv({
    strict: false,
    logger: false,
    allErrors: true,
    formats: {
      'date-time-rfc-2822': /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} \+0000$/,
      date_time: /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/,
      'phone-number': /^\+\d+$/,
    },
  })
  ajv.addSchema(Object(withNulls(spec)), 'spec')
  return (path: string, method: string, status: number, answer: unknown) => {
    const pointer = ['paths', path, method, 'responses', String(status), 'content', 'application/json']
    const reference = [...pointer, 'schema']
      .map((part) => encodeURIComponent(part.replaceAll('/', '~1')))
      .join('/')
    const validate: ValidateFunction = ajv.compile({ $ref: `spec#/${reference}` })
    expect(validate(answer) ? [] : validate.errors, `${method} ${path} ${status}`).toEqual([])
    for (const example of Object.values(Object(at(spec, [...pointer, 'examples'])))) {
      const expected = keys(at(example, ['value'])).filter((key) => !NEEDLESS.test(key))
      expect(keys(answer)).toEqual(expect.arrayContaining(expected))
    }
  }
}

/** In an example, but not in the schema beside it or not of every object. */
const NEEDLESS =
  /summary|tiptap_body|text_|content|custom_|course_setting|messaging_service|subresource|messages|records/

function at(node: unknown, path: string[]): unknown {
  return path.reduce<unknown>((inner, key) => (isRecord(inner) ? inner[key] : undefined), node)
}

function keys(node: unknown, prefix = ''): string[] {
  if (!isRecord(node)) return []
  return Object.entries(node).flatMap(([key, child]) => [
    `${prefix}${key}`,
    ...keys(child, `${prefix}${key}.`),
  ])
}

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
