import { eq, sql } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { z } from 'zod'
import { type JobStage, startJobStage } from '../../../tests/support/job-stage.ts'
import { recordAudit, sealEntries, verifyChain } from '../../audit/index.ts'
import { createMember, matchMember } from '../../community/index.ts'
import { tables } from '../../database/index.ts'
import { defineJob, type Job, readRun } from '../../engine/index.ts'
import { patternOf } from './about.ts'
import { defineErasure, type ErasureRequest, type ErasureResult, requestErasure } from './index.ts'

const ADA = 'Ada.Lovelace@Example.org'
const NAME = 'Ada Lovelace'
const OTHER = 'ada.lovelace@example.org.uk'
const PERSON = { kind: 'dashboard', id: 'u1', name: 'Mona' } as const

let stage: JobStage
let echo: Job<{ slot: string; about: string }>
let groupSyncs = 0

beforeAll(async () => {
  stage = await startJobStage((parts) => {
    const erasure = defineErasure(parts, () => ({
      syncGroup: async () => {
        groupSyncs += 1
      },
    }))
    echo = defineJob({
      name: 'echo',
      input: z.object({ slot: z.string(), about: z.string() }),
      idempotencyKey: ({ slot }) => slot,
      async run(context, { about }) {
        const said = await context.step('say it', async () => ({ about, list: [`"${about}"`] }))
        await context.transaction('keep it', async () => ({ kept: said.about }))
        return said
      },
    })
    return { jobs: [erasure, echo], approvalKinds: [] }
  })
})
afterAll(() => stage.stop())
beforeEach(async () => {
  groupSyncs = 0
  await stage.reset()
})

const request = (who: ErasureRequest['who'], alsoActive = false) =>
  stage.database.transaction((tx) => requestErasure(tx, stage.parts, { who, actor: PERSON, alsoActive }))
const erase = async (who: ErasureRequest['who'], alsoActive = false) => {
  const { runId } = await request(who, alsoActive)
  const ended = await stage.finished(runId)
  expect(ended.error).toBeNull()
  return ended.output as ErasureResult
}

/** Everything in the database as text, searched row by row, as from a dump. */
const whereFound = async (text: string) => {
  const { rows: all } = await stage.database.db.execute<{ name: string }>(sql`
    select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname in ('public', 'dbos')`)
  const found: string[] = []
  for (const { name } of all) {
    const { rows } = await stage.database.pool.query(
      `select 1 from ${name} as row where row::text ilike '%' || $1 || '%' limit 1`,
      [text],
    )
    if (rows.length > 0) found.push(name)
  }
  return found
}

/** A person who has left traces in every room. */
async function addAda() {
  const { db } = stage.database
  const at = new Date()
  const member = await stage.addMember({
    email: ADA.toLowerCase(),
    emailVerified: true,
    mailchimpEmail: ADA.toLowerCase(),
    firstName: 'Ada',
    lastName: 'Lovelace',
    clerkId: 'user_ada',
    stripeCustomerId: 'cus_ada',
    slackUserId: 'U0ADA',
    membership: 'ended',
  })
  await db.insert(tables.subscriptions).values({
    id: 'sub_ada',
    customerId: 'cus_ada',
    memberId: member.id,
    status: 'canceled',
    cancelAtPeriodEnd: false,
    startedAt: at,
    seenMs: 1,
  })
  await db.insert(tables.slackPeople).values({
    id: 'U0ADA',
    email: ADA.toLowerCase(),
    name: NAME,
    state: 'active',
    seenAt: at,
    seenIn: 'slack-sync:x',
  })
  await db
    .insert(tables.lumaGuests)
    .values({ runId: 'r', eventId: 'e', guestId: 'g', memberId: member.id, outcome: 'approved', at })
  const [delivery] = await db
    .insert(tables.deliveries)
    .values({
      source: 'clerk',
      externalId: 'msg_1',
      receivedAt: at,
      status: 'failed',
      problem: `No room for ${ADA}`,
    })
    .returning()
  await db
    .insert(tables.deliveryPayloads)
    .values({ deliveryId: delivery?.id ?? 0, payload: { data: { id: 'user_ada', street: 'Main Street 1' } } })
  await db.insert(tables.events).values({
    id: 'e1',
    name: 'member.updated',
    key: `welcome ${ADA}`,
    data: { email: ADA },
    receivedAt: at,
    outcome: 'unknown',
  })
  await db.insert(tables.questions).values({
    id: 'q1',
    kind: 'member-match',
    title: `Is this ${NAME}?`,
    explanation: ['…'],
    items: [{ id: member.id, label: NAME, detail: 'customer cus_ada' }],
    itemCount: 1,
    approveLabel: 'a',
    denyLabel: 'd',
    data: {},
    runId: 'r',
    key: 'k',
    createdAt: at,
  })
  await db.insert(tables.stepFailures).values({
    runId: 'r',
    step: 's',
    attempt: 1,
    at,
    error: { name: 'E', message: `nobody called ${ADA}`, next: 'never-retry', facts: {} },
  })
  await stage.run(echo, { slot: 'one', about: `${NAME} <${ADA}>` })
  await stage.database.transaction((tx) =>
    recordAudit(tx, {
      atMs: at.getTime(),
      actor: PERSON,
      action: 'kept',
      target: { kind: 'member', id: member.id },
      reason: `wrote from ${ADA}`,
    }),
  )
  return member
}

