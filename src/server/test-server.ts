/** A whole server for tests: a real database and engine, stubs where the outside world begins. */
import { type Approvals, createApprovals } from '../approvals/index.ts'
import { createSubmission, findOrCreateSender } from '../community/index.ts'
import type { Connectors } from '../connectors/index.ts'
import { openChangeFeed, openDatabase } from '../database/index.ts'
import { type Engine, startEngine } from '../engine/index.ts'
import { createJobPostReview } from '../jobs/job-post-review/index.ts'
import { createClock, createLogger, DAY_MS, newId } from '../primitives/index.ts'
import type { Role } from './contract.ts'
import { createServer, type ServerParts } from './index.ts'

export type Ask = (method: string, path: string, body?: unknown) => Promise<{ status: number; json: unknown }>

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
    modes: MODES,
    webhooks: {
      twilioSms: async () => new Response(),
      slackInteraction: async () => new Response(),
      stripe: async () => new Response(),
      clerk: async () => new Response(),
      events: async () => new Response(),
      ingest: async () => new Response(),
      lumaApproval: async () => new Response(),
      slackSync: async () => new Response(),
      cleanup: async () => new Response(),
    },
    sandbox: { controlUrl: 'http://127.0.0.1:9/control' },
    publicUrl: ORIGIN,
    production: false,
    sessionSecret: 'a secret that is used by tests only',
    dashboardDir: '/nonexistent',
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
  mailchimp: 'off',
  luma: 'off',
  stripe: 'off',
  clerk: 'off',
} as const
const silent = createLogger('silent')

async function startRooms(url: string) {
  const database = openDatabase({ url, poolSize: 10, logger: silent })
  const clock = createClock()
  const outside = stubConnectors()
  const late: { engine?: Engine; approvals?: Approvals } = {}
  const starter = () => started(late.engine).starter
  const review = createJobPostReview({
    database,
    clock,
    connectors: outside,
    modes: MODES,
    slackChannel: 'C0JOBS',
    starter,
    approvals: () => started(late.approvals),
  })
  const approvals = createApprovals({
    database,
    clock,
    starter,
    kinds: [review.approvalKind],
    timeoutMs: 7 * DAY_MS,
    reminderMs: [DAY_MS, 3 * DAY_MS],
  })
  late.approvals = approvals
  const engine = await startEngine({
    database,
    clock,
    logger: silent,
    jobs: [...review.jobs, approvals.timer],
  })
  late.engine = engine
  return { database, clock, outside, review, starter, engine }
}

export const JOB_POST =
  'Acme Inc is hiring a Senior Backend Engineer in Berlin, remote ok. Salary 70000-90000 EUR per year. Apply at https://acme.example/jobs or jobs@acme.example'

function createBrowser(app: ReturnType<typeof createServer>): Ask {
  const jar = new Map<string, string>()
  return async (method, path, body) => {
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
    const response = await app.request(path, {
      method,
      headers: {
        host: new URL(ORIGIN).host,
        origin: ORIGIN,
        ...(cookie ? { cookie } : {}),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
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

/** Answers everything; a test replaces the call that it wants to go wrong. */
function stubConnectors(): Connectors {
  let made = 0
  return {
    slack: {
      postMessage: async ({ channel }) => ({ channel, ts: `1700000000.${String(++made).padStart(6, '0')}` }),
      findMessage: async () => null,
      updateMessage: async () => {},
      openView: async () => {},
      postEphemeral: async () => {},
      userName: async (id) => id,
    },
    circle: {
      createPost: async () => ({ id: String(++made), url: `https://circle.example/posts/${made}` }),
      findPost: async () => null,
    },
    twilio: {
      sendMessage: async () => ({ sid: `SM${++made}` }),
      findMessage: async () => null,
    },
    openai: { extract: async () => ({}) },
    slackPeople: {
      listPeople: async () => ({ items: [], next: null }),
      findPerson: async () => null,
      groupMembers: async () => [],
      setGroupMembers: async () => {},
    },
    mailchimp: {
      findContact: async () => null,
      putContact: async ({ email, statusIfNew }) => ({ email, status: statusIfNew, tags: [] }),
      setTags: async () => {},
      archiveContact: async () => {},
      triggerWelcome: async () => {},
      ping: async () => {},
    },
    luma: {
      listUpcomingEvents: async () => ({ items: [], next: null }),
      listPendingGuests: async () => ({ items: [], next: null }),
      findGuest: async () => null,
      setGuestStatus: async () => {},
      ping: async () => {},
    },
    stripe: {
      canRead: false,
      subscription: async () => null,
      customer: async () => null,
      subscriptionsOf: async () => [],
      readSubscription: () => never(),
      readCustomer: () => never(),
      ping: async () => {},
    },
    clerk: { canRead: false, user: async () => null, readUser: () => never(), ping: async () => {} },
  }
}

function never(): never {
  throw new Error('This test was not to read an object of a provider')
}

function started<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('Not started yet')
  return value
}
