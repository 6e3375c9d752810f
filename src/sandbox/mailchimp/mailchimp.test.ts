import { expect, test } from 'vitest'
import { SANDBOX_CREDENTIALS, startTestSandbox, type TestSandbox } from '../fixtures.ts'
import type { WorldView } from '../index.ts'
import { CLASSIC_AUTOMATION } from './journeys.ts'
import { hashOf } from './model.ts'

const {
  mailchimpApiKey,
  mailchimpListId: LIST,
  mailchimpWelcomeJourneyId: JOURNEY,
  mailchimpWelcomeStepId: STEP,
} = SANDBOX_CREDENTIALS
const ADA = 'ada@members.example'

/** A client with the sandbox's key: a path from `/3.0` on, and what came back. */
function mailchimp(sandbox: TestSandbox, key: string = mailchimpApiKey) {
  return async (method: string, path: string, body?: unknown) => {
    const response = await fetch(`${sandbox.url}/mailchimp/3.0${path}`, {
      method,
      headers: { authorization: `Basic ${btoa(`anybody:${key}`)}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, headers: response.headers, body: Object(text && JSON.parse(text)) }
  }
}

async function start() {
  const sandbox = await startTestSandbox()
  const call = mailchimp(sandbox)
  const member = (email: string, more = '') => `/lists/${LIST}/members/${hashOf(email)}${more}`
  const put = (email: string, more: object = { status_if_new: 'subscribed' }) =>
    call('PUT', member(email), { email_address: email, ...more })
  const trigger = (email: string, journey: number = JOURNEY, step: number = STEP) =>
    call('POST', `/customer-journeys/journeys/${journey}/steps/${step}/actions/trigger`, {
      email_address: email,
    })
  const contact = async (email: string) => {
    const { mailchimp } = await sandbox.control<WorldView>('GET', '/world')
    return mailchimp.contacts.find((each) => each.email === email)
  }
  const acts = (email: string, act: string) =>
    sandbox.control('POST', `/mailchimp/contacts/${encodeURIComponent(email)}/${act}`)
  return { sandbox, call, member, put, trigger, contact, acts }
}

test('ping and the list answer; a wrong key and an unknown list are problems', async () => {
  const { sandbox, call } = await start()
  expect((await call('GET', '/ping')).body).toEqual({ health_status: "Everything's Chimpy!" })
  expect((await call('GET', `/lists/${LIST}`)).body).toMatchObject({ id: LIST, stats: { member_count: 0 } })
  const refused = await mailchimp(sandbox, 'wrong-us1')('GET', '/ping')
  expect(refused).toMatchObject({ status: 401, body: { title: 'API Key Invalid', status: 401 } })
  expect(refused.headers.get('content-type')).toContain('application/problem+json')
  const strange = await call('GET', '/lists/nope/members/ada@members.example')
  expect(strange).toMatchObject({ status: 404, body: { title: 'Resource Not Found' } })
})

test('PUT adds with status_if_new, keeps the status of one who is there, and has no tags', async () => {
  const { call, put, member, contact } = await start()
  const added = await put(ADA, {
    status_if_new: 'subscribed',
    merge_fields: { FNAME: 'Ada', LNAME: 'Lovelace', not_a_tag: 'x' },
    tags: ['active'],
  })
  expect(added).toMatchObject({
    status: 200,
    body: { id: hashOf(ADA), status: 'subscribed', full_name: 'Ada Lovelace', tags: [], tags_count: 0 },
  })
  const again = await put('ADA@Members.example', { status_if_new: 'pending', merge_fields: { FNAME: 'A.' } })
  expect(again.body).toMatchObject({ status: 'subscribed', merge_fields: { FNAME: 'A.', LNAME: 'Lovelace' } })
  for (const path of [member(ADA), `/lists/${LIST}/members/${ADA}`]) {
    expect((await call('GET', path)).body).toMatchObject({ contact_id: added.body.contact_id })
  }
  const byContactId = await call('GET', `/lists/${LIST}/members/${added.body.contact_id}`)
  expect(byContactId.body).toMatchObject({ id: hashOf(ADA) })
  expect(await contact('ADA@Members.example')).toMatchObject({ status: 'subscribed', tags: [], mails: [] })
  expect((await call('PATCH', member(ADA), { vip: true })).body).toMatchObject({ vip: true })
  expect((await call('PATCH', member('nobody@members.example'), { vip: true })).status).toBe(404)
})

test('an address changes by PUT on the old hash, and not to one that is taken', async () => {
  const { call, put, member, trigger } = await start()
  const { body: before } = await put(ADA)
  await put('bob@members.example')
  await trigger(ADA)
  const taken = await call('PUT', member(ADA), { email_address: 'bob@members.example' })
  expect(taken).toMatchObject({
    status: 400,
    body: { title: 'Invalid Resource', errors: [{ field: 'email_address' }] },
  })
  const moved = await call('PUT', member(ADA), { email_address: 'countess@members.example' })
  expect(moved.body).toMatchObject({
    id: hashOf('countess@members.example'),
    contact_id: before.contact_id,
    status: 'subscribed',
  })
  expect((await call('GET', member(ADA))).status).toBe(404)
  const found = await call('GET', `/lists/${LIST}/members/${before.contact_id}`)
  expect(found.body).toMatchObject({ email_address: 'countess@members.example' })
})

test.each(['unsubscribe', 'clean'])('after %s only a confirmation brings a contact back', async (act) => {
  const { call, put, member, acts, contact } = await start()
  await put(ADA)
  await acts(ADA, act)
  const compliance = { status: 400, body: { title: 'Member In Compliance State' } }
  expect(await put(ADA, { status: 'subscribed' })).toMatchObject(compliance)
  expect((await put(ADA)).status).toBe(200)
  expect((await call('DELETE', member(ADA))).status).toBe(204)
  expect((await call('GET', member(ADA))).body.status).toBe('archived')
  expect(await put(ADA, { status: 'subscribed' })).toMatchObject(compliance)
  expect((await put(ADA, { status: 'pending' })).body.status).toBe('pending')
  expect(await put(ADA, { status: 'subscribed' })).toMatchObject(compliance)
  expect(await contact(ADA)).toMatchObject({ confirmations: 1, mails: [] })
  expect(await acts(ADA, 'confirm')).toEqual({ email: ADA, status: 'subscribed' })
  expect((await put(ADA, { status: 'subscribed' })).status).toBe(200)
})

test('unsubscribing through the API is as final; archiving a subscriber is not', async () => {
  const { call, put, member } = await start()
  await put(ADA)
  await call('DELETE', member(ADA))
  expect((await put(ADA)).body.status).toBe('archived')
  expect((await put(ADA, { status: 'subscribed' })).body.status).toBe('subscribed')
  await call('PATCH', member(ADA), { status: 'unsubscribed' })
  expect((await put(ADA, { status: 'subscribed' })).body.title).toBe('Member In Compliance State')
})

test('deleted for good is forgotten for good', async () => {
  const { call, put, member } = await start()
  await put(ADA)
  expect((await call('POST', member(ADA, '/actions/delete-permanent'))).status).toBe(204)
  expect((await call('GET', member(ADA))).status).toBe(404)
  for (const status_if_new of ['subscribed', 'pending']) {
    const refused = await put(ADA, { status_if_new })
    expect(refused).toMatchObject({ status: 400, body: { title: 'Forgotten Email Not Subscribed' } })
  }
})

test.each([
  ['not an address', { email_address: 'ada', status_if_new: 'subscribed' }, 'email_address'],
  ['a fake address', { email_address: 'ada@fake.invalid', status_if_new: 'subscribed' }, 'email_address'],
  ['no status for a new contact', { email_address: ADA }, 'status_if_new'],
  ['an unknown status', { email_address: ADA, status_if_new: 'archived' }, 'status_if_new'],
  [
    'a merge field that is an object',
    { email_address: ADA, status_if_new: 'subscribed', merge_fields: { FNAME: {} } },
    'merge_fields.FNAME',
  ],
])('%s is an Invalid Resource', async (_name, body, field) => {
  const { call, member } = await start()
  const refused = await call('PUT', member(body.email_address), body)
  expect(refused).toMatchObject({ status: 400, body: { title: 'Invalid Resource', errors: [{ field }] } })
  if (field === 'email_address' && body.email_address !== 'ada')
    expect(refused.body.detail).toContain('looks fake or invalid')
})

test('tags are set and removed by their own endpoint, any number of times', async () => {
  const { call, put, member, contact } = await start()
  await put(ADA)
  const tag = (name: string, status: string) =>
    call('POST', member(ADA, '/tags'), { tags: [{ name, status }] })
  for (const status of ['active', 'active']) expect((await tag('active', status)).status).toBe(204)
  await tag('alumni', 'active')
  await tag('never there', 'inactive')
  const listed = await call('GET', member(ADA, '/tags'))
  expect(listed.body).toMatchObject({ total_items: 2, tags: [{ name: 'alumni' }, { name: 'active' }] })
  await tag('Active', 'inactive')
  expect(await contact(ADA)).toMatchObject({ tags: ['alumni'] })
  expect((await tag('x', 'perhaps')).body.errors).toMatchObject([{ field: 'tags.0.status' }])
  const event = (name: string) => call('POST', member(ADA, '/events'), { name, properties: { plan: 'year' } })
  expect((await event('signed_up')).status).toBe(204)
  expect((await event('x')).status).toBe(400)
})

test('a journey mails every time it is triggered, and only subscribers', async () => {
  const { call, put, trigger, contact, acts } = await start()
  await put(ADA)
  expect((await trigger(ADA)).status).toBe(204)
  expect((await trigger(ADA.toUpperCase())).status).toBe(204)
  const mail = { journeyId: JOURNEY, stepId: STEP, atMs: expect.any(Number) }
  expect((await contact(ADA))?.mails).toEqual([mail, mail])
  expect((await trigger(ADA, 1)).status).toBe(404)
  expect((await trigger(ADA, JOURNEY, 1)).status).toBe(404)
  expect((await trigger('nobody@members.example')).status).toBe(400)
  await acts(ADA, 'unsubscribe')
  expect((await trigger(ADA)).status).toBe(400)

  await put('bob@members.example')
  const { workflowId, emailId } = CLASSIC_AUTOMATION
  const queue = () =>
    call('POST', `/automations/${workflowId}/emails/${emailId}/queue`, {
      email_address: 'bob@members.example',
    })
  expect((await queue()).status).toBe(200)
  expect((await queue()).status).toBe(400)
  expect((await contact('bob@members.example'))?.mails).toHaveLength(1)
})