test('nothing in the database names them afterwards; their history stays without them', async () => {
  const ada = await addAda()
  const other = await stage.addMember({ email: OTHER, firstName: 'Ada', lastName: 'Lovelace' })
  const result = await erase({ email: ` ${ADA} ` })
  expect(result.left).toEqual([])
  const expected = ['public.members']
  expect(await whereFound('ada.lovelace@example.org')).toEqual(expected) // the other one's longer address
  for (const trace of ['user_ada', 'cus_ada', 'U0ADA', 'Main Street'])
    expect(await whereFound(trace)).toEqual([])
  expect(await whereFound(NAME)).toEqual([])
  const [row] = await stage.database.db.select().from(tables.members).where(eq(tables.members.id, ada.id))
  expect(row).toMatchObject({
    email: null,
    firstName: null,
    clerkId: null,
    stripeCustomerId: null,
    slackUserId: null,
  })
  expect(row?.erasedAt).not.toBeNull()
  const [kept] = await stage.database.db.select().from(tables.members).where(eq(tables.members.id, other.id))
  expect(kept).toEqual(other)
  const audit = await stage.database.db
    .select()
    .from(tables.auditEntries)
    .where(eq(tables.auditEntries.targetId, ada.id))
    .orderBy(tables.auditEntries.id)
  expect(audit.map(({ action, reason }) => [action, reason])).toEqual([
    ['kept', 'wrote from [erased]'],
    ['asked for an erasure', null],
    ['erased', 'they asked to be forgotten'],
  ])
  // The audit's chain survives it, and an entry tells of what was blanked.
  await sealEntries(stage.database)
  const verification = await verifyChain(stage.database, { nowMs: stage.parts.clock.now() })
  expect(verification).toMatchObject({ ok: true, blanked: 1 })
  expect(result.erased).toMatchObject({ 'public.audit_entries': 1 })
  // A run that is read again is still a run.
  expect((await readRun('echo:one')).output).toEqual({
    about: '[erased] <[erased]>',
    list: ['"[erased] <[erased]>"'],
  })
  const [erasure] = await stage.database.db.select().from(tables.erasures)
  expect(erasure).toMatchObject({
    about: null,
    emailHash: expect.stringMatching(/^[0-9a-f]{64}$/),
    requestedBy: 'u1',
  })
  expect(result.byHand.join(' ')).toMatch(/Mailchimp.*Stripe.*Clerk.*Slack.*Luma/)
})

test('their contact at Mailchimp is archived, also when the first answer is lost', async () => {
  await addAda()
  const { mailchimp } = stage.parts.connectors
  await mailchimp.putContact({
    email: ADA,
    name: { first: 'Ada', last: 'Lovelace' },
    statusIfNew: 'subscribed',
  })
  await stage
    .world()
    .control('POST', '/faults', { provider: 'mailchimp', operation: '*', kind: 'drop-after', times: 1 })
  await erase({ email: ADA })
  expect((await mailchimp.findContact(ADA))?.status ?? 'archived').toBe('archived')
})

test('somebody who is a member now is erased only when that is said', async () => {
  const member = await stage.addMember({ email: ADA.toLowerCase() })
  await expect(request({ memberId: member.id })).rejects.toThrow('They are a member now')
  await erase({ memberId: member.id }, true)
  const [row] = await stage.database.db.select().from(tables.members)
  expect(row).toMatchObject({ membership: 'ended', email: null })
  expect(groupSyncs).toBe(1)
  await expect(request({ memberId: member.id })).rejects.toThrow('erased already')
})

test('who comes back is somebody new', async () => {
  const ada = await addAda()
  await erase({ email: ADA })
  const back = await stage.database.transaction(async (tx) => {
    const identity = {
      clerkId: 'user_ada',
      customerId: 'cus_ada',
      email: ADA.toLowerCase(),
      emailVerified: true,
    }
    expect(await matchMember(tx, identity, 1)).toEqual({ kind: 'nobody' })
    return createMember(tx, { clerkId: 'user_ada', email: ADA.toLowerCase() }, 1)
  })
  expect(back.id).not.toBe(ada.id)
})

test('an address that nobody has is erased where it is mentioned; one that is none is refused in words', async () => {
  await stage.run(echo, { slot: 'two', about: 'guest@example.org' })
  await erase({ email: 'guest@example.org' })
  expect(await whereFound('guest@example.org')).toEqual([])
  await expect(request({ email: 'not an address' })).rejects.toThrow(
    '“not an address” is not an e-mail address.',
  )
})

test('an address is found as a whole, in any case, in text, JSON and addresses of pages', async () => {
  const pattern = patternOf(['jo+x@example.org', 'Jo "J" Ö'])
  const finds = async (text: string) => {
    const { rows } = await stage.database.pool.query<{ found: boolean }>('select $1 ~* $2 as found', [
      text,
      pattern,
    ])
    return rows[0]?.found
  }
  for (const text of [
    'JO+X@example.org',
    'at jo+x@example.org.',
    '<jo+x@example.org>',
    '?e=jo%2Bx%40example.org',
    '"Jo \\"J\\" Ö"',
  ])
    expect([text, await finds(text)]).toEqual([text, true])
  for (const text of ['bojo+x@example.org', 'jo+x@example.org.uk', 'jo+x@example.organic', 'x@example.org'])
    expect([text, await finds(text)]).toEqual([text, false])
})
