import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AuditStage, startAuditStage } from '../../tests/support/audit-stage.ts'
import { BLANKED, entryHash, REMOVED, recordAudit, removeOldEntries, wordsDigest } from './index.ts'

const COMMAND = fileURLToPath(new URL('../cli/verify-audit.ts', import.meta.url))
const seed = Math.floor(Math.random() * 2 ** 31)

let stage: AuditStage
let folder: string

beforeAll(async () => {
  stage = await startAuditStage()
  folder = mkdtempSync(join(tmpdir(), 'kinkeeper-audit-'))
})
afterAll(async () => {
  await stage.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** Anything that PostgreSQL can hold. */
const words = fc.string({ unit: 'grapheme', maxLength: 30 }).map((text) => text.replaceAll('\u0000', ''))
const deed = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('add' as const),
      name: words,
      reason: fc.option(fc.oneof(words, fc.constantFrom('Ada said so', 'for Alan', 'Ada and Alan'))),
      detail: fc.option(
        fc.oneof(
          fc.constant({ who: 'Ada' }),
          fc.dictionary(words, fc.oneof(words, fc.double({ noNaN: true, noDefaultInfinity: true })), {
            noNullPrototype: true,
          }),
        ),
      ),
      run: fc.option(words),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('seal' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('erase' as const), who: fc.constantFrom('Ada', 'Alan') }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('age' as const), minute: fc.integer({ min: 0, max: 8 }) }),
  },
)
type Deed = typeof deed extends fc.Arbitrary<infer T> ? T : never

async function live(deeds: Deed[]): Promise<void> {
  await stage.reset()
  let minute = 0
  for (const one of deeds) {
    if (one.kind === 'seal') await stage.seal()
    else if (one.kind === 'erase') await stage.blank(one.who)
    else if (one.kind === 'age')
      await stage.database.transaction((tx) =>
        removeOldEntries(tx, { before: stage.atMs(one.minute), atMs: stage.atMs(minute), limit: 50 }),
      )
    else
      await stage.database.transaction((tx) =>
        recordAudit(tx, {
          atMs: stage.atMs(minute++) + 1,
          actor: { kind: 'dashboard', id: 'usr_1', name: one.name },
          action: 'did',
          target: { kind: 'member', id: `m${minute}` },
          reason: one.reason,
          detail: one.detail,
          runId: one.run,
        }),
      )
  }
  await stage.add(1)
  await stage.seal()
}

/** What somebody may do to one entry. */
const MANIPULATIONS: Record<string, { sql: (seq: number) => string }> = {
  actor: {
    sql: (seq) => `update audit_entries set actor_id = coalesce(actor_id, '') || '!' where seq = ${seq}`,
  },
  name: { sql: (seq) => `update audit_entries set actor_name = actor_name || '!' where seq = ${seq}` },
  reason: {
    sql: (seq) => `update audit_entries set reason = coalesce(reason, '') || '!' where seq = ${seq}`,
  },
  detail: { sql: (seq) => `update audit_entries set detail = '["forged"]' where seq = ${seq}` },
  run: { sql: (seq) => `update audit_entries set run_id = coalesce(run_id, '') || '!' where seq = ${seq}` },
  time: { sql: (seq) => `update audit_entries set at = at - interval '1 day' where seq = ${seq}` },
  salt: { sql: (seq) => `update audit_entries set salt = salt || 'a' where seq = ${seq}` },
  digest: { sql: (seq) => `update audit_entries set words = repeat('a', 64) where seq = ${seq}` },
  hash: { sql: (seq) => `update audit_entries set hash = repeat('a', 64) where seq = ${seq}` },
  gone: { sql: (seq) => `delete from audit_entries where seq = ${seq}` },
  unsealed: {
    sql: (seq) =>
      `update audit_entries set seq = null, hash = null, salt = null, words = null, blanked_by = null where seq = ${seq}`,
  },
  'called an erasure': {
    sql: (seq) => `update audit_entries set reason = 'x', blanked_by = array[id] where seq = ${seq}`,
  },
  'words and their digest': {
    sql: (seq) => `update audit_entries set reason = 'x', blanked_by = null,
      words = audit_words(salt, actor_name, action, 'x', detail) where seq = ${seq}`,
  },
}

