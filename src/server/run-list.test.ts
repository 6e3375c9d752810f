import { randomInt } from 'node:crypto'
import { sql } from 'drizzle-orm'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { createTestDatabase } from '../../tests/support/test-database.ts'
import { tables } from '../database/index.ts'
import type { RunStatus } from './contract.ts'
import type { RunListFilter, RunListItem, RunPage } from './run-list-contract.ts'
import { type Ask, startTestServer } from './test-server.ts'

type Server = Awaited<ReturnType<typeof startTestServer>>
type Seeded = { id: string; job: string; status: RunStatus; createdAtMs: number; parkedFor: string | null }

const PAGE = 50
const HOUR_MS = 3_600_000
const RUNS = 600
const JOBS = ['member-sync', 'job-post-review', 'cleanup']
const DBOS_STATUS: Record<RunStatus, string[]> = {
  // Nothing that the engine would take up.
  queued: [],
  running: [],
  delayed: ['DELAYED'],
  succeeded: ['SUCCESS'],
  failed: ['ERROR', 'MAX_RECOVERY_ATTEMPTS_EXCEEDED'],
  cancelled: ['CANCELLED'],
}
const YEAR_3000_MS = 32_503_680_000_000

let server: Server
let viewer: Ask
let seeded: Seeded[]

beforeAll(async () => {
  server = await startTestServer(await createTestDatabase())
  viewer = await server.signedIn('viewer')
  seeded = await seed()
})
afterAll(() => server.stop())

test('every filter, read page by page in both directions, gives what a plain computation gives', async () => {
  const randomSeed = randomInt(2 ** 31)
  console.info(`run list: seed ${randomSeed}`)
  const now = Date.now()
  const iso = fc.integer({ min: now - 40 * HOUR_MS, max: now }).map((ms) => new Date(ms).toISOString())
  const filter: fc.Arbitrary<RunListFilter> = fc.record(
    {
      job: fc.constantFrom(...JOBS, 'no-such-job'),
      status: fc.constantFrom<RunStatus>('queued', 'delayed', 'succeeded', 'failed', 'cancelled'),
      within: fc.constantFrom('1h' as const, '24h' as const, '7d' as const),
      to: iso,
      q: fc.constantFrom('mem_1', 'member-sync:mem_2', 'cleanup', 'm', '%', '_', 'mem_17~2'),
      waitsFor: fc.constantFrom('any', 'slack', 'job:cleanup'),
      again: fc.constant('1' as const),
    },
    { requiredKeys: [] },
  )
  const sometimes = fc.oneof(fc.constant({}), ...JOBS.map((job) => fc.constant({ job })), filter)
  await fc.assert(
    fc.asyncProperty(sometimes, async (narrowed) => {
      const expected = compute(narrowed, now)
      const { items, last } = await walkOlder(narrowed)
      expect(items).toEqual(expected)
      expect(await walkNewer(narrowed, last)).toEqual(expected)
    }),
    { seed: randomSeed, numRuns: 60 },
  )
})

test('a row says for whom it waits, and keys are masked', async () => {
  const [slack] = (await page({ waitsFor: 'slack' })).items
  expect(slack).toMatchObject({
    status: 'delayed',
    paused: false,
    dueAt: null,
    parked: { provider: 'slack' },
  })
  const [paused] = (await page({ waitsFor: 'job:cleanup' })).items
  expect(paused).toMatchObject({ status: 'delayed', paused: true, dueAt: null, parked: null })
  const { waiting } = await page({})
  const expected = Map.groupBy(seeded, ({ parkedFor }) => parkedFor)
  expect(waiting).toContainEqual({ for: 'slack', count: expected.get('slack')?.length })
  const [masked] = (await page({ job: 'masked' })).items
  expect(masked).toMatchObject({ key: expect.stringContaining('•••'), attempt: 3 })
})

test('a run leads to its dead letter and to the runs before and after it', async () => {
  await insert({ id: 'cleanup:row', job: 'cleanup', status: 'failed', createdAtMs: 2_000, parkedFor: null })
  await insert({
    id: 'cleanup:row~2',
    job: 'cleanup',
    status: 'succeeded',
    createdAtMs: 3_000,
    parkedFor: null,
  })
  await server.database.db.insert(tables.deadLetters).values({
    ...{ id: 'dl_row', runId: 'cleanup:row', job: 'cleanup', status: 'replayed', step: null, cause: 'x' },
    ...{ error: { name: 'E', message: 'no', next: 'never-retry', facts: {} }, errorClass: 'refused' },
    ...{ provider: 'slack', attempts: 1, failedAt: new Date() },
  })
  const linksOf = async (id: string) =>
    (await viewer('GET', `/api/runs/${encodeURIComponent(id)}`)).json as { links: unknown }
  expect((await linksOf('cleanup:row')).links).toEqual({
    letter: { id: 'dl_row', status: 'replayed', title: 'Slack refused this request' },
    before: null,
    after: 'cleanup:row~2',
    dueAt: null,
  })
  expect((await linksOf('cleanup:row~2')).links).toMatchObject({
    letter: null,
    before: 'cleanup:row',
    after: null,
  })
})

