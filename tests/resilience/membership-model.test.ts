/**
 * Members come and go in any interleaving: sign-up, payment, failure, cancellation, renewal, change of address, deletion,
 * with events held back, shuffled and duplicated, and with crashes. At the end Mailchimp, the Slack group, Luma and our
 * own tables say what follows from the truth; nobody was welcomed twice; no paying member was ever hidden.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { until } from '../support/sandbox-world.ts'
import { chosenSeed } from './config.ts'
import { type Person, readTruth, type Truth } from './membership-truth.ts'
import { type Stage, setStage } from './stage.ts'

const RUNS = 4
const MOST_ACTIONS = 22
const CRON = 'a secret of this test'
const DAY_MS = 86_400_000

type Action =
  | { kind: 'signup'; pay: boolean; seed: number }
  | { kind: 'do'; what: string; body?: unknown; who: number }
  | { kind: 'change-email'; who: number }
  | { kind: 'pass'; days: number }
  | { kind: 'hold' }
  | { kind: 'release'; seed: number; duplicates: number; legacyShapes: boolean }
  | { kind: 'crash' }

const who = fc.nat(20)
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('signup' as const), pay: fc.boolean(), seed: fc.nat(1e6) }),
  },
  ...[
    { what: 'pay' },
    { what: 'payment-failure', body: { afterDunning: 'canceled' } },
    { what: 'payment-failure', body: { afterDunning: 'unpaid' } },
    { what: 'cancel', body: { atPeriodEnd: true } },
    { what: 'cancel', body: { atPeriodEnd: false } },
    { what: 'resume' },
    { what: 'renew' },
    { what: 'end-period' },
    { what: 'reactivate' },
    { what: 'delete' },
  ].map((one) => ({
    weight: 2,
    arbitrary: who.map((index): Action => ({ kind: 'do', ...one, who: index })),
  })),
  { weight: 2, arbitrary: who.map((index): Action => ({ kind: 'change-email', who: index })) },
  { weight: 3, arbitrary: fc.constantFrom(1, 8, 20, 33).map((days): Action => ({ kind: 'pass', days })) },
  { weight: 2, arbitrary: fc.constant<Action>({ kind: 'hold' }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('release' as const),
      seed: fc.nat(1e6),
      duplicates: fc.nat(2),
      legacyShapes: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.constant<Action>({ kind: 'crash' }) },
)

/** Who was a member when: what no end of a membership may contradict. */
type Sample = { nowMs: number; entitled: Set<string> }

test('members end as the truth says, however the news of them came', async () => {
  const seed = chosenSeed()
  console.info(`Membership: RESILIENCE_SEED=${seed}`)
  // Ends of memberships in one hour are many here by intention.
  const env = { CRON_SECRET: CRON, GUARD_MAX_MEMBERS: '1000', GUARD_MAX_PERCENT: '100' }
  const stage = await setStage({ env })
  try {
    await fc.assert(
      fc.asyncProperty(
        fc.array(action, { minLength: 6, maxLength: MOST_ACTIONS, size: 'max' }),
        async (actions) => {
          const samples: Sample[] = []
          for (const one of actions) {
            await act(stage, one)
            samples.push(await sample(stage))
          }
          const eventId = await settle(stage)
          samples.push(await sample(stage))
          await expectTruth(stage, samples)
          await expectGuests(stage, eventId)
        },
      ),
      // The stage is shared, and everybody of the earlier sequences is still there: nothing could be shrunk.
      { seed, numRuns: RUNS, endOnFailure: true },
    )
  } finally {
    await stage.close()
  }
}, 300_000)