test('whatever happened, the log is whole; one manipulation of one entry is found at that entry', async () => {
  console.log(`audit seed ${seed}`)
  await fc.assert(
    fc.asyncProperty(
      fc.array(deed, { maxLength: 14 }),
      fc.constantFrom(...Object.keys(MANIPULATIONS)),
      fc.nat(),
      async (deeds, manipulation, pick) => {
        await live(deeds)
        const whole = await stage.verify()
        if (!whole.ok || !whole.first) throw new Error(JSON.stringify(whole))
        const { first, head } = whole
        expect(head.seq - first.seq + 1).toBe(whole.entries)
        const seq = first.seq + (pick % whole.entries)
        // Of an entry that tells of others (what was blanked or removed), the first of them is what shows.
        const { rows } = await stage.database.pool.query('select action from audit_entries where seq = $1', [
          seq,
        ])
        const tells = [BLANKED, REMOVED].includes(rows[0]?.action)
        await stage.tamper(MANIPULATIONS[manipulation]?.sql(seq) ?? '')
        const found = await stage.verify(null, 3)
        if (tells)
          expect(found, manipulation).toMatchObject({ ok: false, seq: expect.toSatisfy((at) => at <= seq) })
        else expect(found, manipulation).toMatchObject({ ok: false, seq })
      },
    ),
    { seed, numRuns: 120 },
  )
}, 240_000)

test('the database and the program hash the same, whatever the words', async () => {
  console.log(`audit seed ${seed}`)
  const field = fc.option(words)
  await fc.assert(
    fc.asyncProperty(words, field, field, words, async (salt, reason, runId, name) => {
      const of = { actorName: name, action: 'did', reason, detail: '{"a": 1}' }
      const digest = wordsDigest(salt, of)
      const entry = {
        ...of,
        seq: 7,
        id: 9,
        at: '1767225600000001',
        actorKind: 'system',
        actorId: null,
        targetKind: 'run',
        targetId: name,
        runId,
      }
      const { rows } = await stage.database.pool.query(
        `select audit_words($1, $2, 'did', $3, '{"a":1}') as words,
           audit_hash($1, 7, 9, '2026-01-01T00:00:00.000001Z', 'system', null, 'run', $2, $4, $5) as hash`,
        [salt, name, reason, runId, digest],
      )
      expect(rows[0]).toEqual({ words: digest, hash: entryHash(salt, entry, digest) })
    }),
    { seed, numRuns: 200 },
  )
})

/** The command as it is typed. */
const verifyAudit = (args: string[], env: Record<string, string> = { DATABASE_URL: stage.database.url }) =>
  new Promise<{ code: number; said: string }>((resolve) => {
    const options = {
      cwd: folder,
      env: { PATH: process.env.PATH ?? '', KINKEEPER_DATA_DIR: folder, ...env },
    }
    const child = execFile(process.execPath, [COMMAND, ...args], options, (_, stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, said: stdout + stderr }),
    )
  })

test('the command says how it is, and fails when it is not well', async () => {
  await stage.reset()
  expect(await verifyAudit([])).toMatchObject({ code: 0, said: expect.stringContaining('0 entries') })
  await stage.add(8)
  await stage.seal()
  const { code, said } = await verifyAudit([])
  const head = /head (8:[0-9a-f]{64})/.exec(said)?.[1] ?? ''
  expect(said).toContain('8 entries, unbroken from 1 to 8')
  expect(code).toBe(0)
  expect(await verifyAudit(['--expect', head])).toMatchObject({ code: 0 })
  expect(await verifyAudit(['--expect', 'what'])).toMatchObject({
    code: 1,
    said: expect.stringContaining('<place>:<hash>'),
  })
  await stage.tamper(`update audit_entries set reason = 'x' where seq = 3`)
  expect(await verifyAudit([])).toMatchObject({
    code: 1,
    said: expect.stringMatching(
      /the words of entry 3 were changed[\s\S]*id \d[\s\S]*The 2 entries before it/,
    ),
  })
  expect(await verifyAudit([], {})).toMatchObject({
    code: 1,
    said: expect.stringContaining('npm start'),
  })
})
