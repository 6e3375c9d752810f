import { afterAll, beforeAll, expect, test } from 'vitest'
import { type JobStage, startJobStage } from '../../../tests/support/job-stage.ts'
import { type Gate, PROVIDER_LIMITS } from '../../connectors/index.ts'
import { tables } from '../../database/index.ts'
import { createGovernor } from '../../governor/index.ts'
import { createLogger, monotonicMs, newId } from '../../primitives/index.ts'
import { defineLumaApproval, type LumaApprovalJob, type LumaApprovalResult } from './index.ts'

/** A minute of Luma's passes in a second here, for the stand-in's limit and for ours alike. */
const FASTER = 60
const EVENTS = 30
const GUESTS_PER_EVENT = 334

let stage: JobStage
let job: LumaApprovalJob

beforeAll(async () => {
  stage = await startJobStage((parts) => {
    job = defineLumaApproval(parts)
    return { jobs: [job], approvalKinds: [] }
  })
})
afterAll(() => stage.stop())

test('ten thousand guests over thirty events: never a 429, and hardly any work of our own', async () => {
  const [rate] = PROVIDER_LIMITS.luma.rates ?? []
  if (!rate) throw new Error('Luma has a rate')
  const rates = [{ ...rate, perMinute: rate.perMinute * FASTER }]
  const governor = createGovernor({
    database: stage.database,
    limits: { ...PROVIDER_LIMITS, luma: { rates } },
    holder: 'rush',
    logger: createLogger('silent'),
  })
  const calls = measureCalls(governor.gate)
  await stage.reset({ gate: calls.gate, apart: true })
  const world = stage.world()
  await world.control('POST', '/limits', { lumaRequests: { perMinute: 200 * FASTER, burst: 200 } })
  const people = Array.from({ length: 3_000 }, (_, index) => ({
    email: `member${index}@members.example`,
    name: `Member ${index}`,
  }))
  const now = new Date()
  await stage.database.db.insert(tables.members).values(
    people.map(({ email }) => ({
      id: newId('mem'),
      email,
      membership: 'active' as const,
      createdAt: now,
      updatedAt: now,
    })),
  )
  const rush = await world.control<{ guests: number; memberGuests: number }>('POST', '/luma/rush', {
    events: EVENTS,
    guestsPerEvent: GUESTS_PER_EVENT,
    memberShare: 1,
    members: people,
  })
  const begun = monotonicMs()
  const run = await stage.run(job, { slot: '2026-11-22T09:00:00.000Z' }, 170_000)
  const tookMs = monotonicMs() - begun
  await governor.stop()
  expect(run.output as LumaApprovalResult).toMatchObject({
    processed: rush.guests,
    approved: rush.memberGuests,
    errors: [],
  })
  const { mails } = await world.control<{ mails: { guestId: string }[] }>('GET', '/luma/mails')
  expect(mails).toHaveLength(rush.memberGuests)
  expect(new Set(mails.map(({ guestId }) => guestId)).size).toBe(mails.length)
  const { load } = await world.control<{ load: Record<string, unknown> }>('GET', '/load')
  const ownMs = (tookMs - calls.busyMs()) / rush.guests
  console.info(
    `${rush.guests} guests in ${(tookMs / 1_000).toFixed(1)} s, ${ownMs.toFixed(3)} ms each outside Luma's calls; Luma's stand-in: ${JSON.stringify(load.luma)}`,
  )
  expect(calls.refusals()).toBe(0)
  expect(ownMs).toBeLessThan(2)
}, 180_000)

/** How long at least one call, or its wait at the gate, was under way. */
function measureCalls(gate: Gate) {
  let underWay = 0
  let sinceMs = 0
  let busyMs = 0
  let refusals = 0
  const measured: Gate = async (request, act) => {
    if (underWay++ === 0) sinceMs = monotonicMs()
    try {
      return await gate(request, act)
    } catch (error) {
      refusals += 1
      throw error
    } finally {
      if (--underWay === 0) busyMs += monotonicMs() - sinceMs
    }
  }
  return { gate: measured, busyMs: () => busyMs, refusals: () => refusals }
}
