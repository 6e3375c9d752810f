/**
 * `npm run check`: every gate, one after the other; all are run, and the exit code says whether all passed. A gate that
 * could not be asked (the registry is out of reach) has not passed, and that is said; with `--strict`, as before a
 * release, it counts as failed.
 */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { NOT_CHECKED } from './exits.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

const GATES: { name: string; command: string[]; test?: true }[] = [
  { name: 'types', command: ['tsc', '--noEmit'] },
  { name: 'lint and format', command: ['biome', 'check', '.'] },
  { name: 'dead code', command: ['knip'] },
  { name: 'migrations match the schema', command: ['drizzle-kit', 'check'] },
  { name: 'no secrets', command: ['node', 'src/cli/scan-secrets.ts'] },
  { name: 'licences', command: ['node', 'src/cli/licences.ts'] },
  { name: 'no known vulnerabilities', command: ['node', 'src/cli/check-packages.ts'] },
  { name: 'dashboard builds', command: ['vite', 'build', '--logLevel', 'error'] },
  { name: 'tests', command: ['node', 'tests/run.ts'], test: true },
]
const SIGNS = { passed: '✓', failed: '✗', 'not checked': '?' } as const
type Outcome = keyof typeof SIGNS

const withoutTests = process.argv.includes('--without-tests')
const strict = process.argv.includes('--strict')
const outcomes = GATES.filter((gate) => !(withoutTests && gate.test)).map((gate) => ({
  name: gate.name,
  outcome: run(gate),
}))
const failed = named('failed')
const unchecked = named('not checked')
console.log(failed.length === 0 ? 'No gate failed.' : `Failed: ${failed.join(', ')}`)
if (unchecked.length > 0)
  console.log(`NOT CHECKED, so nothing is known: ${unchecked.join(', ')}. See above what to do.`)
else if (failed.length === 0) console.log('Every gate passed.')
process.exitCode = failed.length > 0 || (strict && unchecked.length > 0) ? 1 : 0

function named(outcome: Outcome): string[] {
  return outcomes.filter((each) => each.outcome === outcome).map(({ name }) => name)
}

function run({ name, command }: (typeof GATES)[number]): Outcome {
  const [program = '', ...args] = command
  const begun = performance.now()
  const { status } = spawnSync(
    program === 'node' ? process.execPath : `${ROOT}/node_modules/.bin/${program}`,
    args,
    {
      cwd: ROOT,
      stdio: 'inherit',
    },
  )
  const outcome = status === 0 ? 'passed' : status === NOT_CHECKED ? 'not checked' : 'failed'
  console.log(`${SIGNS[outcome]} ${name} (${((performance.now() - begun) / 1_000).toFixed(1)} s)`)
  return outcome
}
