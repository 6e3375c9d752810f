import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { createConnectors, openGate } from '../../src/connectors/index.ts'
import { type Database, openDatabase, tables } from '../../src/database/index.ts'
import { type Engine, readRun, readSteps, replayRun, startEngine } from '../../src/engine/index.ts'
import {
  type ActionParts,
  acknowledgeAlert,
  channelStates,
  defineNoticeJob,
  type EvaluationParts,
  evaluateRules,
  muteRule,
  parseRules,
  testRule,
} from '../../src/monitoring/alerts/index.ts'
import { createClock, createLogger, MINUTE_MS, SECOND_MS } from '../../src/primitives/index.ts'
import { findSandboxMailServer } from '../../src/start/sandbox-mail.ts'
import { type SandboxWorld, startSandboxWorld } from '../support/sandbox-world.ts'
import { createTestDatabase } from '../support/test-database.ts'

const RULES = `
rules:
  - name: backlog
    condition: queued_jobs > 100
    window: 1m
    severity: critical
    notify: [slack, email, sms, pagerduty]
    runbook: alert-queue-backlog
recipients: { sms: ["+14155550123", "+14155550124"] }
`
const OPERATOR = { kind: 'dashboard', id: 'usr_op', name: 'Olu Operator' } as const
const silent = createLogger('silent')

let database: Database
let engine: Engine
let world: SandboxWorld
let drop: () => Promise<void>
let parts: EvaluationParts & ActionParts
/** Each test has an hour of its own, so that none sees another's samples. */
let hourMs = Date.UTC(2026, 10, 1)

beforeAll(async () => {
  const created = await createTestDatabase()
  drop = created.drop
  database = openDatabase({ url: created.url, poolSize: 8, logger: silent })
  world = await startSandboxWorld()
  await addPeople()
  const clock = createClock()
  const { rules, recipients } = readRules()
  const slackChannel = world.credentials.slackAlertsChannel
  const notices = defineNoticeJob({
    ...{ database, clock, recipients, slackChannel },
    connectors: connectorsOf(world),
    publicUrl: 'http://localhost:3000',
  })
  const sandbox = { slack: 'sandbox', twilio: 'sandbox', pagerduty: 'sandbox', email: 'sandbox' } as const
  parts = {
    ...{ database, clock, rules, notices },
    channels: channelStates({ modes: sandbox, slackChannel, recipients }),
    starter: () => engine.starter,
  }
  engine = await startEngine({ database, clock, logger: silent, jobs: [notices] })
})
afterAll(async () => {
  await engine.stop(5_000)
  await database.close()
  await world.stop()
  await drop()
})
beforeEach(async () => {
  hourMs += 60 * MINUTE_MS
  await world.control('POST', '/reset')
})
afterEach(async () => {
  // What is under way or open would go on into the next test.
  await vi.waitFor(async () => {
    const rows = await database.db.select().from(tables.alertNotices)
    expect(rows.filter(({ status }) => status === 'pending')).toEqual([])
  }, 20_000)
  await database.db.delete(tables.alerts)
  await database.db.delete(tables.alertRuleStates)
})

