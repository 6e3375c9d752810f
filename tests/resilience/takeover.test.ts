/**
 * Several processes share the work. One is killed and one is frozen in the middle of it: the others go on with their
 * runs, no finished step is run again, and the frozen one does no harm when it comes back.
 */
import { expect, test } from 'vitest'
import { until } from '../support/sandbox-world.ts'
import type { Told } from '../support/stories.ts'
import { takeoverRuns } from './config.ts'
import {
  expectEachOnce,
  expectWelcomedOnce,
  type Fleet,
  logOf,
  type Member,
  messagesByReference,
  readingsOf,
  setFleet,
  signUpMembers,
  slowDown,
  textPosts,
} from './fleet.ts'

const RUNS = takeoverRuns()
/** What is promised; the machine that the tests run on gets some slack, because it does much else at the same time. */
const PROMISED_MS = 15_000
const SLACK_MS = 10_000

/** What a process was in the middle of when it died or froze. */
type Held = {
  executorId: string
  runs: string[] /** Of those, the ones that had read their post. */
  read: string[]
}

async function heldBy(fleet: Fleet, { executorId }: Member): Promise<Held> {
  const rows = await fleet.rows<{ id: string; read: boolean }>(
    `select workflow_uuid as id, exists (select from dbos.operation_outputs as step
       where step.workflow_uuid = run.workflow_uuid and step.function_name = 'read it with OpenAI') as read
     from dbos.workflow_status as run where status = 'PENDING' and executor_id = $1`,
    [executorId],
  )
  return {
    executorId,
    runs: rows.map(({ id }) => id),
    read: rows.filter(({ read }) => read).map(({ id }) => id),
  }
}

/** Milliseconds from `sinceMs` until the first of these runs goes on elsewhere. */
async function resumedAfter(fleet: Fleet, held: Held, sinceMs: number): Promise<number> {
  await until(async () => {
    const rows = await fleet.rows(
      `select 1 from dbos.workflow_status where workflow_uuid = any($1)
       and (status = 'SUCCESS' or (status = 'PENDING' and executor_id <> $2)) limit 1`,
      [held.runs, held.executorId],
    )
    return rows.length > 0
  }, 'the first run to go on elsewhere')
  return performance.now() - sinceMs
}

const posted = (fleet: Fleet, share: number) =>
  until(async () => (await messagesByReference(fleet.world)).size >= RUNS * share, 'the middle', 90_000)

/** Thaws it once it was taken over, and sees it end without having sent anything. */
async function thaw(fleet: Fleet, frozen: Member): Promise<void> {
  const gone = async () =>
    (await fleet.rows('select 1 from executors where id = $1', [frozen.executorId])).length === 0
  await until(gone, 'the frozen process to be taken over')
  frozen.kill('SIGCONT')
  expect(await frozen.exited).toBe(1)
  // The attempts that the freeze cut off tell of it in the same moment.
  const why = logOf(frozen).findLast(({ level }) => level === 'fatal')
  expect(why?.event).toBe('executor.lost')
}

/** No post was read twice, but for those whose reading was cut off by the death of its process. */
async function expectNothingReadAgain(fleet: Fleet, told: readonly Told[], held: Held[]): Promise<void> {
  const rows = await fleet.rows<{ id: string; reference: string }>('select id, reference from submissions')
  const references = new Map(rows.map(({ id, reference }) => [reference, id]))
  const readings = await readingsOf(fleet.world)
  const cutOff = held.flatMap(({ runs, read }) => runs.filter((run) => !read.includes(run)))
  const again = told.flatMap(({ reference }, index) => {
    const id = references.get(reference) ?? ''
    // Both may have been in the middle of reading it, one after the other.
    const cuts = cutOff.filter((run) => run.includes(id)).length
    const times = readings.get(index) ?? 0
    return times > 1 + cuts ? [{ reference, times, cuts }] : []
  })
  expect(again).toEqual([])
}

/** Everything that Stripe and Clerk had to tell has been taken. */
const newsDelivered = (fleet: Fleet) =>
  until(
    async () => (await fleet.world.control<{ idle: boolean }>('GET', '/deliveries/idle')).idle,
    'the deliveries',
    60_000,
  )

function tell(what: string, afterMs: number): void {
  console.info(`Takeover: ${what} after ${(afterMs / 1_000).toFixed(1)} s`)
  expect(afterMs).toBeLessThan(PROMISED_MS + SLACK_MS)
}

