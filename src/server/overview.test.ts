import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { createTestDatabase } from '../../tests/support/test-database.ts'
import { tables } from '../database/index.ts'
import { startStats } from '../monitoring/index.ts'
import { MINUTE_MS } from '../primitives/index.ts'
import { createServer } from './index.ts'
import type { HealthView, OverviewView } from './overview-contract.ts'
import { startTestServer } from './test-server.ts'

let server: Awaited<ReturnType<typeof startTestServer>>
beforeAll(async () => {
  server = await startTestServer(await createTestDatabase())
})
afterAll(() => server.stop())
beforeEach(async () => {
  await server.database.db.execute(
    sql`truncate run_stats, run_durations, gauge_samples, dead_letters, alerts, effects, provider_states cascade;
      delete from dbos.workflow_status`,
  )
})

/** Runs of a job that ended minutes ago, each after a second, as the engine's own table says. */
async function ran(job: string, count: number, status: 'SUCCESS' | 'ERROR', minutesAgo = 10): Promise<void> {
  const endedMs = Date.now() - minutesAgo * MINUTE_MS
  await server.database.db.execute(sql`
    insert into dbos.workflow_status
      (workflow_uuid, status, name, completed_at, started_at_epoch_ms, created_at, updated_at)
    select ${`${job}:${status}-${minutesAgo}-`}::text || n, ${status}, ${job}, ${endedMs}::bigint, ${endedMs - 1_000}::bigint, 0, 0
    from generate_series(1, ${count}::int) as n`)
}

async function count(): Promise<void> {
  const { database, clock } = server
  const stats = startStats({ database, clock, logger: server.parts.logger, readProviderUse: async () => [] })
  while (!(await stats.refresh())) await new Promise(setImmediate)
  await stats.stop()
}

const health = async () => {
  const response = await server.app.request('/api/health')
  return { status: response.status, body: (await response.json()) as HealthView }
}

test('health without runs says so, and nothing is NaN', async () => {
  await count()
  const { status, body } = await health()
  expect(status).toBe(200)
  expect(body).toMatchObject({
    healthy: true,
    reasons: [],
    window: '1h',
    runs: 'none in the last hour',
    totalRuns: 0,
    successRate: null,
    averageDurationMs: null,
    p95DurationMs: null,
    queuedRuns: 0,
    deadLetters: 0,
  })
})

test('health with runs has their numbers, and what is older than an hour is not among them', async () => {
  await ran('member-sync', 19, 'SUCCESS')
  await ran('cleanup', 1, 'ERROR')
  await ran('cleanup', 50, 'ERROR', 90)
  await count()
  const { body } = await health()
  expect(body).toMatchObject({ healthy: true, totalRuns: 20, successRate: 0.95, averageDurationMs: 1_000 })
  expect(body.runs).toBe('20 in the last hour')
  expect(body.p95DurationMs).toBeGreaterThanOrEqual(1_000)
  expect(body.p95DurationMs).toBeLessThanOrEqual(1_050)
})

test('unhealthy only for reasons that are named: failing runs, a line that nobody serves, no database', async () => {
  await ran('member-sync', 8, 'SUCCESS')
  await ran('member-sync', 4, 'ERROR')
  await count()
  expect((await health()).body).toMatchObject({
    healthy: false,
    reasons: ['4 of 12 runs failed in the last hour. The dead letters say why.'],
  })
  await server.database.db.execute(sql`
    update gauge_samples set value = 660000 where gauge = 'oldest_queued_age_ms'`)
  expect((await health()).body.reasons[1]).toContain('waited in line for 11 minutes')
  const readiness = async () => ({ ready: false, checks: { database: false }, problems: ['It is away.'] })
  const app = createServer({ ...server.parts, readiness })
  const away = await app.request('/api/health')
  expect(away.status).toBe(503)
  expect(await away.json()).toMatchObject({ healthy: false, reasons: ['It is away.'], successRate: null })
})

test('a fresh overview says that nothing has run', async () => {
  const ask = await server.signedIn('viewer')
  const { status, json } = await ask('GET', '/api/overview')
  const view = json as OverviewView
  expect(status).toBe(200)
  expect(view).toMatchObject({ fresh: true, jobs: [], needed: [], webhooks: [], countedAt: null })
  expect(view.lastHour).toMatchObject({ total: 0, successRate: null })
})

test('the overview: what needs somebody first, then the numbers of each job with its day', async () => {
  const { db } = server.database
  await ran('member-sync', 30, 'SUCCESS')
  await ran('member-sync', 2, 'ERROR', 200)
  const now = new Date()
  const error = {
    name: 'NeverRetryError',
    message: 'No member jo@example.org',
    next: 'never-retry' as const,
    facts: {},
  }
  const letter = { job: 'member-sync', error, cause: 'c', errorClass: 'refused', attempts: 1, failedAt: now }
  await db.insert(tables.deadLetters).values([
    { ...letter, id: 'd1', runId: 'member-sync:a', status: 'open' as const },
    { ...letter, id: 'd2', runId: 'member-sync:b', status: 'abandoned' as const, failedAt: new Date(0) },
  ])
  await db.insert(tables.providerStates).values({ provider: 'circle', breaker: 'open', openedAt: now })
  await count()
  const ask = await server.signedIn('viewer')
  // The numbers may be two seconds old.
  const view = await vi.waitFor(
    async () => {
      const answer = (await ask('GET', '/api/overview')).json as OverviewView
      expect(answer.lastHour).toMatchObject({ total: 30, successRate: 1, running: 0, queued: 0 })
      return answer
    },
    { timeout: 10_000, interval: 100 },
  )
  expect(view.needed.map(({ kind, count, names }) => [kind, count, names])).toEqual([
    ['breakers', 1, ['circle']],
    ['dead_letters', 1, []],
  ])
  expect(view.fresh).toBe(false)
  const [job] = view.jobs
  expect(job).toMatchObject({ job: 'member-sync', total: 30, averageMs: 1_000, failedToday: 2 })
  expect(job?.lastError).toMatchObject({ message: 'No member j•••@example.org', runId: 'member-sync:a' })
  expect(job?.line).toHaveLength(48)
  expect(job?.line.reduce((sum, { succeeded }) => sum + succeeded, 0)).toBe(30)
  expect(view.providers.find(({ provider }) => provider === 'circle')).toMatchObject({ breaker: 'open' })
})
