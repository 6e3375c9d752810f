import { eq } from 'drizzle-orm'
import { vi } from 'vitest'
import { type Database, openDatabase, tables } from '../../src/database/index.ts'
import { createDeadLetters, type DeadLetters, type LetterParts } from '../../src/dead-letters/index.ts'
import { type DeadLetter, type Engine, type Job, readRun, startEngine } from '../../src/engine/index.ts'
import { createClock, createLogger } from '../../src/primitives/index.ts'
import { createTestDatabase } from './test-database.ts'

/** Jobs on the real engine and database, with the dead letters that they leave. */
export type LetterStage = {
  readonly database: Database
  readonly letters: DeadLetters
  readonly parts: LetterParts
  readonly engine: Engine
  start<Input extends { id: string }>(job: Job<Input>, input: Input): Promise<string>
  ended(runId: string, status: string): Promise<void>
  /** The letter of a run, as soon as there is one. */
  letterOf(runId: string): Promise<DeadLetter>
  stop(): Promise<void>
}

export async function startLetterStage(own: readonly Job[]): Promise<LetterStage> {
  const created = await createTestDatabase()
  const logger = createLogger('silent')
  const database = openDatabase({ url: created.url, poolSize: 10, logger })
  const byName = new Map<string, Job>()
  const late: { engine?: Engine } = {}
  const starter = () => {
    if (!late.engine) throw new Error('The engine is not there yet')
    return late.engine.starter
  }
  const parts: LetterParts = { database, clock: createClock(), logger, starter, jobs: () => byName }
  const letters = createDeadLetters(parts)
  const jobs = [...own, ...letters.jobs]
  for (const job of jobs) byName.set(job.name, job)
  const engine = await startEngine({ ...parts, jobs, onDeadLetter: letters.onDeadLetter })
  late.engine = engine
  const soon = <T>(look: () => Promise<T>) => vi.waitFor(look, { timeout: 30_000, interval: 50 })
  return {
    database,
    letters,
    parts,
    engine,
    start: (job, input) => database.transaction((tx) => engine.starter.start(tx, job, input)),
    ended: (runId, status) =>
      soon(async () => {
        const run = await readRun(runId)
        if (run.status !== status) throw new Error(`${runId} is ${run.status}, not ${status}`)
      }),
    letterOf: (runId) =>
      soon(async () => {
        const { deadLetters } = tables
        const [row] = await database.db.select().from(deadLetters).where(eq(deadLetters.runId, runId))
        if (!row) throw new Error(`No letter of ${runId} yet`)
        return row
      }),
    async stop() {
      await engine.stop(5_000)
      await database.close()
      await created.drop()
    },
  }
}
