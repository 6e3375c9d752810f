/** Slots by the clock, by an outside scheduler and by a person: each fires once, whoever comes first. */
import { Cron } from 'croner'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { until } from '../../tests/support/sandbox-world.ts'
import { createTestDatabase } from '../../tests/support/test-database.ts'
import { type Database, openDatabase } from '../database/index.ts'
import { type Clock, createLogger, NotFoundError } from '../primitives/index.ts'
import { defineJob, type Engine, type ScheduleDefinition, startEngine, startSchedules } from './index.ts'
import { requestedSlot } from './schedules.ts'

const logger = createLogger('silent')
const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000
const at = (iso: string) => Date.parse(iso)

/** A clock that stands where a test puts it. */
function clockAt(iso: string): Clock & { set(iso: string): void } {
  let nowMs = at(iso)
  return {
    now: () => nowMs,
    offsetMs: () => 0,
    advanceTo: () => false,
    set: (to) => {
      nowMs = at(to)
    },
  }
}

const job = defineJob({
  name: 'slot-job',
  input: z.object({ slot: z.string(), schedule: z.string().default('') }),
  idempotencyKey: ({ slot }) => slot,
  async run() {},
})

/** Another process has pools of its own; rows are all they have in common. */
const databases: Database[] = []
let engine: Engine
let drop: () => Promise<void>

beforeAll(async () => {
  const created = await createTestDatabase()
  drop = created.drop
  for (let each = 0; each < 2; each++) databases.push(openDatabase({ url: created.url, poolSize: 5, logger }))
  engine = await startEngine({ database: first(), clock: clockAt('2027-01-01T00:00Z'), logger, jobs: [job] })
})
afterAll(async () => {
  await engine.stop(5_000)
  for (const database of databases) await database.close()
  await drop()
})

function first(): Database {
  const [database] = databases
  if (!database) throw new Error('No database')
  return database
}

let counter = 0
/** A schedule of this test's own, whose runs are its own too. */
function schedule(changes: Partial<ScheduleDefinition> = {}): ScheduleDefinition {
  const name = `schedule-${++counter}`
  return {
    name,
    description: 'A test',
    cron: '0 9,21 * * *',
    zone: 'UTC',
    path: null,
    job: { ...job, idempotencyKey: ({ slot }) => `${name}/${slot}` },
    ...changes,
  }
}

/** A process that keeps schedules. */
async function keep(definition: ScheduleDefinition, clock: Clock, database = first()) {
  const starter = () => engine.starter
  const schedules = await startSchedules({ database, clock, logger, starter, definitions: [definition] })
  let stopped = false
  const stop = async () => {
    if (stopped) return
    stopped = true
    await schedules.stop()
  }
  onTestFinished(stop)
  return { ...schedules, stop }
}

async function firings(name: string): Promise<{ slot: string; cause: string; run: string | null }[]> {
  const { rows } = await first().pool.query(
    'select slot_at, cause, run_id from schedule_firings where schedule = $1 order by slot_at',
    [name],
  )
  return rows.map((row) => ({ slot: row.slot_at.toISOString(), cause: row.cause, run: row.run_id }))
}
const slots = async (name: string) => (await firings(name)).map(({ slot }) => slot)
async function runs(name: string): Promise<number> {
  const { rows } = await first().pool.query(
    'select count(*)::int as count from dbos.workflow_status where workflow_uuid like $1',
    [`slot-job:${name}/%`],
  )
  return rows[0].count
}

