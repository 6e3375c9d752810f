import pg from 'pg'
import { freePort, startProgram } from '../support/program.ts'
import { startSandboxWorld, until } from '../support/sandbox-world.ts'
import { copyTemplate } from '../support/test-database.ts'
import type { Row } from './measure.ts'

const MEMBERS = 5_000
const EVENTS_KEY = 'a-key-of-this-bench'
/** How Mailchimp's stand-in answers, and what the governor allows of its ten connections. */
const LATENCY_MS = { minMs: 40, maxMs: 120 }
const CONNECTIONS = 8

/** Five thousand members to Mailchimp, with one process and with two. */
export async function measureMembers(serverUrl: string): Promise<Row[]> {
  const rows: Row[] = []
  for (const processes of [1, 2]) rows.push(...(await syncAll(serverUrl, processes)))
  return rows
}

async function syncAll(serverUrl: string, processes: number): Promise<Row[]> {
  const database = await copyTemplate(serverUrl)
  const world = await startSandboxWorld({ apart: true })
  await world.control('POST', '/latency', { provider: 'mailchimp', ...LATENCY_MS, seed: 1 })
  const env = { LOG_LEVEL: 'error', EVENTS_KEY }
  const options = { databaseUrl: database.url, world, mode: 'live' as const }
  const programs = [await startProgram({ ...options, env })]
  while (programs.length < processes)
    programs.push(await startProgram({ ...options, env: { ...env, PORT: String(await freePort()) } }))
  const pool = new pg.Pool({ connectionString: database.url, max: 2 })
  await seedMembers(pool)
  const begun = performance.now()
  await askForAll(programs[0]?.url ?? '')
  await until(
    async () => {
      const { rows } = await pool.query(
        `select count(*) as n from processed_events where job = 'member-sync'`,
      )
      return Number(rows[0]?.n) >= MEMBERS
    },
    'all members to be synced',
    20 * 60_000,
  )
  const tookMs = performance.now() - begun
  const { mailchimp } = (await world.control<{ load: Record<string, Load> }>('GET', '/load')).load
  for (const program of programs) await program.stop()
  await pool.end()
  await world.stop()
  await database.drop()
  const meanMs = (LATENCY_MS.minMs + LATENCY_MS.maxMs) / 2
  const bestMs = ((mailchimp?.answered ?? 0) * meanMs) / CONNECTIONS
  const share = bestMs / tookMs
  const what = `${MEMBERS.toLocaleString('en')} members to Mailchimp, ${processes === 1 ? 'one process' : 'two processes'}`
  return [
    {
      what: `${what}: of the best throughput that ${CONNECTIONS} connections allow`,
      value: `${(share * 100).toFixed(1)} % (${(tookMs / 1000).toFixed(1)} s for ${mailchimp?.answered} requests, best ${(bestMs / 1000).toFixed(1)} s)`,
      promise: '≥ 90 %',
      kept: share >= 0.9,
    },
    {
      what: '… refused with 429; most at once',
      value: `${mailchimp?.tooManyRequests}; ${mailchimp?.peak}`,
      promise: '0; ≤ 10',
      kept: mailchimp?.tooManyRequests === 0 && (mailchimp?.peak ?? 99) <= 10,
    },
  ]
}

type Load = { inFlight: number; peak: number; answered: number; tooManyRequests: number }

/** Members as they are after their welcome. */
async function seedMembers(pool: pg.Pool): Promise<void> {
  await pool.query(
    `insert into members (id, clerk_id, email, email_verified, first_name, last_name, membership, welcomed_at, created_at, updated_at)
     select 'mem_bench' || n, 'user_bench' || n, 'member.' || n || '@example.org', true, 'Member', 'Number ' || n,
            'active', now(), now(), now()
     from generate_series(1, $1) n`,
    [MEMBERS],
  )
}

async function askForAll(url: string): Promise<void> {
  for (let from = 1; from <= MEMBERS; from += 500) {
    const events = Array.from({ length: Math.min(500, MEMBERS - from + 1) }, (_, index) => ({
      name: 'member.updated',
      id: `bench-${from + index}`,
      data: { memberId: `mem_bench${from + index}`, action: 'update' },
    }))
    const response = await fetch(`${url}/e/${encodeURIComponent(EVENTS_KEY)}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(events),
    })
    if (!response.ok) throw new Error(`The events were refused: ${await response.text()}`)
  }
}
