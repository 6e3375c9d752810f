/**
 * `npm test`: every test, then one line that counts them: `N passed, N failed`. Skipped ones are counted apart. A file
 * that does not even load counts as failed.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const VITEST = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url))
/** What starts many programs, or servers of its own, goes after everything else. */
const LATER = ['tests/start', 'tests/resilience/takeover.test.ts', 'tests/resilience/database-outage.test.ts']
const given = process.argv.slice(2)
const passes =
  given.length > 0
    ? [given]
    : [LATER.flatMap((path) => ['--exclude', path.endsWith('.ts') ? path : `${path}/**`]), LATER]
const counts = { passed: 0, failed: 0, skipped: 0 }
let clean = true
for (const pass of passes) {
  const { code, ...counted } = await runTests(pass)
  counts.passed += counted.passed
  counts.failed += counted.failed
  counts.skipped += counted.skipped
  clean &&= code === 0
}
if (counts.skipped > 0) console.log(`${counts.skipped} skipped (each says above why)`)
console.log(`${counts.passed} passed, ${counts.failed} failed`)
process.exitCode = clean && counts.failed === 0 ? 0 : 1

async function runTests(options: string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'kinkeeper-report-'))
  const reportFile = join(folder, 'report.json')
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`]
  const child = spawn(process.execPath, [VITEST, 'run', ...reporters, ...options], { stdio: 'inherit' })
  const [code] = await once(child, 'exit')
  const counted = readCounts(reportFile)
  rmSync(folder, { recursive: true, force: true })
  return { code, ...counted }
}

type Report = {
  numPassedTests: number
  numFailedTests: number
  numPendingTests: number
  testResults: { status: string; assertionResults: unknown[] }[]
}

function readCounts(reportFile: string): { passed: number; failed: number; skipped: number } {
  try {
    const report: Report = JSON.parse(readFileSync(reportFile, 'utf8'))
    const unloaded = report.testResults.filter(
      (file) => file.status === 'failed' && file.assertionResults.length === 0,
    ).length
    return {
      passed: report.numPassedTests,
      failed: report.numFailedTests + unloaded,
      skipped: report.numPendingTests,
    }
  } catch {
    return { passed: 0, failed: 1, skipped: 0 }
  }
}
