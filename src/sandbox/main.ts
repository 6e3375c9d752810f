/** The sandbox as a process of its own: `node src/sandbox/main.ts`, with the environment of `config.ts`. */
import { readConfig } from './config.ts'
import { startSandbox } from './index.ts'

const config = readConfig()
if (config.ok) await run(config.options, config.exitWithParent)
else fail(config.problems)

async function run(options: Parameters<typeof startSandbox>[0], exitWithParent: boolean): Promise<void> {
  const sandbox = await startSandbox(options).catch((error: unknown) => error)
  if (!isRunning(sandbox)) return fail([sandbox instanceof Error ? sandbox.message : String(sandbox)])

  let stopping = false
  const stop = async () => {
    if (stopping) return
    stopping = true
    await sandbox.stop()
    process.exit(0)
  }
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
  if (exitWithParent) {
    // A parent that was killed closes its end of the pipe; the world is on disk, the next start finds it.
    process.once('disconnect', stop)
    process.stdin.once('end', stop).once('close', stop).once('error', stop).resume()
  }
  process.stdout.write(`${JSON.stringify({ event: 'sandbox.ready', port: sandbox.port })}\n`)
}

function isRunning(value: unknown): value is Awaited<ReturnType<typeof startSandbox>> {
  return typeof value === 'object' && value !== null && 'stop' in value
}

function fail(sentences: string[]): void {
  for (const sentence of sentences) process.stderr.write(`${sentence}\n`)
  process.exitCode = 1
}
