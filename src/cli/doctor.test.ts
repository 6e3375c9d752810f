import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freePort } from '../../tests/support/program.ts'
import { type SandboxWorld, startSandboxWorld } from '../../tests/support/sandbox-world.ts'
import { credentialsEnvironment } from '../provider-credentials.ts'

const COMMAND = fileURLToPath(new URL('./doctor.ts', import.meta.url))

let world: SandboxWorld
let dataDir: string

beforeAll(async () => {
  world = await startSandboxWorld()
  dataDir = mkdtempSync(join(tmpdir(), 'kinkeeper-doctor-'))
})
afterAll(async () => {
  await world.stop()
  rmSync(dataDir, { recursive: true, force: true })
})

/** The command as it is typed; another folder than ours, so that no developer's `.env` is read. */
async function doctor(env: Record<string, string>): Promise<{ code: number | null; said: string }> {
  const own = { PORT: String(await freePort()), SANDBOX_PORT: String(await freePort()) }
  const options = {
    cwd: dataDir,
    env: { PATH: process.env.PATH ?? '', KINKEEPER_DATA_DIR: dataDir, ...own, ...env },
  }
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [COMMAND], options, (_, stdout, stderr) =>
      resolve({ code: child.exitCode, said: stdout + stderr }),
    )
  })
}

/** Every provider live: the stand-ins, by credentials and addresses alone. */
function live(changed: Record<string, string> = {}): Record<string, string> {
  return {
    ...credentialsEnvironment(world.credentials),
    PUBLIC_URL: 'https://kinkeeper.example.org',
    KINKEEPER_SANDBOX: 'off',
    TWILIO_API_URL: `${world.url}/twilio`,
    SLACK_API_URL: `${world.url}/slack/api/`,
    OPENAI_BASE_URL: `${world.url}/openai/v1`,
    CIRCLE_API_URL: `${world.url}/circle`,
    MAILCHIMP_API_URL: `${world.url}/mailchimp/3.0`,
    LUMA_API_URL: `${world.url}/luma`,
    STRIPE_API_URL: `${world.url}/stripe`,
    CLERK_API_URL: `${world.url}/clerk`,
    ...changed,
  }
}

test('a port at which Kinkeeper itself listens is fine, one of another program is not', async () => {
  const stranger = createServer((_, response) => response.end('hello'))
  await new Promise<void>((resolve) => stranger.listen(0, resolve))
  const address = stranger.address()
  const taken = String(typeof address === 'object' ? address?.port : address)
  try {
    const { code, said } = await doctor({ PORT: taken, SANDBOX_PORT: new URL(world.url).port })
    expect(said).toContain(
      `✗ Port ${taken} for the dashboard and webhooks\n    Another program listens there.`,
    )
    expect(said).toMatch(/✓ Port \d+ for the sandbox: Kinkeeper is running there/)
    expect(code).toBe(1)
  } finally {
    stranger.close()
  }
})

test('with nothing set every provider is sandboxed, and what is shut is said without being wrong', async () => {
  const { code, said } = await doctor({})
  for (const name of ['twilio', 'slack', 'openai', 'circle', 'mailchimp', 'luma', 'stripe', 'clerk'])
    expect(said).toContain(`✓ ${name} is sandboxed`)
  expect(said).toContain('✓ Outside schedulers are not let in: CRON_SECRET is not set.')
  expect(said).toContain('✓ Applications may not send events: EVENTS_KEY is not set')
  expect(code).toBe(0)
})

test('each live provider is asked, and Slack’s user group and Mailchimp’s audience too', async () => {
  // OpenAI's stand-in has no list of models.
  const { code, said } = await doctor(
    live({ CRON_SECRET: 'a secret', EVENTS_KEY: 'a-key', OPENAI_API_KEY: '' }),
  )
  const asked = ['twilio', 'slack', 'circle', 'luma', 'stripe', 'clerk', 'mailchimp']
  for (const name of [...asked, 'mailchimp’s audience', 'slack’s user group'])
    expect(said).toContain(`✓ ${name} is live and lets us in`)
  expect(said).toContain('✓ Outside schedulers are let in')
  expect(said).toContain('✓ Applications may send events')
  expect([code, said]).toEqual([0, expect.stringContaining('Everything is in place')])
})

test('whoever refuses is named with what to do', async () => {
  const { code, said } = await doctor(
    live({
      MAILCHIMP_API_KEY: 'wrong-us1',
      LUMA_API_KEY: 'wrong',
      STRIPE_API_KEY: 'sk_test_wrong',
      CLERK_SECRET_KEY: 'sk_test_wrong',
      SLACK_MEMBERS_USERGROUP: 'S0NOBODY',
      MAILCHIMP_WELCOME_JOURNEY_ID: '',
      MAILCHIMP_WELCOME_STEP_ID: '',
      PUBLIC_URL: 'http://localhost:3000',
    }),
  )
  expect(said).toContain('✗ mailchimp is live, but refuses us\n    Mailchimp refused the key')
  expect(said).toContain('✗ luma is live, but refuses us\n    Luma refused the key: check LUMA_API_KEY.')
  expect(said).toContain('✗ stripe is live, but refuses us\n    Stripe refused the key')
  expect(said).toContain('✗ clerk is live, but refuses us\n    Clerk refused the key')
  expect(said).toContain('SLACK_MEMBERS_USERGROUP names no user group')
  expect(said).toContain('✗ mailchimp has no welcome journey\n    Set MAILCHIMP_WELCOME_JOURNEY_ID')
  expect(said).toContain('Stripe and Clerk cannot reach this address.')
  expect(code).toBe(1)
})

test('an audience that is not there, and a provider that is away, are told apart from a refusal', async () => {
  const { said } = await doctor(
    live({
      MAILCHIMP_LIST_ID: 'nowhere',
      LUMA_API_URL: `http://127.0.0.1:${await freePort()}`,
      STRIPE_API_KEY: '',
    }),
  )
  expect(said).toContain('✓ mailchimp is live and lets us in')
  expect(said).toContain('✗ mailchimp’s audience is live and answered 404\n    Check MAILCHIMP_LIST_ID')
  expect(said).toContain('✗ luma is live, but did not answer (')
  expect(said).toContain('✓ stripe is live; its events are taken at their word: STRIPE_API_KEY is not set')
})

test('a Slack app that may not see addresses is sent back for the scope', async () => {
  const port = await freePort()
  const slack = createServer((_, response) =>
    response.setHeader('x-oauth-scopes', 'chat:write,users:read').end('{"ok":true}'),
  )
  await new Promise<void>((resolve) => slack.listen(port, '127.0.0.1', resolve))
  const { said } = await doctor(live({ SLACK_API_URL: `http://127.0.0.1:${port}/api/` }))
  slack.close()
  expect(said).toContain(
    '✓ slack is live and lets us in\n✗ slack’s app lacks users:read.email\n    Add the scope',
  )
})
