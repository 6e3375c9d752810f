import { readFileSync } from 'node:fs'
import pg from 'pg'
import { openDatabase } from '../../src/database/index.ts'
import { evaluateRules, parseRules } from '../../src/monitoring/alerts/index.ts'
import { createLogger } from '../../src/primitives/index.ts'
import type { RunDetail } from '../../src/server/contract.ts'
import { type Program, startProgram } from '../support/program.ts'
import { type SandboxWorld, startSandboxWorld, until } from '../support/sandbox-world.ts'
import { GOOD_POST, messageOf, submit } from '../support/stories.ts'
import { copyTemplate } from '../support/test-database.ts'
import { fillRuns, JOB_NAMES, LETTERS, RUNS } from './many-runs.ts'
import { ms, percentile, type Row } from './measure.ts'

const REQUESTS = 400
const EVALUATIONS = 20
const TEXTS_BEFORE = 40
const MINUTE_MS = 60_000
const DAY_MS = 1_440 * MINUTE_MS

/** Reads `/api${path}` as a signed-in person; rejects unless it is answered 200. */
type Read = <T>(path: string) => Promise<T>
type Page = { nextCursor?: string | null; olderCursor?: string | null }

/** A million finished runs and ten thousand dead letters: what the pages, the rules and the cleanup cost then. */
export async function measureOperations(serverUrl: string): Promise<Row[]> {
  const database = await copyTemplate(serverUrl)
  const pool = new pg.Pool({ connectionString: database.url, max: 1 })
  const begun = performance.now()
  await fillRuns(pool)
  process.stderr.write(`  filled in ${((performance.now() - begun) / 1_000).toFixed(0)} s\n`)
  const world = await startSandboxWorld({ apart: true })
  const program = await startProgram({ databaseUrl: database.url, world, env: { LOG_LEVEL: 'warn' } })
  const person = await signIn(program)
  const caughtUp = await settle(pool)
  const rows = [caughtUp]
  rows.push(promised('Overview', await timed(person.read, () => '/overview')))
  rows.push(promised('Runs, any filter, any page', await timed(person.read, runPaths())))
  rows.push(promised('Dead letters, any filter, any page', await timed(person.read, letterPaths())))
  rows.push(await measureRules(database.url))
  rows.push(...(await measureCleanup({ pool, world, person })))
  await program.stop()
  await pool.end()
  await world.stop()
  await database.drop()
  return rows
}

async function signIn({ url }: Program) {
  const answer = await fetch(`${url}/api/sandbox/sign-in`, {
    method: 'POST',
    headers: { origin: url, 'content-type': 'application/json' },
    body: JSON.stringify({ role: 'owner' }),
  })
  const cookie = answer.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ')
  const ask = async (method: string, path: string): Promise<unknown> => {
    const headers = { cookie, origin: url, 'content-type': 'application/json' }
    const body = method === 'GET' ? {} : { body: '{}' }
    const response = await fetch(`${url}/api${path}`, { method, headers, ...body })
    if (!response.ok) throw new Error(`${path} was answered ${response.status}: ${await response.text()}`)
    return response.json()
  }
  const read: Read = (path) => ask('GET', path) as never // the contract's own shapes
  return {
    read,
    start: (name: string) => ask('POST', `/schedules/${name}/run`) as Promise<{ runId: string }>,
  }
}

/** The first start on such a database: indexes are made and minutes counted in the background. */
async function settle(pool: pg.Pool): Promise<Row> {
  const begun = performance.now()
  const count = async (query: string) => Number((await pool.query<{ n: string }>(query)).rows[0]?.n)
  const indexes = `select count(*) as n from pg_index where indisvalid and indexrelid::regclass::text like '%kinkeeper_runs%'`
  await until(async () => (await count(indexes)) === 3, 'the indexes', 300_000)
  const counted = 'select coalesce(sum(succeeded + failed + cancelled), 0) as n from run_stats'
  await until(async () => (await count(counted)) >= RUNS, 'the minutes to be counted', 600_000)
  await pool.query('analyze')
  return {
    what: `${RUNS.toLocaleString('en')} runs, ${LETTERS.toLocaleString('en')} dead letters: first start, until indexes and numbers are made in the background`,
    value: `${((performance.now() - begun) / 1_000).toFixed(0)} s`,
    promise: '',
    kept: null,
  }
}

