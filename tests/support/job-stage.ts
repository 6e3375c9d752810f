import { sql } from 'drizzle-orm'
import { type ApprovalKind, type Approvals, createApprovals } from '../../src/approvals/index.ts'
import { type Connectors, createConnectors, type Gate, openGate } from '../../src/connectors/index.ts'
import { type Database, openDatabase, tables } from '../../src/database/index.ts'
import { createDeadLetters, type DeadLetters } from '../../src/dead-letters/index.ts'
import { type Engine, type Job, type Run, readRun, startEngine } from '../../src/engine/index.ts'
import type { MembershipParts } from '../../src/jobs/membership/index.ts'
import { createClock, createLogger, DAY_MS, newId } from '../../src/primitives/index.ts'
import { findSandboxMailServer } from '../../src/start/sandbox-mail.ts'
import { type SandboxWorld, startSandboxWorld, until } from './sandbox-world.ts'
import { createTestDatabase } from './test-database.ts'

type Jobs = { jobs: readonly Job[]; approvalKinds: readonly ApprovalKind[] }

/** The membership's jobs on the real engine and database, before the stand-ins, without the program around them. */
export type JobStage = {
  readonly parts: MembershipParts
  readonly database: Database
  readonly engine: Engine
  readonly approvals: Approvals
  readonly deadLetters: DeadLetters
  /** The world of this test; `reset` makes a new one. */
  world(): SandboxWorld
  /**
   * Empties our tables, and starts a new world. `apart`: as a process of its own, for measurements. `timeoutMs`: how long
   * an answer is waited for, instead of each connector's own.
   */
  reset(options?: { gate?: Gate; apart?: boolean; timeoutMs?: number }): Promise<void>
  /** Starts a run and waits for its end. */
  run<Input extends { slot: string }>(job: Job<Input>, input: Input, limitMs?: number): Promise<Run>
  finished(runId: string, limitMs?: number): Promise<Run>
  addMember(known?: Partial<typeof tables.members.$inferInsert>): Promise<typeof tables.members.$inferSelect>
  stop(): Promise<void>
}

const KEPT = new Set(['executors', 'schedule_states', 'installation_secrets'])

export async function startJobStage(define: (parts: MembershipParts) => Jobs): Promise<JobStage> {
  const created = await createTestDatabase()
  const logger = createLogger('silent')
  const database = openDatabase({ url: created.url, poolSize: 10, logger })
  const clock = createClock()
  let world = await startSandboxWorld()
  const late: { engine?: Engine; approvals?: Approvals } = {}
  const parts: MembershipParts = {
    database,
    clock,
    connectors: connectTo(world, { gate: openGate }),
    modes: allSandboxed(),
    settings: { graceMs: 7 * DAY_MS, lumaNonMembers: 'pending', guard: { members: 50, percent: 10 } },
    welcomes: true,
    slackGroup: world.credentials.slackMembersUsergroup,
    operatorsChannel: world.credentials.slackAlertsChannel,
    publicUrl: 'http://localhost:3000',
    starter: () => present(late.engine).starter,
    approvals: () => present(late.approvals),
  }
  const { jobs, approvalKinds } = define(parts)
  const approvals = createApprovals({
    database,
    clock,
    starter: parts.starter,
    kinds: approvalKinds,
    timeoutMs: 7 * DAY_MS,
    reminderMs: [],
  })
  late.approvals = approvals
  const byName = new Map<string, Job>()
  const { starter } = parts
  const deadLetters = createDeadLetters({ database, clock, logger, starter, jobs: () => byName })
  const all = [...jobs, approvals.timer, ...deadLetters.jobs]
  for (const job of all) byName.set(job.name, job)
  const { onDeadLetter } = deadLetters
  const engine = await startEngine({ database, clock, logger, jobs: all, onDeadLetter })
  late.engine = engine
  const finished = (runId: string, limitMs = 30_000) =>
    until(
      async () => {
        const run = await readRun(runId)
        return run.status === 'succeeded' || run.status === 'failed' ? run : null
      },
      `the end of ${runId}`,
      limitMs,
    )
  return {
    parts,
    database,
    engine,
    approvals,
    deadLetters,
    world: () => world,
    async reset({ gate = openGate, apart = false, timeoutMs } = {}) {
      await world.stop()
      world = await startSandboxWorld({ apart })
      parts.connectors = connectTo(world, { gate, timeoutMs })
      await emptyTables(database)
    },
    async run(job, input, limitMs) {
      const starter: { start(...args: unknown[]): Promise<string> } = engine.starter as never // inputs of any job
      const runId = await database.transaction((tx) => starter.start(tx, job, input))
      return finished(runId, limitMs)
    },
    finished,
    async addMember(known = {}) {
      const now = new Date(clock.now())
      const row = {
        id: newId('mem'),
        membership: 'active' as const,
        createdAt: now,
        updatedAt: now,
        ...known,
      }
      const [member] = await database.db.insert(tables.members).values(row).returning()
      return present(member)
    },
    async stop() {
      await engine.stop(5_000)
      await database.close()
      await created.drop()
      await world.stop()
    },
  }
}

