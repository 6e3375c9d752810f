/** Several programs on one database and one world, and a load of texts on them. */
import pg from 'pg'
import { expect } from 'vitest'
import { freePort, type Program, startProgram } from '../support/program.ts'
import { newNumber, type SandboxWorld, startSandboxWorld, until } from '../support/sandbox-world.ts'
import { GOOD_POST, type Told } from '../support/stories.ts'
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts'

export type Role = 'web' | 'worker' | 'all'
export type Member = Program & { readonly executorId: string; readonly role: Role }

export type Fleet = {
  readonly world: SandboxWorld
  readonly databaseUrl: string
  /** Starts one more. The first that is no worker gets the address that the world knows. */
  start(role: Role, options?: { databaseUrl?: string; env?: Record<string, string> }): Promise<Member>
  rows<Row extends pg.QueryResultRow>(statement: string, values?: unknown[]): Promise<Row[]>
  /** Waits until no run is under way or due. */
  quiet(limitMs: number): Promise<void>
  close(): Promise<void>
}

/** @param options.database by default a new one on the server of the test run */
export async function setFleet(options: { database?: TestDatabase } = {}): Promise<Fleet> {
  const database = options.database ?? (await createTestDatabase())
  const world = await startSandboxWorld()
  await widenLimits(world)
  const pool = new pg.Pool({ connectionString: database.url, max: 3 })
  pool.on('error', () => {}) // the server may be restarted under idle connections
  const rows: Fleet['rows'] = async (statement, values) => (await pool.query(statement, values)).rows
  const members: Program[] = []
  let hasDoor = false
  const portFor = async (role: Role) => {
    if (role === 'worker' || hasDoor) return freePort()
    hasDoor = true
    return world.appPort
  }
  return {
    world,
    rows,
    databaseUrl: database.url,
    async start(role, { databaseUrl = database.url, env = {} } = {}) {
      const PORT = String(await portFor(role))
      const publicUrl = { PUBLIC_URL: `http://127.0.0.1:${world.appPort}` }
      const args = ['--role', role]
      const program = await startProgram({ databaseUrl, world, args, env: { ...publicUrl, ...env, PORT } })
      members.push(program)
      const [row] = await rows<{ id: string }>('select id from executors where pid = $1', [program.pid])
      return { ...program, role, executorId: row?.id ?? '' }
    },
    async quiet(limitMs) {
      const underWay = () =>
        rows(
          `select workflow_uuid, status, executor_id, delay_until_epoch_ms, updated_at from dbos.workflow_status
           where status in ('ENQUEUED', 'PENDING') or workflow_uuid in (select run_id from run_turns)
             or (status = 'DELAYED' and workflow_uuid in (select run_id from run_recoveries)) limit 5`,
        )
      try {
        await until(async () => (await underWay()).length === 0, 'the runs to end', limitMs)
      } catch (error) {
        console.info(`Still under way: ${JSON.stringify(await underWay())}`)
        throw error
      }
    },
    async close() {
      for (const member of members) member.kill('SIGKILL')
      await Promise.all(members.map(({ exited }) => exited))
      await pool.end()
      await world.stop()
      await database.drop()
    },
  }
}

async function widenLimits(world: SandboxWorld): Promise<void> {
  const wide = { perMinute: 60_000, burst: 2_000 }
  await world.control('POST', '/limits', {
    slackMessages: wide,
    slackTier2: wide,
    slackTier3: wide,
    slackTier4: wide,
    circleRequests: wide,
    openaiRequests: wide,
    twilioRequests: wide,
  })
}

/** Providers that take their time, so that there is always something in the middle. */
export async function slowDown(world: SandboxWorld): Promise<void> {
  await world.control('POST', '/latency', { provider: 'openai', minMs: 300, maxMs: 900 })
  await world.control('POST', '/latency', { provider: 'slack', minMs: 100, maxMs: 400 })
  await world.control('POST', '/latency', { provider: 'mailchimp', minMs: 100, maxMs: 400 })
}

/** A post like no other, so that the calls about it can be told apart. */
const postText = (index: number) => `${GOOD_POST} Our number: Z${index}Z`
const WRITERS = 16

/** So many people text a post, each until it is taken. In the order in which they began. */
export async function textPosts(world: SandboxWorld, count: number): Promise<Told[]> {
  const told: Told[] = []
  let next = 0
  const write = async () => {
    for (let index = next++; index < count; index = next++) {
      const phone = newNumber()
      const { reply } = await until(() => world.text(phone, postText(index)), 'a text to be taken', 90_000)
      told[index] = { phone, reference: /KK-[0-9A-Z]{5}/.exec(reply ?? '')?.[0] ?? '' }
    }
  }
  await Promise.all(Array.from({ length: WRITERS }, write))
  return told
}

