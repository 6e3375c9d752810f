/** What happens to members, told as it comes: with every request repeated until somebody answers it. */
import pg from 'pg'
import type { Person } from '../../src/sandbox/index.ts'
import { type SandboxWorld, until } from './sandbox-world.ts'

/** What the stories' programs are started with, beside their database and world. */
export const STORY_ENV = { EVENTS_KEY: 'key-of-the-events', CRON_SECRET: 'secret-of-the-scheduler' }

export type MemberStage = {
  world: SandboxWorld
  rows<Row extends pg.QueryResultRow>(statement: string, values?: unknown[]): Promise<Row[]>
}

/** Gives who it is about. */
export type MemberStory = (stage: MemberStage) => Promise<Person>

/** The world's view and our own of one person: what must be the same with and without a crash. */
export type MemberOutcome = {
  contact: { status: string; tags: string[] } | null
  welcomes: number
  inGroup: boolean
  member: { membership: string; hidden: boolean; welcomed: boolean } | null
  /** Planned ends by what became of them, sorted. */
  ends: string[]
  /** What happened to them on record, but for syncs, which may be more after a crash; sorted. */
  audit: string[]
  /** Their places at events: status, and how often they were mailed; the money taken in all. */
  luma: { guests: string[]; mails: number; charged: number }
  /** Questions that wait, and effects of which nobody knows. */
  open: number
}

const DAY_MS = 86_400_000
const MINUTE_MS = 60_000

/** Opens what a story looks into our tables with. */
export function openRows(url: string): { rows: MemberStage['rows']; close(): Promise<void> } {
  const pool = new pg.Pool({ connectionString: url, max: 2 })
  pool.on('error', () => {}) // the database is dropped under idle connections at the end
  return {
    rows: async (statement, values) => (await pool.query(statement, values)).rows,
    close: () => pool.end(),
  }
}

/** Signs up, pays, and is welcomed. */
export const join: MemberStory = async (stage) => {
  const person = await stage.world.control<Person>('POST', '/people/signup', { seed: 'ada' })
  await until(async () => (await outcomeOf(stage, person)).member?.welcomed, 'the welcome')
  return person
}

/** Comes to Slack, and is found there. */
export const arrive: MemberStory = async (stage) => {
  const person = await join(stage)
  await stage.world.control('POST', '/slack/users', { email: person.email, realName: person.name })
  await runSchedule(stage, 'slack-sync')
  await until(async () => (await outcomeOf(stage, person)).inGroup, 'a place in the user group')
  return person
}

/** Cancels, and stays a member until the end of the paid period. */
export const leave: MemberStory = async (stage) => {
  const person = await arrive(stage)
  const { periodEndMs } = await act<Person>(stage, person, 'cancel')
  await until(async () => (await outcomeOf(stage, person)).ends.includes('pending'), 'the planned end')
  // The clock moves over the time of the sync too, which would make the user group right before its own job does.
  await until(
    async () => (await moderate(stage, '/jobs/slack-sync/pause', {}, 'operator')).ok,
    'the sync to be paused',
  )
  const { nowMs } = await stage.world.control<{ nowMs: number }>('GET', '/clock')
  await stage.world.control('POST', '/clock', { advanceMs: (periodEndMs ?? nowMs) - nowMs + MINUTE_MS })
  await until(async () => (await outcomeOf(stage, person)).member?.membership === 'ended', 'the end')
  await until(async () => !(await outcomeOf(stage, person)).inGroup, 'the place in the user group to be free')
  return person
}

/** The end is taken back by a moderator. */
export const takeBack: MemberStory = async (stage) => {
  const person = await leave(stage)
  const [end] = await stage.rows<{ id: string; member_id: string }>(
    `select id, member_id from deactivations where status = 'done'`,
  )
  await until(async () => {
    await moderate(stage, `/members/${end?.member_id}/undo`, { deactivationId: end?.id })
    return (await outcomeOf(stage, person)).member?.membership === 'active'
  }, 'the undo')
  return person
}

