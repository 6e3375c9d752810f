import { describe, expect, test } from 'vitest'
import { connectorsAt } from '../../../tests/contracts/connectors-at.ts'
import { type Recorded, type Reply, startRecordingServer } from '../../../tests/contracts/recording-server.ts'
import { hasSpecification, readSpecification } from '../../../tests/contracts/specifications.ts'
import { KinkeeperError, RetryAtError } from '../../primitives/index.ts'
import type { Connectors } from '../contract.ts'
import { openGate } from '../open-gate.ts'
import { createMailchimpConnector } from './mailchimp-connector.ts'

/** Mailchimp's own example: md5 of the lower-cased address. */
const EMAIL = 'Urist.McVankab@freddiesjokes.com'
const HASH = '62eeb292278cc15f5817cb78f7790b08'
const OLD = 'old@example.org'
const OLD_HASH = 'b254e3f8d3711987b6f81af4155d67e3'
const MEMBERS = '/mailchimp/3.0/lists/list1/members'

async function start(reply: (request: Recorded, index: number) => Reply) {
  const server = await startRecordingServer(reply)
  const { mailchimp } = connectorsAt(server.url)
  return { server, mailchimp, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}
const member = (email: string, fields: Record<string, unknown> = {}): Reply => ({
  status: 200,
  body: { email_address: email, status: 'subscribed', tags: [{ id: 1, name: 'active' }], ...fields },
})
const problem = (status: number, title: string, more: Record<string, unknown> = {}): Reply => ({
  status,
  headers: { 'content-type': 'application/problem+json; charset=utf-8' },
  body: { type: 'about:blank', title, status, detail: `${EMAIL} is at fault`, instance: '1', ...more },
})
const missing = problem(404, 'Resource Not Found')
const done: Reply = { status: 204, body: '' }
const asked = (requests: Recorded[]) => requests.map(({ method, path }) => `${method} ${path}`)

const jo = { email: EMAIL, name: { first: 'Jo', last: ' ' }, statusIfNew: 'subscribed' } as const

describe('requests', () => {
  test('a contact is found by the hash of its address', async () => {
    await using world = await start(() => member(EMAIL))
    expect(await world.mailchimp.findContact(EMAIL)).toEqual({
      email: EMAIL.toLowerCase(),
      status: 'subscribed',
      tags: ['active'],
    })
    expect(world.server.requests[0]).toMatchObject({
      method: 'GET',
      path: `${MEMBERS}/${HASH}`,
      headers: { authorization: `Basic ${btoa('kinkeeper:mailchimp-test-us21')}` },
    })
  })

  test('nobody is null', async () => {
    await using world = await start(() => missing)
    expect(await world.mailchimp.findContact(EMAIL)).toBeNull()
  })

  test('a contact is put with its consent left as it is, and nothing erased', async () => {
    await using world = await start(() => member(EMAIL))
    await world.mailchimp.putContact(jo)
    await world.mailchimp.putContact({ ...jo, knownAs: EMAIL.toUpperCase(), status: 'pending' })
    expect(asked(world.server.requests)).toEqual(Array(2).fill(`PUT ${MEMBERS}/${HASH}`))
    expect(world.server.requests[0]?.query.get('skip_merge_validation')).toBe('true')
    const bodies = world.server.requests.map(({ body }) => JSON.parse(body))
    const body = {
      email_address: EMAIL.toLowerCase(),
      status_if_new: 'subscribed',
      merge_fields: { FNAME: 'Jo' },
    }
    expect(bodies).toEqual([body, { ...body, status: 'pending' }])
  })

  test('tags are set and removed by their own call', async () => {
    await using world = await start(() => done)
    await world.mailchimp.setTags(EMAIL, [
      { name: 'active', active: false },
      { name: 'alumni', active: true },
    ])
    await world.mailchimp.setTags(EMAIL, [])
    expect(asked(world.server.requests)).toEqual([`POST ${MEMBERS}/${HASH}/tags`])
    expect(JSON.parse(world.server.requests[0]?.body ?? '')).toEqual({
      tags: [
        { name: 'active', status: 'inactive' },
        { name: 'alumni', status: 'active' },
      ],
    })
  })

  test.each([
    ['a contact', [done]],
    ['nobody', [missing]],
    [
      'what is archived already, and so',
      [problem(405, 'Method Not Allowed'), member(EMAIL, { status: 'archived' })],
    ],
    ['what bounced, and so', [problem(405, 'Method Not Allowed'), member(EMAIL, { status: 'cleaned' })]],
  ])('%s gets no more mail', async (_name, replies) => {
    await using world = await start((_request, index) => replies[index] ?? missing)
    await world.mailchimp.archiveContact(EMAIL)
    expect(asked(world.server.requests.slice(0, 1))).toEqual([`DELETE ${MEMBERS}/${HASH}`])
    expect(world.server.requests).toHaveLength(replies.length)
  })

  test('a contact that cannot be archived is said so', async () => {
    const replies = [problem(405, 'Method Not Allowed'), member(EMAIL)]
    await using world = await start((_request, index) => replies[index] ?? missing)
    await expect(world.mailchimp.archiveContact(EMAIL)).rejects.toMatchObject({
      next: 'never-retry',
      facts: { code: 'method_not_allowed' },
    })
  })

  test('the welcome is triggered by its step', async () => {
    await using world = await start(() => done)
    await world.mailchimp.triggerWelcome(EMAIL)
    expect(world.server.requests[0]).toMatchObject({
      method: 'POST',
      path: '/mailchimp/3.0/customer-journeys/journeys/11/steps/22/actions/trigger',
      body: JSON.stringify({ email_address: EMAIL.toLowerCase() }),
    })
  })

  test('without a journey nobody is welcomed, and nothing is sent', async () => {
    await using world = await start(() => done)
    const settings = { apiKey: 'k-us1', listId: 'l', welcome: null, apiUrl: world.server.url }
    const welcome = createMailchimpConnector(settings, openGate).triggerWelcome(EMAIL)
    await expect(welcome).rejects.toMatchObject({ next: 'never-retry', message: /MAILCHIMP_WELCOME_STEP_ID/ })
    expect(world.server.requests).toEqual([])
  })

  test.skipIf(!hasSpecification('mailchimp-members.yml'))('satisfy the specification', async () => {
    const violations = readSpecification('mailchimp-members.yml')
    await using world = await start(({ method }) => (method === 'PUT' ? member(EMAIL) : done))
    await world.mailchimp.putContact({ ...jo, status: 'pending' })
    await world.mailchimp.setTags(EMAIL, [{ name: 'active', active: true }])
    const [put, tags] = world.server.requests.map(({ body }) => JSON.parse(body))
    const path = '/paths/~1lists~1{list_id}~1members~1{subscriber_hash}'
    expect(violations(`${path}/put/parameters/3/schema`, put)).toEqual([])
    expect(violations(`${path}/put/parameters/3/schema`, { ...put, status: 'gone' })).not.toEqual([])
    expect(violations(`${path}~1tags/post/parameters/2/schema`, tags)).toEqual([])
  })
})

describe('a changed address', () => {
  const change = { ...jo, knownAs: OLD }

  test('moves the contact', async () => {
    await using world = await start(({ method }) => (method === 'GET' ? missing : member(EMAIL)))
    expect(await world.mailchimp.putContact(change)).toMatchObject({ email: EMAIL.toLowerCase() })
    expect(asked(world.server.requests)).toEqual([`GET ${MEMBERS}/${HASH}`, `PUT ${MEMBERS}/${OLD_HASH}`])
    expect(JSON.parse(world.server.requests[1]?.body ?? '')).toMatchObject({
      email_address: EMAIL.toLowerCase(),
    })
  })

  test('makes a contact when there is none to move', async () => {
    await using world = await start(({ method, path }) =>
      method === 'GET' || path.endsWith(OLD_HASH) ? missing : member(EMAIL),
    )
    await world.mailchimp.putContact(change)
    expect(asked(world.server.requests)).toEqual([
      `GET ${MEMBERS}/${HASH}`,
      `PUT ${MEMBERS}/${OLD_HASH}`,
      `PUT ${MEMBERS}/${HASH}`,
    ])
  })

  test('uses the contact that the new address has already, and leaves the old one alone', async () => {
    await using world = await start(() => member(EMAIL, { status: 'unsubscribed' }))
    expect(await world.mailchimp.putContact(change)).toMatchObject({ status: 'unsubscribed' })
    expect(asked(world.server.requests)).toEqual([`GET ${MEMBERS}/${HASH}`, `PUT ${MEMBERS}/${HASH}`])
  })
})

describe('a refusal', () => {
  async function refusalOf(reply: Reply, call: (mailchimp: Connectors['mailchimp']) => Promise<unknown>) {
    await using world = await start(() => reply)
    const error: unknown = await call(world.mailchimp).catch((thrown: unknown) => thrown)
    if (!(error instanceof KinkeeperError)) throw error
    expect(error.message).not.toContain('freddiesjokes')
    return error
  }
  const put = (mailchimp: Connectors['mailchimp']) => mailchimp.putContact(jo)
  const welcome = (mailchimp: Connectors['mailchimp']) => mailchimp.triggerWelcome(EMAIL)

  test.each([
    [problem(400, 'Member In Compliance State'), 'member_in_compliance_state', /signup form/],
    [problem(400, 'Forgotten Email Not Subscribed'), 'forgotten_email_not_subscribed', /signup form/],
    [
      problem(400, 'Invalid Resource', {
        errors: [{ field: 'email_address', message: `${EMAIL} looks fake` }],
      }),
      'invalid_resource',
      /does not accept the address/,
    ],
    [
      problem(400, 'Invalid Resource', { errors: [{ field: 'merge_fields.FNAME', message: EMAIL }] }),
      'invalid_resource',
      /merge_fields\.FNAME/,
    ],
    [problem(401, 'API Key Invalid'), 'api_key_invalid', /check MAILCHIMP_API_KEY/],
    [problem(403, 'User Disabled'), 'user_disabled', /disabled/],
    [problem(403, 'Wrong Datacenter'), 'wrong_datacenter', /MAILCHIMP_API_URL/],
    [problem(404, 'Resource Not Found'), 'resource_not_found', /check MAILCHIMP_LIST_ID/],
    [problem(405, 'Method Not Allowed'), 'method_not_allowed', /Method Not Allowed/],
  ])('%j is final', async (reply, code, message) => {
    const error = await refusalOf(reply, put)
    expect(error).toMatchObject({ next: 'never-retry', facts: { provider: 'mailchimp', code } })
    expect(error.message).toMatch(message)
  })

  test('of the journey names the journey', async () => {
    expect((await refusalOf(missing, welcome)).message).toMatch(/check MAILCHIMP_WELCOME_JOURNEY_ID/)
  })

  test('for now says how long: too many connections a moment, the edge a little longer', async () => {
    const busy = await refusalOf(problem(429, 'Too Many Requests'), put)
    expect(busy instanceof RetryAtError && busy.retryAfterMs).toBe(2_000)
    expect(busy.facts).toMatchObject({ status: 429, code: 'too_many_requests' })
    for (const call of [put, welcome]) {
      const edge = await refusalOf({ status: 403, body: '<html>Access Denied</html>' }, call)
      expect(edge instanceof RetryAtError && edge.retryAfterMs).toBe(10_000)
      expect(edge.facts).toMatchObject({ status: 403 })
    }
  })
})
