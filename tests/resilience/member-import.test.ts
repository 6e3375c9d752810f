/**
 * The import of a community that is there already, from outside: it ends as if the news of everybody had come by
 * webhooks, but for the welcome; and killed in the middle it ends the same.
 */
import { expect, test } from 'vitest'
import { importResultSchema } from '../../src/jobs/member-import/index.ts'
import { openRows } from '../support/member-stories.ts'
import { startProgram, superviseProgram } from '../support/program.ts'
import { type SandboxWorld, startSandboxWorld, until } from '../support/sandbox-world.ts'
import { createTestDatabase } from '../support/test-database.ts'
import { chosenSeed } from './config.ts'
import { readTruth } from './membership-truth.ts'
import { seededRandom } from './random.ts'

type Rows = ReturnType<typeof openRows>['rows']

async function askForImport(url: () => string): Promise<string> {
  return until(async () => {
    const post = (path: string, body: unknown, cookie = '') =>
      fetch(`${url()}/api${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', cookie },
        body: JSON.stringify(body),
      })
    const signedIn = await post('/sandbox/sign-in', { role: 'operator' })
    const cookies = signedIn.headers.getSetCookie().map((line) => line.split(';')[0])
    const answer = await post('/members/import', {}, cookies.join('; '))
    const { runId } = (await answer.json()) as { runId?: string } // the server's own shape
    return runId
  }, 'the import to be asked for')
}

async function resultOf(rows: Rows, runId: string) {
  const [entry] = await until(async () => {
    const found = await rows<{ detail: unknown; actor_name: string }>(
      `select detail, actor_name from audit_entries where run_id = $1 and action like 'imported%'`,
      [runId],
    )
    return found.length > 0 && found
  }, 'the end of the import')
  return importResultSchema.parse(entry?.detail)
}

const calm = (rows: Rows) =>
  until(
    async () => {
      const busy = await rows(
        `select 1 from dbos.workflow_status where status in ('ENQUEUED', 'PENDING') or (status = 'DELAYED'
         and name in ('member-sync', 'webhook-delivery', 'webhook-retry', 'slack-group')) limit 1`,
      )
      return busy.length === 0
    },
    'everything to be done',
    90_000,
  )

/** Everything that is known of the members, and what Mailchimp was told; ids of ours and moments left out. */
async function stateOf(rows: Rows, world: SandboxWorld) {
  const members = await rows(
    `select clerk_id, stripe_customer_id, email, email_verified, first_name, last_name, membership, by_hand,
       profile_hidden, mailchimp_email, mailchimp_problem, deleted_at from members order by clerk_id`,
  )
  const subscriptions = await rows(
    `select clerk_id, status, cancel_at_period_end, ended_for_non_payment
     from subscriptions left join members on members.id = member_id order by clerk_id, subscriptions.id`,
  )
  const ends = await rows(
    `select clerk_id, status, deactivations.reason from deactivations join members on members.id = member_id order by clerk_id`,
  )
  const { contacts } = (await world.read()).mailchimp
  const told = contacts.map(({ email, status, tags }) => ({ email, status, tags: tags.toSorted() }))
  return { members, subscriptions, ends, told: told.toSorted((a, b) => (a.email < b.email ? -1 : 1)) }
}

const COMMUNITY = { count: 60, seed: 'there already' }
const mailsIn = async (world: SandboxWorld) =>
  (await world.read()).mailchimp.contacts.reduce((sum, { mails }) => sum + mails.length, 0)

test('ends as if the news of everybody had come by webhooks, but that nobody is welcomed', async () => {
  const living = async (arrive: (world: SandboxWorld, url: string, rows: Rows) => Promise<void>) => {
    const [database, world] = [await createTestDatabase(), await startSandboxWorld()]
    const program = await startProgram({ databaseUrl: database.url, world })
    const { rows, close } = openRows(database.url)
    try {
      await arrive(world, program.url, rows)
      await calm(rows)
      return { state: await stateOf(rows, world), mails: await mailsIn(world) }
    } finally {
      await program.stop()
      await close()
      await world.stop()
      await database.drop()
    }
  }
  const [told, imported] = await Promise.all([
    living(async (world) => {
      await world.control('POST', '/people', COMMUNITY)
      await until(
        async () => (await world.control<{ idle: boolean }>('GET', '/deliveries/idle')).idle,
        'the deliveries',
        90_000,
      )
    }),
    living(async (world, url, rows) => {
      await world.control('POST', '/deliveries/hold', {})
      await world.control('POST', '/people', COMMUNITY)
      await resultOf(rows, await askForImport(() => url))
    }),
  ])
  expect(told.state.members).toHaveLength(60)
  expect(imported.state).toEqual(told.state)
  expect(told.mails).toBeGreaterThan(20)
  expect(imported.mails).toBe(0)
}, 240_000)

const seed = chosenSeed()
console.info(`Import: RESILIENCE_SEED=${seed}`)

test.concurrent.each([
  `member-import.after-person#${seededRandom(seed).between(1, 220)}`,
  'member-import.take over users 2.before',
  'member-import.take over subscriptions 2.after',
])(
  'killed at %s it goes on where it was, and ends the same',
  async (seam) => {
    const [database, world] = [await createTestDatabase(), await startSandboxWorld()]
    await world.control('POST', '/deliveries/hold', {})
    await world.control('POST', '/people', { count: 130, seed: 'killed' })
    const env = { KINKEEPER_CRASH_AT: seam }
    const program = await superviseProgram({ databaseUrl: database.url, world, env })
    const { rows, close } = openRows(database.url)
    try {
      const runId = await askForImport(() => program.current().url)
      await until(async () => program.crashes() > 0, `the crash at ${seam}`)
      const result = await resultOf(rows, runId)
      await calm(rows)
      const { all } = await readTruth(world)
      const paying = all.flatMap(({ entitled, person }) => (entitled ? person.clerkUserId : []))
      expect(result).toMatchObject({
        users: 130,
        members: paying.length,
        alreadyKnown: 0,
        failed: 0,
        off: [],
      })
      const members = await rows<{ clerk_id: string; membership: string; welcomed_at: Date | null }>(
        'select clerk_id, membership, welcomed_at from members',
      )
      expect(members).toHaveLength(130)
      const active = members.filter(({ membership }) => membership === 'active')
      expect(active.map(({ clerk_id }) => clerk_id).sort()).toEqual(paying.sort())
      for (const { welcomed_at } of active) expect(welcomed_at).not.toBeNull()
      expect(await mailsIn(world)).toBe(0)
      expect(program.crashes()).toBe(1)
    } finally {
      await program.stop()
      await close()
      await world.stop()
      await database.drop()
    }
  },
  180_000,
)
