import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { freePort } from '../support/program.ts'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

/** Starts the program as a newcomer does, stops it, and again: how long each took until it said that it is ready, in milliseconds. */
export async function timeStarts(dataDir: string, times: number): Promise<number[]> {
  const samples: number[] = []
  const env = {
    PATH: process.env.PATH ?? '',
    KINKEEPER_DATA_DIR: dataDir,
    PORT: String(await freePort()),
    SANDBOX_PORT: String(await freePort()),
  }
  for (let time = 0; time < times; time++) {
    const begun = performance.now()
    const child = spawn(process.execPath, [MAIN], { cwd: dataDir, env, stdio: ['ignore', 'pipe', 'inherit'] })
    for await (const line of createInterface({ input: child.stdout })) {
      if (line.includes('Kinkeeper is ready')) break
    }
    samples.push(performance.now() - begun)
    child.kill('SIGTERM')
    await once(child, 'exit')
  }
  return samples
}
