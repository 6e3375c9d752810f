/** `npm run check`: every gate, one after the other; all are run, and the exit code says whether all passed. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

const GATES: { name: string; command: string[]; test?: true }[] = [
  { name: 'types', command: ['tsc', '--noEmit'] },
  { name: 'lint and format', command: ['biome', 'check', '.'] },
  { name: 'dead code', command: ['knip'] },
  { name: 'migrations match the schema', command: ['drizzle-kit', 'check'] },
  { name: 'dashboard builds', command: ['vite', 'build', '--logLevel', 'error'] },
  { name: 'tests', command: ['node', 'tests/run.ts'], test: true },
]

const withoutTests = process.argv.includes('--without-tests')
const failed = GATES.filter((gate) => !(withoutTests && gate.test)).filter((gate) => !passes(gate))
console.log(
  failed.length === 0 ? 'Every gate passed.' : `Failed: ${failed.map((gate) => gate.name).join(', ')}`,
)
process.exitCode = failed.length === 0 ? 0 : 1

function passes({ name, command }: (typeof GATES)[number]): boolean {
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
  console.log(`${status === 0 ? '✓' : '✗'} ${name} (${((performance.now() - begun) / 1_000).toFixed(1)} s)`)
  return status === 0
}
