import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type JobStage, startJobStage } from '../../tests/support/job-stage.ts'
import { tables } from '../database/index.ts'
import { defineErasure } from '../jobs/erasure/index.ts'
import { NeverRetryError } from '../primitives/index.ts'

const COMMAND = fileURLToPath(new URL('./erase.ts', import.meta.url))

let stage: JobStage
let dataDir: string
let syncGroup = async () => {}

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'kinkeeper-erase-'))
  stage = await startJobStage((parts) => ({
    jobs: [defineErasure(parts, () => ({ syncGroup: () => syncGroup() }))],
    approvalKinds: [],
  }))
})
afterAll(async () => {
  await stage.stop()
  rmSync(dataDir, { recursive: true, force: true })
})

/** The command as it is typed; another folder than ours, so that no developer's `.env` is read. */
const erase = (args: string[], env: Record<string, string> = { DATABASE_URL: stage.database.url }) =>
  new Promise<{ code: number; said: string }>((resolve) => {
    const options = {
      cwd: dataDir,
      env: { PATH: process.env.PATH ?? '', KINKEEPER_DATA_DIR: dataDir, ...env },
    }
    const child = execFile(process.execPath, [COMMAND, ...args], options, (_, stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, said: stdout + stderr }),
    )
  })

test('somebody is erased, and what is left to do is said', async () => {
  await stage.addMember({ email: 'ada@example.org', membership: 'ended', stripeCustomerId: 'cus_1' })
  const { code, said } = await erase(['Ada@example.org'])
  expect(said).toContain('1 in members')
  expect(said).toContain('Stripe: end the subscription')
  expect(code).toBe(0)
  const [member] = await stage.database.db.select().from(tables.members)
  expect(member).toMatchObject({ email: null, stripeCustomerId: null })
})

test('a member is erased only with --also-active', async () => {
  await stage.addMember({ email: 'bob@example.org' })
  expect(await erase(['bob@example.org'])).toMatchObject({
    code: 1,
    said: expect.stringContaining('They are a member now'),
  })
  expect(await erase(['bob@example.org', '--also-active'])).toMatchObject({ code: 0 })
})

test('what has failed for good is not said to be under way', async () => {
  syncGroup = async () => {
    throw new NeverRetryError('The user group is gone')
  }
  await stage.addMember({ email: 'cleo@example.org' })
  expect(await erase(['cleo@example.org', '--also-active'])).toMatchObject({
    code: 1,
    said: expect.stringContaining('It failed, and not all is erased'),
  })
})

test('what cannot be understood, or done, is said in a sentence', async () => {
  expect((await erase([])).said).toContain('npm run erase -- jo@example.org')
  expect(await erase(['nonsense'])).toMatchObject({
    code: 1,
    said: expect.stringContaining('“nonsense” is not'),
  })
  expect(await erase(['jo@example.org', '--all'])).toMatchObject({ code: 1 })
  const { code, said } = await erase(['jo@example.org'], {})
  expect([code, said]).toEqual([1, expect.stringContaining('Start Kinkeeper first')])
})