/** An application sends events of its own, each as often as it takes. */
export const outside: MemberStory = async (stage) => {
  const person = await join(stage)
  const data = { memberId: person.clerkUserId }
  const [delivery] = await stage.rows<{ id: string }>(`select id from deliveries where source = 'clerk'`)
  await sendEvents(stage, [
    { name: 'member.updated', key: 'crm-1', data: { ...data, action: 'update' } },
    { name: 'webhook.failed', key: 'crm-2', data: { deliveryId: Number(delivery?.id) } },
    { name: 'member.schedule_deactivation', key: 'crm-3', data: { ...data, deactivateAt: '2020-01-01' } },
  ])
  await until(async () => (await outcomeOf(stage, person)).ends.includes('kept'), 'the answer to the end')
  return person
}

/** Stripe fails for a moment while the news of the payment are being handled. */
export const stumble: MemberStory = async (stage) => {
  await stage.world.control('POST', '/faults', {
    provider: 'clerk',
    operation: '*',
    kind: 'status',
    status: 500,
    times: 1,
  })
  return join(stage)
}

/** A member asks to come to an event, and to another one with a ticket that costs. */
export const attend: MemberStory = async (stage) => {
  const person = await join(stage)
  const guest = { email: person.email, name: person.name }
  const stranger = { email: 'stranger@example.org', name: 'Some Stranger' }
  const event = (name: string, guests: unknown[]) =>
    stage.world.control('POST', '/luma/events', { name, startsInMs: DAY_MS, guests })
  await event('Salon', [guest, stranger])
  await event('Dinner', [{ ...guest, ticket: { amountCents: 2_500, currency: 'usd' } }])
  await runSchedule(stage, 'luma-auto-approve')
  const [approval] = await until(async () => {
    const found = await stage.rows<{ id: string }>(
      `select approvals.id from approvals join questions on questions.id = subject_id`,
    )
    return found.length > 0 && found
  }, 'the question about the ticket')
  await until(async () => {
    await moderate(stage, `/approvals/${approval?.id}/decision`, { decision: 'approve' })
    return (await outcomeOf(stage, person)).luma.charged > 0
  }, 'the ticket')
  return person
}

/** What is old is removed at night. */
export const tidy: MemberStory = async (stage) => {
  const person = await join(stage)
  await stage.world.control('POST', '/clock', { advanceMs: 20 * DAY_MS })
  await runSchedule(stage, 'cleanup')
  return person
}

/** Was a member before anybody looked: no news of them have come, and an operator imports who is there. */
export const beFound: MemberStory = async (stage) => {
  await stage.world.control('POST', '/deliveries/hold', {})
  const person = await stage.world.control<Person>('POST', '/people/signup', { seed: 'ada' })
  await stage.world.control('POST', '/clock', { advanceMs: 20 * DAY_MS })
  await until(
    async () => (await moderate(stage, '/members/import', {}, 'operator')).ok,
    'the import to be asked for',
  )
  await until(async () => {
    const outcome = await outcomeOf(stage, person)
    return outcome.member?.welcomed && outcome.contact?.tags.includes('active')
  }, 'the member')
  const imported = `select 1 from audit_entries where action = 'imported the members that there were'`
  await until(async () => (await stage.rows(imported)).length > 0, 'the end of the import')
  return person
}

async function act<T>(stage: MemberStage, person: Person, what: string, body: unknown = {}): Promise<T> {
  return stage.world.control<T>('POST', `/people/${person.clerkUserId}/${what}`, body)
}

/** As an outside scheduler does: the same slot again and again, until the run that was named has ended. */
async function runSchedule(stage: MemberStage, path: string): Promise<void> {
  await until(async () => {
    const answer = await fetch(`${urlOf(stage)}/api/jobs/${path}`, {
      headers: { authorization: `Bearer ${STORY_ENV.CRON_SECRET}` },
    })
    const { runId } = (await answer.json()) as { runId: string } // the door's own shape
    const found = await stage.rows(
      `select 1 from dbos.workflow_status where workflow_uuid = $1 and status = 'SUCCESS'`,
      [runId],
    )
    return found.length > 0
  }, `the run of ${path}`)
}

async function sendEvents(stage: MemberStage, events: unknown[]): Promise<void> {
  await until(async () => {
    const answer = await fetch(`${urlOf(stage)}/api/events`, {
      method: 'POST',
      headers: { authorization: `Bearer ${STORY_ENV.EVENTS_KEY}`, 'content-type': 'application/json' },
      body: JSON.stringify(events),
    })
    return answer.status === 202
  }, 'the events to be taken')
}

