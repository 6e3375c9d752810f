import pg from 'pg'
import { expect } from 'vitest'
import type { WorldView } from '../../src/sandbox/index.ts'
import { type Program, startProgram } from '../support/program.ts'
import { type SandboxWorld, startSandboxWorld, until } from '../support/sandbox-world.ts'
import { type Outcome, outcomeOf, type Told } from '../support/stories.ts'
import { createTestDatabase } from '../support/test-database.ts'

/** The program as a process, its database, and the providers' world, with a way to look into each. */
export type Stage = {
  readonly world: SandboxWorld
  readonly url: string
  program(): Program
  rows<Row extends pg.QueryResultRow>(statement: string, values?: unknown[]): Promise<Row[]>
  count(statement: string, values?: unknown[]): Promise<number>
  /** Kills the program as `kill -9` does, and starts it again. */
  crash(): Promise<void>
  /** The dashboard's API, signed in. */
  dashboard(): Promise<Dashboard>
  /** Waits until no run is under way, due, parked, held back after crashes, or in line behind another; timers stay. */
  quiet(limitMs?: number): Promise<void>
  close(): Promise<void>
}

export type Dashboard = {
  get<T>(path: string): Promise<T>
  post(path: string, body?: unknown): Promise<{ status: number; body: unknown }>
}

/** Sets one up. @param env further settings of the program */
export async function setStage(
  options: { env?: Record<string, string>; mode?: 'sandbox' | 'live' } = {},
): Promise<Stage> {
  const database = await createTestDatabase()
  const world = await startSandboxWorld()
  const start = () => startProgram({ databaseUrl: database.url, world, ...options })
  let program = await start()
  const pool = new pg.Pool({ connectionString: database.url, max: 3 })
  pool.on('error', () => {}) // the database is dropped under idle connections at the end
  const rows: Stage['rows'] = async (statement, values) => (await pool.query(statement, values)).rows
  const count: Stage['count'] = async (statement, values) => {
    const [row] = await rows<{ count: string }>(`select count(*) as count ${statement}`, values)
    return Number(row?.count)
  }
  const url = `http://127.0.0.1:${world.appPort}`
  return {
    world,
    url,
    rows,
    count,
    program: () => program,
    async crash() {
      program.kill('SIGKILL')
      await program.exited
      program = await start()
    },
    dashboard: () => signIn(url),
    quiet: (limitMs) =>
      until(
        async () =>
          (await count(
            `from dbos.workflow_status where status in ('ENQUEUED', 'PENDING')
             or workflow_uuid in (select run_id from run_turns)
             or (status = 'DELAYED' and (workflow_uuid in (select run_id from parked_runs)
               or workflow_uuid in (select run_id from run_recoveries)))`,
          )) === 0 || null,
        'the runs to end',
        limitMs,
      ).then(() => {}),
    async close() {
      program.kill('SIGKILL')
      await program.exited
      await pool.end()
      await world.stop()
      await database.drop()
    },
  }
}

/** The approval about this submission, once it has been asked for. */
export function approvalOf(stage: Stage, told: Told): Promise<{ id: string; deadline_at: Date }> {
  return until(async () => {
    const [approval] = await stage.rows<{ id: string; deadline_at: Date }>(
      `select approvals.id, deadline_at from approvals
       join submissions on submissions.id = approvals.subject_id where reference = $1`,
      [told.reference],
    )
    return approval
  }, `the approval of ${told.reference}`)
}

export async function statusOf(stage: Stage, told: Told): Promise<string | undefined> {
  const [row] = await stage.rows<{ status: string }>('select status from submissions where reference = $1', [
    told.reference,
  ])
  return row?.status
}

/** The outside world's view of many submissions in one look. */
export async function outcomesOf(world: SandboxWorld, all: readonly Told[]): Promise<Outcome[]> {
  const view: WorldView = await world.read()
  const still = { ...world, read: async () => view }
  return Promise.all(all.map((told) => outcomeOf(still, told)))
}

/** Waits for the end, and shows what differs when it does not come. */
export async function expectOutcome(
  stage: Stage,
  told: Told,
  expected: Partial<Outcome>,
  limitMs = 30_000,
): Promise<void> {
  const reached = async () => {
    const now: Partial<Outcome> = await outcomeOf(stage.world, told)
    return Object.fromEntries(Object.entries(now).filter(([name]) => name in expected))
  }
  await until(
    async () => JSON.stringify(sorted(await reached())) === JSON.stringify(sorted(expected)),
    '',
    limitMs,
  ).catch(() => {})
  expect(await reached()).toEqual(expected)
}

function sorted(outcome: object): unknown[] {
  return Object.entries(outcome).sort(([a], [b]) => (a < b ? -1 : 1))
}

async function signIn(url: string): Promise<Dashboard> {
  const signedIn = await fetch(`${url}/api/sandbox/sign-in`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ role: 'operator' }),
  })
  expect(signedIn.status).toBe(200)
  const cookie = signedIn.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ')
  return {
    async get(path) {
      const response = await fetch(`${url}/api${path}`, { headers: { cookie } })
      expect(response.status).toBe(200)
      return response.json() as never // the contract's own shape
    },
    async post(path, body = {}) {
      const response = await fetch(`${url}/api${path}`, {
        method: 'POST',
        headers: { cookie, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
      return { status: response.status, body: await response.json() }
    },
  }
}
