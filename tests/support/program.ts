import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { freePort as choosePort } from '../../src/database/embedded/ports.ts'
import { credentialsEnvironment } from '../../src/provider-credentials.ts'
import type { SandboxWorld } from './sandbox-world.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** The program as its users run it: another process, that can be killed. */
export type Program = {
  readonly url: string
  /** Every line it printed. */
  readonly lines: string[]
  readonly pid: number
  /** The exit code or the signal; pending while it runs. */
  readonly exited: Promise<number | string>
  /** Ends it by SIGTERM and waits. */
  stop(): Promise<number | string>
  kill(signal: NodeJS.Signals): void
}

export type ProgramOptions = {
  databaseUrl: string
  world: SandboxWorld
  /** `sandbox`: providers are stand-ins and the clock follows theirs. `live`: the same servers, by credentials and addresses alone. */
  mode?: 'sandbox' | 'live'
  /** A `PORT` in here is where it listens; else it is where the world expects it. */
  env?: Record<string, string>
  /** Of its command line. */
  args?: string[]
  /** False: do not wait until it is ready. */
  waitUntilReady?: boolean
}

/** Starts the program on this database and world. @throws Error with what it printed when it ends before it is ready */
export async function startProgram(options: ProgramOptions): Promise<Program> {
  const dataDir = mkdtempSync(join(tmpdir(), 'kinkeeper-program-'))
  writeCredentials(dataDir, options.world)
  const child = spawn(process.execPath, [join(ROOT, 'src/main.ts'), ...(options.args ?? [])], {
    cwd: dataDir, // a developer's .env is none of a test's business
    env: { PATH: process.env.PATH ?? '', ...environment(options, dataDir), ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const lines: string[] = []
  const ready = listenForReady(child, lines)
  const exited = once(child, 'exit').then(([code, signal]) => {
    rmSync(dataDir, { recursive: true, force: true })
    return code ?? signal
  })
  const program: Program = {
    url: `http://127.0.0.1:${options.env?.PORT ?? options.world.appPort}`,
    lines,
    pid: child.pid ?? 0,
    exited,
    async stop() {
      child.kill('SIGTERM')
      return exited
    },
    kill: (signal) => child.kill(signal),
  }
  running.add(child)
  void exited.then(() => running.delete(child))
  if (options.waitUntilReady === false) return program
  const outcome = await Promise.race([ready, exited])
  if (outcome !== 'ready')
    throw new Error(`The program ended (${outcome}) before it was ready:\n${lines.slice(-20).join('\n')}`)
  return program
}

/**
 * Keeps the program running: whenever it dies, it is started again, unarmed. `crashes` counts how often that was.
 */
export async function superviseProgram(
  options: ProgramOptions,
): Promise<{ crashes: () => number; current: () => Program; stop(): Promise<void> }> {
  let stopping = false
  let crashes = 0
  // It is started twice for each crash, and half of a start is reading the sources.
  const cache = { NODE_COMPILE_CACHE: join(tmpdir(), 'kinkeeper-compile-cache') }
  let current = await startProgram({
    ...options,
    env: { ...cache, ...options.env },
    waitUntilReady: false,
  })
  const lines = current.lines
  const watch = async (): Promise<void> => {
    for (;;) {
      await current.exited
      if (stopping) return
      // The first end is the crash that was asked for; any other is news.
      if (crashes > 0) console.info(`It ended once more:\n${current.lines.slice(-15).join('\n')}`)
      crashes += 1
      const { KINKEEPER_CRASH_AT: _armed, ...env } = options.env ?? {}
      current = await startProgram({ ...options, env: { ...cache, ...env }, waitUntilReady: false })
      current.lines.unshift(...lines)
    }
  }
  const watching = watch()
  return {
    crashes: () => crashes,
    current: () => current,
    async stop() {
      stopping = true
      await current.stop()
      await watching
    },
  }
}

const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

function listenForReady(child: ChildProcess, lines: string[]): Promise<'ready'> {
  return new Promise((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      if (!stream) continue
      createInterface({ input: stream }).on('line', (line) => {
        lines.push(line)
        if (line.includes('Kinkeeper is ready')) resolve('ready')
      })
    }
  })
}

function environment(options: ProgramOptions, dataDir: string): Record<string, string> {
  const { world } = options
  const common = {
    DATABASE_URL: options.databaseUrl,
    PORT: String(world.appPort),
    PUBLIC_URL: `http://127.0.0.1:${world.appPort}`,
    KINKEEPER_DATA_DIR: dataDir,
    LOG_LEVEL: 'info',
  }
  if (options.mode !== 'live') return { ...common, KINKEEPER_SANDBOX: world.url }
  const { credentials } = world
  return {
    ...common,
    KINKEEPER_SANDBOX: 'off',
    ...credentialsEnvironment(credentials),
    TWILIO_API_URL: `${world.url}/twilio`,
    SLACK_API_URL: `${world.url}/slack/api/`,
    OPENAI_BASE_URL: `${world.url}/openai/v1`,
    CIRCLE_API_URL: `${world.url}/circle`,
    MAILCHIMP_API_URL: `${world.url}/mailchimp/3.0`,
    LUMA_API_URL: `${world.url}/luma`,
    STRIPE_API_URL: `${world.url}/stripe`,
    CLERK_API_URL: `${world.url}/clerk`,
    PAGERDUTY_EVENTS_URL: `${world.url}/pagerduty`,
  }
}

/** The program reads its sandbox's credentials from its data folder; these are the world's. */
function writeCredentials(dataDir: string, world: SandboxWorld): void {
  mkdirSync(join(dataDir, 'sandbox'), { recursive: true })
  const texts = Object.entries(world.credentials).map(([name, value]) => [name, String(value)])
  writeFileSync(join(dataDir, 'sandbox', 'credentials.json'), JSON.stringify(Object.fromEntries(texts)))
}

/** Apart from those of the embedded servers. */
const PORTS = { from: 10_000, count: 10_000 }

/** A port on 127.0.0.1 that stays free while a killed program is away. */
export function freePort(): Promise<number> {
  return choosePort(PORTS)
}
