import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type JobStage, startJobStage } from '../../tests/support/job-stage.ts'
import { tables } from '../database/index.ts'
import { createMembership } from '../jobs/membership/index.ts'

const COMMAND = fileURLToPath(new URL('./import-members.ts', import.meta.url))

let stage: JobStage
let dataDir: string

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'kinkeeper-import-'))
  stage = await startJobStage((parts) => createMembership(parts))
})
afterAll(async () => {
  await stage.stop()
  rmSync(dataDir, { recursive: true, force: true })
})

/** The command as it is typed; another folder than ours, so that no developer's `.env` is read. */
const importMembers = (
  args: string[] = [],
  env: Record<string, string> = { DATABASE_URL: stage.database.url },
) =>
  new Promise<{ code: number; said: string }>((resolve) => {
    const options = {
      cwd: dataDir,
      env: { PATH: process.env.PATH ?? '', KINKEEPER_DATA_DIR: dataDir, ...env },
    }
    const child = execFile(process.execPath, [COMMAND, ...args], options, (_, stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, said: stdout + stderr }),
    )
  })

test('members are taken over, and what came of it is said', async () => {
  for (const seed of ['a', 'b']) await stage.world().control('POST', '/people/signup', { seed })
  await stage.world().control('POST', '/people/signup', { seed: 'c', pay: false })
  const { code, said } = await importMembers()
  expect(said).toContain('Looked at 3 accounts and 2 subscriptions.')
  expect(said).toContain('2 people became members; 0 were members already.')
  expect(code).toBe(0)
  expect(await stage.database.db.$count(tables.members)).toBe(3)
})

test('what is off is said', async () => {
  const { modes } = stage.parts
  stage.parts.modes = { ...modes, stripe: 'off' }
  expect(await importMembers()).toMatchObject({
    code: 0,
    said: expect.stringContaining('Stripe is off: set STRIPE_API_KEY.'),
  })
  stage.parts.modes = { ...modes, stripe: 'off', clerk: 'off' }
  const { code, said } = await importMembers()
  expect([code, said]).toEqual([1, expect.stringContaining('Clerk is off: set CLERK_SECRET_KEY.')])
  stage.parts.modes = modes
})

test('what cannot be understood, or done, is said in a sentence', async () => {
  expect(await importMembers(['everybody'])).toMatchObject({
    code: 1,
    said: expect.stringContaining('npm run import-members'),
  })
  const { code, said } = await importMembers([], {})
  expect([code, said]).toEqual([1, expect.stringContaining('Start Kinkeeper first')])
})
