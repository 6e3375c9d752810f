import { DBOSClient } from '@dbos-inc/dbos-sdk'
import pg from 'pg'
import { startProgram } from '../support/program.ts'
import { startSandboxWorld } from '../support/sandbox-world.ts'
import { copyTemplate } from '../support/test-database.ts'
import { ms, type Row } from './measure.ts'
import { idle } from './waiting.ts'

const PLANNED = 100_000

/** A hundred thousand memberships whose end is planned for a day to come: what they cost the process and a restart. */
export async function measureDeactivations(serverUrl: string): Promise<Row[]> {
  const database = await copyTemplate(serverUrl)
  const world = await startSandboxWorld({ apart: true })
  const options = { databaseUrl: database.url, world, mode: 'live' as const, env: { LOG_LEVEL: 'warn' } }
  // The first start of a checkout builds the dashboard, which is not what is compared.
  await (await startProgram(options)).stop()
  const program = await startProgram(options)
  const none = await idle(program)
  await program.stop()
  await plan(database.url)
  const begun = performance.now()
  const restarted = await startProgram(options)
  const restartMs = performance.now() - begun
  const many = await idle(restarted)
  await restarted.stop()
  await world.stop()
  await database.drop()
  const grownMb = (many.rssBytes - none.rssBytes) / 1e6
  const cpuPoints = many.cpuPercent - none.cpuPercent
  return [
    {
      what: `${PLANNED.toLocaleString('en')} planned deactivations: the process grows by`,
      value: `${grownMb.toFixed(1)} MB (${(none.rssBytes / 1e6).toFixed(0)} → ${(many.rssBytes / 1e6).toFixed(0)})`,
      promise: 'as with none',
      kept: grownMb < 10,
    },
    {
      what: '… idle CPU, with none and with all',
      value: `${none.cpuPercent.toFixed(1)} % → ${many.cpuPercent.toFixed(1)} %`,
      promise: 'as with none',
      kept: cpuPoints < 1,
    },
    { what: '… restart to ready', value: ms(restartMs), promise: '< 5 s', kept: restartMs < 5_000 },
  ]
}

/** Rows as the program writes them: a member, the planned end, and one delayed run each. */
async function plan(url: string): Promise<void> {
  const pool = new pg.Pool({ connectionString: url, max: 2 })
  await pool.query(
    `insert into members (id, clerk_id, email, membership, created_at, updated_at)
     select 'mem_seed' || n, 'user_seed' || n, 'seed.' || n || '@example.org', 'active', now(), now()
     from generate_series(1, ${PLANNED}) n`,
  )
  await pool.query(
    `insert into deactivations (id, member_id, status, due_at, run_id, reason, created_at)
     select 'end_seed' || n, 'mem_seed' || n, 'pending', now() + interval '30 days',
            'member-deactivation:end_seed' || n, 'cancelled, and paid until the end of the period', now()
     from generate_series(1, ${PLANNED}) n`,
  )
  const client = await DBOSClient.create({ systemDatabaseUrl: url, applicationName: 'kinkeeper' })
  await client.enqueue(
    {
      queueName: 'members',
      workflowName: 'member-deactivation',
      workflowID: 'member-deactivation:end_seed0',
      appVersion: 'kinkeeper-1',
      delaySeconds: 30 * 86_400,
    },
    { deactivationId: 'end_seed0' },
  )
  await client.destroy()
  // The others are like it, but for their id and what they are about.
  for (const [table, change] of [
    ['workflow_status', ''],
    ['workflow_input', `, 'inputs', replace(one.inputs, 'end_seed0', 'end_seed' || n)`],
  ] as const)
    await pool.query(
      `insert into dbos.${table}
       select (jsonb_populate_record(one, jsonb_build_object('workflow_uuid', 'member-deactivation:end_seed' || n${change}))).*
       from dbos.${table} one, generate_series(1, ${PLANNED}) n
       where one.workflow_uuid = 'member-deactivation:end_seed0'`,
    )
  await pool.query('vacuum analyze')
  await pool.end()
}
