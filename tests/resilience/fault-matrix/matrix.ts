import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { explain } from '../../../src/dead-letters/index.ts'
import type { DeadLetter } from '../../../src/engine/index.ts'
import { addFault } from '../faults.ts'
import { chosenFaults } from './config.ts'
import { faultsOf, type MatrixFault } from './faults.ts'
import { type MatrixStage, startMatrixStage } from './stage.ts'
import type { MatrixStory, StoryCall } from './stories.ts'
import { worldOf } from './world.ts'

type Cell = { call: StoryCall; fault: MatrixFault; lasts: boolean }

/**
 * All cells take many minutes, so each test run takes every ninety-sixth, from a place that differs from run to run and is
 * printed. `FAULTS=all` takes all, `FAULTS=2` those from the second on, `FAULTS=chat.update` those whose name contains it.
 */
const EVERY = 96
/** How long a run goes on trying when the fault lasts; and when it is to look first, which it does after a second. */
const IMPATIENT_MS = 300
const IMPATIENT_AFTER_LOOK_MS = 1_700
/** A lost answer is looked up fifteen seconds after a timeout, and OpenAI's limits count by the minute. */
const CELL_LIMIT_MS = 120_000

/** Tests of every call of these stories with every fault, one that ends and one that lasts longer than we are patient. */
export function testMatrix(stories: readonly MatrixStory[]): void {
  const choose = chooser()
  let stage: MatrixStage
  beforeAll(async () => {
    stage = await startMatrixStage()
  })
  afterAll(() => stage.stop())

  for (const story of stories) {
    const cells = cellsOf(story).filter(choose)
    describe.runIf(cells.length > 0)(story.name, () => {
      let expected: unknown
      test('without a fault: exactly the calls of the table are made', async () => {
        await stage.anew()
        const act = await story.tell(stage)
        const before = await callsMade(stage)
        await act()
        await stage.quiet()
        expected = await worldOf(stage)
        expect(await stage.openLetters()).toEqual([])
        const made = Object.entries(await callsMade(stage)).flatMap(([name, count]) =>
          count > (before[name] ?? 0) ? [name] : [],
        )
        expect(made.toSorted()).toEqual(tableOf(story))
      })
      test.each(cells.map((cell) => [nameOf(cell), cell] as const))(
        '%s',
        (_name, cell) => testCell(stage, story, cell, () => expected),
        CELL_LIMIT_MS,
      )
    })
  }
}

async function testCell(stage: MatrixStage, story: MatrixStory, cell: Cell, expected: () => unknown) {
  const { call, fault, lasts } = cell
  await stage.anew()
  const act = await story.tell(stage)
  const world = stage.world()
  if (call.after) await addFault(world, call.provider, call.after, { kind: 'drop-after', times: 1 })
  await addFault(world, call.provider, call.operation, { ...fault.wish, ...(lasts ? {} : { times: 1 }) })
  const limitMs = call.after ? IMPATIENT_AFTER_LOOK_MS : IMPATIENT_MS
  // What a delivery brings is handled once, and then by the retry.
  stage.setImpatient(lasts ? { jobs: [call.job, 'webhook-delivery'], limitMs } : null)
  await act()
  await stage.quiet()
  const letters = await stage.openLetters()
  for (const letter of letters) expectTold(letter, cell)
  expect(letters.length > 0, `${letters.length} dead letters`).toBe(needsSomebody(cell, letters.length > 0))
  await world.control('DELETE', '/faults')
  stage.setImpatient(null)
  await stage.mend()
  expect(await worldOf(stage)).toEqual(expected())
}

/** Whether such a fault is more than the run gets over by itself. Where the table leaves it open: as it is. */
function needsSomebody({ call, fault, lasts }: Cell, asItIs: boolean): boolean {
  if (call.but === 'falls-back') return false
  if (call.but === 'looks-again') {
    if (call.after !== undefined) return lasts
    return fault.final === true || (lasts && fault.done !== true)
  }
  if (call.but === 'no-look' && !fault.final) return fault.errorClass === 'rate-limited' ? lasts : true
  if (fault.final && call.but !== 'tried-again') return true
  return lasts && (call.but === 'sees-it' ? asItIs : true)
}

/** The letter says what happened, of the right class, in plain words, and nobody's secrets. */
function expectTold(letter: DeadLetter, { call, fault }: Cell): void {
  expect(letter.job).toBe(call.job)
  expect([fault.errorClass, 'outcome-unknown', ...alsoReadAs(call, fault)]).toContain(letter.errorClass)
  expect(letter.provider).toBe(call.provider)
  const { message } = letter.error
  expect(message).toMatch(/^[A-Z“].*\.$/s)
  expect(message).not.toMatch(
    /undefined|null|\[object|\bat .*\.ts|<html|@example|\+1415\d|sandbox-|sk_test|sk_/,
  )
  const { title, suggestion } = explain(letter)
  expect(title).not.toMatch(/other side/)
  expect(suggestion).toMatch(/\.$/)
}

/**
 * Clerk's SDK does not say why an answer could not be had. Luma's lost answers are the letter's news when the time is up
 * before anybody could look.
 */
function alsoReadAs({ provider, after }: StoryCall, { errorClass }: MatrixFault): string[] {
  if (provider === 'clerk' && errorClass === 'unreadable') return ['no-answer']
  return provider === 'luma' && after !== undefined ? ['no-answer'] : []
}

function cellsOf({ calls }: MatrixStory): Cell[] {
  return calls.flatMap((call) =>
    faultsOf(call.provider).flatMap((fault) => [false, true].map((lasts) => ({ call, fault, lasts }))),
  )
}

function nameOf({ call, fault, lasts }: Cell): string {
  const what = call.after ? `${call.operation} after a lost ${call.after}` : call.operation
  return `${call.job}: ${call.provider} ${what}: ${fault.name}, ${lasts ? 'for long' : 'once'}`
}

/** Those that look for what was made are made only when an answer was lost. */
function tableOf({ calls }: MatrixStory): string[] {
  const made = calls.filter(({ after }) => after === undefined)
  return [...new Set(made.map(({ provider, operation }) => `${provider}/${operation}`))].toSorted()
}

async function callsMade(stage: MatrixStage): Promise<Record<string, number>> {
  return (await stage.world().read()).calls.byOperation
}

function chooser(): (cell: Cell) => boolean {
  const chosen = chosenFaults()
  if (chosen === 'all') return () => true
  if (chosen !== null && !/^\d+$/.test(chosen)) return (cell) => nameOf(cell).includes(chosen)
  const offset = (chosen === null ? Math.floor(Math.random() * EVERY) : Number(chosen) - 1) % EVERY
  console.info(`Faults: FAULTS=${offset + 1} of ${EVERY}; FAULTS=all for every one`)
  let place = 0
  return () => place++ % EVERY === offset
}
