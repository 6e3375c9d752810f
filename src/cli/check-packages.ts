/**
 * A gate: `npm audit` of what runs in production has no finding of high or critical severity. Where the registry cannot
 * be asked, this says so and does not pass.
 */
import { spawnSync } from 'node:child_process'
import { z } from 'zod'
import { parseJson } from '../primitives/index.ts'
import { NOT_CHECKED } from './exits.ts'

const reportSchema = z.object({
  vulnerabilities: z.record(
    z.string(),
    z.object({ name: z.string(), severity: z.string(), range: z.string(), fixAvailable: z.unknown() }),
  ),
})
const refusalSchema = z.object({ message: z.string().optional() })
const REFUSED = new Set(['high', 'critical'])

process.exitCode = checkPackages()

function checkPackages(): number {
  const { stdout, error } = spawnSync(
    'npm',
    ['audit', '--omit=dev', '--json', '--fetch-timeout=20000', '--fetch-retries=1'],
    { encoding: 'utf8', shell: process.platform === 'win32', maxBuffer: 64 * 1024 * 1024 },
  )
  const answer = parseJson(stdout ?? '')
  const report = reportSchema.safeParse(answer)
  if (!report.success) {
    const why = error?.message ?? refusalSchema.safeParse(answer).data?.message ?? 'no answer'
    console.error(`The registry could not be asked about known vulnerabilities, so nothing is known: ${why}`)
    console.error('Run "npm audit --omit=dev" where it can be reached, before this is released.')
    return NOT_CHECKED
  }
  const found = Object.values(report.data.vulnerabilities)
  const refused = found.filter(({ severity }) => REFUSED.has(severity))
  for (const { name, severity, range, fixAvailable } of refused)
    console.error(
      `${severity}: ${name} ${range}${fixAvailable ? ' (a fixed version exists: npm audit fix)' : ''}`,
    )
  if (refused.length === 0)
    console.log(`Known vulnerabilities: ${found.length}, none of them high or critical.`)
  return refused.length === 0 ? 0 : 1
}