async function act(stage: Stage, one: Action): Promise<void> {
  const { world } = stage
  switch (one.kind) {
    case 'signup':
      await world.control('POST', '/people/signup', { pay: one.pay, seed: one.seed }).catch(ignoreConflict)
      return
    case 'do':
    case 'change-email': {
      const person = await pick(stage, one.who)
      if (!person) return
      const body = one.kind === 'do' ? one.body : { email: `changed.${stamp()}@example.org` }
      const path = `/people/${person.clerkUserId}/${one.kind === 'do' ? one.what : 'change-email'}`
      await world.control('POST', path, body ?? {}).catch(ignoreConflict)
      return
    }
    case 'pass':
      // Half an hour more, so that no period ends at the very moment at which the clock stops.
      await world.control('POST', '/clock', { advanceMs: one.days * DAY_MS + 1_800_000 })
      return
    case 'hold':
      await world.control('POST', '/deliveries/hold', {})
      return
    case 'release':
      await world.control('POST', '/deliveries/release', {
        ...one,
        kind: undefined,
        shuffle: true,
        concurrency: 4,
      })
      return
    case 'crash':
      await stage.crash()
  }
}

let stamps = 0
const stamp = () => `${process.pid}.${++stamps}`

/** What nobody can do to them now (cancel what has ended) is no part of the story. */
function ignoreConflict(error: unknown): void {
  if (!/conflict|already/i.test(String(error))) throw error
}

async function pick(stage: Stage, index: number): Promise<Person | undefined> {
  const { people } = await stage.world.control<{ people: Person[] }>('GET', '/people?limit=1000')
  // Of the latest, so that each sequence has people of its own to do things to.
  const latest = people.filter(({ deleted }) => !deleted).slice(-6)
  return latest[index % Math.max(1, latest.length)]
}

async function sample(stage: Stage): Promise<Sample> {
  const { nowMs, all } = await readTruth(stage.world)
  return { nowMs, entitled: new Set(all.filter((one) => one.entitled).map((one) => one.person.clerkUserId)) }
}

/** All news are out and handled, nothing is due any more, and the daily jobs have run. @returns an event that all asked to come to */
async function settle(stage: Stage): Promise<string> {
  const { world } = stage
  await world.control('POST', '/deliveries/release', {
    shuffle: true,
    seed: 1,
    duplicates: 1,
    concurrency: 4,
  })
  await until(
    async () => (await world.control<{ idle: boolean }>('GET', '/deliveries/idle')).idle,
    'the deliveries',
  )
  await calm(stage)
  await answerQuestions(stage)
  await run(stage, 'slack-sync')
  await calm(stage)
  const { people } = await world.control<{ people: Person[] }>('GET', '/people?limit=1000')
  const guests = people.filter(({ deleted }) => !deleted).map(({ email }) => ({ email, name: 'A guest' }))
  const event = { name: 'Everybody', startsInMs: 40 * DAY_MS, guests }
  const { id } = await world.control<{ id: string }>('POST', '/luma/events', event)
  await run(stage, 'luma-auto-approve')
  await calm(stage)
  return id
}

/** Luma: members are let in, once; nobody else is. */
async function expectGuests(stage: Stage, eventId: string): Promise<void> {
  const { all } = await readTruth(stage.world)
  const { guests } = await stage.world.control<{ guests: { email: string; status: string }[] }>(
    'GET',
    `/luma/events/${eventId}/guests?status=approved`,
  )
  const members = all.filter(({ entitled }) => entitled).map(({ person }) => person.email.toLowerCase())
  expect(guests.map(({ email }) => email).sort()).toEqual(members.sort())
  const { mails } = (await stage.world.read()).luma
  expect(mails.filter((mail) => mail.eventId === eventId).length).toBe(members.length)
}

/** Who deleted their account and came back under the same address before we heard of it: the same address, not the same person. */
async function answerQuestions(stage: Stage): Promise<void> {
  const open = await stage.rows<{ id: string; kind: string }>(
    `select id, kind from approvals where status = 'open' and kind in ('member-match', 'slack-group-change')`,
  )
  if (open.length === 0) return
  const dashboard = await stage.dashboard()
  for (const { id, kind } of open) {
    const body =
      kind === 'member-match' ? { decision: 'deny', reason: 'Not the same' } : { decision: 'approve' }
    expect((await dashboard.post(`/approvals/${id}/decision`, body)).status).toBe(200)
  }
  await calm(stage)
}

