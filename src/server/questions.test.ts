import { eq, inArray } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase } from '../../tests/support/test-database.ts'
import { ask as askQuestion } from '../approvals/index.ts'
import { tables } from '../database/index.ts'
import type { InboxPage } from './contract.ts'
import { sumOf } from './questions.ts'
import { type Ask, startTestServer } from './test-server.ts'

let server: Awaited<ReturnType<typeof startTestServer>>
let ask: Ask

beforeAll(async () => {
  server = await startTestServer(await createTestDatabase())
  ask = await server.signedIn('approver')
})
afterAll(() => server.stop())

const inbox = async () => (await ask('GET', '/api/inbox')).json as InboxPage
const decide = (id: string, body: unknown) => ask('POST', `/api/approvals/${id}/decision`, body)

/** Two members whose ends were held because there are too many at once, and the question about them. */
async function heldEnds(key: string): Promise<{ approvalId: string; members: string[] }> {
  const { database, approvals, clock } = server
  const now = new Date(clock.now())
  const members = [1, 2].map((number) => `mem_${key}_${number}`)
  await database.transaction(async (tx) => {
    for (const id of members) {
      await tx.db.insert(tables.members).values({ id, membership: 'active', createdAt: now, updatedAt: now })
      await tx.db.insert(tables.deactivations).values({
        id: `end_${id}`,
        memberId: id,
        status: 'held',
        dueAt: now,
        runId: `member-deactivation:end_${id}`,
        reason: 'the cancelled subscription has ended',
        createdAt: now,
      })
    }
    const request = {
      kind: 'mass-end',
      key,
      title: 'Many memberships would end within an hour',
      explanation: ['That is more than the guard lets through.'],
      items: members.map((id) => ({
        id: `end_${id}`,
        label: id,
        detail: null,
        amount: { value: 62_000, currency: 'usd' },
      })),
      approveLabel: 'End these memberships',
      denyLabel: 'Keep them as members',
      data: {},
      runId: `member-deactivation:end_${members[0]}`,
    }
    const questionId = await askQuestion(tx, approvals, request, clock.now())
    await tx.db
      .update(tables.deactivations)
      .set({ questionId })
      .where(inArray(tables.deactivations.memberId, members))
  })
  const item = (await inbox()).questions.at(-1)
  return { approvalId: item?.approval.id ?? '', members }
}

test('a question stands in the inbox with its list and its sum, and is answered there', async () => {
  const { approvalId, members } = await heldEnds('first')
  const { questions, items, openCount } = await inbox()
  expect(items).toEqual([])
  expect(openCount).toBe(1)
  expect(questions).toMatchObject([
    { kind: 'mass-end', itemCount: 2, sum: '$1,240.00', items: [{ amount: '$620.00' }, {}] },
  ])
  const [id = ''] = members
  const life = (await ask('GET', `/api/members/${id}`)).json as { life: { text: string; when: string }[] }
  expect(life.life).toContainEqual(
    expect.objectContaining({ when: 'future', text: expect.stringContaining('question in the inbox') }),
  )

  expect((await decide(approvalId, { decision: 'approve', edits: { title: 'x' } })).status).toBe(400)
  const answered = await decide(approvalId, { decision: 'deny' })
  expect(answered).toMatchObject({
    status: 200,
    json: { won: true, decision: { outcome: 'denied' }, message: 'Answered: Keep them as members.' },
  })
  expect(await inbox()).toMatchObject({ questions: [], openCount: 0 })
  const kept = await server.database.db.select().from(tables.members).where(eq(tables.members.id, id))
  expect(kept).toMatchObject([{ membership: 'active', byHand: 'kept' }])
  const late = await decide(approvalId, { decision: 'approve' })
  expect(late).toMatchObject({ status: 200, json: { won: false, decision: { outcome: 'denied' } } })
})

test('the other answer does the other thing; a viewer gives none', async () => {
  const { approvalId, members } = await heldEnds('second')
  const viewer = await server.signedIn('viewer')
  expect(
    (await viewer('POST', `/api/approvals/${approvalId}/decision`, { decision: 'approve' })).status,
  ).toBe(403)
  expect((await decide(approvalId, { decision: 'approve' })).status).toBe(200)
  const [id = ''] = members
  const ended = await server.database.db.select().from(tables.members).where(eq(tables.members.id, id))
  expect(ended).toMatchObject([{ membership: 'ended', profileHidden: true }])
  expect((await decide('apr_none', { decision: 'approve' })).status).toBe(404)
})

test('sums are kept apart by currency', () => {
  const item = (value: number, currency: string) => ({
    id: 'x',
    label: 'x',
    detail: null,
    amount: { value, currency },
  })
  expect(sumOf([item(1_000, 'usd'), item(500, 'eur'), item(1_000, 'usd')])).toBe('$20.00 + €5.00')
  expect(sumOf([{ id: 'x', label: 'x', detail: null }])).toBeNull()
})
