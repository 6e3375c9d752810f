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
const folder = mkdtempSync(join(tmpdir(), 'kinkeeper-report-'))
const reportFile = join(folder, 'report.json')

const child = spawn(
  process.execPath,
  [
    VITEST,
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${reportFile}`,
    ...process.argv.slice(2),
  ],
  { stdio: 'inherit' },
)
const [code] = await once(child, 'exit')
const counts = readCounts()
rmSync(folder, { recursive: true, force: true })
if (counts.skipped > 0) console.log(`${counts.skipped} skipped (each says above why)`)
console.log(`${counts.passed} passed, ${counts.failed} failed`)
process.exitCode = code === 0 && counts.failed === 0 ? 0 : 1

type Report = {
  numPassedTests: number
  numFailedTests: number
  numPendingTests: number
  testResults: { status: string; assertionResults: unknown[] }[]
}

function readCounts(): { passed: number; failed: number; skipped: number } {
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