async function calm(stage: Stage): Promise<void> {
  await until(
    async () => {
      const busy = await stage.count(
        `from dbos.workflow_status where status in ('ENQUEUED', 'PENDING')
         or (status = 'DELAYED' and delay_until_epoch_ms < (extract(epoch from now()) + 30) * 1000)
         or (status = 'DELAYED' and name in ('member-sync', 'webhook-delivery', 'webhook-retry', 'slack-group'))`,
      )
      return busy === 0
    },
    'everything that is due to be done',
    60_000,
  )
}

async function run(stage: Stage, job: string): Promise<void> {
  // On, so that it is not the slot of the sequence before.
  await stage.world.control('POST', '/clock', { advanceMs: 36 * 60_000 })
  await until(async () => {
    const response = await fetch(`${stage.url}/api/jobs/${job}`, {
      headers: { authorization: `Bearer ${CRON}` },
    })
    return response.status === 202
  }, `${job} to begin`)
}

async function expectTruth(stage: Stage, samples: Sample[]): Promise<void> {
  const { all } = await readTruth(stage.world)
  const view = await stage.world.read()
  const rows = await stage.rows<Row>(
    'select clerk_id, membership, profile_hidden, deleted_at, slack_user_id from members',
  )
  const group = new Set(view.slack.usergroups.flatMap(({ userIds, disabled }) => (disabled ? [] : userIds)))
  const living = new Set(all.flatMap(({ person }) => (person.deleted ? [] : person.email.toLowerCase())))
  for (const truth of all) {
    const row = rows.find(({ clerk_id }) => clerk_id === truth.person.clerkUserId)
    // The address of somebody who is gone may be somebody else's by now.
    if (truth.person.deleted && living.has(truth.person.email.toLowerCase())) continue
    const contact = view.mailchimp.contacts.find(({ email }) => email === truth.person.email.toLowerCase())
    expect(describe(truth, row, contact, group)).toEqual(expected(truth, row))
  }
  expect(rows.length).toBe(all.length)
  for (const contact of view.mailchimp.contacts) expect(contact.mails.length).toBeLessThanOrEqual(1)
  await expectNobodyWronged(stage, samples)
  expect(await failures(stage)).toEqual([])
}

/** Runs that failed, each with the step at which it did. */
function failures(stage: Stage) {
  return stage.rows(
    `select workflow_uuid, step, step_failures.error->>'message' as message from dbos.workflow_status
     left join step_failures on run_id = workflow_uuid and retry_in_ms is null where status = 'ERROR'`,
  )
}

type Row = {
  clerk_id: string
  membership: string
  profile_hidden: boolean
  deleted_at: Date | null
  slack_user_id: string | null
}
type Contact = { status: string; tags: string[]; mails: unknown[] }

function describe({ person }: Truth, row: Row | undefined, contact: Contact | undefined, group: Set<string>) {
  return {
    who: person.email,
    active: row?.membership === 'active',
    hidden: row?.profile_hidden,
    gone: row?.deleted_at !== null,
    tag: contact?.tags.includes('active') ? 'active' : 'none',
    reachable: contact !== undefined && contact.status !== 'archived',
    grouped: person.slackUserId !== null && group.has(person.slackUserId),
  }
}

function expected({ person, entitled }: Truth, row: Row | undefined): ReturnType<typeof describe> {
  return {
    who: person.email,
    active: entitled,
    hidden: person.deleted || row?.membership === 'ended',
    gone: person.deleted,
    tag: entitled ? 'active' : 'none',
    reachable: !person.deleted,
    grouped: entitled && person.slackUserId !== null,
  }
}

/** An end between two moments at both of which they were entitled hid a paying member. */
async function expectNobodyWronged(stage: Stage, samples: Sample[]): Promise<void> {
  const ends = await stage.rows<{ clerk_id: string; settled_at: Date; reason: string }>(
    `select clerk_id, settled_at, reason from deactivations join members on members.id = member_id where status = 'done'`,
  )
  for (const end of ends) {
    const before = samples.findLast(({ nowMs }) => nowMs <= end.settled_at.getTime())
    const after = samples.find(({ nowMs }) => nowMs > end.settled_at.getTime())
    const wronged = before?.entitled.has(end.clerk_id) && after?.entitled.has(end.clerk_id)
    expect(wronged ? end : null).toBeNull()
  }
}