/** @param pathFor the next path; it is told what the last one was answered */
async function timed(read: Read, pathFor: (last: Page | null) => string): Promise<number[]> {
  const samples: number[] = []
  let last: Page | null = null
  for (let index = -20; index < REQUESTS; index++) {
    const path = pathFor(last)
    const begun = performance.now()
    last = await read<Page>(path)
    if (index >= 0) samples.push(performance.now() - begun)
  }
  return samples
}

function promised(what: string, samples: number[]): Row {
  const p95 = percentile(samples, 0.95)
  const [p50, most] = [percentile(samples, 0.5), Math.max(...samples)]
  return {
    what: `… ${what}, p50 / p95 / slowest of ${samples.length}`,
    value: `${ms(p50)} / ${ms(p95)} / ${ms(most)}`,
    promise: 'p95 < 100 ms',
    kept: p95 < 100,
  }
}

/** Two in three begin at a random filter, the rest go on to the next page of the last. */
function runPaths(): (last: Page | null) => string {
  let filter: Record<string, string> = {}
  return (last) => {
    const cursor = last?.olderCursor
    if (cursor && Math.random() < 0.33) return `/runs?${new URLSearchParams({ ...filter, older: cursor })}`
    filter = randomFilter()
    return `/runs?${new URLSearchParams(filter)}`
  }
}

function randomFilter(): Record<string, string> {
  const statuses = ['queued', 'delayed', 'running', 'succeeded', 'failed', 'cancelled']
  const parts: (() => Record<string, string>)[] = [
    () => ({ job: oneOf(JOB_NAMES) }),
    () => ({ status: oneOf(statuses) }),
    // Any depth: where the thousandth or the ten-thousandth page would be.
    () => ({ to: new Date(Date.now() - Math.random() * 58 * DAY_MS).toISOString() }),
    () => ({ within: oneOf(['1h', '24h', '7d']) }),
    () => ({ q: oneOf(['a', '7f3', 'member-sync:0', 'cleanup', 'zzz', 'luma-approval:ab']) }),
    () => ({ again: '1' }),
    () => ({ waitsFor: oneOf(['any', 'slack']) }),
  ]
  return Object.assign({}, ...parts.filter(() => Math.random() < 0.3).map((part) => part()))
}

function letterPaths(): (last: Page | null) => string {
  let filter: Record<string, string> = {}
  return (last) => {
    if (last?.nextCursor && Math.random() < 0.5)
      return `/dead-letters?${new URLSearchParams({ ...filter, cursor: last.nextCursor })}`
    filter = {
      ...(Math.random() < 0.3 && { status: oneOf(['open', 'replayed', 'abandoned']) }),
      ...(Math.random() < 0.3 && { job: oneOf(JOB_NAMES) }),
      ...(Math.random() < 0.3 && { provider: oneOf(['mailchimp', 'slack', 'circle']) }),
      ...(Math.random() < 0.3 && { errorClass: oneOf(['unreachable', 'refused', 'bug']) }),
    }
    return `/dead-letters?${new URLSearchParams(filter)}`
  }
}

