import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Database, openDatabase, tables } from '../../src/database/index.ts'
import {
  channelStates,
  defineNoticeJob,
  evaluateRules,
  parseRules,
} from '../../src/monitoring/alerts/index.ts'
import { createClock, createLogger } from '../../src/primitives/index.ts'
import { stubConnectors } from '../../src/server/test-connectors.ts'
import { createTestDatabase } from '../support/test-database.ts'
import { type PlainEvent, plainDay, plainRules } from './plain-judge.ts'
import { DAY_END, DAY_START, type Day, recordDay, SECOND } from './recorded-day.ts'

/** Every fourth evaluation (they are 15 seconds apart); ALERT_DAY=all: every one, which takes four times as long. */
const STEP_MS = process.env.ALERT_DAY === 'all' ? 15 * SECOND : 60 * SECOND
const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31))
/** Beside the four that ship: every other metric, narrowed by jobs and providers, joined and negated. */
const RULES = `
  - { name: success-low, condition: success_rate < 80%, window: 10m, min_samples: 20, severity: info, notify: [slack] }
  - { name: slow, condition: 'NOT (job_name = "luma-approval" OR p95_duration <= 10s)', window: 10m, min_samples: 15, severity: info, notify: [slack] }
  - { name: old-queue, condition: oldest_queued_age >= 2m, window: 5m, severity: info, notify: [slack] }
  - { name: approvals, condition: NOT waiting_approvals < 30, window: 15m, severity: info, notify: [slack] }
  - { name: budget, condition: provider_budget_used > 80%, window: 5m, severity: info, notify: [slack] }
  - { name: silence, condition: silence > 90m, window: 5m, severity: info, notify: [slack] }
  - { name: circle-budget, condition: 'provider = "circle" and provider_budget_used >= 90', window: 3m, severity: info, notify: [slack] }
  - { name: both, condition: failure_count > 3 AND queued_jobs > 60, window: 5m, severity: info, notify: [slack] }
  - { name: either, condition: NOT (failure_count <= 40 AND waiting_approvals < 45), window: 20m, severity: info, notify: [slack] }
`

let database: Database
let drop: () => Promise<void>
const day = recordDay(seed)

beforeAll(async () => {
  console.log(`recorded day: SEED=${seed}`)
  const created = await createTestDatabase()
  drop = created.drop
  database = openDatabase({ url: created.url, poolSize: 3, logger: createLogger('silent') })
  await fill(database, day)
})
afterAll(async () => {
  await database.close()
  await drop()
})

test('over a recorded day, every rule fires and resolves at exactly the evaluation that a plain computation says', async () => {
  const times: number[] = []
  for (let atMs = DAY_START + 7 * SECOND; atMs < DAY_END; atMs += STEP_MS) times.push(atMs)
  const expected = plainDay(plainRules(day), times)
  const told: string[] = []
  const parts = evaluation(told)
  const took: number[] = []
  for (const atMs of times) {
    const begun = performance.now()
    expect(await evaluateRules(parts, atMs)).toBe(true)
    took.push(performance.now() - begun)
  }
  expect(await eventsInTables()).toEqual(expected)
  const fired = expected.filter(({ what }) => what === 'fired')
  const names = [...new Set(fired.map(({ rule }) => rule))]
  took.sort((a, b) => a - b)
  const p95 = took[Math.floor(took.length * 0.95)] ?? 0
  console.log(
    `${times.length} evaluations of ${parts.rules.length} rules: ${fired.length} alerts of ${names.length} rules, ${p95.toFixed(1)} ms at p95`,
  )
  // A day in which nothing happens shows nothing.
  expect(names.length).toBeGreaterThanOrEqual(9)
  // Each alert was told once when it fired, and once when it resolved.
  expect(new Set(told).size).toBe(told.length)
  expect(told.filter((id) => id.includes('.fired.slack'))).not.toHaveLength(0)
}, 300_000)

function evaluation(told: string[]) {
  const shipped = readFileSync(fileURLToPath(new URL('../../alerts.yaml', import.meta.url)), 'utf8')
  const parsed = parseRules(shipped.replace(/\n# E-mails go(.|\n)*$/, '') + RULES, 'alerts.yaml')
  if (!parsed.ok) throw new Error(parsed.problems.join('\n'))
  const { rules, recipients } = parsed.rules
  const live = { slack: 'live', twilio: 'live', pagerduty: 'live', email: 'live' } as const
  const notices = defineNoticeJob({
    database,
    clock: createClock(),
    connectors: stubConnectors(),
    recipients,
    slackChannel: 'C0ALERTS',
    publicUrl: 'http://localhost:3000',
  })
  return {
    database,
    rules,
    notices,
    channels: channelStates({ modes: live, slackChannel: 'C0ALERTS', recipients }),
    // The runs themselves are tested beside this; here it is counted what would be told.
    starter: () => ({
      start: async (_tx: unknown, _job: unknown, input: unknown) => {
        const { noticeId } = input as { noticeId: string } // what a notice's run is given
        told.push(noticeId)
        return noticeId
      },
    }),
  }
}

async function eventsInTables(): Promise<PlainEvent[]> {
  const rows = await database.db.select().from(tables.alerts)
  const events = rows.flatMap(({ rule, cause, firedAt, resolvedAt }): PlainEvent[] => [
    { atMs: firedAt.getTime(), rule, cause, what: 'fired' },
    ...(resolvedAt ? [{ atMs: resolvedAt.getTime(), rule, cause, what: 'resolved' as const }] : []),
  ])
  return events.sort((a, b) => a.atMs - b.atMs || (a.rule + a.cause < b.rule + b.cause ? -1 : 1))
}

async function fill({ db }: Database, { runs, durations, samples }: Day): Promise<void> {
  for (const some of chunks(runs))
    await db.insert(tables.runStats).values(
      some.map(({ minuteMs, ...row }) => ({
        ...row,
        minute: new Date(minuteMs),
        cancelled: 0,
        durationSumMs: 0,
      })),
    )
  for (const some of chunks(durations))
    await db
      .insert(tables.runDurations)
      .values(some.map(({ minuteMs, ...row }) => ({ ...row, minute: new Date(minuteMs) })))
  for (const some of chunks(samples))
    await db
      .insert(tables.gaugeSamples)
      .values(some.map(({ atMs, ...row }) => ({ ...row, at: new Date(atMs) })))
}

function* chunks<T>(rows: readonly T[]): Generator<T[]> {
  for (let start = 0; start < rows.length; start += 2_000) yield rows.slice(start, start + 2_000)
}
