/** Starting and stopping the whole program as a newcomer does: its own PostgreSQL, its own sandbox, one folder. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { freePort } from '../support/program.ts'
import { until } from '../support/sandbox-world.ts'
import { type Newcomer, startNewcomer } from './newcomer.ts'

let folder: string
let env: Record<string, string>
let program: Newcomer

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kinkeeper-start-'))
  env = {
    KINKEEPER_DATA_DIR: join(folder, 'data'),
    PORT: String(await freePort()),
    SANDBOX_PORT: String(await freePort()),
  }
})

afterAll(async () => {
  program.kill('SIGTERM')
  await program.exited
  for (const path of [dirname(postgresDir()), folder]) rmSync(path, { recursive: true, force: true })
})

const control = (path: string, body?: unknown) =>
  fetch(
    `http://127.0.0.1:${env.SANDBOX_PORT}/control${path}`,
    body === undefined
      ? {}
      : { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } },
  )

/** Where the screen says that the data is: started by root from a folder that only root may enter, that is elsewhere. */
const postgresDir = () => {
  const line = program.lines.find((text) => text.includes('(embedded PostgreSQL'))
  return /Data\s+(\S+)/.exec(line ?? '')?.[1] ?? 'not told'
}

const jobsMessages = async () => {
  const world = await (await control('/world')).json()
  return world.slack.channels.find(({ name }: { name: string }) => name === 'jobs').messages.length
}

test('the first start makes everything, and says where the dashboard is and how to get in', async () => {
  program = startNewcomer(env, folder)
  expect(await program.outcome, program.lines.join('\n')).toBe('ready')
  await until(async () => program.lines.some((line) => line.includes('Ctrl-C')), 'the whole screen')
  const screen = program.lines.join('\n')
  expect(screen).toContain(`http://localhost:${env.PORT}`)
  expect(screen).toMatch(/First owner http:\/\/localhost:\d+\/welcome\?token=\S+/)
  expect(screen).toContain('Twilio sandbox · Slack sandbox · OpenAI sandbox · Circle sandbox')
  expect(screen.split('\n').length).toBeLessThan(24)
})

test('a second program on the same data is refused with a sentence', async () => {
  const second = startNewcomer(
    { ...env, PORT: String(await freePort()), SANDBOX_PORT: String(await freePort()) },
    folder,
  )
  expect(await second.outcome).toBe(1)
  expect(second.lines.join('\n')).toContain('Another Kinkeeper is already running on the data in')
  expect(second.lines.join('\n')).toContain('KINKEEPER_DATA_DIR')
  expect((await fetch(`http://127.0.0.1:${env.PORT}/readyz`)).status).toBe(200)
})

test('killed with kill -9 while a run is under way, the next start takes the server over and goes on', async () => {
  await control('/faults', {
    provider: 'slack',
    operation: 'chat.postMessage',
    kind: 'delay',
    delayMs: 8_000,
    times: 1,
  })
  await control('/texts', {
    from: '+14155550199',
    body: 'Hiring a Cook at The Oak in Leeds, full time. Apply: jobs@oak.example',
  })
  await until(
    async () =>
      (await (await control('/calls?provider=slack&operation=chat.postMessage')).json()).calls.length >= 0,
    'the sandbox',
  )
  program.kill('SIGKILL')
  await program.exited
  program = startNewcomer(env, folder)
  expect(await program.outcome, program.lines.join('\n')).toBe('ready')
  await until(async () => program.lines.some((line) => line.includes('taken over')), 'the screen to say so')
  await until(async () => (await jobsMessages()) === 1, 'the message in Slack')
})

test('stopped with SIGTERM it drains, stops its server, and the next start has the data', async () => {
  program.kill('SIGTERM')
  expect(await program.exited).toBe(0)
  expect(existsSync(join(postgresDir(), 'PG_VERSION'))).toBe(true)
  expect(existsSync(join(postgresDir(), 'postmaster.pid'))).toBe(false)
  program = startNewcomer(env, folder)
  expect(await program.outcome).toBe('ready')
  expect(program.lines.join('\n')).not.toContain('taken over')
  expect(await jobsMessages()).toBe(1)
})

test('a server that dies under the program is brought back', async () => {
  const opts = readFileSync(join(postgresDir(), 'postmaster.pid'), 'utf8').split('\n')
  process.kill(Number(opts[0]), 'SIGQUIT')
  await until(
    async () => program.lines.some((line) => line.includes('postgres.recovered')),
    'the server to come back',
  ).catch((error: unknown) => {
    throw new Error(`It printed:\n${program.lines.slice(-40).join('\n')}`, { cause: error })
  })
  await until(async () => (await fetch(`http://127.0.0.1:${env.PORT}/readyz`)).status === 200, 'readiness')
  await control('/texts', {
    from: '+14155550198',
    body: 'Hiring a Baker at The Oak in Leeds, full time. Apply: jobs@oak.example',
  })
  await until(async () => (await jobsMessages()) === 2, 'the message in Slack')
})

test.each([
  [
    'half of the credentials',
    { SLACK_BOT_TOKEN: 'xoxb-1' },
    'SLACK_SIGNING_SECRET and SLACK_JOBS_CHANNEL are missing',
  ],
  ['a port that is none', { PORT: 'eighty' }, 'PORT cannot be used as it is. Set it to a port number'],
  [
    'a duration that is none',
    { APPROVAL_TIMEOUT: 'a week' },
    'APPROVAL_TIMEOUT cannot be used as it is. Write it as',
  ],
  [
    'a database that does not answer',
    { DATABASE_URL: 'postgresql://127.0.0.1:9/none' },
    'PostgreSQL did not answer at DATABASE_URL',
  ],
])('%s is a sentence naming the variable', async (_name, wrong, sentence) => {
  const started = startNewcomer(
    { ...env, KINKEEPER_DATA_DIR: join(folder, 'other'), SANDBOX_PORT: String(await freePort()), ...wrong },
    folder,
  )
  expect(await started.outcome).toBe(1)
  expect(started.lines.join('\n')).toContain(sentence)
  expect(started.lines.join('\n')).not.toContain('    at ')
})

test('a taken port is a sentence', async () => {
  const started = startNewcomer(
    { ...env, KINKEEPER_DATA_DIR: join(folder, 'third'), SANDBOX_PORT: String(await freePort()) },
    folder,
  )
  expect(await started.outcome).toBe(1)
  expect(started.lines.join('\n')).toContain(`Port ${env.PORT} is taken by another program`)
})

test('the database password is not in what was printed', async () => {
  const password = readFileSync(join(env.KINKEEPER_DATA_DIR ?? '', 'postgres.password'), 'utf8').trim()
  expect(program.lines.join('\n')).not.toContain(password)
})
