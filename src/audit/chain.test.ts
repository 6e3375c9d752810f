import { createHash } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type AuditStage, startAuditStage } from '../../tests/support/audit-stage.ts'
import { blankWords, parseAnchor, removeOldEntries } from './index.ts'

let stage: AuditStage

beforeAll(async () => {
  stage = await startAuditStage()
})
afterAll(() => stage.stop())
beforeEach(() => stage.reset())

const FORGED = createHash('sha256').update('forged').digest('hex')

test('an untouched log is whole, through erasures and removals of age', async () => {
  await stage.add(12)
  await stage.seal()
  expect(await stage.verify()).toMatchObject({ ok: true, entries: 12, first: { seq: 1 }, head: { seq: 12 } })
  expect(await stage.blank('word 3')).toBe(1)
  await stage.add(3)
  await stage.seal()
  expect(await stage.verify()).toMatchObject({ ok: true, entries: 16, blanked: 1 })
  const removed = await stage.database.transaction((tx) =>
    removeOldEntries(tx, { before: stage.atMs(6), atMs: stage.atMs(20), limit: 100 }),
  )
  expect(removed).toBe(5)
  await stage.seal()
  expect(await stage.verify()).toMatchObject({ ok: true, entries: 12, first: { seq: 6 }, head: { seq: 17 } })
})

test('an entry can be blanked for one person, and then for another', async () => {
  await stage.add(1, 'Ada Lovelace and Alan Turing')
  expect(await stage.blank('ada lovelace')).toBe(1)
  expect(await stage.blank('alan turing')).toBe(1)
  await stage.seal()
  expect(await stage.verify()).toMatchObject({ ok: true, entries: 3, blanked: 1 })
  const { rows } = await stage.database.pool.query('select reason from audit_entries order by id limit 1')
  expect(rows[0].reason).toBe('[erased] and [erased]')
})

test('everything may be removed by age but the end of the chain', async () => {
  await stage.add(4)
  await stage.seal()
  const remove = () =>
    stage.database.transaction((tx) =>
      removeOldEntries(tx, { before: stage.atMs(1_000), atMs: stage.atMs(1), limit: 100 }),
    )
  expect(await remove()).toBe(3)
  await stage.seal()
  expect(await remove()).toBe(1)
  await stage.seal()
  expect(await stage.verify()).toMatchObject({ ok: true, entries: 2, first: { seq: 5 } })
})

test('entries are sealed in the order in which they become visible', async () => {
  const client = await stage.database.pool.connect()
  await client.query('begin')
  await client.query(stage.insertion, [stage.at(1), 'late'])
  await stage.add(1)
  await stage.seal()
  await client.query('commit')
  client.release()
  await stage.seal()
  const { rows } = await stage.database.pool.query('select action, seq from audit_entries order by seq')
  expect(rows).toMatchObject([
    { action: 'did a thing', seq: '1' },
    { action: 'late', seq: '2' },
  ])
  expect(await stage.verify()).toMatchObject({ ok: true, entries: 2 })
})

test('two processes that seal at once leave one chain', async () => {
  await stage.add(300)
  await Promise.all([stage.seal(), stage.seal(), stage.add(20), stage.seal()])
  await stage.seal()
  expect(await stage.verify()).toMatchObject({ ok: true, entries: 320, head: { seq: 320 } })
})

test.each([
  ['update', `update audit_entries set reason = 'other' where seq = 2`],
  ['update of what is not sealed', `update audit_entries set reason = 'other' where seq is null`],
  ['sealing again', `update audit_entries set seq = 99, hash = 'x' where seq = 2`],
  ['blanking without an entry', `update audit_entries set reason = '-', blanked_by = '{1}' where seq = 2`],
  ['delete', 'delete from audit_entries where seq = 2'],
  ['truncate', 'truncate audit_entries'],
  [
    'an insertion that is sealed already',
    `insert into audit_entries (at, actor_kind, actor_name, action, target_kind, target_id, seq, hash)
     values (now(), 'system', 'x', 'y', 'run', 'r', 50, 'h')`,
  ],
  ['an anchor that goes back', `update audit_anchors set seq = 1 where name = 'head'`],
  ['an anchor that goes away', 'delete from audit_anchors'],
])('the database refuses: %s', async (_, statement) => {
  await stage.add(3)
  await stage.seal()
  await stage.add(1)
  await expect(stage.database.pool.query(statement)).rejects.toMatchObject({ code: '23001' })
})