/** How many Slack messages there are about each reference. */
export async function messagesByReference(world: SandboxWorld): Promise<Map<string, number>> {
  const jobs = (await world.read()).slack.channels.find(({ name }) => name === 'jobs')?.messages ?? []
  const counts = new Map<string, number>()
  for (const { blocks } of jobs) {
    const reference = /KK-[0-9A-Z]{5}/.exec(JSON.stringify(blocks))?.[0] ?? ''
    counts.set(reference, (counts.get(reference) ?? 0) + 1)
  }
  return counts
}

/** So many people sign up and pay, one after the other. @returns their addresses */
export async function signUpMembers(world: SandboxWorld, count: number): Promise<string[]> {
  const emails: string[] = []
  for (let number = 1; number <= count; number++) {
    const email = `member.${number}@example.org`
    await world.control('POST', '/people/signup', { pay: true, email, name: `Member Number${number}` })
    emails.push(email)
  }
  return emails
}

/**
 * Each of them is a member at Mailchimp, and was welcomed once. Where a process died between that call and its answer
 * nobody can know (Mailchimp does not tell), so it was not made again, and a person is asked.
 */
export async function expectWelcomedOnce(fleet: Fleet, emails: readonly string[]): Promise<void> {
  const unknown = await fleet.rows<{ email: string }>(
    `select email from effects join members on members.id = subject_id where effects.status = 'unknown'`,
  )
  const asked = new Set(unknown.map(({ email }) => email))
  const { contacts } = (await fleet.world.read()).mailchimp
  const wrong = emails.flatMap((email) => {
    const contact = contacts.find((one) => one.email === email)
    const mails = contact?.mails.length ?? 0
    const tags = contact?.tags ?? []
    const right = tags.includes('active') && (asked.has(email) ? mails <= 1 : mails === 1)
    return right ? [] : [{ email, mails, tags }]
  })
  console.info(`Takeover: of ${emails.length} welcomes a person is asked about ${asked.size}`)
  expect(wrong).toEqual([])
}

/** A run whose welcome nobody knows about: see `expectWelcomedOnce`. */
const UNKNOWN_WELCOME = `select run_id from effects where kind = 'mailchimp.welcome' and status = 'unknown'`

/** Each post has one message, one submission and one call that made its message; nothing failed, and nothing is unknown. */
export async function expectEachOnce(fleet: Fleet, told: readonly Told[]): Promise<void> {
  expect(new Set(told.map(({ reference }) => reference)).size).toBe(told.length)
  const messages = await messagesByReference(fleet.world)
  const wrong = told.filter(({ reference }) => messages.get(reference) !== 1)
  expect(wrong.map((one) => ({ ...one, messages: messages.get(one.reference) ?? 0 }))).toEqual([])
  expect(messages.size).toBe(told.length)
  expect(
    await fleet.rows(
      `select kind, status, error from effects where status <> 'done' and run_id not in (${UNKNOWN_WELCOME})`,
    ),
  ).toEqual([])
  expect(
    await fleet.rows(
      `select workflow_uuid, error from dbos.workflow_status where status in ('ERROR', 'MAX_RECOVERY_ATTEMPTS_EXCEEDED')
       and workflow_uuid not in (${UNKNOWN_WELCOME})`,
    ),
  ).toEqual([])
  const [submissions] = await fleet.rows<{ count: string }>('select count(*) from submissions')
  expect(Number(submissions?.count)).toBe(told.length)
}

/** How often OpenAI was asked to read each post, by its index. */
export async function readingsOf(world: SandboxWorld): Promise<Map<number, number>> {
  const { calls } = await world.control<{ calls: { body: unknown }[] }>('GET', '/calls?provider=openai')
  const counts = new Map<number, number>()
  for (const { body } of calls) {
    const index = Number(/Our number: Z(\d+)Z/.exec(JSON.stringify(body))?.[1])
    counts.set(index, (counts.get(index) ?? 0) + 1)
  }
  return counts
}

/** The lines of a program's log, parsed; what is no JSON (the start screen) is left out. */
export function logOf(program: Program): { level: string; event: string; msg: string }[] {
  return program.lines.flatMap((line) => {
    try {
      return [JSON.parse(line)]
    } catch {
      return []
    }
  })
}
