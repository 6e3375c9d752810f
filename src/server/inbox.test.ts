import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase } from '../../tests/support/test-database.ts'
import { tables } from '../database/index.ts'
import { extractJobPost } from '../extraction/index.ts'
import { monotonicMs } from '../primitives/index.ts'
import type { InboxPage, SubmissionPage } from './contract.ts'
import { type Ask, JOB_POST, startTestServer } from './test-server.ts'

const WAITING = 10_000
const START = Date.UTC(2026, 10, 1)

let server: Awaited<ReturnType<typeof startTestServer>>
let ask: Ask

beforeAll(async () => {
  server = await startTestServer(await createTestDatabase())
  ask = await server.signedIn('viewer')
  await seed()
})
afterAll(() => server.stop())

/** Ten thousand posts that wait for a decision; seven at a time share a deadline. */
async function seed(): Promise<void> {
  const { db, pool } = server.database
  const parsed = extractJobPost(JOB_POST, { referenceDate: new Date(START) })
  await db.insert(tables.senders).values({ id: 'snd_1', phone: '+14155550123', firstSeenAt: new Date(START) })
  await db.execute(sql`
    insert into submissions (id, reference, sender_id, status, received_at, parsed, parser, title, company)
    select 'sub_' || lpad(n::text, 5, '0'), 'KK-' || lpad(n::text, 5, '0'), 'snd_1', 'pending_approval',
      ${new Date(START).toISOString()}::timestamptz + (n / 7) * interval '1 minute',
      ${JSON.stringify(parsed)}::jsonb, 'rules', 'Engineer ' || n, 'Acme'
    from generate_series(1, ${WAITING}) n`)
  await db.execute(sql`
    insert into submission_texts (message_sid, submission_id, body, received_at)
    select 'SM' || n, 'sub_' || lpad(n::text, 5, '0'), 'Hiring number ' || n,
      ${new Date(START).toISOString()}::timestamptz
    from generate_series(1, ${WAITING}) n`)
  await db.execute(sql`
    insert into approvals (id, kind, subject_id, status, opened_at, deadline_at, reminder_times)
    select 'apr_' || lpad(n::text, 5, '0'), 'job-post', 'sub_' || lpad(n::text, 5, '0'), 'open',
      ${new Date(START).toISOString()}::timestamptz,
      ${new Date(START).toISOString()}::timestamptz + (n / 7) * interval '1 minute', '[]'::jsonb
    from generate_series(1, ${WAITING}) n`)
  await pool.query('analyze')
}

async function timed<T>(work: () => Promise<T>): Promise<{ result: T; ms: number }> {
  const began = monotonicMs()
  return { result: await work(), ms: monotonicMs() - began }
}

test('the pages of the inbox hold every open approval once, nearest deadline first', async () => {
  const seen: string[] = []
  let cursor: string | null = null
  for (let page = 0; page < 12; page++) {
    const path: string = cursor === null ? '/api/inbox' : `/api/inbox?cursor=${cursor}`
    const answer = (await ask('GET', path)).json as InboxPage
    expect(answer.openCount).toBe(WAITING)
    expect(answer.items).toHaveLength(50)
    seen.push(...answer.items.map((item) => item.approval.id))
    cursor = answer.nextCursor
  }
  expect(seen).toEqual(Array.from({ length: 600 }, (_, n) => `apr_${String(n + 1).padStart(5, '0')}`))
})

test('the last page says that it is the last', async () => {
  const deadlineMs = START + Math.floor(9_990 / 7) * 60_000
  const cursor = Buffer.from(JSON.stringify([deadlineMs, 'apr_09990'])).toString('base64url')
  const answer = (await ask('GET', `/api/inbox?cursor=${cursor}`)).json as InboxPage
  expect(answer.items).toHaveLength(10)
  expect(answer.nextCursor).toBeNull()
  expect(answer.items[0]).toMatchObject({
    submission: { sender: '+1415•••0123', status: 'pending_approval', publication: { state: 'none' } },
    texts: [{ body: 'Hiring number 9991' }],
    parser: 'rules',
  })
})

test.each([
  'x',
  '%00',
  'bm90IGpzb24',
  Buffer.from('["now","apr_1"]').toString('base64url'),
  Buffer.from('[-1,"apr_1"]').toString('base64url'),
  Buffer.from('[1e300,"apr_1"]').toString('base64url'),
  Buffer.from('[1,"\\u0000"]').toString('base64url'),
])('a cursor that is not ours is a 400: %s', async (cursor) => {
  for (const path of ['/api/inbox', '/api/submissions'])
    expect(await ask('GET', `${path}?cursor=${cursor}`)).toMatchObject({
      status: 400,
      json: { error: { code: 'bad_input' } },
    })
})

test('lists stay fast with ten thousand waiting', async () => {
  for (const path of ['/api/inbox', '/api/submissions', '/api/submissions?q=number%207777']) {
    await ask('GET', path)
    const { ms } = await timed(() => ask('GET', path))
    console.log(`${path}: ${ms.toFixed(0)} ms`)
    expect(ms).toBeLessThan(1_000)
  }
})

test('submissions are newest first, and pages follow each other', async () => {
  const first = (await ask('GET', '/api/submissions')).json as SubmissionPage
  const second = (await ask('GET', `/api/submissions?cursor=${first.nextCursor}`)).json as SubmissionPage
  const ids = [...first.items, ...second.items].map(({ id }) => id)
  const newest = Array.from({ length: 100 }, (_, n) => `sub_${String(WAITING - n).padStart(5, '0')}`)
  expect(ids).toEqual(newest)
  expect(first.counts).toEqual({ pending_approval: WAITING })
})

test('the search looks at title, company, reference and texts; a wildcard is a character', async () => {
  const search = async (q: string) =>
    ((await ask('GET', `/api/submissions?q=${encodeURIComponent(q)}`)).json as SubmissionPage).items.map(
      ({ id }) => id,
    )
  expect(await search('engineer 1234')).toEqual(['sub_01234'])
  expect(await search('kk-00042')).toEqual(['sub_00042'])
  expect(await search('NUMBER 4321')).toEqual(['sub_04321'])
  expect(await search('acme')).toHaveLength(50)
  for (const wildcard of ['%', '_', '\\', 'Eng%1']) expect(await search(wildcard)).toEqual([])
})

test('a status narrows the list; one that does not exist is named', async () => {
  const denied = (await ask('GET', '/api/submissions?status=denied')).json as SubmissionPage
  expect(denied.items).toEqual([])
  const wrong = await ask('GET', '/api/submissions?status=lost')
  expect(wrong).toMatchObject({
    status: 400,
    json: { error: { message: expect.stringContaining('status') } },
  })
})