test.each([
  ['a field', `update audit_entries set target_id = 'x' where seq = 5`, 5, 'entry 5 was changed'],
  ['who', `update audit_entries set actor_name = 'x' where seq = 5`, 5, 'the words of entry 5'],
  ['a time', `update audit_entries set at = at + interval '1 microsecond' where seq = 5`, 5, 'entry 5 was'],
  ['a detail', `update audit_entries set detail = '{"a":1}' where seq = 5`, 5, 'the words of entry 5'],
  ['deleted in the middle', 'delete from audit_entries where seq in (5, 6)', 5, 'entries 5 to 6 are missing'],
  ['deleted at the start', 'delete from audit_entries where seq = 1', 1, 'entry 1 is missing'],
  ['deleted at the end', 'delete from audit_entries where seq > 8', 9, 'entries 9 to 10 are missing'],
  ['all deleted', 'delete from audit_entries', 1, 'entries 1 to 10 are missing'],
  [
    'two swapped',
    `update audit_entries set seq = case seq when 4 then -7 when 7 then -4 end where seq in (4, 7);
     update audit_entries set seq = -seq where seq < 0`,
    4,
    'entry 4 was changed, or is not in its place',
  ],
  [
    'one inserted',
    `update audit_entries set seq = -seq - 1 where seq >= 6; update audit_entries set seq = -seq where seq < 0;
     insert into audit_entries (at, actor_kind, actor_name, action, target_kind, target_id, seq, hash, salt, words)
     values (now(), 'system', 'x', 'y', 'run', 'r', 6, '${FORGED}', 's', audit_words('s', 'x', 'y', null, null))`,
    6,
    'entry 6 was changed, or is not in its place',
  ],
  [
    'a hash of one row computed anew',
    `update audit_entries set target_id = 'x' where seq = 5;
     update audit_entries as e set hash = audit_hash((select hash from audit_entries where seq = 4), seq, id, at,
       actor_kind, actor_id, target_kind, target_id, run_id, words) where seq = 5`,
    6,
    'entry 6 was changed, or is not in its place',
  ],
  [
    'a change that calls itself an erasure',
    `update audit_entries set reason = '[erased]', salt = 's', blanked_by = '{7}' where seq = 5`,
    5,
    'which no erasure tells of',
  ],
  [
    'one inserted beside the chain',
    `drop index audit_entries_seq;
     insert into audit_entries (at, actor_kind, actor_name, action, target_kind, target_id, seq)
     values (now(), 'system', 'x', 'y', 'run', 'r', 0)`,
    null,
    '1 entries more than places',
  ],
])('found, though the guard was set aside: %s', async (_, statement, seq, problem) => {
  await stage.add(10)
  await stage.seal()
  await stage.tamper(statement)
  const found = await stage.verify()
  expect(found).toMatchObject({ ok: false, seq, problem: expect.stringContaining(problem) })
  await stage.tamper('create unique index if not exists audit_entries_seq on audit_entries (seq)', true)
})

test('a cut-off end is found by an anchor that was kept elsewhere, even when our own were changed', async () => {
  await stage.add(10)
  await stage.seal()
  const whole = await stage.verify()
  if (!whole.ok) throw new Error(whole.problem)
  const kept = parseAnchor(`${whole.head.seq}:${whole.head.hash}`)
  expect(await stage.verify(kept)).toMatchObject({ ok: true })
  await stage.tamper(`delete from audit_entries where seq > 8; delete from audit_anchors;
    insert into audit_anchors select 'head', seq, hash, now() from audit_entries where seq = 8`)
  expect(await stage.verify()).toMatchObject({ ok: true, entries: 8 })
  expect(await stage.verify(kept)).toMatchObject({ ok: false, seq: 9 })
  await stage.add(5)
  await stage.seal()
  expect(await stage.verify(kept)).toMatchObject({
    ok: false,
    seq: 10,
    problem: expect.stringContaining('not the one that the anchor you gave'),
  })
})

test('words that are changed after they were erased are found, and entries that wait for too long', async () => {
  await stage.add(5)
  await stage.blank('word 3')
  await stage.seal()
  await stage.tamper(`update audit_entries set reason = 'nothing happened' where blanked_by is not null`)
  expect(await stage.verify()).toMatchObject({
    ok: false,
    seq: 3,
    problem: expect.stringContaining('after they'),
  })
  await stage.reset()
  await stage.add(1)
  expect(await stage.verify()).toMatchObject({
    ok: false,
    seq: null,
    problem: expect.stringContaining('sealed'),
  })
})

test('a blanked entry leaves no trace of its words', async () => {
  await stage.add(3)
  await blankWords(stage.database, { pattern: 'word 2', atMs: stage.atMs(9), runId: null })
  const { rows } = await stage.database.pool.query('select row::text as text from audit_entries as row')
  expect(rows.filter(({ text }) => text.includes('word 2'))).toEqual([])
})
