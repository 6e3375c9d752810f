import { execFile, spawn } from 'node:child_process'
import {
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { monotonicMs } from '../../primitives/index.ts'
import type { Placement } from './placement.ts'
import { canListenOn, freePort } from './ports.ts'

const run = promisify(execFile)
const START_LIMIT_MS = 60_000
const STOP_LIMIT_MS = 30_000

/**
 * Makes a new, empty server in `placement.dataDir`. It is made beside and renamed into place, so that a crash in the
 * middle leaves nothing that looks like data.
 */
export async function initialise(
  placement: Placement,
  login: { user: string; password: string },
): Promise<void> {
  const partial = `${placement.dataDir}.partial-${process.pid}`
  const secrets = mkdtempSync(join(tmpdir(), 'kinkeeper-'))
  const passwordFile = join(secrets, 'password')
  try {
    mkdirSync(partial, { recursive: true, mode: 0o700 })
    writeFileSync(passwordFile, login.password, { mode: 0o600 })
    for (const path of [partial, secrets, passwordFile]) own(placement, path)
    await run(
      join(placement.binDir, 'initdb'),
      [
        '-D',
        partial,
        '-U',
        login.user,
        `--pwfile=${passwordFile}`,
        '--auth=scram-sha-256',
        '--encoding=UTF8',
        '--locale=C.UTF-8',
      ],
      { ...asAccount(placement), cwd: '/' },
    )
    renameSync(partial, placement.dataDir)
  } catch (error) {
    if (existsSync(join(placement.dataDir, 'PG_VERSION'))) return // somebody else made it meanwhile
    throw new Error(`PostgreSQL could not be set up in ${placement.dataDir}: ${text(error)}`)
  } finally {
    rmSync(secrets, { recursive: true, force: true })
    rmSync(partial, { recursive: true, force: true })
  }
}

/** The server that runs on this data, by its own `postmaster.pid` (line 1: process id, line 4: port); null when none does. */
export function runningServer(placement: Placement): { pid: number; port: number } | null {
  const file = join(placement.dataDir, 'postmaster.pid')
  if (!existsSync(file)) return null
  const lines = readFileSync(file, 'utf8').split('\n')
  const pid = Number(lines[0])
  const port = Number(lines[3])
  return Number.isInteger(pid) && pid > 0 && isAlive(pid) ? { pid, port } : null
}

/**
 * Starts the server on a free port and waits until it takes connections.
 * @param accepts tells whether the server on a port lets us in
 * @param mustPort null: the port of the last time, or any free one
 * @returns the port (of another program's server when that one was faster)
 */
export async function launch(
  placement: Placement,
  accepts: (port: number) => Promise<boolean>,
  mustPort: number | null,
): Promise<number> {
  const port = mustPort === null ? await choosePort(placement) : await waitForPort(mustPort)
  const logFile = `${placement.dataDir}.log`
  const log = openSync(logFile, 'a')
  own(placement, logFile)
  const child = spawn(
    join(placement.binDir, 'postgres'),
    ['-D', placement.dataDir, '-p', String(port), ...SETTINGS.flatMap((setting) => ['-c', setting])],
    { ...asAccount(placement), cwd: '/', detached: true, stdio: ['ignore', log, log] },
  )
  closeSync(log)
  child.unref()
  const exited = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('exit', (code) => resolve(`it stopped with code ${code}`))
  })
  let ended: string | null = null
  void exited.then((reason) => {
    ended = reason
  })

  const limit = monotonicMs() + START_LIMIT_MS
  while (monotonicMs() < limit) {
    const other = ended === null ? null : runningServer(placement)
    const candidate = other?.port ?? port
    if (await accepts(candidate)) return candidate
    if (ended !== null && !other)
      throw new Error(`PostgreSQL did not start: ${ended}. Its log is ${logFile}:\n${lastLines(logFile)}`)
    await Promise.race([delay(25), ended === null ? exited : delay(25)])
  }
  throw new Error(
    `PostgreSQL did not take connections within ${START_LIMIT_MS / 1000} s. Its log is ${logFile}:\n${lastLines(logFile)}`,
  )
}

/** Loopback only; no Unix socket, whose path could be too long; modest memory. Durability stays at PostgreSQL's defaults. */
const SETTINGS = [
  'listen_addresses=127.0.0.1',
  'unix_socket_directories=',
  // Three processes at work, each with its own pool and the engine's, and room for a fourth that takes over.
  'max_connections=250',
  'shared_buffers=128MB',
  'jit=off',
  'idle_in_transaction_session_timeout=60s',
]

/** Stops whichever server runs on this data: SIGINT is PostgreSQL's fast shutdown. */
export async function stopProcess(placement: Placement): Promise<void> {
  const running = runningServer(placement)
  if (!running) return
  process.kill(running.pid, 'SIGINT')
  const limit = monotonicMs() + STOP_LIMIT_MS
  while (isAlive(running.pid) && existsSync(join(placement.dataDir, 'postmaster.pid'))) {
    if (monotonicMs() > limit)
      throw new Error(`PostgreSQL (process ${running.pid}) did not stop within ${STOP_LIMIT_MS / 1000} s`)
    await delay(20)
  }
}

async function choosePort(placement: Placement): Promise<number> {
  const last = lastPort(placement)
  return last !== null && (await canListenOn(last)) ? last : freePort(PORTS)
}

/** A server that has just died may hold its port for a moment longer. */
async function waitForPort(port: number): Promise<number> {
  const limit = monotonicMs() + START_LIMIT_MS
  while (monotonicMs() < limit) {
    if (await canListenOn(port)) return port
    await delay(50)
  }
  throw new Error(`Port ${port}, which PostgreSQL was served on, is taken by another program.`)
}

/** A port that this data was last served on is used again, so that open pools find their way back. */
function lastPort(placement: Placement): number | null {
  const file = join(placement.dataDir, 'postmaster.opts')
  if (!existsSync(file)) return null
  const match = /"-p" "(\d+)"/.exec(readFileSync(file, 'utf8'))
  return match ? Number(match[1]) : null
}

/** Where the server is served: while it is away it keeps its port, and so comes back to its pools. */
const PORTS = { from: 20_000, count: 10_000 }

function own(placement: Placement, path: string): void {
  if (placement.account) chownSync(path, placement.account.uid, placement.account.gid)
}

function asAccount(placement: Placement): { uid?: number; gid?: number } {
  return placement.account ? { uid: placement.account.uid, gid: placement.account.gid } : {}
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

function lastLines(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n').slice(-8).join('\n') : '(no log)'
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