/** One evaluation of the rules that ship, each as if a minute had passed. The program's own take turns with these. */
async function measureRules(url: string): Promise<Row> {
  const database = openDatabase({ url, poolSize: 2, logger: createLogger('silent') })
  const file = new URL('../../alerts.yaml', import.meta.url)
  const parsed = parseRules(readFileSync(file, 'utf8'), 'alerts.yaml', () => true)
  if (!parsed.ok) throw new Error('alerts.yaml does not parse')
  const { rules } = parsed.rules
  const off = { on: false, why: 'nobody is told by a benchmark' } as const
  const never = () => {
    throw new Error('No channel is on, so nothing is started')
  }
  const parts = { database, rules, channels: { slack: off, email: off, sms: off, pagerduty: off } }
  const samples: number[] = []
  for (let turn = 1; samples.length < EVALUATIONS; turn++) {
    const begun = performance.now()
    const mine = await evaluateRules(
      { ...parts, starter: never, notices: null as never },
      Date.now() + turn * MINUTE_MS,
    )
    if (mine) samples.push(performance.now() - begun)
  }
  await database.pool.query('update alert_rule_states set judged_at = now()')
  await database.close()
  const p95 = percentile(samples, 0.95)
  return {
    what: `… all ${rules.length} alert rules evaluated, p50 / p95`,
    value: `${ms(percentile(samples, 0.5))} / ${ms(p95)}`,
    promise: '< 200 ms',
    kept: p95 < 200,
  }
}

/** A night's cleanup, and how long a text takes to Slack meanwhile. */
async function measureCleanup(parts: {
  pool: pg.Pool
  world: SandboxWorld
  person: Awaited<ReturnType<typeof signIn>>
}): Promise<Row[]> {
  const { pool, world, person } = parts
  const before: number[] = []
  while (before.length < TEXTS_BEFORE) before.push(await textToSlack(world))
  const countRuns = async () =>
    Number((await pool.query<{ n: string }>('select count(*) as n from dbos.workflow_status')).rows[0]?.n)
  const atFirst = await countRuns()
  const { runId } = await person.start('cleanup')
  const begun = performance.now()
  const meanwhile: number[] = []
  for (;;) {
    meanwhile.push(await textToSlack(world))
    const { run } = await person.read<RunDetail>(`/runs/${encodeURIComponent(runId)}`)
    if (run.status === 'failed') throw new Error('The cleanup failed')
    if (run.status === 'succeeded') break
  }
  const tookMs = performance.now() - begun
  const left = await countRuns()
  const ratio = percentile(meanwhile, 0.5) / percentile(before, 0.5)
  const slowest = Math.max(...meanwhile)
  const due = (Date.now() - 30 * DAY_MS).toFixed(0)
  const { rows } = await pool.query<{ n: string }>(
    `select count(*) as n from dbos.workflow_status where completed_at < ${due} and status in ('SUCCESS', 'CANCELLED')`,
  )
  return [
    {
      what: '… one cleanup: runs before → after, and how long',
      value: `${atFirst.toLocaleString('en')} → ${left.toLocaleString('en')} in ${(tookMs / 1_000).toFixed(0)} s`,
      promise: 'all that is due',
      // Some come due while it works.
      kept: Number(rows[0]?.n) < 1_000,
    },
    {
      what: `… text to Slack while it works, p50 / p95 / slowest (${meanwhile.length} texts)`,
      value: `${ms(percentile(meanwhile, 0.5))} / ${ms(percentile(meanwhile, 0.95))} / ${ms(slowest)}, beside ${ms(percentile(before, 0.5))} / ${ms(percentile(before, 0.95))} before (${ratio.toFixed(2)}×)`,
      promise: 'p50 ≤ 3×, none > 5 s',
      kept: ratio <= 3 && slowest < 5_000,
    },
  ]
}

async function textToSlack(world: SandboxWorld): Promise<number> {
  const begun = performance.now()
  await messageOf(world, await submit(world, GOOD_POST))
  return performance.now() - begun
}

function oneOf<T>(choices: readonly T[]): T {
  const choice = choices[Math.floor(Math.random() * choices.length)]
  if (choice === undefined) throw new Error('There is nothing to choose from')
  return choice
}
