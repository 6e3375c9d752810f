import { type Approvals, createApprovals } from '../approvals/index.ts'
import { providerModes } from '../config.ts'
import type { Connectors, ProviderLimits, ProviderName } from '../connectors/index.ts'
import { createDeadLetters, type DeadLetters } from '../dead-letters/index.ts'
import {
  type Engine,
  type Job,
  type RunStarter,
  type Schedules,
  startEngine,
  startSchedules,
} from '../engine/index.ts'
import { createGovernor, type Governor } from '../governor/index.ts'
import { createJobPostReview, type JobPostReview } from '../jobs/job-post-review/index.ts'
import { createMembership, type Membership } from '../jobs/membership/index.ts'
import { observeGate, observeJobs } from '../monitoring/index.ts'
import { type Logger, newId, SECOND_MS } from '../primitives/index.ts'
import { createAlerting } from './alerting.ts'
import type { Base, Undo } from './base.ts'
import { connect } from './connect.ts'
import { limitsOf } from './limits.ts'
import { scheduleDefinitions } from './schedules.ts'

export type Work = {
  review: JobPostReview
  membership: Membership
  approvals: Approvals
  connectors: Connectors
  governor: Governor
  limits: Record<ProviderName, ProviderLimits>
  schedules: Schedules
  deadLetters: DeadLetters
  engine: Engine
  alerting: ReturnType<typeof createAlerting>
  starter: () => RunStarter
  wakeDue: () => Promise<void>
}

/** How long a stop waits for outward calls that are under way: longer than any of them may take. */
const DRAIN_LIMIT_MS = 35 * SECOND_MS

/** The jobs, the approvals that they open, the governor of their requests, the engine that runs them and the clock that starts some. */
export async function startWork(base: Base, undo: Undo): Promise<Work> {
  const { config, logger, database, clock, slots, telemetry } = base
  const late: { engine: Engine | null } = { engine: null }
  const starter = () => {
    if (!late.engine) throw new Error('The engine has not started yet')
    return late.engine.starter
  }
  const limits = limitsOf(config)
  const maySend = () => late.engine?.holdsLease() ?? true
  const governor = createGovernor({ database, limits, holder: newId('gov'), logger, maySend })
  undo.push(() => governor.stop())
  const connectors = connect(config, observeGate(governor.gate, telemetry.instruments))
  const common = {
    database,
    clock,
    connectors,
    modes: providerModes(config),
    starter,
    approvals: () => approvals,
  }
  const review = createJobPostReview({ ...common, slackChannel: config.slack.settings?.jobsChannel ?? null })
  const membership = createMembership({ ...common, ...membershipSettings(base) })
  const kinds = [review.approvalKind, ...membership.approvalKinds]
  const approvals: Approvals = createApprovals({ database, clock, starter, kinds, ...config.approvals })
  const byName = new Map<string, Job>()
  const deadLetters = createDeadLetters({ database, clock, logger, starter, jobs: () => byName })
  const alerting = createAlerting(base, { connectors, starter })
  const jobs = [
    ...[...review.jobs, ...membership.jobs, approvals.timer],
    ...[...deadLetters.jobs, alerting.desk.notices],
  ]
  for (const job of jobs) byName.set(job.name, job)
  const { onDeadLetter } = deadLetters
  const works = base.role !== 'web'
  const onLost = () => endAsLost(logger)
  const observed = observeJobs(jobs, { database, ...telemetry })
  const engine = await startEngine({
    ...{ database, clock, logger, slots, works, onDeadLetter, onLost },
    jobs: observed,
  })
  late.engine = engine
  undo.push(() => engine.stop(DRAIN_LIMIT_MS))
  if (works) {
    const policies = deadLetters.watch()
    undo.push(() => policies.stop())
    const alerts = alerting.watch()
    undo.push(() => alerts.stop())
  }
  // Runs may lie parked from before; somebody has to look whether their provider is back.
  governor.wake()
  const schedules = await startSchedules({
    database,
    clock,
    logger,
    starter,
    definitions: scheduleDefinitions(membership.scheduled),
  })
  undo.push(() => schedules.stop())
  const wakeDue = async () => {
    await approvals.wakeDue()
    await review.wakeDue()
    await membership.wakeDue()
    await schedules.fireDue()
  }
  return {
    ...{ review, membership, approvals, connectors, governor, limits, schedules, deadLetters, engine },
    alerting,
    starter,
    wakeDue,
  }
}

function membershipSettings({ config }: Base) {
  const slack = config.slack.settings
  return {
    settings: config.membership,
    welcomes: config.mailchimp.settings?.welcome !== null,
    slackGroup: slack?.membersUsergroup ?? null,
    operatorsChannel: slack?.alertsChannel ?? slack?.jobsChannel ?? null,
    publicUrl: config.publicUrl,
  }
}

/** Another process has this one's runs: going on would do things twice. Whatever supervises us starts us again. */
function endAsLost(logger: Logger): void {
  logger.fatal(
    { event: 'executor.lost' },
    'This process was away for so long that another one took over its work. It ends now; start it again.',
  )
  process.exit(1)
}
