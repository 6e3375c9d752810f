/** A whole server for tests: a real database and engine, stubs where the outside world begins. */
import { z } from 'zod'
import { type Approvals, createApprovals } from '../approvals/index.ts'
import { createSubmission, findOrCreateSender } from '../community/index.ts'
import { openChangeFeed, openDatabase } from '../database/index.ts'
import { createDeadLetters } from '../dead-letters/index.ts'
import { defineJob, type Engine, type Job, startEngine, startSchedules } from '../engine/index.ts'
import { requestErasure } from '../jobs/erasure/index.ts'
import { createJobPostReview } from '../jobs/job-post-review/index.ts'
import { createMembership } from '../jobs/membership/index.ts'
import { createClock, createLogger, DAY_MS, newId } from '../primitives/index.ts'
import type { Role } from './contract.ts'
import { createServer, type ServerParts } from './index.ts'
import { testAlertDesk } from './test-alerts.ts'
import { stubConnectors } from './test-connectors.ts'

export type Ask = (
  method: string,
  path: string,
  body?: unknown,
  headers?: Record<string, string>,
) => Promise<{ status: number; json: unknown }>

/** Starts it. `outside` may be changed while it runs, `logged` gathers errors, `stop` ends everything. */
export async function startTestServer({ url, drop }: { url: string; drop(): Promise<void> }) {
  const rooms = await startRooms(url)
  const { database, clock, review } = rooms
  const changes = openChangeFeed({ url, logger: silent })
  const logged: unknown[] = []
  const error = (facts: unknown) => void logged.push(facts)
  const parts: ServerParts = {
    database,
    clock,
    logger: Object.assign(Object.create(silent), { error }),
    changes,
    starter: rooms.starter,
    review,
    approvals: rooms.approvals,
    membership: rooms.membership,
    graceMs: GRACE_MS,
    schedules: rooms.schedules,
    alerts: rooms.alerts,
    cronOpen: false,
    limits: LIMITS,
    erase: (memberId, actor) =>
      database.transaction((tx) =>
        requestErasure(
          tx,
          { clock, starter: rooms.starter },
          { who: { memberId }, actor, alsoActive: false },
        ),
      ),
    modes: MODES,
    webhooks: {
      twilioSms: nothing,
      slackInteraction: nothing,
      stripe: nothing,
      clerk: nothing,
      events: nothing,
      ingest: nothing,
      lumaApproval: nothing,
      slackSync: nothing,
      cleanup: nothing,
    },
    sandbox: { controlUrl: 'http://127.0.0.1:9/control' },
    publicUrl: ORIGIN,
    trustedProxies: [],
    production: false,
    sessionSecret: 'a secret that is used by tests only',
    dashboardDir: '/nonexistent',
    deadLetters: rooms.deadLetters,
    lookAgainWhatIsPaused: rooms.engine.lookAgainWhatIsPaused,
    readiness: async () => ({ ready: true, checks: { database: true } }),
    metrics: () => 'up 1\n',
  }
  const app = createServer(parts)
  return {
    ...rooms,
    app,
    parts,
    logged,
    /** Somebody with a cookie jar. */
    browser: () => createBrowser(app),
    async signedIn(role: Role): Promise<Ask> {
      const ask = createBrowser(app)
      await ask('POST', '/api/sandbox/sign-in', { role })
      return ask
    },
    /** A text arrives, as the webhook would have it. Gives the submission's id. */
    text: (body: string, phone = '+14155550123') =>
      database.transaction(async (tx) => {
        const sender = await findOrCreateSender(tx, phone, clock.now())
        const text = { messageSid: newId('SM'), body, media: 0, receivedAtMs: clock.now() }
        const submission = await createSubmission(tx, sender, text, 'pending_parse')
        await review.startReview(tx, submission.id, 1)
        return submission.id
      }),
    async stop() {
      await rooms.schedules.stop()
      await rooms.engine.stop(5_000)
      await changes.close()
      await database.close()
      await drop()
    },
  }
}

