import { readFileSync } from 'node:fs'
import { DBOSClient } from '@dbos-inc/dbos-sdk'
import { openDatabase } from '../../src/database/index.ts'
import { createLogger } from '../../src/primitives/index.ts'
import { type Program, startProgram } from '../support/program.ts'
import { startSandboxWorld, until } from '../support/sandbox-world.ts'
import { decided, GOOD_POST, messageOf, outcomeOf, submit } from '../support/stories.ts'
import { copyTemplate } from '../support/test-database.ts'
import { ms, percentile, type Row } from './measure.ts'

const WAITING = 10_000
const IDLE_SECONDS = 10
const DECISIONS = 15

/** Ten thousand approvals that wait: what they cost the process, a restart and a decision. */
export async function measureWaiting(serverUrl: string): Promise<Row[]> {
  const database = await copyTemplate(serverUrl)
  const world = await startSandboxWorld({ apart: true })
  const options = { databaseUrl: database.url, world, mode: 'live' as const, env: { LOG_LEVEL: 'warn' } }
  const program = await startProgram(options)
  await submit(world, GOOD_POST)
  const none = await idle(program)
  const fewLatency = await decisionLatency(world)
  await program.stop()

  await seedWaiting(database.url)
  const begun = performance.now()
  const restarted = await startProgram(options)
  const restartMs = performance.now() - begun
  const many = await idle(restarted)
  const manyLatency = await decisionLatency(world)
  await restarted.stop()
  await world.stop()
  await database.drop()

  const grownMb = (many.rssBytes - none.rssBytes) / 1e6
  const cpuPoints = many.cpuPercent - none.cpuPercent
  const slower = manyLatency / fewLatency
  return [
    {
      what: `${WAITING.toLocaleString('en')} waiting: the process grows by`,
      value: `${grownMb.toFixed(1)} MB (${(none.rssBytes / 1e6).toFixed(0)} → ${(many.rssBytes / 1e6).toFixed(0)})`,
      promise: '< 10 MB',
      kept: grownMb < 10,
    },
    {
      what: '… idle CPU, with none and with all',
      value: `${none.cpuPercent.toFixed(1)} % → ${many.cpuPercent.toFixed(1)} %`,
      promise: 'within 1 point',
      kept: cpuPoints < 1,
    },
    { what: '… restart to ready', value: ms(restartMs), promise: '< 5 s', kept: restartMs < 5_000 },
    {
      what: '… click to post on Circle, median, beside none waiting',
      value: `${ms(manyLatency)} (${slower.toFixed(2)}×)`,
      promise: 'as fast',
      kept: slower < 1.5,
    },
  ]
}

/** Seeds rows as the program writes them: submission, approval, and one delayed run each. */
async function seedWaiting(url: string): Promise<void> {
  const database = openDatabase({ url, poolSize: 4, logger: createLogger('error') })
  await database.pool.query(
    `insert into submissions (id, reference, sender_id, status, received_at, parse_round, parsed, parser, title)
     select 'sub_seed' || n, 'KK-S' || n, sender_id, 'pending_approval', now(), 1, parsed, parser, 'Seeded ' || n
     from generate_series(1, ${WAITING}) n, (select * from submissions where parsed is not null limit 1) one`,
  )
  await database.pool.query(
    `insert into approvals (id, kind, subject_id, status, opened_at, deadline_at, reminder_times, next_due_at)
     select 'apr_seed' || n, 'job-post', 'sub_seed' || n, 'open', now(), now() + interval '7 days', '[]', now() + interval '7 days'
     from generate_series(1, ${WAITING}) n`,
  )
  const client = await DBOSClient.create({ systemDatabaseUrl: url, applicationName: 'kinkeeper' })
  for (let from = 1; from <= WAITING; from += 500) {
    await database.transaction(async (tx) => {
      for (let n = from; n < from + 500; n++) {
        const input = { approvalId: `apr_seed${n}`, number: 0 }
        const run = {
          queueName: 'jobs',
          workflowName: 'approval-timer',
          workflowID: `approval-timer:${input.approvalId}:0`,
          appVersion: 'kinkeeper-1',
          delaySeconds: 604_800,
        }
        await client.enqueueInTransaction(tx.client, run, input)
      }
    })
  }
  await database.pool.query('vacuum analyze')
  await client.destroy()
  await database.close()
}

/** Resident memory and the share of one core used, over some idle seconds (Linux: /proc). */
export async function idle(program: Program): Promise<{ rssBytes: number; cpuPercent: number }> {
  await new Promise((resolve) => setTimeout(resolve, 3_000)) // let the start settle
  const before = cpuTicks(program.pid)
  await new Promise((resolve) => setTimeout(resolve, IDLE_SECONDS * 1_000))
  const pages = Number(readFileSync(`/proc/${program.pid}/statm`, 'utf8').split(' ')[1])
  return { rssBytes: pages * 4_096, cpuPercent: (cpuTicks(program.pid) - before) / IDLE_SECONDS }
}

/** Hundredths of a second of processor time: utime and stime of /proc/<pid>/stat. */
function cpuTicks(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return Number(fields[11]) + Number(fields[12])
}

/** From the click to the post on Circle, the median of some. */
async function decisionLatency(world: Awaited<ReturnType<typeof startSandboxWorld>>): Promise<number> {
  const samples: number[] = []
  for (let index = 0; index < DECISIONS; index++) {
    const told = await submit(world, GOOD_POST)
    const message = await messageOf(world, told)
    const begun = performance.now()
    await world.click(message, 'job_approve')
    await until(async () => (await outcomeOf(world, told)).circlePosts === 1, 'the post')
    samples.push(performance.now() - begun)
    await until(() => decided(world, told), 'the end')
  }
  return percentile(samples, 0.5)
}
