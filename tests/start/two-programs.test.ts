/** Two programs on one database: they start on an empty one at the same moment, and one goes on where the other dies. */
import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { freePort, type Program, startProgram } from '../support/program.ts'
import { type SandboxWorld, startSandboxWorld, until } from '../support/sandbox-world.ts'
import { GOOD_POST, messageOf, outcomeOf, submit } from '../support/stories.ts'

let world: SandboxWorld
let admin: pg.Client
const name = `empty_${randomBytes(6).toString('hex')}`
let programs: Program[] = []

beforeAll(async () => {
  world = await startSandboxWorld()
  admin = new pg.Client({ connectionString: inject('postgresUrl') })
  await admin.connect()
  await admin.query(`create database ${name}`)
})

afterAll(async () => {
  await Promise.all(programs.map((program) => program.stop()))
  await world.stop()
  await admin.query(`drop database ${name} with (force)`)
  await admin.end()
})

test('both start on an empty database at the same moment', async () => {
  const databaseUrl = inject('postgresUrl').replace(/\/kinkeeper$/, `/${name}`)
  const other = String(await freePort())
  programs = await Promise.all([
    startProgram({ databaseUrl, world }),
    startProgram({ databaseUrl, world, env: { PORT: other } }),
  ])
  expect(programs).toHaveLength(2)
})

test('when one is killed in the middle of its runs, the other goes on with them', async () => {
  await world.control('POST', '/faults', {
    provider: 'openai',
    operation: '*',
    kind: 'delay',
    delayMs: 10_000,
    times: 8,
  })
  const told = []
  for (let index = 0; index < 8; index++) told.push(await submit(world, GOOD_POST))
  const reading = `select count(*) from dbos.workflow_status where name = 'job-post-review' and status = 'PENDING'`
  const client = new pg.Client({
    connectionString: inject('postgresUrl').replace(/\/kinkeeper$/, `/${name}`),
  })
  await client.connect()
  await until(async () => Number((await client.query(reading)).rows[0].count) === 8, 'all eight to be read')
  await client.end()
  programs[0]?.kill('SIGKILL')
  await programs[0]?.exited
  for (const one of told) {
    await messageOf(world, one)
    expect((await outcomeOf(world, one)).slackMessages).toBe(1)
  }
  programs = programs.slice(1)
}, 90_000)