/** A click on the dashboard. What it answers is seen in what follows. */
async function moderate(
  stage: MemberStage,
  path: string,
  body: unknown,
  role: 'approver' | 'operator' = 'approver',
): Promise<Response> {
  const headers = { 'content-type': 'application/json' }
  const post = (to: string, content: unknown, cookie = '') =>
    fetch(`${urlOf(stage)}/api${to}`, {
      method: 'POST',
      headers: { ...headers, cookie },
      body: JSON.stringify(content),
    })
  const signedIn = await post('/sandbox/sign-in', { role })
  const cookies = signedIn.headers.getSetCookie().map((line) => line.split(';')[0])
  return post(path, body, cookies.join('; '))
}

const urlOf = ({ world }: MemberStage) => `http://127.0.0.1:${world.appPort}`

/**
 * After a kill within the welcome call nobody knows whether the mail went out, and a moderator is asked. This one looks
 * into Mailchimp and says what is true. Gives whether there was something to say.
 */
export async function answerUnknown(stage: MemberStage): Promise<boolean> {
  const [effect] = await stage.rows<{ id: string; email: string }>(
    `select effects.id, mailchimp_email as email from effects join members on members.id = subject_id
     where effects.status = 'unknown' and kind = 'mailchimp.welcome'`,
  )
  if (!effect) return false
  const { mailchimp } = await stage.world.read()
  const sent = mailchimp.contacts.some(({ email, mails }) => email === effect.email && mails.length > 0)
  await moderate(stage, `/effects/${effect.id}/resolution`, { outcome: sent ? 'happened' : 'did_not_happen' })
  return true
}

/** Delivers again what the program was not there to take. */
export async function repeatPending({ world }: MemberStage): Promise<void> {
  const path = '/deliveries?pending=true'
  const { deliveries } = await world.control<{ deliveries: { id: string; attempts: number }[] }>('GET', path)
  for (const { id, attempts } of deliveries)
    if (attempts > 1) await world.control('POST', `/deliveries/${id}/redeliver`, {})
}

type MemberRow = {
  id: string
  membership: string
  profile_hidden: boolean
  welcomed_at: Date | null
  slack_user_id: string | null
}

export async function outcomeOf({ world, rows }: MemberStage, person: Person): Promise<MemberOutcome> {
  const view = await world.read()
  const found = await rows<MemberRow>('select * from members where clerk_id = $1', [person.clerkUserId])
  const [member] = found
  if (found.length > 1) throw new Error('There are two of them.')
  const contact = view.mailchimp.contacts.find(({ email }) => email === person.email)
  const group = view.slack.usergroups.find(({ id }) => id === world.credentials.slackMembersUsergroup)
  const userId = view.slack.users.find(({ email }) => email === person.email)?.id
  const ends = await rows<{ status: string }>('select status from deactivations order by status')
  const audit = await rows<{ action: string }>(
    `select action from audit_entries where target_id = $1 and action not like 'synced to%' order by action`,
    [member?.id],
  )
  const [open] = await rows<{ count: number }>(
    `select (select count(*) from approvals where status = 'open')::int
     + (select count(*) from effects where status = 'unknown')::int as count`,
  )
  return {
    contact: contact ? { status: contact.status, tags: contact.tags.toSorted() } : null,
    welcomes: contact?.mails.length ?? 0,
    // Slack remembers the members of a group that is disabled because nobody is in it.
    inGroup: group !== undefined && !group.disabled && group.userIds.includes(userId ?? ''),
    member: member
      ? {
          membership: member.membership,
          hidden: member.profile_hidden,
          welcomed: member.welcomed_at !== null,
        }
      : null,
    ends: ends.map(({ status }) => status),
    audit: audit.map(({ action }) => action),
    luma: {
      guests: view.luma.events.flatMap(({ name, counts }) =>
        Object.entries(counts).map(([status, count]) => `${name}: ${count} ${status}`),
      ),
      mails: view.luma.mails.length,
      charged: view.luma.charges.reduce((sum, charge) => sum + charge.amountCents, 0),
    },
    open: open?.count ?? 0,
  }
}