test('a text that begins too many is told, and what is not a filter is refused', async () => {
  await server.database.db.execute(sql`
    insert into dbos.workflow_status (workflow_uuid, status, name, created_at, updated_at)
    select 'many:key-' || n, 'SUCCESS', 'many', n, n from generate_series(1, 5001) as n`)
  expect(await page({ q: 'key-' })).toMatchObject({ tooMany: true, items: [], olderCursor: null })
  expect((await page({ q: 'key-42' })).items.length).toBe(PAGE)
  for (const query of ['status=odd', 'from=yesterday', 'older=x', 'newer=%00', 'q=%00', 'within=2y'])
    expect((await viewer('GET', `/api/runs?${query}`)).status, query).toBe(400)
  expect((await server.browser()('GET', '/api/runs')).status).toBe(401)
})

test('our indexes are made in the background of a start', async () => {
  await vi.waitFor(
    async () => {
      const { rows } = await server.database.db.execute<{ name: string }>(sql`
        select indexrelid::regclass::text as name from pg_index
        where indrelid = 'dbos.workflow_status'::regclass and indisvalid`)
      const ours = rows.filter(({ name }) => name.includes('kinkeeper_runs'))
      expect(ours.length).toBe(3)
    },
    { timeout: 20_000 },
  )
})

async function seed(): Promise<Seeded[]> {
  const now = Date.now()
  const runs: Seeded[] = []
  const statuses: RunStatus[] = ['succeeded', 'succeeded', 'succeeded', 'failed', 'cancelled', 'delayed']
  for (let n = 0; n < RUNS; n++) {
    const job = JOBS[n % JOBS.length] ?? ''
    const status = statuses[(n * 7) % statuses.length] ?? 'failed'
    const parkedFor = status !== 'delayed' || n % 4 === 0 ? null : n % 4 === 1 ? 'slack' : `job:${job}`
    const id = `${job}:mem_${Math.floor(n / 6)}${n % 6 < 3 ? '' : '~2'}`
    // Several at the same moment, so that the id has to decide.
    runs.push({ id, job, status, createdAtMs: now - Math.floor(n / 4) * 900_000 - 1_000, parkedFor })
  }
  const masked = { id: 'masked:+14155550123~3', job: 'masked', createdAtMs: 1_000, parkedFor: null }
  runs.push({ ...masked, status: 'succeeded' })
  for (const run of runs) await insert(run)
  return runs
}

async function insert({ id, job, status, createdAtMs, parkedFor }: Seeded): Promise<void> {
  const [first = '', other = first] = DBOS_STATUS[status]
  const written = createdAtMs % 3 === 0 ? other : first
  const due = status === 'delayed' ? YEAR_3000_MS : null
  await server.database.db.execute(sql`
    insert into dbos.workflow_status (workflow_uuid, status, name, created_at, updated_at, delay_until_epoch_ms)
    values (${id}, ${written}, ${job}, ${createdAtMs}, ${createdAtMs}, ${due}::bigint)`)
  if (parkedFor !== null)
    await server.database.db
      .insert(tables.parkedRuns)
      .values({ runId: id, provider: parkedFor, reason: 'It is away', since: new Date() })
}

/** The ids, newest first, by looking at every run. */
function compute(filter: RunListFilter, nowMs: number): string[] {
  const hours = { '1h': 1, '24h': 24, '7d': 168 }
  const fits = ({ id, job, status, createdAtMs, parkedFor }: Seeded) => {
    const key = id.slice(id.indexOf(':') + 1)
    return (
      (filter.job === undefined || filter.job === job) &&
      (filter.status === undefined || filter.status === status) &&
      (filter.within === undefined || createdAtMs >= nowMs - hours[filter.within] * HOUR_MS) &&
      (filter.to === undefined || createdAtMs < Date.parse(filter.to)) &&
      (filter.q === undefined || id.startsWith(filter.q) || key.startsWith(filter.q)) &&
      (filter.again === undefined || /~\d+$/.test(id)) &&
      (filter.waitsFor === undefined || (parkedFor !== null && ['any', parkedFor].includes(filter.waitsFor)))
    )
  }
  return seeded
    .filter(fits)
    .sort((a, b) => b.createdAtMs - a.createdAtMs || (a.id < b.id ? 1 : -1))
    .map(({ id }) => id)
}

async function page(filter: RunListFilter): Promise<RunPage> {
  const answer = await viewer('GET', `/api/runs?${new URLSearchParams(filter)}`)
  expect(answer.status, JSON.stringify(answer.json)).toBe(200)
  return answer.json as RunPage
}

const ids = (items: readonly RunListItem[]) => items.map(({ id }) => id)

async function walkOlder(filter: RunListFilter): Promise<{ items: string[]; last: RunPage }> {
  const items: string[] = []
  for (let at = await page(filter); ; ) {
    items.push(...ids(at.items))
    if (at.olderCursor === null) return { items, last: at }
    at = await page({ ...filter, older: at.olderCursor })
  }
}

async function walkNewer(filter: RunListFilter, last: RunPage): Promise<string[]> {
  let items = ids(last.items)
  for (let at = last; at.newerCursor !== null; ) {
    at = await page({ ...filter, newer: at.newerCursor })
    items = [...ids(at.items), ...items]
  }
  return items
}
