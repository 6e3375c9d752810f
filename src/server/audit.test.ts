import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { createTestDatabase } from '../../tests/support/test-database.ts'
import { type Actor, recordAudit, SYSTEM } from '../audit/index.ts'
import { tables } from '../database/index.ts'
import type { AuditPage, AuditVerificationState } from './audit-contract.ts'
import { type Ask, startTestServer } from './test-server.ts'

let server: Awaited<ReturnType<typeof startTestServer>>
let viewer: Ask
let operator: Ask
let owner: Ask

const MONA: Actor = { kind: 'dashboard', id: 'usr_mona', name: 'Mona Møller' }
const DAY = Date.UTC(2026, 0, 5, 12)

beforeAll(async () => {
  server = await startTestServer(await createTestDatabase())
  viewer = await server.signedIn('viewer')
  operator = await server.signedIn('operator')
  owner = await server.signedIn('owner')
  for (let n = 0; n < 120; n++)
    await server.database.transaction((tx) =>
      recordAudit(tx, {
        atMs: DAY + n * 3_600_000,
        actor: n % 3 === 0 ? SYSTEM : MONA,
        action: n % 2 === 0 ? 'approved' : 'abandoned',
        target: { kind: 'member', id: `mem_${n}` },
        reason: n === 7 ? 'they wrote to hello@example.org' : `number ${n}`,
        detail: n === 7 ? { formula: '=1+1' } : null,
      }),
    )
  await server.database.transaction((tx) =>
    recordAudit(tx, {
      atMs: DAY,
      actor: { kind: 'slack', id: 'U1', name: '=HYPERLINK("http://evil.example")' },
      action: 'approved',
      target: { kind: 'run', id: 'run "quoted"' },
      reason: 'line one\nline two',
    }),
  )
})
afterAll(() => server.stop())

const list = async (query: Record<string, string>, ask = viewer) => {
  const answer = await ask('GET', `/api/audit?${new URLSearchParams(query)}`)
  expect(answer.status, JSON.stringify(answer.json)).toBe(200)
  return answer.json as AuditPage
}

test('pages follow each other without a gap, newest first', async () => {
  const seen: number[] = []
  let cursor: string | null = ''
  while (cursor !== null) {
    const page: AuditPage = await list({ q: 'number', cursor })
    seen.push(...page.items.map(({ id }) => id))
    cursor = page.nextCursor
  }
  expect(seen).toHaveLength(119)
  expect(seen).toEqual([...seen].sort((a, b) => b - a))
})

test.each([
  [{ actor: 'system' }, 40],
  [{ actor: 'usr_mona', action: 'approved' }, 40],
  [{ target: 'member:mem_7' }, 1],
  [{ target: 'run' }, 1],
  [{ q: 'mona 11' }, 8],
  [{ q: 'HELLO@exam' }, 1],
  [{ q: ' ', actor: 'system' }, 40],
  [{ q: "o'brien & | ! \\ <-> :*" }, 0],
  [{ from: '2026-01-06', to: '2026-01-06' }, 24],
  [{ to: '2026-01-05' }, 13],
])('the filter %j finds %i', async (filter, count) => {
  const first = await list(filter)
  const rest = first.nextCursor === null ? [] : (await list({ ...filter, cursor: first.nextCursor })).items
  const found = [...first.items, ...rest].filter(({ action }) => !action.startsWith('exported'))
  expect(found).toHaveLength(count)
  expect(first.actions).toContain('abandoned')
})

test.each(['from=0000-01-01', 'to=0000-12-31', 'to=9999-12-31'])(
  'a day beyond all time (%s) is refused',
  async (query) => {
    const { status, json } = await viewer('GET', `/api/audit?${query}`)
    expect({ status, json }).toMatchObject({
      status: 400,
      json: { error: { message: expect.stringContaining('between 1970 and 9999') } },
    })
  },
)

test('a file for a spreadsheet holds no formula, and one of lines holds everything', async () => {
  const csv = await operator('GET', '/api/audit/export?format=csv&action=approved')
  expect(csv.status).toBe(200)
  const text = String(csv.json)
  expect(text.startsWith('seq,id,at,actorKind')).toBe(true)
  expect(text).toContain(`"'=HYPERLINK(""http://evil.example"")"`)
  expect(text).toContain('"line one\nline two"')
  expect(text.match(/"approved"/g)).toHaveLength(61)
  const jsonl = await operator('GET', '/api/audit/export?format=jsonl&target=member%3Amem_7')
  expect(jsonl.json).toMatchObject({ action: 'abandoned', detail: { formula: '=1+1' } })
  const [told] = (await list({ action: 'exported the audit' })).items
  expect(told).toMatchObject({
    actor: { name: 'Oscar Operator' },
    detail: { format: 'jsonl', target: 'member:mem_7' },
  })
  expect(await operator('GET', '/api/audit/export?format=pdf')).toMatchObject({ status: 400 })
})

test('an operator has it verified, and everybody sees how that ended', async () => {
  const state = async () => (await viewer('GET', '/api/audit/verification')).json as AuditVerificationState
  const verify = async () => {
    const before = (await state()).last?.at ?? null
    expect(await operator('POST', '/api/audit/verify', {})).toMatchObject({ status: 202 })
    return vi.waitFor(async () => {
      const { last, running } = await state()
      expect(running).toBeNull()
      expect(last?.at ?? null).not.toBe(before)
      return last
    }, 10_000)
  }
  expect(await verify()).toMatchObject({
    ok: true,
    by: 'Oscar Operator',
    summary: expect.stringMatching(/unbroken/),
  })
  await server.database.transaction(async ({ client }) => {
    await client.query('set local session_replication_role = replica')
    await client.query(`update audit_entries set reason = 'forged' where target_id = 'mem_9'`)
  })
  expect(await verify()).toMatchObject({ ok: false, summary: expect.stringContaining('the words of entry') })
  expect((await state()).head).toMatch(/^\d+:[0-9a-f]{64}$/)
})

test('somebody who is removed is signed out at once; no owner removes themselves or the last one', async () => {
  const approver = await server.signedIn('approver')
  expect(await approver('GET', '/api/inbox')).toMatchObject({ status: 200 })
  expect(await operator('DELETE', '/api/people/usr_sandbox_approver', {})).toMatchObject({ status: 403 })
  expect(await owner('DELETE', '/api/people/usr_sandbox_approver', {})).toMatchObject({ status: 200 })
  expect(await approver('GET', '/api/inbox')).toMatchObject({ status: 401 })
  expect(await owner('DELETE', '/api/people/usr_sandbox_approver', {})).toMatchObject({ status: 404 })
  expect(await owner('DELETE', '/api/people/usr_sandbox_owner', {})).toMatchObject({ status: 409 })
  expect((await list({ action: 'removed them' })).items).toMatchObject([
    { target: { kind: 'person', id: 'usr_sandbox_approver' }, actor: { name: 'Olive Owner' } },
  ])
  const real = { id: 'usr_real', name: 'Rea', email: 'rea@example.org', role: 'owner' } as const
  await server.database.db.insert(tables.users).values(real)
  const last = { status: 409, json: { error: { message: expect.stringContaining('the only owner') } } }
  expect(await owner('DELETE', '/api/people/usr_real', {})).toMatchObject(last)
  expect(await owner('PATCH', '/api/people/usr_real', { role: 'viewer' })).toMatchObject(last)
  await server.database.db.insert(tables.users).values({ ...real, id: 'usr_2', email: 'two@example.org' })
  expect(await owner('DELETE', '/api/people/usr_real', {})).toMatchObject({ status: 200 })
})
