import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { createTestDatabase } from '../../../tests/support/test-database.ts'
import { tables } from '../../database/index.ts'
import { DAY_MS } from '../../primitives/index.ts'
import type { MemberDetail, MemberPage } from '../membership-contract.ts'
import { type Ask, startTestServer } from '../test-server.ts'

const COUNT = 120
const START = Date.UTC(2026, 8, 1)

let server: Awaited<ReturnType<typeof startTestServer>>
let viewer: Ask
let approver: Ask

beforeAll(async () => {
  server = await startTestServer(await createTestDatabase())
  viewer = await server.signedIn('viewer')
  approver = await server.signedIn('approver')
  await seed()
})
afterAll(() => server.stop())

const idOf = (number: number) => `mem_${String(number).padStart(4, '0')}`

/** Two share a moment; one in ten has a problem, one in twenty is gone, the first few have names worth searching for. */
async function seed(): Promise<void> {
  const names = [
    ['Mary-Jane', 'O’Neill'],
    ['Édith', 'van der Berg'],
    ['Percy', '100%'],
  ]
  await server.database.db.insert(tables.members).values(
    Array.from({ length: COUNT }, (_, number) => ({
      id: idOf(number),
      email: `person${number}.smith@example.org`,
      firstName: names[number]?.[0] ?? 'Person',
      lastName: names[number]?.[1] ?? `Number${number}`,
      membership: number % 4 === 3 ? ('ended' as const) : ('active' as const),
      slackState: number % 2 ? ('active' as const) : ('absent' as const),
      mailchimpProblem: number % 10 === 9 ? 'Mailchimp refuses the address' : null,
      deletedAt: number % 20 === 19 ? new Date(START) : null,
      createdAt: new Date(START + Math.floor(number / 2) * 1_000),
      updatedAt: new Date(START),
    })),
  )
}

async function list(query = ''): Promise<MemberPage> {
  const answer = await viewer('GET', `/api/members${query}`)
  expect(answer.status, JSON.stringify(answer.json)).toBe(200)
  return answer.json as MemberPage
}
const detail = async (id: string) => (await viewer('GET', `/api/members/${id}`)).json as MemberDetail
const until = (check: () => Promise<void>) => vi.waitFor(check, { timeout: 20_000, interval: 50 })
const search = async (q: string) => (await list(`?q=${encodeURIComponent(q)}`)).items.map(({ id }) => id)

/** Somebody who pays, and is a member. */
async function member(name: string, subscription: Partial<typeof tables.subscriptions.$inferInsert> = {}) {
  const nowMs = server.clock.now()
  const id = `mem_${name}`
  await server.database.db.insert(tables.members).values({
    id,
    email: `${name}@pay.example`,
    firstName: name,
    membership: 'active',
    memberSince: new Date(nowMs - 40 * DAY_MS),
    createdAt: new Date(nowMs),
    updatedAt: new Date(nowMs),
  })
  await server.database.db.insert(tables.subscriptions).values({
    id: `sub_${name}`,
    customerId: `cus_${name}`,
    memberId: id,
    status: 'active',
    periodStartAt: new Date(nowMs - 10 * DAY_MS),
    periodEndAt: new Date(nowMs + 20 * DAY_MS),
    cancelAtPeriodEnd: false,
    startedAt: new Date(nowMs - 40 * DAY_MS),
    seenMs: 1,
    ...subscription,
  })
  return id
}

test('the pages hold everybody once, newest first', async () => {
  const seen: string[] = []
  let cursor: string | null = null
  do {
    const page: MemberPage = await list(cursor === null ? '' : `?cursor=${cursor}`)
    seen.push(...page.items.map(({ id }) => id))
    cursor = page.nextCursor
  } while (cursor !== null)
  expect(seen).toEqual(Array.from({ length: COUNT }, (_, number) => idOf(COUNT - 1 - number)))
})

test('filters narrow the list, counts ignore them, and both agree', async () => {
  const { counts } = await list('?membership=ended&slack=active')
  expect(counts).toEqual({ none: 0, active: 90, ended: 24, deleted: 6, problem: 12 })
  for (const membership of ['ended', 'deleted', 'none'] as const)
    expect((await list(`?membership=${membership}`)).items).toHaveLength(counts[membership])
  expect((await list('?problem=1')).items).toHaveLength(counts.problem)
  const both = await list('?membership=ended&slack=absent')
  expect(both.items).toEqual([])
  const wrong = await viewer('GET', '/api/members?membership=maybe')
  expect(wrong).toMatchObject({
    status: 400,
    json: { error: { message: expect.stringContaining('membership') } },
  })
})

test('the search finds names and addresses by the beginning of any word, whatever the case', async () => {
  expect(await search('mary')).toEqual([idOf(0)])
  expect(await search('JANE o’n')).toEqual([idOf(0)])
  expect(await search('neill mary')).toEqual([idOf(0)])
  expect(await search('berg')).toEqual([idOf(1)])
  expect(await search('PERSON7.smith@EXAMPLE.org')).toEqual([idOf(7)])
  expect(await search('number77')).toEqual([idOf(77)])
  expect(await search('smith')).toHaveLength(50)
  expect(await search('100%')).toEqual([idOf(2)])
  for (const nothing of ['ary', '%', '_erson', 'nobody smith']) expect(await search(nothing)).toEqual([])
})

test('nobody is found under an id that is none, by any route', async () => {
  for (const [method, path, body] of [
    ['GET', '', undefined],
    ['GET', '/export', undefined],
    ['POST', '/sync', {}],
    ['POST', '/deactivate', { reason: 'x' }],
    ['POST', '/undo', { deactivationId: 'end_x' }],
    ['POST', '/erase', { confirm: 'x' }],
  ] as const) {
    const ask = await server.signedIn('owner')
    const { status } = await ask(method, `/api/members/mem_none${path}`, body)
    expect([404, 409], `${method} ${path}`).toContain(status)
  }
})

