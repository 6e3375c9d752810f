/**
 * Five steps, many runs: the same on our engine room and on bare DBOS. Run as a process of its own, because DBOS is one
 * per process: `five-steps.ts <ours|bare> <database url> <runs>` prints runs per second.
 */
import { DBOS } from '@dbos-inc/dbos-sdk'
import { z } from 'zod'
import { openDatabase } from '../../src/database/index.ts'
import { defineJob, startEngine } from '../../src/engine/index.ts'
import { createClock, createLogger } from '../../src/primitives/index.ts'

const [kind, url = '', count = '0'] = process.argv.slice(2)
const runs = Number(count)
const STEPS = [1, 2, 3, 4, 5] as const
let finished = 0
let allFinished: () => void = () => {}
const done = new Promise<void>((resolve) => {
  allFinished = resolve
})

function finish(): void {
  finished += 1
  if (finished === runs) allFinished()
}

const tookMs = kind === 'ours' ? await ours() : await bare()
process.stdout.write(`${JSON.stringify({ runsPerSecond: (runs * 1_000) / tookMs })}\n`)
process.exit(0)

async function ours(): Promise<number> {
  const logger = createLogger('error')
  const database = openDatabase({ url, poolSize: 20, logger })
  const job = defineJob({
    name: 'five-steps',
    input: z.object({ index: z.number() }),
    idempotencyKey: ({ index }) => String(index),
    async run(context, { index }) {
      for (const step of STEPS) await context.step(`step ${step}`, async () => index * step)
      finish()
    },
  })
  const engine = await startEngine({ database, clock: createClock(), logger, jobs: [job] })
  const begun = performance.now()
  await inBatches((index) => database.transaction((tx) => engine.starter.start(tx, job, { index })))
  await done
  return performance.now() - begun
}

async function bare(): Promise<number> {
  const { DBOSClient } = await import('@dbos-inc/dbos-sdk')
  const database = openDatabase({ url, poolSize: 20, logger: createLogger('error') })
  const five = async (input: { index: number }) => {
    for (const step of STEPS) await DBOS.runStep(async () => input.index * step, { name: `step ${step}` })
    finish()
  }
  DBOS.registerWorkflow(five, { name: 'five-steps' })
  DBOS.setConfig({
    name: 'bench',
    systemDatabaseUrl: url,
    systemDatabasePoolSize: 20,
    applicationVersion: 'bench',
    logLevel: 'error',
    tracingEnabled: false,
  })
  await DBOS.launch()
  await DBOS.registerQueue('jobs', { minPollingIntervalMs: 40, workerConcurrency: 400 })
  const client = await DBOSClient.create({ systemDatabaseUrl: url, applicationName: 'bench' })
  const begun = performance.now()
  await inBatches((index) =>
    database.transaction((tx) =>
      client.enqueueInTransaction(
        tx.client,
        {
          queueName: 'jobs',
          workflowName: 'five-steps',
          workflowID: `five-steps:${index}`,
          appVersion: 'bench',
        },
        { index },
      ),
    ),
  )
  await done
  return performance.now() - begun
}

async function inBatches(start: (index: number) => Promise<unknown>): Promise<void> {
  for (let from = 0; from < runs; from += 50) {
    await Promise.all(Array.from({ length: Math.min(50, runs - from) }, (_, offset) => start(from + offset)))
  }
}
