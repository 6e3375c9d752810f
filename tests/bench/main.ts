/**
 * `npm run bench [part …]`: measures what the project promises, and prints a table with the machine. Parts: webhooks,
 * engine, waiting, members, deactivations, operations, start. Absolute times say something about this machine only; the ratios hold anywhere.
 */
import { execFile } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import pg from 'pg'
import { startProgram } from '../support/program.ts'
import { startSandboxWorld } from '../support/sandbox-world.ts'
import { GOOD_POST, messageOf, submit } from '../support/stories.ts'
import { copyTemplate } from '../support/test-database.ts'
import { startTestServer } from '../support/test-server.ts'
import { measureDeactivations } from './deactivations.ts'
import { ms, percentile, type Row, send, textAtRate, untilCount } from './measure.ts'
import { measureMembers } from './members.ts'
import { measureOperations } from './operations.ts'
import { timeStarts } from './starts.ts'
import { measureWaiting } from './waiting.ts'

const PARTS: Record<string, (serverUrl: string) => Promise<Row[]>> = {
  webhooks: measureWebhooks,
  engine: measureEngine,
  waiting: measureWaiting,
  members: measureMembers,
  deactivations: measureDeactivations,
  operations: measureOperations,
  start: () => measureStart(),
}

const wanted = process.argv.slice(2)
const unknown = wanted.filter((part) => !(part in PARTS))
if (unknown.length > 0)
  throw new Error(`There is no part ${unknown.join(', ')}. Parts: ${Object.keys(PARTS).join(', ')}`)
const server = await startTestServer()
const rows: Row[] = []
for (const [name, measure] of Object.entries(PARTS)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  process.stderr.write(`measuring ${name} …\n`)
  rows.push(...(await measure(server.url)))
}
await server.stop()
console.log(
  `\n${cpus().length} × ${cpus()[0]?.model.trim()}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, Node ${process.version}, embedded PostgreSQL on the same machine\n`,
)
console.log(`| measured | value | promised | |\n|---|---|---|---|`)
for (const { what, value, promise, kept } of rows)
  console.log(`| ${what} | ${value} | ${promise} | ${kept === null ? '' : kept ? '✓' : '✗'} |`)
process.exit(0)

/** The acknowledgement of texts at a steady rate, the wait for a run, and the commit of a decision. */
async function measureWebhooks(serverUrl: string): Promise<Row[]> {
  const database = await copyTemplate(serverUrl)
  const world = await startSandboxWorld({ apart: true })
  const program = await startProgram({
    databaseUrl: database.url,
    world,
    // As a provider that is live, Slack would take one message a second, and the clicks would wait for all of them.
    mode: 'sandbox',
    env: { LOG_LEVEL: 'error' },
  })
  const pool = new pg.Pool({ connectionString: database.url, max: 2 })
  const target = {
    url: program.url,
    authToken: world.credentials.twilioAuthToken,
    accountSid: world.credentials.twilioAccountSid,
  }

  for (let index = 0; index < 60; index++) {
    await send(target, `+1${3_000_000_000 + index}`, GOOD_POST)
    await untilCount(
      pool,
      `select count(*) from dbos.operation_outputs where function_name = 'read the texts'`,
      index + 1,
      20_000,
    )
  }
  // From the row of the run (written in the committing transaction) to the start of its first step, as DBOS recorded them.
  const { rows: waits } = await pool.query<{ wait: string }>(
    `select step.started_at_epoch_ms - run.created_at as wait from dbos.operation_outputs step
     join dbos.workflow_status run using (workflow_uuid) where step.function_name = 'read the texts'`,
  )
  const beginMs = waits.map(({ wait }) => Number(wait))

  const ack = await textAtRate({
    ...target,
    perSecond: 100,
    seconds: 13,
    body: (index) => `${GOOD_POST} ${index}`,
  })
  await untilCount(pool, `select count(*) from approvals`, 1_360, 180_000)
  const clicks = await decideAll(world)
  await program.stop()
  await pool.end()
  await world.stop()
  await database.drop()
  const acks99 = percentile(ack.samples, 0.99)
  return [
    {
      what: 'webhook acknowledged at a steady 100/s, p50 / p99',
      value: `${ms(percentile(ack.samples, 0.5))} / ${ms(acks99)}${ack.failures > 0 ? `, ${ack.failures} failed` : ''}`,
      promise: 'p99 < 100 ms',
      kept: acks99 < 100 && ack.failures === 0,
    },
    {
      what: '… in the first 3 s, from idle to that load',
      value: `${ms(percentile(ack.atFirst, 0.5))} / ${ms(percentile(ack.atFirst, 0.99))}`,
      promise: '',
      kept: null,
    },
    {
      what: 'event to first step, idle, p50 / p99',
      value: `${ms(percentile(beginMs, 0.5))} / ${ms(percentile(beginMs, 0.99))}`,
      promise: 'p50 < 60 ms',
      kept: percentile(beginMs, 0.5) < 60,
    },
    {
      what: 'click to decision committed and answered, p50 / p99',
      value: `${ms(percentile(clicks, 0.5))} / ${ms(percentile(clicks, 0.99))}`,
      promise: '< 3 s',
      kept: percentile(clicks, 0.99) < 3_000,
    },
  ]
}

/** Forty posts, decided ten at a time. */
async function decideAll(world: Awaited<ReturnType<typeof startSandboxWorld>>): Promise<number[]> {
  const samples: number[] = []
  for (let batch = 0; batch < 4; batch++) {
    const messages = []
    for (let index = 0; index < 10; index++)
      messages.push(await messageOf(world, await submit(world, GOOD_POST)))
    await Promise.all(
      messages.map(async (message) => {
        const begun = performance.now()
        await world.click(message, 'job_approve')
        samples.push(performance.now() - begun)
      }),
    )
  }
  return samples
}

/** The same five steps on our engine room and on bare DBOS, in turns; medians of five. */
async function measureEngine(serverUrl: string): Promise<Row[]> {
  const script = fileURLToPath(new URL('./five-steps.ts', import.meta.url))
  const perSecond = { ours: [] as number[], bare: [] as number[] }
  for (let round = 0; round < 5; round++) {
    for (const kind of round % 2 === 0 ? (['ours', 'bare'] as const) : (['bare', 'ours'] as const)) {
      const database = await copyTemplate(serverUrl)
      const { stdout } = await promisify(execFile)(process.execPath, [script, kind, database.url, '1500'])
      perSecond[kind].push(Number(JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}').runsPerSecond))
      await database.drop()
    }
  }
  const ours = percentile(perSecond.ours, 0.5)
  const bare = percentile(perSecond.bare, 0.5)
  return [
    {
      what: '5-step runs per second, ours beside bare DBOS',
      value: `${ours.toFixed(0)} beside ${bare.toFixed(0)} (${(ours / bare).toFixed(2)}×)`,
      promise: '≥ 0.9×',
      kept: ours / bare >= 0.9,
    },
  ]
}

/** The whole program with its own PostgreSQL and sandbox: first start, and starts after it. */
async function measureStart(): Promise<Row[]> {
  const dataDir = mkdtempSync(join(tmpdir(), 'kinkeeper-bench-'))
  chmodSync(dataDir, 0o755)
  const [first = 0, ...warm] = await timeStarts(dataDir, 5)
  rmSync(dataDir, { recursive: true, force: true })
  const warmMs = percentile(warm, 0.5)
  return [
    { what: 'first start to ready (makes the database)', value: ms(first), promise: '', kept: null },
    { what: 'warm start to ready, median', value: ms(warmMs), promise: '< 5 s', kept: warmMs < 5_000 },
  ]
}
