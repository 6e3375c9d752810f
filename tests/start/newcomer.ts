import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

/** The program as a newcomer starts it, with its own PostgreSQL and sandbox. */
export type Newcomer = {
  readonly lines: string[]
  /** Resolves with `ready`, or with the exit code or signal when it ended first. */
  readonly outcome: Promise<string | number>
  readonly exited: Promise<string | number>
  kill(signal: NodeJS.Signals): void
}

const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

export function startNewcomer(env: Record<string, string>, cwd: string): Newcomer {
  const child = spawn(process.execPath, [MAIN], {
    cwd,
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.add(child)
  const lines: string[] = []
  const ready = new Promise<string>((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        lines.push(line)
        if (line.includes('Kinkeeper is ready')) resolve('ready')
      })
    }
  })
  const exited: Promise<string | number> = once(child, 'exit').then(([code, signal]) => code ?? signal)
  void exited.then(() => running.delete(child))
  return { lines, outcome: Promise.race([ready, exited]), exited, kill: (signal) => child.kill(signal) }
}