test('a broken channel holds up no other; each recipient is told once; what resolves bears the key of what fired', async () => {
  await world.control('POST', '/faults', {
    provider: 'pagerduty',
    operation: '*',
    kind: 'status',
    status: 500,
  })
  await queueIs(150, 0, 8)
  await evaluate(0, 8)
  await settled({ slack: 'sent', email: 'sent', sms: 'sent', pagerduty: 'pending' })
  const told = await world.read()
  expect(alertsChannel(told)).toHaveLength(1)
  expect(JSON.stringify(alertsChannel(told))).toContain('[critical] backlog')
  expect(JSON.stringify(alertsChannel(told))).toContain('http://localhost:3000/runs')
  expect(told.mail.caught.map(({ to }) => to.join()).sort()).toEqual(['olu@example.org', 'ona@example.org'])
  expect(told.mail.caught[0]?.text).toMatch(/queued_jobs is 150\.\n\nWhere to act: http:/)
  // They are texted at once, so either may be first.
  expect(told.phones.map(({ number, messages }) => [number, messages.length]).sort()).toEqual([
    ['+14155550123', 1],
    ['+14155550124', 1],
  ])
  expect(told.pagerduty.incidents).toEqual([])

  await world.control('DELETE', '/faults')
  await settled({ slack: 'sent', email: 'sent', sms: 'sent', pagerduty: 'sent' })
  await queueIs(0, 8, 24)
  await evaluate(8, 24)
  await vi.waitFor(async () => {
    const { pagerduty } = await world.read()
    expect(pagerduty.incidents).toMatchObject([
      { status: 'resolved', severity: 'critical', events: [{ action: 'trigger' }, { action: 'resolve' }] },
    ])
  }, 20_000)
  const [alert] = await database.db.select().from(tables.alerts)
  expect(alert).toMatchObject({
    status: 'resolved',
    resolution: expect.stringContaining('false for 2 minutes'),
  })
  await vi.waitFor(async () => {
    const after = await world.read()
    expect(alertsChannel(after)).toHaveLength(2)
    expect(after.mail.caught).toHaveLength(4)
    expect(new Set(after.mail.caught.map(({ messageId }) => messageId)).size).toBe(4)
  }, 20_000)
}, 90_000)

test('lost answers are looked for, not repeated: one message, one text each, one incident', async () => {
  for (const [provider, operation] of [
    ['slack', 'chat.postMessage'],
    ['twilio', 'messages.create'],
    ['pagerduty', 'events.enqueue'],
  ])
    await world.control('POST', '/faults', { provider, operation, kind: 'drop-after', times: 1 })
  await queueIs(150, 0, 8)
  await evaluate(0, 8)
  await settled({ slack: 'sent', email: 'sent', sms: 'sent', pagerduty: 'sent' })
  const told = await world.read()
  expect(told.faults).toEqual([])
  expect(alertsChannel(told)).toHaveLength(1)
  expect(told.phones.map(({ messages }) => messages.length)).toEqual([1, 1])
  expect(told.pagerduty.incidents).toHaveLength(1)
}, 60_000)

test('what flaps is one alert, told once; two processes that evaluate at once tell once', async () => {
  // 45 s above, 60 s below, for ten minutes: never quiet for two.
  await queueIs(150, 0, 8)
  for (let beat = 8; beat < 50; beat += 7) {
    await queueIs(20, beat, beat + 4)
    await queueIs(150, beat + 4, beat + 7)
  }
  for (let beat = 0; beat < 50; beat++) {
    const nowMs = hourMs + beat * 15 * SECOND_MS + SECOND_MS
    const turns = await Promise.all([evaluateRules(parts, nowMs), evaluateRules(parts, nowMs)])
    expect(turns.filter(Boolean)).toHaveLength(1)
  }
  expect(await database.db.select().from(tables.alerts)).toMatchObject([{ status: 'firing' }])
  await settled({ slack: 'sent', email: 'sent', sms: 'sent', pagerduty: 'sent' })
  expect(alertsChannel(await world.read())).toHaveLength(1)
}, 60_000)

test('one person acknowledges it; PagerDuty hears of it, and it resolves all the same', async () => {
  await queueIs(150, 0, 8)
  await evaluate(0, 8)
  const [alert] = await database.db.select().from(tables.alerts)
  const id = alert?.id ?? ''
  await acknowledgeAlert(parts, id, OPERATOR)
  await expect(acknowledgeAlert(parts, id, OPERATOR)).rejects.toThrow(
    'Olu Operator has acknowledged it already',
  )
  await expect(acknowledgeAlert(parts, 'alr_none', OPERATOR)).rejects.toThrow('no such alert')
  await vi.waitFor(async () => {
    expect((await world.read()).pagerduty.incidents).toMatchObject([{ status: 'acknowledged' }])
  }, 20_000)
  await queueIs(0, 8, 24)
  await evaluate(8, 24)
  await vi.waitFor(async () => {
    expect((await world.read()).pagerduty.incidents).toMatchObject([{ status: 'resolved' }])
  }, 20_000)
  await expect(acknowledgeAlert(parts, id, OPERATOR)).rejects.toThrow('resolved already')
}, 60_000)

