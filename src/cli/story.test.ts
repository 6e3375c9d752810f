/** The stories as an operator plays them: the command, against a running sandbox. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { startApplication, startTestSandbox } from '../sandbox/fixtures.ts'

const STORY = join(import.meta.dirname, 'story.ts')

async function tell(
  url: string,
  ...given: string[]
): Promise<{ code: unknown; told: string; complained: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'kinkeeper-story-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const child = spawn(process.execPath, [STORY, ...given], {
    cwd: folder,
    env: { KINKEEPER_SANDBOX: url, KINKEEPER_DATA_DIR: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let told = ''
  let complained = ''
  child.stdout.on('data', (chunk) => {
    told += chunk
  })
  child.stderr.on('data', (chunk) => {
    complained += chunk
  })
  const [code] = await once(child, 'close')
  return { code, told, complained }
}

test('every story is told to its end, one after the other', async () => {
  const application = await startApplication()
  const sandbox = await startTestSandbox({ publicUrl: application.url })
  const plots = {
    signup: [/20 people are made from seed 7/, /signs up with .+@/, /pays for member-monthly/],
    renewal: [/The clock moves \d+ days? and/, /Stripe renews it until/],
    cancel: [/Step 1\. .+ cancels/, /Step 2/, /customer\.subscription\.deleted/],
    reactivate: [/comes back on/],
    'event-rush': [/80 people ask to come to “.+”/],
  }
  for (const [name, lines] of Object.entries(plots)) {
    const { code, told, complained } = await tell(sandbox.url, name, '--people', '20')
    expect({ code, complained }, told).toEqual({ code: 0, complained: '' })
    for (const line of lines) expect(told).toMatch(line)
    expect(told).not.toMatch(/NaN|undefined|null|1970/)
    expect(told).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}/)
  }
  expect(application.received.length).toBeGreaterThan(80)
})

test('what cannot be told is said in a sentence', async () => {
  const nobody = 'http://127.0.0.1:9'
  expect(await tell(nobody, 'signup')).toEqual({
    code: 1,
    told: '',
    complained: 'Start Kinkeeper first: npm start\n',
  })
  const stories = 'signup, renewal, cancel, reactivate, event-rush'
  expect((await tell(nobody, 'siesta')).complained).toContain(
    `There is no story "siesta". Stories: ${stories}`,
  )
  expect((await tell(nobody)).complained).toContain(stories)
  expect((await tell(nobody, 'signup', '--people', 'many')).complained).toContain('--people')
  expect((await tell('off', 'signup')).complained).toContain('KINKEEPER_SANDBOX is off')
})