const ORIGIN = 'http://localhost:3000'
const MODES = {
  twilio: 'sandbox',
  slack: 'sandbox',
  openai: 'off',
  circle: 'sandbox',
  mailchimp: 'sandbox',
  luma: 'off',
  stripe: 'off',
  clerk: 'off',
  pagerduty: 'sandbox',
  email: 'sandbox',
} as const
const LIMITS = {
  twilio: {},
  slack: {},
  openai: {},
  circle: { perMonth: 5_000 },
  mailchimp: { concurrency: 8 },
  luma: { rates: [{ name: 'calendar', burst: 20, perMinute: 160 }] },
  stripe: {},
  clerk: {},
  pagerduty: {},
  email: {},
} as const
const GRACE_MS = 7 * DAY_MS
const silent = createLogger('silent')
const nothing = async () => new Response()
/** Something for the clock to start. */
const TIDY = defineJob({
  name: 'tidy',
  input: z.object({ slot: z.string() }),
  idempotencyKey: ({ slot }) => slot,
  retry: { attempts: 1 },
  run: async () => ({ tidied: 3 }),
})
const TIDYING = {
  name: 'tidying',
  description: 'Tidies up.',
  cron: '0 3 * * *',
  zone: 'Europe/Stockholm',
  path: '/api/jobs/tidying',
  job: TIDY,
}

async function startRooms(url: string) {
  const database = openDatabase({ url, poolSize: 10, logger: silent })
  const clock = createClock()
  const outside = stubConnectors()
  const late: { engine?: Engine; approvals?: Approvals } = {}
  const starter = () => started(late.engine).starter
  const common = {
    database,
    clock,
    connectors: outside,
    modes: MODES,
    starter,
    approvals: () => started(late.approvals),
  }
  const review = createJobPostReview({ ...common, slackChannel: 'C0JOBS' })
  const membership = createMembership({
    ...common,
    settings: { graceMs: GRACE_MS, lumaNonMembers: 'pending', guard: { members: 50, percent: 20 } },
    welcomes: true,
    slackGroup: null,
    operatorsChannel: null,
    publicUrl: ORIGIN,
  })
  const approvals = createApprovals({
    database,
    clock,
    starter,
    kinds: [review.approvalKind, ...membership.approvalKinds],
    timeoutMs: 7 * DAY_MS,
    reminderMs: [DAY_MS, 3 * DAY_MS],
  })
  late.approvals = approvals
  const byName = new Map<string, Job>()
  const deadLetters = createDeadLetters({ database, clock, logger: silent, starter, jobs: () => byName })
  const alerts = testAlertDesk({ database, clock, connectors: outside, starter })
  const others = [approvals.timer, TIDY, alerts.notices]
  const jobs = [...review.jobs, ...membership.jobs, ...others, ...deadLetters.jobs]
  for (const job of jobs) byName.set(job.name, job)
  const { onDeadLetter } = deadLetters
  const engine = await startEngine({ database, clock, logger: silent, jobs, onDeadLetter })
  late.engine = engine
  const schedules = await startSchedules({ database, clock, logger: silent, starter, definitions: [TIDYING] })
  const shown = { review, membership, approvals, schedules, deadLetters, alerts }
  return { database, clock, outside, ...shown, starter, engine }
}

export const JOB_POST =
  'Acme Inc is hiring a Senior Backend Engineer in Berlin, remote ok. Salary 70000-90000 EUR per year. Apply at https://acme.example/jobs or jobs@acme.example'

function createBrowser(app: ReturnType<typeof createServer>): Ask {
  const jar = new Map<string, string>()
  return async (method, path, body, extra = {}) => {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await app.request(path, {
      method,
      headers: {
        host: new URL(ORIGIN).host,
        origin: ORIGIN,
        ...(cookie ? { cookie } : {}),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...extra,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      jar.set(name, value)
    }
    if (response.headers.get('content-type')?.startsWith('text/event-stream')) {
      await response.body?.cancel()
      return { status: response.status, json: null }
    }
    const text = await response.text()
    return { status: response.status, json: text.startsWith('{') ? JSON.parse(text) : text }
  }
}

function started<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('Not started yet')
  return value
}
