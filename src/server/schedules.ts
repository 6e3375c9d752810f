import { recordAudit } from '../audit/index.ts'
import { type Run, readRun, type ScheduleOverview } from '../engine/index.ts'
import { NotFoundError } from '../primitives/index.ts'
import type { RouteHandler } from './access.ts'
import type { ScheduleFiring, ScheduleView } from './membership-contract.ts'
import type { ServerParts } from './parts.ts'
import { pathId } from './request.ts'

/** Jobs that do nothing while the provider that they are about is off. */
const NEEDS = {
  'luma-approval': { provider: 'luma', name: 'Luma' },
  'slack-sync': { provider: 'slack', name: 'Slack' },
} as const

/** `GET /api/schedules`: what the clock starts, when, and how it went the last times. */
export function listSchedules(parts: ServerParts): RouteHandler {
  return async (context) => {
    const schedules = await parts.schedules.list()
    return context.json<{ schedules: ScheduleView[] }>({
      schedules: await Promise.all(schedules.map((schedule) => viewSchedule(parts, schedule))),
    })
  }
}

/** `POST /api/schedules/:name/run`: starts it now; who did is on record. Answers `{runId}`. */
export function runSchedule(parts: ServerParts): RouteHandler {
  return async (context) => {
    const schedule = pathId(context, 'name')
    const { id, name } = context.get('person')
    const { runId } = await parts.schedules.runNow(schedule, async (tx, startedRunId) => {
      await recordAudit(tx, {
        atMs: parts.clock.now(),
        actor: { kind: 'dashboard', id, name },
        action: 'started it now',
        target: { kind: 'schedule', id: schedule },
        runId: startedRunId,
      })
    })
    return context.json({ runId })
  }
}

async function viewSchedule(parts: ServerParts, schedule: ScheduleOverview): Promise<ScheduleView> {
  const { name, description, cron, zone, path, job } = schedule
  return {
    name,
    job: job.name,
    description,
    cron,
    zone,
    next: schedule.nextMs.map((atMs) => new Date(atMs).toISOString()),
    last: await Promise.all(schedule.last.map(viewFiring)),
    endpoint: path === null ? null : { path, open: parts.cronOpen },
    idleBecause: idleBecause(parts, job.name),
  }
}

async function viewFiring(firing: ScheduleOverview['last'][number]): Promise<ScheduleFiring> {
  const run = firing.runId === null ? null : await readRunIfKept(firing.runId)
  return {
    slotAt: firing.slotAt.toISOString(),
    firedAt: firing.runId === null ? null : firing.firedAt.toISOString(),
    cause: firing.runId === null ? 'missed' : firing.cause,
    run: run && { id: run.id, status: run.status, result: run.output },
  }
}

/** Runs are cleaned up before the firings are. */
async function readRunIfKept(id: string): Promise<Run | null> {
  return readRun(id).catch((error: unknown) => {
    if (error instanceof NotFoundError) return null
    throw error
  })
}

function idleBecause({ modes }: ServerParts, job: string): string | null {
  const need = job in NEEDS ? NEEDS[job as keyof typeof NEEDS] : null
  return need && modes[need.provider] === 'off' ? `${need.name} is off, so this has nothing to do.` : null
}
