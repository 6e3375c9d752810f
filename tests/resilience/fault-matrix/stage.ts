import { eq, sql } from 'drizzle-orm'
import { tables } from '../../../src/database/index.ts'
import { replayLetter } from '../../../src/dead-letters/index.ts'
import { type DeadLetter, type Job, resolveEffect } from '../../../src/engine/index.ts'
import { createJobPostReview, type JobPostReview } from '../../../src/jobs/job-post-review/index.ts'
import { createMembership, type Membership } from '../../../src/jobs/membership/index.ts'
import { defineNoticeJob } from '../../../src/monitoring/alerts/index.ts'
import { DAY_MS } from '../../../src/primitives/index.ts'
import { SANDBOX_CREDENTIALS } from '../../../src/sandbox/index.ts'
import { resultOf } from '../../../src/server/effect-resolution.ts'
import { type JobStage, startJobStage } from '../../support/job-stage.ts'
import { until } from '../../support/sandbox-world.ts'
import { TIMEOUT_MS } from './faults.ts'
import { whatHappened } from './world.ts'

export const PERSON = { kind: 'dashboard', id: 'usr_mona', name: 'Mona' } as const
/** The one number that is texted about alerts. */
const OPERATORS_NUMBER = '+14155550199'

/** All jobs on the real engine, with the waits between two attempts made short. */
export type MatrixStage = JobStage & {
  readonly review: JobPostReview
  readonly membership: Membership
  /** Empty tables, no runs, a new world. */
  anew(): Promise<void>
  /** Runs of these jobs give up what has failed for so long, milliseconds from a run's beginning; null: all are patient. */
  setImpatient(impatience: Patience['impatient']): void
  start(job: string, input: unknown): Promise<void>
  /** Waits until nothing is under way or about to begin, and the providers have done what they were asked. */
  quiet(): Promise<void>
  /** This text in this world; no other has it. */
  unique(text: string): string
  openLetters(): Promise<DeadLetter[]>
  /** A person answers what nobody knows, and replays every letter from the step that failed, once. */
  mend(): Promise<void>
}

/** The wait before the second attempt. */
const FIRST_WAIT_MS = 20

export async function startMatrixStage(): Promise<MatrixStage> {
  const patience: Patience = { impatient: null }
  const made: { review?: JobPostReview; membership?: Membership } = {}
  const byName = new Map<string, Job>()
  const stage = await startJobStage((given) => {
    // The same object: the stage gives it other connectors with each world.
    const parts = Object.assign(given, { slackChannel: SANDBOX_CREDENTIALS.slackJobsChannel })
    const review = createJobPostReview(parts)
    const membership = createMembership(parts)
    made.review = review
    made.membership = membership
    const notices = defineNoticeJob({
      database: parts.database,
      clock: parts.clock,
      recipients: { sms: [OPERATORS_NUMBER], email: ['operators@example.org'] },
      slackChannel: parts.operatorsChannel,
      publicUrl: parts.publicUrl,
      get connectors() {
        return parts.connectors
      },
    })
    const jobs = [...review.jobs, ...membership.jobs, notices as Job].map((job) => hurried(job, patience))
    for (const job of jobs) byName.set(job.name, job)
    return { jobs, approvalKinds: [review.approvalKind, ...membership.approvalKinds] }
  })
  let world = 0
  const { review, membership } = made
  if (!review || !membership) throw new Error('The stage has not defined its jobs')
  const { database } = stage
  const openLetters = () =>
    database.db.select().from(tables.deadLetters).where(eq(tables.deadLetters.status, 'open'))
  return {
    ...stage,
    review,
    membership,
    openLetters,
    unique: (text) => `${text}-${world}`,
    async anew() {
      // In a transaction, which is tried again: the engine may be making its indexes on the same table.
      await database.transaction((tx) => tx.db.execute(sql`truncate dbos.workflow_status cascade`))
      await stage.reset({ timeoutMs: TIMEOUT_MS })
      stage.parts.settings.guard = { members: 100, percent: 100 }
      world += 1
      // DBOS remembers the ids of runs, so those that would be the same in each world begin elsewhere.
      await database.db
        .insert(tables.requestedWork)
        .values({ name: 'slack-group', number: world * 100, pending: false })
      patience.impatient = null
    },
    setImpatient(impatience) {
      patience.impatient = impatience
    },
    async start(name, input) {
      const job = byName.get(name)
      if (!job) throw new Error(`There is no job ${name}`)
      const starter: { start(...args: unknown[]): Promise<string> } = stage.engine.starter as never // inputs of any job
      await database.transaction((tx) => starter.start(tx, job, input))
    },
    quiet: () => quiet(stage),
    async mend() {
      await answerUnknown(stage)
      for (const letter of await openLetters())
        await database.transaction((tx) =>
          replayLetter(tx, stage.deadLetters.parts, letter, { from: 'failed-step' }, { actor: PERSON }),
        )
      await quiet(stage)
    },
  }
}

type Patience = { impatient: { jobs: readonly string[]; limitMs: number } | null }

/** The job as it is, on a lane that is looked at often, and with short waits between attempts. */
function hurried(job: Job, patience: Patience): Job {
  return {
    ...job,
    queue: 'jobs',
    retry: { ...job.retry, baseMs: FIRST_WAIT_MS },
    get timeoutMs() {
      const { impatient } = patience
      return impatient?.jobs.includes(job.name) ? impatient.limitMs : (job.timeoutMs ?? DAY_MS)
    },
  }
}

/** What is to begin within this time belongs to the story; what comes later (deadlines) does not. */
const SOON_MS = 30_000

async function quiet(stage: JobStage): Promise<void> {
  const world = stage.world()
  await until(
    async () => {
      const { rows } = await stage.database.db.execute<{ id: string; soon: boolean }>(sql`
        select id, soon from (
          select workflow_uuid as id, status,
            status = 'DELAYED' and delay_until_epoch_ms < extract(epoch from now()) * 1000 + ${SOON_MS} as soon
          from dbos.workflow_status) as run
        where soon or status in ('ENQUEUED', 'PENDING') or id in (select run_id from run_turns)`)
      await stage.engine.starter.wake(rows.filter(({ soon }) => soon).map(({ id }) => id))
      return rows.length === 0
    },
    'the runs to end',
    90_000,
  )
  await until(async () => {
    const { calls } = await world.control<{ calls: { status: number | null }[] }>('GET', '/calls')
    return calls.every(({ status }) => status !== null)
  }, 'the providers to be done')
}

/** Looks at the providers, as a person would, and says what is true. */
async function answerUnknown(stage: JobStage): Promise<void> {
  const { effects } = tables
  const unknown = await stage.database.db.select().from(effects).where(eq(effects.status, 'unknown'))
  for (const effect of unknown) {
    const found = whatHappened(await stage.world().read(), effect.kind)
    const resolution = found
      ? { happened: true as const, ...resultOf(effect, found) }
      : { happened: false as const }
    await stage.database.transaction((tx) =>
      resolveEffect(tx, stage.engine.starter, effect.id, resolution, {
        actor: PERSON,
        atMs: stage.parts.clock.now(),
      }),
    )
  }
}
