import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Program, startProgram } from '../support/program.ts'
import { type SandboxWorld, startSandboxWorld, until } from '../support/sandbox-world.ts'
import { approve, complete, deny, expire, lapse, outcomeOf } from '../support/stories.ts'
import { createTestDatabase } from '../support/test-database.ts'
import { EXPECTED } from './expected.ts'
import { MEMBER_SEAMS, sameSeam } from './member-seams.ts'
import { SEAMS } from './seams.ts'

/** The stories without a crash: what the crash tests compare with. */
let database: Awaited<ReturnType<typeof createTestDatabase>>
let world: SandboxWorld
let program: Program

beforeAll(async () => {
  database = await createTestDatabase()
  world = await startSandboxWorld()
  program = await startProgram({ databaseUrl: database.url, world, env: { KINKEEPER_TRACE_SEAMS: 'on' } })
})

afterAll(async () => {
  await program.stop()
  await world.stop()
  await database.drop()
})

const STORIES = { approve, deny, complete, lapse, expire } as const
const NAMES = Object.keys(STORIES) as (keyof typeof STORIES)[]

test.each(NAMES)('%s ends as it should', async (name) => {
  const told = await STORIES[name](world)
  const outcome = await until(
    async () => {
      const now = await outcomeOf(world, told)
      return JSON.stringify(now) === JSON.stringify(EXPECTED[name]) ? now : null
    },
    'the end',
    5_000,
  ).catch(() => outcomeOf(world, told))
  expect(outcome).toEqual(EXPECTED[name])
})

test('every seam that the stories pass is one that a crash is tested at', () => {
  const passed = new Set(
    program.lines.flatMap((line) =>
      line.includes('"event":"seam"') ? [sameSeam(String(JSON.parse(line).name))] : [],
    ),
  )
  const own = Object.values(SEAMS).flat()
  // The clock that the stories move also starts what is scheduled; those crashes are `member-seams.test.ts`'s.
  const known = new Set([...own, ...Object.values(MEMBER_SEAMS).flat().map(sameSeam)])
  expect([...passed].filter((name) => !known.has(name)).sort()).toEqual([])
  expect(own.filter((name) => !passed.has(name))).toEqual([])
})