test(`three that do everything, ${RUNS} runs: one is killed and one is frozen`, async () => {
  const fleet = await setFleet()
  try {
    await slowDown(fleet.world)
    await fleet.start('all')
    const [killed, frozen] = await Promise.all([fleet.start('all'), fleet.start('all')])
    const texting = textPosts(fleet.world, RUNS)
    const joining = signUpMembers(fleet.world, RUNS / 10)
    await posted(fleet, 0.4)
    const diedMs = performance.now()
    killed.kill('SIGKILL')
    frozen.kill('SIGSTOP')
    const held = await Promise.all([heldBy(fleet, killed), heldBy(fleet, frozen)])
    const [ofKilled, ofFrozen] = held
    console.info(
      `Takeover: the killed one held ${ofKilled.runs.length} runs, the frozen one ${ofFrozen.runs.length}`,
    )
    expect(ofKilled.runs.length).toBeGreaterThan(0)
    expect(ofFrozen.runs.length).toBeGreaterThan(0)
    const [afterKill, afterFreeze] = await Promise.all([
      resumedAfter(fleet, ofKilled, diedMs),
      resumedAfter(fleet, ofFrozen, diedMs),
    ])
    tell('the first run of the killed one went on', afterKill)
    tell('the first run of the frozen one went on', afterFreeze)
    await thaw(fleet, frozen)
    const told = await texting
    const members = await joining
    await newsDelivered(fleet)
    await fleet.quiet(90_000)
    await expectEachOnce(fleet, told)
    await expectNothingReadAgain(fleet, told, held)
    await expectWelcomedOnce(fleet, members)
  } finally {
    await fleet.close()
  }
}, 240_000)

test(`one for the web and two workers, ${RUNS / 2} runs: a worker dies, its successor freezes the other out`, async () => {
  const fleet = await setFleet()
  try {
    await slowDown(fleet.world)
    await fleet.start('web')
    const [killed, frozen] = await Promise.all([fleet.start('worker'), fleet.start('worker')])
    const texting = textPosts(fleet.world, RUNS / 2)
    await posted(fleet, 0.1)
    const diedMs = performance.now()
    killed.kill('SIGKILL')
    const ofKilled = await heldBy(fleet, killed)
    tell('the first run of the killed worker went on', await resumedAfter(fleet, ofKilled, diedMs))
    await fleet.start('worker')
    await posted(fleet, 0.25)
    const frozeMs = performance.now()
    frozen.kill('SIGSTOP')
    const ofFrozen = await heldBy(fleet, frozen)
    if (ofFrozen.runs.length > 0)
      tell('the first run of the frozen worker went on', await resumedAfter(fleet, ofFrozen, frozeMs))
    await thaw(fleet, frozen)
    const told = await texting
    await fleet.quiet(90_000)
    await expectEachOnce(fleet, told)
    await expectNothingReadAgain(fleet, told, [ofKilled, ofFrozen])
  } finally {
    await fleet.close()
  }
}, 240_000)

test('a deploy: the new one is there, the old one drains, and nothing waits for a lease to expire', async () => {
  const fleet = await setFleet()
  try {
    await slowDown(fleet.world)
    await fleet.start('web')
    const [old] = await Promise.all([fleet.start('worker'), fleet.start('worker')])
    const texting = textPosts(fleet.world, RUNS / 5)
    await posted(fleet, 0.06)
    expect((await heldBy(fleet, old)).runs.length).toBeGreaterThan(0)
    const askedMs = performance.now()
    old.kill('SIGTERM')
    expect(await old.exited).toBe(0)
    const endedMs = performance.now()
    const left = await heldBy(fleet, old)
    if (left.runs.length > 0) {
      const tookMs = await resumedAfter(fleet, left, endedMs)
      console.info(
        `Takeover: ${left.runs.length} runs were left, the first went on after ${Math.round(tookMs)} ms`,
      )
      expect(tookMs).toBeLessThan(8_000)
    }
    console.info(`Takeover: the old one had drained after ${Math.round(endedMs - askedMs)} ms`)
    const told = await texting
    await fleet.quiet(60_000)
    await expectEachOnce(fleet, told)
    await expectNothingReadAgain(fleet, told, [])
  } finally {
    await fleet.close()
  }
}, 120_000)