test('a member is explained, with what comes', async () => {
  const id = await member('Ada')
  const { member: summary, explanation, subscriptions, life, actions } = await detail(id)
  expect(summary).toMatchObject({ name: 'Ada', email: 'Ada@pay.example', standing: 'active', endsAt: null })
  expect(explanation).toBe('Counts as a member: the subscription is paid.')
  expect(subscriptions[0]?.explanation).toMatch(/^Paid until .*, then renewed$/)
  expect(life.map(({ when, text }) => `${when}: ${text}`)).toEqual([
    'past: Subscribed',
    'future: The next payment is due',
  ])
  expect(actions).toMatchObject({
    sync: true,
    deactivate: true,
    erase: expect.any(String),
    undo: expect.any(String),
  })
})

test('a member is ended by hand and taken back; the line of life says who, why and when', async () => {
  const id = await member('Grace')
  expect(await approver('POST', `/api/members/${id}/deactivate`, { reason: ' ' })).toMatchObject({
    status: 400,
  })
  const ended = await approver('POST', `/api/members/${id}/deactivate`, { reason: 'Broke the rules' })
  expect(ended).toMatchObject({ status: 200, json: { message: expect.stringContaining('take it back') } })
  await until(async () => expect((await detail(id)).member.membership).toBe('ended'))
  const after = await detail(id)
  expect(after.member.standing).toBe('deactivated')
  expect(after.explanation).toBe('Not a member: deactivated by hand.')
  expect(after.life).toContainEqual(
    expect.objectContaining({
      text: 'Deactivated by hand',
      actor: 'Abe Approver',
      detail: 'Broke the rules',
    }),
  )
  const { undo } = after.actions
  if (typeof undo === 'string') throw new Error(undo)
  expect(await approver('POST', `/api/members/${id}/deactivate`, { reason: 'Again' })).toMatchObject({
    status: 409,
  })
  const taken = await approver('POST', `/api/members/${id}/undo`, undo)
  expect(taken.status).toBe(200)
  const back = await detail(id)
  expect(back.member).toMatchObject({ membership: 'active', standing: 'active' })
  expect(back.life.map(({ text }) => text)).toContain('The end was taken back')
  expect((await approver('POST', `/api/members/${id}/undo`, undo)).status).toBe(409)
})

test('a sync is asked for, and shown when it is done', async () => {
  const id = await member('Alan')
  const asked = await approver('POST', `/api/members/${id}/sync`, {})
  expect(asked).toMatchObject({ status: 200, json: { runId: expect.stringContaining('member-sync') } })
  await until(async () => expect((await detail(id)).mailchimp.syncedAt).not.toBeNull())
  const { life } = await detail(id)
  expect(life.map(({ text }) => text)).toEqual(
    expect.arrayContaining(['Asked for a sync', 'Synced to Mailchimp, and welcomed']),
  )
})

test('everything that is kept can be downloaded, and that is on record', async () => {
  const id = await member('Hedy')
  await server.database.db.insert(tables.lumaGuests).values({
    runId: 'luma-approval:x',
    eventId: 'evt-1',
    guestId: 'gst-1',
    memberId: id,
    outcome: 'approved',
    at: new Date(),
  })
  expect((await viewer('GET', `/api/members/${id}/export`)).status).toBe(403)
  const exported = await approver('GET', `/api/members/${id}/export`)
  expect(exported).toMatchObject({
    status: 200,
    json: {
      member: { id, email: 'Hedy@pay.example' },
      subscriptions: [{ id: 'sub_Hedy' }],
      luma: [{ guestId: 'gst-1' }],
      audit: [{ action: 'exported', actorName: 'Abe Approver' }],
    },
  })
})

test('only an owner erases, only who is no member, and only by typing the address', async () => {
  const id = await member('Emmy')
  const owner = await server.signedIn('owner')
  const erase = (ask: Ask, confirm: string) => ask('POST', `/api/members/${id}/erase`, { confirm })
  expect((await erase(approver, 'Emmy@pay.example')).status).toBe(403)
  expect((await erase(owner, 'Emmy@pay.example')).status).toBe(409)
  expect((await detail(id)).actions.erase).toContain('deactivate them first')
  await approver('POST', `/api/members/${id}/deactivate`, { reason: 'They asked to be forgotten' })
  await until(async () => expect((await detail(id)).actions.erase).toBe(true))
  expect((await erase(owner, 'emma@pay.example')).status).toBe(400)
  const erased = await erase(owner, 'emmy@pay.example')
  expect(erased).toMatchObject({ status: 200, json: { runId: expect.stringContaining('erasure') } })
  await until(async () => expect((await detail(id)).member.name).toBe('An erased person'))
  const after = JSON.stringify(await detail(id))
  expect(after.toLowerCase()).not.toContain('emmy@pay.example')
  expect((await erase(owner, id)).status).toBe(409)
})

test('members are imported by operators, and not where there is nobody to ask for them', async () => {
  const refused = await approver('POST', '/api/members/import', {})
  expect(refused).toMatchObject({ status: 403 })
  const operator = await server.signedIn('operator')
  const { status, json } = await operator('POST', '/api/members/import', {})
  expect([status, json]).toEqual([
    409,
    {
      error: {
        code: 'conflict',
        message: expect.stringContaining('Set CLERK_SECRET_KEY and STRIPE_API_KEY'),
      },
    },
  ])
})