describe('by the clock', () => {
  test('a slot fires once, in its very moment and not before, over two processes that look again and again', async () => {
    const definition = schedule()
    const clock = clockAt('2027-01-04T08:00:00Z')
    const [one, other] = await Promise.all([
      keep(definition, clock, databases[0]),
      keep(definition, clock, databases[1]),
    ])
    clock.set('2027-01-04T08:59:59.999Z')
    await Promise.all([one.fireDue(), other.fireDue()])
    expect(await firings(definition.name)).toEqual([])
    clock.set('2027-01-04T09:00:00.000Z')
    await Promise.all(Array.from({ length: 10 }, (_, index) => (index % 2 ? one : other).fireDue()))
    clock.set('2027-01-04T09:00:30.000Z')
    await Promise.all([one.fireDue(), other.fireDue()])
    expect(await firings(definition.name)).toEqual([
      {
        slot: '2027-01-04T09:00:00.000Z',
        cause: 'clock',
        run: `slot-job:${definition.name}/2027-01-04T09:00:00.000Z`,
      },
    ])
    expect(await runs(definition.name)).toBe(1)
    clock.set('2027-01-04T21:00:00.001Z')
    await Promise.all([one.fireDue(), other.fireDue()])
    expect(await slots(definition.name)).toEqual(['2027-01-04T09:00:00.000Z', '2027-01-04T21:00:00.000Z'])
  })

  test('it fires by itself when the time has come', async () => {
    const definition = schedule({ cron: '* * * * *' })
    const start = at('2027-01-04T08:59:58Z')
    const begun = performance.now()
    const clock = {
      now: () => start + (performance.now() - begun),
      offsetMs: () => 0,
      advanceTo: () => false,
    }
    await keep(definition, clock)
    await until(async () => (await firings(definition.name)).length > 0, 'the firing', 10_000)
    expect(await firings(definition.name)).toMatchObject([
      { slot: '2027-01-04T09:00:00.000Z', cause: 'clock' },
    ])
  })

  test('of what was missed while nothing ran, the last slot is caught up once, and the older ones are let go', async () => {
    const definition = schedule({ cron: '0 * * * *' })
    const clock = clockAt('2027-01-04T06:30:00Z')
    await (await keep(definition, clock)).stop()
    clock.set('2027-01-04T12:40:00Z')
    const again = await keep(definition, clock)
    await again.fireDue()
    await again.fireDue()
    expect(await firings(definition.name)).toMatchObject([
      { slot: '2027-01-04T12:00:00.000Z', cause: 'catch-up' },
    ])
    expect(await runs(definition.name)).toBe(1)
  })

  test.each([
    ['five hours and 59 minutes', '2027-01-04T14:59:00Z', 1],
    ['six hours and a minute', '2027-01-04T15:01:00Z', 0],
  ])('a slot that was missed for %s', async (_name, back, expected) => {
    const definition = schedule()
    const clock = clockAt('2027-01-04T08:00:00Z')
    await (await keep(definition, clock)).stop()
    clock.set(back)
    await (await keep(definition, clock)).fireDue()
    expect(await firings(definition.name)).toHaveLength(expected)
  })

  test('a slot of before the installation is nobody’s business', async () => {
    const definition = schedule()
    const clock = clockAt('2027-01-04T09:00:01Z')
    await (await keep(definition, clock)).fireDue()
    expect(await firings(definition.name)).toEqual([])
  })

  test('a slot that fired before a restart does not fire after it', async () => {
    const definition = schedule()
    const clock = clockAt('2027-01-04T08:00:00Z')
    const before = await keep(definition, clock)
    clock.set('2027-01-04T09:00:05Z')
    await before.fireDue()
    await before.stop()
    clock.set('2027-01-04T09:20:00Z')
    await (await keep(definition, clock)).fireDue()
    expect(await firings(definition.name)).toHaveLength(1)
  })
})

