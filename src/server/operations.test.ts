import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { createTestDatabase } from '../../tests/support/test-database.ts'
import { tables } from '../database/index.ts'
import type { AuditPage } from './audit-contract.ts'
import { adviceOn } from './connections.ts'
import type { RunDetail } from './contract.ts'
import type { ConnectionView, ScheduleView } from './membership-contract.ts'
import { type Ask, startTestServer } from './test-server.ts'

let server: Awaited<ReturnType<typeof startTestServer>>
let approver: Ask
let operator: Ask

beforeAll(async () => {
  server = await startTestServer(await createTestDatabase())
  approver = await server.signedIn('approver')
  operator = await server.signedIn('operator')
})
afterAll(() => server.stop())

const schedules = async () =>
  ((await approver('GET', '/api/schedules')).json as { schedules: ScheduleView[] }).schedules
const connections = async () =>
  ((await approver('GET', '/api/connections')).json as { connections: ConnectionView[] }).connections

test('a schedule says what comes, is started by hand, and shows how it went', async () => {
  const [before] = await schedules()
  expect(before).toMatchObject({
    name: 'tidying',
    zone: 'Europe/Stockholm',
    last: [],
    endpoint: { path: '/api/jobs/tidying', open: false },
    idleBecause: null,
  })
  expect(before?.next).toHaveLength(5)
  expect(before?.next).toEqual(before?.next.toSorted())
  expect((await operator('POST', '/api/schedules/none/run', {})).status).toBe(404)
  const started = await operator('POST', '/api/schedules/tidying/run', {})
  expect(started).toMatchObject({ status: 200, json: { runId: expect.stringContaining('tidy:') } })
  const audit = (await approver('GET', '/api/audit?target=schedule:tidying')).json as AuditPage
  const { runId } = started.json as { runId: string }
  const actor = { kind: 'dashboard', id: 'usr_sandbox_operator', name: 'Oscar Operator' }
  expect(audit.items).toMatchObject([{ actor, action: 'started it now', runId }])
  await vi.waitFor(
    async () => {
      const [after] = await schedules()
      expect(after?.last).toMatchObject([
        { cause: 'person', run: { status: 'succeeded', result: { tidied: 3 } } },
      ])
    },
    { timeout: 20_000 },
  )
})

test('every provider is shown with its limits, and why it is away', async () => {
  const now = new Date()
  await server.database.db.insert(tables.providerStates).values({
    provider: 'mailchimp',
    breaker: 'open',
    reason: 'Mailchimp refused the contact jo@example.org',
    openedAt: now,
    probeAt: now,
    lastAnswerAt: now,
    lastAnswer: 'putContact: timed out',
  })
  const all = await connections()
  expect(all).toHaveLength(10)
  const mailchimp = all.find(({ provider }) => provider === 'mailchimp')
  expect(mailchimp).toMatchObject({
    mode: 'sandbox',
    breaker: 'open',
    places: { held: 0, limit: 8 },
    reason: 'Mailchimp refused the contact j•••@example.org',
    lastAnswer: { text: 'putContact: timed out' },
  })
  expect(all.find(({ provider }) => provider === 'luma')).toMatchObject({
    mode: 'off',
    perMinute: 180,
    advice: expect.stringContaining('LUMA_API_KEY'),
  })
})

test('the advice is about what presses most', () => {
  const month = { used: 10, budget: 100, forecast: 50 }
  const calm = { provider: 'circle', breaker: 'closed', parkedRuns: 0, month } as const
  expect(adviceOn(calm, 'live')).toBeNull()
  expect(adviceOn({ ...calm, month: { ...month, forecast: 200 } }, 'live')).toContain('will not last')
  expect(adviceOn({ ...calm, month: { ...month, used: 100 } }, 'live')).toContain('used up')
  expect(adviceOn({ ...calm, breaker: 'open', parkedRuns: 1 }, 'live')).toContain('One run waits')
  expect(adviceOn({ ...calm, breaker: 'half-open', parkedRuns: 7 }, 'sandbox')).toContain('7 runs wait')
  expect(adviceOn(calm, 'off')).toContain('CIRCLE_API_TOKEN')
})

test('a run that was put down says which provider it waits for', async () => {
  const { database, clock, membership } = server
  const now = new Date(clock.now())
  const member = { id: 'mem_parked', createdAt: now, updatedAt: now }
  await database.db.insert(tables.members).values(member)
  const runId = await database.transaction((tx) =>
    membership.followers.planDeactivation(tx, 'end_parked', clock.now() + 3_600_000),
  )
  const read = async () =>
    ((await approver('GET', `/api/runs/${encodeURIComponent(runId)}`)).json as RunDetail).run
  expect(await read()).toMatchObject({ status: 'delayed', parked: null })
  await database.db
    .insert(tables.parkedRuns)
    .values({ runId, provider: 'stripe', reason: 'Stripe does not answer', since: now, times: 2 })
  expect(await read()).toMatchObject({
    status: 'delayed',
    parked: { provider: 'stripe', reason: 'Stripe does not answer', times: 2 },
  })
})
