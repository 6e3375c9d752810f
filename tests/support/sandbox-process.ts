import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { credentialsEnvironment } from '../../src/provider-credentials.ts'
import type { SANDBOX_CREDENTIALS } from '../../src/sandbox/index.ts'
import { freePort } from './program.ts'

const MAIN = fileURLToPath(new URL('../../src/sandbox/main.ts', import.meta.url))

/** The stand-ins as a process of their own, for benchmarks: their work must not delay the clock that measures. */
export async function startSandboxProcess(
  credentials: typeof SANDBOX_CREDENTIALS,
  publicUrl: string,
): Promise<{ url: string; stop(): Promise<void> }> {
  const port = await freePort()
  const child = spawn(process.execPath, [MAIN], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: {
      PATH: process.env.PATH ?? '',
      SANDBOX_PORT: String(port),
      SANDBOX_EXIT_WITH_PARENT: '1',
      PUBLIC_URL: publicUrl,
      ...credentialsEnvironment(credentials),
    },
  })
  const exited = once(child, 'exit')
  for await (const line of createInterface({ input: child.stdout })) if (line.includes('sandbox.ready')) break
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      child.kill('SIGTERM')
      await exited
    },
  }
}