describe('asked from outside', () => {
  test('the same slot any number of times, in two processes, is one run, named to all', async () => {
    const definition = schedule()
    const clock = clockAt('2027-01-04T08:00:00Z')
    const [one, other] = await Promise.all([
      keep(definition, clock, databases[0]),
      keep(definition, clock, databases[1]),
    ])
    clock.set('2027-01-04T09:12:00Z')
    const asked = Array.from({ length: 12 }, (_, index) => (index % 2 ? one : other).request(definition.name))
    const answers = await Promise.all(asked)
    expect(new Set(answers.map(({ runId }) => runId))).toEqual(
      new Set([`slot-job:${definition.name}/2027-01-04T09:00:00.000Z`]),
    )
    expect(answers.filter((answer) => answer.first)).toHaveLength(1)
    // The clock, which looks late, finds it done.
    await one.fireDue()
    expect(await firings(definition.name)).toMatchObject([
      { slot: '2027-01-04T09:00:00.000Z', cause: 'request' },
    ])
    expect(await runs(definition.name)).toBe(1)
  })

  test('a slot that the clock has fired answers with the clock’s run', async () => {
    const definition = schedule()
    const clock = clockAt('2027-01-04T08:00:00Z')
    const kept = await keep(definition, clock)
    clock.set('2027-01-04T09:00:00Z')
    await kept.fireDue()
    expect(await kept.request(definition.name)).toEqual({
      runId: `slot-job:${definition.name}/2027-01-04T09:00:00.000Z`,
      first: false,
      slotMs: at('2027-01-04T09:00:00Z'),
    })
  })

  test('at another time it runs once in five minutes, and the next slot fires all the same', async () => {
    const definition = schedule()
    const clock = clockAt('2027-01-04T08:56:59Z')
    const kept = await keep(definition, clock)
    expect((await kept.request(definition.name)).first).toBe(true)
    clock.set('2027-01-04T08:59:29Z')
    expect((await kept.request(definition.name)).first).toBe(false)
    clock.set('2027-01-04T09:00:00Z')
    await kept.fireDue()
    expect(await slots(definition.name)).toEqual(['2027-01-04T08:55:00.000Z', '2027-01-04T09:00:00.000Z'])
  })

  test('there is no such schedule', async () => {
    const kept = await keep(schedule(), clockAt('2027-01-04T08:00:00Z'))
    await expect(kept.request('another')).rejects.toThrow(NotFoundError)
    await expect(kept.runNow('another')).rejects.toThrow(NotFoundError)
  })
})

test('a person may run it at any time, as often as they like', async () => {
  const definition = schedule()
  const clock = clockAt('2027-01-04T13:00:00Z')
  const kept = await keep(definition, clock)
  await kept.runNow(definition.name)
  clock.set('2027-01-04T13:00:07Z')
  await kept.runNow(definition.name)
  expect((await firings(definition.name)).map(({ cause }) => cause)).toEqual(['person', 'person'])
})

test('the next five are told, soonest first, and the last five, newest first', async () => {
  const definition = schedule({ cron: '0 * * * *' })
  const clock = clockAt('2027-01-04T00:30:00Z')
  const kept = await keep(definition, clock)
  for (let hour = 1; hour <= 7; hour++) {
    clock.set(`2027-01-04T0${hour}:00:01Z`)
    await kept.fireDue()
  }
  const [overview] = await kept.list()
  expect(overview?.last.map(({ slotAt }) => slotAt.getUTCHours())).toEqual([7, 6, 5, 4, 3])
  expect(overview?.nextMs).toEqual([8, 9, 10, 11, 12].map((hour) => at('2027-01-04T00:00Z') + hour * HOUR_MS))
})