test('a muted rule shows its alert and tells nobody, until the mute ends', async () => {
  await muteRule(parts, 'backlog', hourMs + 4 * MINUTE_MS, OPERATOR)
  await queueIs(150, 0, 24)
  await evaluate(0, 12)
  expect(await database.db.select().from(tables.alerts)).toMatchObject([{ status: 'firing' }])
  expect(await noticesOfOpen()).toEqual({})
  await evaluate(12, 24)
  await settled({ slack: 'sent', email: 'sent', sms: 'sent', pagerduty: 'sent' })
}, 60_000)

test('a rule that is taken out of the file: its alert resolves, says why, and is told where it was told', async () => {
  await queueIs(150, 0, 8)
  await evaluate(0, 8)
  expect(await evaluateRules({ ...parts, rules: [] }, hourMs + 8 * 15 * SECOND_MS)).toBe(true)
  expect(await database.db.select().from(tables.alerts)).toMatchObject([
    { status: 'resolved', resolution: 'The rule has been taken out of the file' },
  ])
  await vi.waitFor(async () => {
    expect((await world.read()).pagerduty.incidents).toMatchObject([{ status: 'resolved' }])
  }, 20_000)
}, 60_000)

test('a test is told on every channel, and leaves no incident open; a channel that is off says what to set', async () => {
  const channels = { ...parts.channels, sms: { on: false as const, why: 'Texts are off: set TWILIO_FROM.' } }
  const { testId } = await testRule({ ...parts, channels }, 'backlog', OPERATOR)
  await vi.waitFor(async () => {
    const rows = await database.db.select().from(tables.alertNotices)
    const own = rows.filter(({ alertId }) => alertId === testId)
    expect(Object.fromEntries(own.map(({ channel, status }) => [channel, status]))).toEqual({
      slack: 'sent',
      email: 'sent',
      sms: 'off',
      pagerduty: 'sent',
    })
    expect(own.find(({ channel }) => channel === 'sms')?.problem).toBe('Texts are off: set TWILIO_FROM.')
  }, 20_000)
  const told = await world.read()
  expect(told.pagerduty.incidents).toMatchObject([{ status: 'resolved', severity: 'info' }])
  expect(told.mail.caught[0]?.subject).toBe('Kinkeeper: Test: backlog. Nothing is wrong')
  expect(await database.db.select().from(tables.alerts)).toEqual([])
  await expect(testRule(parts, 'nothing', OPERATOR)).rejects.toThrow('The rules are backlog.')
}, 60_000)

/** Replays what failed as a person does it. */
const replay = (runId: string, failedStep: string) =>
  database.transaction((tx) => replayRun(tx, engine.starter, runId, { from: 'failed-step', failedStep }))
const ended = (runId: string, status: string) =>
  vi.waitFor(async () => expect((await readRun(runId)).status).toBe(status), { timeout: 20_000 })

test('a page that is replayed after its alert has resolved wakes nobody', async () => {
  const fault = { provider: 'pagerduty', operation: '*', kind: 'status', status: 400, times: 1 }
  await world.control('POST', '/faults', fault)
  await queueIs(150, 0, 8)
  await evaluate(0, 8)
  await settled({ slack: 'sent', email: 'sent', sms: 'sent', pagerduty: 'failed' })
  await queueIs(0, 8, 24)
  await evaluate(8, 24)
  const [alert] = await database.db.select().from(tables.alerts)
  await ended(`alert-notice:${alert?.id}.fired.pagerduty`, 'failed')
  await ended(`alert-notice:${alert?.id}.resolved.pagerduty`, 'succeeded')
  await ended(await replay(`alert-notice:${alert?.id}.fired.pagerduty`, 'trigger at PagerDuty'), 'succeeded')
  expect((await world.read()).pagerduty.incidents.filter(({ status }) => status !== 'resolved')).toEqual([])
}, 60_000)