/** The connectors as an operator would set them up for this world's addresses. */
function connectTo(
  world: Pick<SandboxWorld, 'url' | 'credentials'>,
  { gate, timeoutMs }: { gate: Gate; timeoutMs?: number | undefined },
): Connectors {
  const { url, credentials } = world
  const patience = { timeoutMs }
  return createConnectors({
    gate,
    slack: { ...patience, token: credentials.slackBotToken, apiUrl: `${url}/slack/api/` },
    circle: {
      ...patience,
      token: credentials.circleApiToken,
      spaceId: credentials.circleSpaceId,
      apiUrl: `${url}/circle`,
    },
    twilio: {
      ...patience,
      accountSid: credentials.twilioAccountSid,
      authToken: credentials.twilioAuthToken,
      from: credentials.twilioFrom,
      apiUrl: `${url}/twilio`,
    },
    openai: { ...patience, apiKey: credentials.openaiApiKey, model: 'gpt-test', baseUrl: `${url}/openai/v1` },
    mailchimp: {
      ...patience,
      apiKey: credentials.mailchimpApiKey,
      listId: credentials.mailchimpListId,
      welcome: {
        journeyId: credentials.mailchimpWelcomeJourneyId,
        stepId: credentials.mailchimpWelcomeStepId,
      },
      apiUrl: `${url}/mailchimp/3.0`,
    },
    luma: { ...patience, apiKey: credentials.lumaApiKey, apiUrl: `${url}/luma` },
    stripe: { ...patience, apiKey: credentials.stripeApiKey, apiUrl: `${url}/stripe` },
    clerk: { ...patience, secretKey: credentials.clerkSecretKey, apiUrl: `${url}/clerk` },
    pagerduty: { ...patience, routingKey: credentials.pagerdutyRoutingKey, eventsUrl: `${url}/pagerduty` },
    email: {
      ...patience,
      smtpUrl: () => findSandboxMailServer(`${url}/mail/server`),
      from: 'kinkeeper@example.org',
    },
  })
}

function allSandboxed(): MembershipParts['modes'] {
  const sandbox = 'sandbox' as const
  return {
    twilio: sandbox,
    slack: sandbox,
    openai: sandbox,
    circle: sandbox,
    mailchimp: sandbox,
    luma: sandbox,
    stripe: sandbox,
    clerk: sandbox,
    pagerduty: sandbox,
    email: sandbox,
  }
}

async function emptyTables(database: Database): Promise<void> {
  const { rows } = await database.db.execute<{ name: string }>(
    sql`select tablename as name from pg_tables where schemaname = 'public'`,
  )
  const names = rows.map(({ name }) => name).filter((name) => !KEPT.has(name))
  await database.transaction(async (tx) => {
    // The audit refuses to be emptied while its guard stands; a superuser of tests may set it aside.
    await tx.db.execute(sql`set local session_replication_role = replica`)
    await tx.db.execute(sql.raw(`truncate ${names.map((name) => `"${name}"`).join(', ')} cascade`))
  })
}

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('The stage is not set up yet')
  return value
}
