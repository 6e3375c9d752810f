/** Mailchimp's and Luma's answers against the vendors' own specifications, where those lie beside the project. */
import { expect, test } from 'vitest'
import { DAY_MS } from '../primitives/index.ts'
import { SANDBOX_CREDENTIALS, startTestSandbox } from './fixtures.ts'
import { hashOf } from './mailchimp/model.ts'
import { loadSpec, present } from './specifications.ts'

const MEMBERS = 'mailchimp-members.yml'
const JOURNEYS = 'mc-journeys.yml'
const LUMA = 'luma.openapi.json'

async function start() {
  const sandbox = await startTestSandbox()
  const call = async (method: string, path: string, headers: Record<string, string>, body?: unknown) => {
    const response = await fetch(sandbox.url + path, {
      method,
      headers: { ...headers, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, body: Object(text && JSON.parse(text)) }
  }
  return { sandbox, call }
}

test.skipIf(![MEMBERS, JOURNEYS].every(present))('Mailchimp: members, tags, journeys, problems', async () => {
  const [check, checkJourney] = [loadSpec(MEMBERS), loadSpec(JOURNEYS)]
  const { call } = await start()
  const { mailchimpApiKey, mailchimpListId, mailchimpWelcomeJourneyId } = SANDBOX_CREDENTIALS
  const authorization = `Basic ${btoa(`any:${mailchimpApiKey}`)}`
  const api = (method: string, path: string, body?: unknown) =>
    call(method, `/mailchimp/3.0${path}`, { authorization }, body)
  const email = 'ada@members.example'
  const member = '/lists/{list_id}/members/{subscriber_hash}'
  const path = `/lists/${mailchimpListId}/members/${hashOf(email)}`

  const body = { email_address: email, status_if_new: 'subscribed', merge_fields: { FNAME: 'Ada' } }
  const added = await api('PUT', path, body)
  expect(added.status).toBe(200)
  check(member, 'put', 200, added.body)
  expect(() => check(member, 'put', 200, { ...added.body, vip: 'yes' }), 'the check can fail').toThrow()
  check(member, 'patch', 200, (await api('PATCH', path, { vip: true })).body)
  expect((await api('POST', `${path}/tags`, { tags: [{ name: 'active', status: 'active' }] })).status).toBe(
    204,
  )
  check(member, 'get', 200, (await api('GET', path)).body)
  check(`${member}/tags`, 'get', 200, (await api('GET', `${path}/tags`)).body)

  check(member, 'put', 'default', (await api('PUT', path, { email_address: 'x' })).body)
  check(member, 'get', 'default', (await api('GET', `${path}0`)).body)
  const nowhere = `/customer-journeys/journeys/${mailchimpWelcomeJourneyId}/steps/1/actions/trigger`
  const unknown = await api('POST', nowhere, { email_address: email })
  const trigger = '/customer-journeys/journeys/{journey_id}/steps/{step_id}/actions/trigger'
  checkJourney(trigger, 'post', 'default', unknown.body)
  const { title: _title, ...poor } = unknown.body
  expect(() => checkJourney(trigger, 'post', 'default', poor), 'the check can fail').toThrow()
})

test.skipIf(!present(LUMA))('Luma: the key, events, guests, a status', async () => {
  const check = loadSpec(LUMA)
  const { call, sandbox } = await start()
  const api = (method: string, path: string, body?: unknown) =>
    call(method, `/luma${path}`, { 'x-luma-api-key': SANDBOX_CREDENTIALS.lumaApiKey }, body)
  const guests = [
    { email: 'ada@members.example', name: 'Ada' },
    { email: 'bob@members.example', name: 'Bob B', ticket: { amountCents: 900, currency: 'gbp' } },
  ]
  const event = { name: 'Salon', startsInMs: DAY_MS, guests }
  const { id } = await sandbox.control<{ id: string }>('POST', '/luma/events', event)

  check('/v1/users/get-self', 'get', 200, (await api('GET', '/v1/users/get-self')).body)
  const events = (await api('GET', '/v1/calendars/events/list')).body
  expect(events.entries).toHaveLength(1)
  check('/v1/calendars/events/list', 'get', 200, events)
  const page = (await api('GET', `/v1/events/guests/list?event_id=${id}&pagination_limit=1`)).body
  expect(page).toMatchObject({ has_more: true, entries: [{ user_last_name: null }] })
  check('/v1/events/guests/list', 'get', 200, page)
  const { user_email: _email, ...poor } = page.entries[0]
  const lacking = () => check('/v1/events/guests/list', 'get', 200, { ...page, entries: [poor] })
  expect(lacking, 'the check can fail').toThrow()
  const change = { event_id: id, guest_id: 'bob@members.example', status: 'approved' }
  const changed = await api('POST', '/v1/events/guests/update-status', change)
  check('/v1/events/guests/update-status', 'post', 200, changed.body)
  for (const { email } of guests) {
    const query = new URLSearchParams({ event_id: id, id: email })
    check('/v1/events/guests/get', 'get', 200, (await api('GET', `/v1/events/guests/get?${query}`)).body)
  }
})
