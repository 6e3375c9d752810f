import { afterAll, beforeAll, expect, test } from 'vitest'
import { type JobStage, startJobStage } from '../../../tests/support/job-stage.ts'
import { until } from '../../../tests/support/sandbox-world.ts'
import { PROVIDER_LIMITS } from '../../connectors/index.ts'
import { cancelRun, readRun } from '../../engine/index.ts'
import { createGovernor } from '../../governor/index.ts'
import { createLogger, DAY_MS } from '../../primitives/index.ts'
import { defineLumaApproval, type LumaApprovalJob, type LumaApprovalResult } from './index.ts'

let stage: JobStage
let job: LumaApprovalJob

beforeAll(async () => {
  stage = await startJobStage((parts) => {
    job = defineLumaApproval(parts)
    return { jobs: [job], approvalKinds: [] }
  })
})
afterAll(() => stage.stop())

const slot = (hour: number) => ({ slot: `2026-11-22T0${hour}:00:00.000Z` })
const start = (hour: number) =>
  stage.database.transaction((tx) => stage.engine.starter.start(tx, job, slot(hour)))
const mailed = async () =>
  (await stage.world().control<{ mails: { guestId: string }[] }>('GET', '/luma/mails')).mails.map(
    ({ guestId }) => guestId,
  )
async function expectGuests(count: number): Promise<void> {
  const emails = Array.from({ length: count }, (_, index) => `m${index}@example.org`)
  for (const email of emails) await stage.addMember({ email })
  const guests = emails.map((email) => ({ email, name: email }))
  await stage.world().control('POST', '/luma/events', { name: 'Walk', startsInMs: DAY_MS, guests })
}

test('cancelled while Luma’s limits hold it back, it answers nobody more, and the next one answers the rest', async () => {
  const rates = [{ name: 'all', burst: 5, perMinute: 300 }]
  const governor = createGovernor({
    database: stage.database,
    limits: { ...PROVIDER_LIMITS, luma: { rates } },
    holder: 'held back',
    logger: createLogger('silent'),
  })
  await stage.reset({ gate: governor.gate })
  await expectGuests(60)
  const cancelled = await start(9)
  await until(async () => (await mailed()).length > 5, 'the first answers')
  await stage.database.transaction((tx) =>
    cancelRun(tx, new Map([[job.name, job]]), cancelled, { name: 'Mona', reason: 'They are the wrong ones' }),
  )
  const next = await stage.finished(await start(8), 50_000)
  await governor.stop()
  const { processed } = next.output as LumaApprovalResult
  expect(processed).toBeGreaterThan(30)
  expect(await mailed()).toHaveLength(60)
  expect(new Set(await mailed()).size).toBe(60)
}, 90_000)

test('Luma goes away midway, with answers on their way: the run is put down, and nobody is mailed twice', async () => {
  const governor = createGovernor({
    database: stage.database,
    limits: { ...PROVIDER_LIMITS, luma: {} },
    holder: 'outage',
    logger: createLogger('silent'),
  })
  await stage.reset({ gate: governor.gate })
  const world = stage.world()
  await expectGuests(60)
  // Slow enough to be caught at work; then everything is done and no answer arrives.
  await world.control('POST', '/latency', { provider: 'luma', minMs: 30, maxMs: 30 })
  const runId = await start(7)
  await until(async () => (await mailed()).length > 5, 'the first answers')
  const { fault } = await world.control<{ fault: { id: string } }>('POST', '/faults', {
    provider: 'luma',
    operation: '*',
    kind: 'drop-after',
  })
  await until(async () => (await readRun(runId)).status === 'delayed', 'the run to be put down')
  expect((await mailed()).length).toBeLessThan(60)
  await world.control('DELETE', `/faults/${fault.id}`)
  const ended = await stage.finished(runId, 50_000)
  await governor.stop()
  expect(ended.output).toMatchObject({ processed: 60, approved: 60, errors: [] })
  expect(new Set(await mailed()).size).toBe(60)
  expect(await mailed()).toHaveLength(60)
})
