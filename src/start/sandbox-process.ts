import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type Config, processEnvironment } from '../config.ts'
import { type Logger, parseJson } from '../primitives/index.ts'
import { credentialsEnvironment, type SandboxCredentials } from '../provider-credentials.ts'

const MAIN = fileURLToPath(new URL('../sandbox/main.ts', import.meta.url))

export type SandboxProcess = { url: string; stop(): Promise<void> }

/**
 * Starts the stand-ins as a process of their own, and waits until they listen. They end with us; their world stays on
 * disk.
 * @throws Error with what the process said when it could not start (a taken port)
 */
export async function startSandboxProcess(
  config: Config,
  credentials: SandboxCredentials,
  logger: Logger,
): Promise<SandboxProcess> {
  const child = spawn(process.execPath, [MAIN], {
    detached: true, // Ctrl-C in a terminal reaches only us; we stop it last
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...processEnvironment(), ...sandboxEnvironment(config, credentials) },
  })
  const complaints: string[] = []
  createInterface({ input: child.stderr }).on('line', (line) => complaints.push(line))
  const exited = once(child, 'exit')
  const ready = new Promise<void>((started, failed) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const message = parseJson(line)
      if (
        typeof message === 'object' &&
        message !== null &&
        'event' in message &&
        message.event === 'sandbox.ready'
      )
        started()
    })
    void exited.then(() =>
      failed(new Error(`The sandbox could not start: ${complaints.join(' ') || 'it said nothing'}`)),
    )
  })
  await ready
  let stopping = false
  void exited.then(() => {
    if (!stopping)
      logger.error(
        { event: 'sandbox.ended', said: complaints.slice(-3) },
        'The sandbox ended by itself; restart Kinkeeper to bring it back',
      )
  })
  return {
    url: `http://127.0.0.1:${config.sandbox.port}`,
    async stop() {
      stopping = true
      child.kill('SIGTERM')
      await exited
    },
  }
}

function sandboxEnvironment(config: Config, credentials: SandboxCredentials): Record<string, string> {
  return {
    SANDBOX_PORT: String(config.sandbox.port),
    SANDBOX_STATE_FILE: resolve(config.dataDir, 'sandbox', 'world.sqlite'),
    SANDBOX_EXIT_WITH_PARENT: '1',
    PUBLIC_URL: config.publicUrl,
    SANDBOX_DELIVER_TO: `http://127.0.0.1:${config.port}`,
    ...credentialsEnvironment(credentials),
  }
}