describe('in a zone with summer time', () => {
  // [zone, cron, when to begin, each slot that there is in the following two days]
  const DAYS: [string, string, string, string, string[]][] = [
    [
      'Stockholm, the day without a 02:30: at 03:00, when the clocks have moved',
      'Europe/Stockholm',
      '30 2 * * *',
      '2027-03-27T12:00:00Z',
      ['2027-03-28T01:00:00.000Z', '2027-03-29T00:30:00.000Z'],
    ],
    [
      'Stockholm, the day with two 02:30: at the first',
      'Europe/Stockholm',
      '30 2 * * *',
      '2027-10-30T12:00:00Z',
      ['2027-10-31T00:30:00.000Z', '2027-11-01T01:30:00.000Z'],
    ],
    [
      'New York, the day without a 02:30: at 03:00',
      'America/New_York',
      '30 2 * * *',
      '2027-03-13T12:00:00Z',
      ['2027-03-14T07:00:00.000Z', '2027-03-15T06:30:00.000Z'],
    ],
    [
      'New York, the day with two 01:30: at the first',
      'America/New_York',
      '30 1 * * *',
      '2027-11-06T12:00:00Z',
      ['2027-11-07T05:30:00.000Z', '2027-11-08T06:30:00.000Z'],
    ],
  ]

  test.each(DAYS)('%s', async (_name, zone, cron, begin, expected) => {
    const definition = schedule({ zone, cron })
    const clock = clockAt(begin)
    const kept = await keep(definition, clock)
    const [overview] = await kept.list()
    expect(overview?.nextMs.slice(0, 2).map((ms) => new Date(ms).toISOString())).toEqual(expected)
    // What the clock fires, looking every ten minutes, is what was announced: nothing twice, nothing left out.
    for (let ms = at(begin); ms < at(begin) + 48 * HOUR_MS; ms += 10 * MINUTE_MS) {
      clock.set(new Date(ms).toISOString())
      await kept.fireDue()
    }
    expect(await slots(definition.name)).toEqual(expected)
  })

  test.each(['Europe/Stockholm', 'America/New_York'])(
    'an hourly one in %s fires each hour through both changes',
    async (zone) => {
      for (const begin of [
        '2027-03-13T22:30:00Z',
        '2027-03-27T22:30:00Z',
        '2027-10-30T22:30:00Z',
        '2027-11-06T22:30:00Z',
      ]) {
        const definition = schedule({ zone, cron: '0 * * * *' })
        const clock = clockAt(begin)
        const kept = await keep(definition, clock)
        for (let hour = 1; hour <= 12; hour++) {
          clock.set(new Date(at(begin) + hour * HOUR_MS).toISOString())
          await kept.fireDue()
        }
        expect(await slots(definition.name)).toHaveLength(12)
      }
    },
  )
})

test.each([
  ['a minute that does not exist', { cron: '99 * * * *' }],
  ['too few fields', { cron: '* * *' }],
  ['a field for seconds', { cron: '0 0 3 * * *' }],
  ['a day that never comes', { cron: '0 3 31 2 *' }],
  ['a date', { cron: '2027-01-01T00:00:00' }],
  ['words', { cron: 'every day' }],
  ['nothing', { cron: '' }],
  ['a zone that does not exist', { zone: 'Mars/Olympus' }],
  ['no zone', { zone: '' }],
])('%s is an error at the start, in plain words', async (_name, changes) => {
  const definition = schedule(changes)
  await expect(keep(definition, clockAt('2027-01-04T08:00:00Z'))).rejects.toThrow(
    `The schedule "${definition.name}" (${definition.cron}, ${definition.zone}) cannot be understood.`,
  )
  const { rows } = await first().pool.query('select 1 from schedule_states where schedule = $1', [
    definition.name,
  ])
  expect(rows).toEqual([])
})

const twiceADay = new Cron('0 9,21 * * *', { timezone: 'UTC', paused: true })
test.each([
  ['in the very moment', '09:00:00.000', '09:00:00'],
  ['a minute later', '09:01:00', '09:00:00'],
  ['half an hour later', '09:30:00.000', '09:00:00'],
  ['later than that', '09:30:00.001', '09:30:00'],
  ['at any time', '13:07:41', '13:05:00'],
  ['just before a slot, by a clock that is ahead', '08:59:59.999', '09:00:00'],
  ['half a minute before', '08:59:30.000', '09:00:00'],
  ['earlier than that', '08:59:29.999', '08:55:00'],
  ['in the evening', '21:29:00', '21:00:00'],
])('a request %s (%s) belongs to the slot of %s', (_name, now, slot) => {
  expect(new Date(requestedSlot(twiceADay, at(`2027-01-04T${now}Z`))).toISOString()).toBe(
    `2027-01-04T${slot}.000Z`,
  )
})
