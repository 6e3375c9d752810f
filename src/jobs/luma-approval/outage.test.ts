import { afterAll, beforeAll, expect, test } from 'vitest'
import { type JobStage, startJobStage } from '../../../tests/support/job-stage.ts'
import { until } from '../../../tests/support/sandbox-world.ts'
import { PROVIDER_LIMITS } from '../../connectors/index.ts'
import { readRun } from '../../engine/index.ts'
import { createGovernor } from '../../governor/index.ts'
import { createLogger, DAY_MS } from '../../primitives/index.ts'
import { defineLumaApproval, type LumaApprovalJob } from './index.ts'

let stage: JobStage
let job: LumaApprovalJob

beforeAll(async () => {
  stage = await startJobStage((parts) => {
    job = defineLumaApproval(parts)
    return { jobs: [job], approvalKinds: [] }
  })
})
afterAll(() => stage.stop())

test('Luma goes away midway, with answers on their way: the run is put down, and nobody is mailed twice', async () => {
  const governor = createGovernor({
    database: stage.database,
    limits: { ...PROVIDER_LIMITS, luma: {} },
    holder: 'outage',
    logger: createLogger('silent'),
  })
  await stage.reset({ gate: governor.gate })
  const world = stage.world()
  const emails = Array.from({ length: 60 }, (_, index) => `m${index}@example.org`)
  for (const email of emails) await stage.addMember({ email })
  const guests = emails.map((email) => ({ email, name: email }))
  await world.control('POST', '/luma/events', { name: 'Walk', startsInMs: DAY_MS, guests })
  // Slow enough to be caught at work; then everything is done and no answer arrives.
  await world.control('POST', '/latency', { provider: 'luma', minMs: 30, maxMs: 30 })
  const input = { slot: '2026-11-22T09:00:00.000Z' }
  const runId = await stage.database.transaction((tx) => stage.engine.starter.start(tx, job, input))
  const mails = async () =>
    (await world.control<{ mails: { guestId: string }[] }>('GET', '/luma/mails')).mails.map(
      ({ guestId }) => guestId,
    )
  await until(async () => (await mails()).length > 5, 'the first answers')
  const { fault } = await world.control<{ fault: { id: string } }>('POST', '/faults', {
    provider: 'luma',
    operation: '*',
    kind: 'drop-after',
  })
  await until(async () => (await readRun(runId)).status === 'delayed', 'the run to be put down')
  expect((await mails()).length).toBeLessThan(60)
  await world.control('DELETE', `/faults/${fault.id}`)
  const ended = await stage.finished(runId, 50_000)
  await governor.stop()
  expect(ended.output).toMatchObject({ processed: 60, approved: 60, errors: [] })
  expect(new Set(await mails()).size).toBe(60)
  expect(await mails()).toHaveLength(60)
})