test('who got the mail does not get it again when the one that failed is replayed', async () => {
  const fault = { provider: 'email', operation: '*', kind: 'status', status: 550, times: 1 }
  await world.control('POST', '/faults', fault)
  await queueIs(150, 0, 8)
  await evaluate(0, 8)
  await settled({ slack: 'sent', email: 'failed', sms: 'sent', pagerduty: 'sent' })
  const [alert] = await database.db.select().from(tables.alerts)
  const runId = `alert-notice:${alert?.id}.fired.email`
  await ended(runId, 'failed')
  const failed = (await readSteps(database.db, await readRun(runId))).find(
    ({ name, outcome }) => name.startsWith('mail') && outcome.kind === 'failed',
  )
  await ended(await replay(runId, failed?.name ?? ''), 'succeeded')
  const to = (await world.read()).mail.caught.map((mail) => mail.to.join())
  expect(to.sort()).toEqual(['olu@example.org', 'ona@example.org'])
}, 60_000)

function readRules() {
  const parsed = parseRules(RULES, 'alerts.yaml')
  if (!parsed.ok) throw new Error(parsed.problems.join('\n'))
  return parsed.rules
}

/** Evaluates at each quarter of a minute, from one to before another. */
async function evaluate(from: number, to: number): Promise<void> {
  for (let beat = from; beat < to; beat++)
    expect(await evaluateRules(parts, hourMs + beat * 15 * SECOND_MS + SECOND_MS)).toBe(true)
}

async function queueIs(value: number, from: number, to: number): Promise<void> {
  const rows = Array.from({ length: to - from }, (_, index) => ({
    at: new Date(hourMs + (from + index) * 15 * SECOND_MS),
    gauge: 'queued_jobs',
    of: '',
    value,
  }))
  await database.db.insert(tables.gaugeSamples).values(rows)
}

async function noticesOfOpen(): Promise<Record<string, string>> {
  const [alert] = await database.db.select().from(tables.alerts)
  const rows = await database.db.select().from(tables.alertNotices)
  const own = rows.filter(({ alertId, about }) => alertId === alert?.id && about === 'fired')
  return Object.fromEntries(own.map(({ channel, status }) => [channel, status]))
}

function settled(expected: Record<string, string>): Promise<void> {
  return vi.waitFor(async () => expect(await noticesOfOpen()).toEqual(expected), {
    timeout: 40_000,
    interval: 100,
  })
}

function alertsChannel(view: Awaited<ReturnType<SandboxWorld['read']>>) {
  return view.slack.channels.find(({ id }) => id === world.credentials.slackAlertsChannel)?.messages ?? []
}

async function addPeople(): Promise<void> {
  await database.db.insert(tables.users).values([
    { id: 'usr_op', name: 'Olu Operator', email: 'olu@example.org', role: 'operator' },
    { id: 'usr_ow', name: 'Ona Owner', email: 'ona@example.org', role: 'owner' },
    { id: 'usr_vi', name: 'Vi Viewer', email: 'vi@example.org', role: 'viewer' },
  ])
}

function connectorsOf({ url, credentials }: SandboxWorld) {
  return createConnectors({
    gate: openGate,
    slack: { token: credentials.slackBotToken, apiUrl: `${url}/slack/api/` },
    twilio: {
      accountSid: credentials.twilioAccountSid,
      authToken: credentials.twilioAuthToken,
      from: credentials.twilioFrom,
      apiUrl: `${url}/twilio`,
    },
    pagerduty: { routingKey: credentials.pagerdutyRoutingKey, eventsUrl: `${url}/pagerduty` },
    email: { smtpUrl: () => findSandboxMailServer(`${url}/mail/server`), from: 'kinkeeper@example.org' },
    // Alerts are told by none of these.
    openai: { apiKey: 'off', model: '' },
    circle: { token: '', spaceId: 0, authScheme: undefined },
    mailchimp: { apiKey: '', listId: '', welcome: null, apiUrl: url },
    luma: { apiKey: '' },
    stripe: { apiKey: null },
    clerk: { secretKey: null },
  })
}
