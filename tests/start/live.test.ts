/**
 * Credentials make a provider live: with them, and the addresses of other servers that speak the providers' contracts,
 * the same flow works there, and nothing of the sandbox is started or asked.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { EXPECTED } from '../crash/expected.ts'
import { type Program, startProgram } from '../support/program.ts'
import { type SandboxWorld, startSandboxWorld } from '../support/sandbox-world.ts'
import { approve, deny, outcomeOf } from '../support/stories.ts'
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts'

let database: TestDatabase
let world: SandboxWorld
let program: Program

beforeAll(async () => {
  database = await createTestDatabase()
  world = await startSandboxWorld()
  program = await startProgram({ databaseUrl: database.url, world, mode: 'live' })
})

afterAll(async () => {
  await program.stop()
  await world.stop()
  await database.drop()
})

test('every provider is live, and there is no sandbox', async () => {
  expect(program.lines.join('\n')).toContain('Twilio live · Slack live · OpenAI live · Circle live')
  const session = await (await fetch(`${program.url}/api/session`)).json()
  expect(session).toMatchObject({ sandbox: false, sandboxSignIn: [] })
  expect((await fetch(`${program.url}/api/sandbox/world`)).status).toBeGreaterThanOrEqual(400)
})

test('the main job ends the same there', async () => {
  expect(await outcomeOf(world, await approve(world))).toEqual(EXPECTED.approve)
  expect(await outcomeOf(world, await deny(world))).toEqual(EXPECTED.deny)
})
