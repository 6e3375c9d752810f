/** The members' stories without a crash: what the crash tests compare with, and which seams they pass. */
import { afterAll, describe, expect, test } from 'vitest'
import { openRows, outcomeOf, STORY_ENV } from '../support/member-stories.ts'
import { startProgram } from '../support/program.ts'
import { startSandboxWorld, until } from '../support/sandbox-world.ts'
import { createTestDatabase } from '../support/test-database.ts'
import { MEMBER_EXPECTED, MEMBER_STORIES, type MemberStoryName } from './member-expected.ts'
import { MEMBER_SEAMS, sameSeam } from './member-seams.ts'
import { SEAMS } from './seams.ts'

const NAMES = Object.keys(MEMBER_STORIES) as MemberStoryName[]
const passed = new Set<string>()
const listed = new Set(Object.values(MEMBER_SEAMS).flat().map(sameSeam))

describe('the members’ stories', () => {
  test.concurrent.each(NAMES)('%s ends as it should', async (name) => {
    const database = await createTestDatabase()
    const world = await startSandboxWorld()
    const env = { ...STORY_ENV, KINKEEPER_TRACE_SEAMS: 'on' }
    const program = await startProgram({ databaseUrl: database.url, world, env })
    const { rows, close } = openRows(database.url)
    try {
      const stage = { world, rows }
      const person = await MEMBER_STORIES[name](stage)
      const outcome = await until(
        async () => {
          const now = await outcomeOf(stage, person)
          return JSON.stringify(now) === JSON.stringify(MEMBER_EXPECTED[name]) ? now : null
        },
        'the end',
        10_000,
      ).catch(() => outcomeOf(stage, person))
      expect(outcome).toEqual(MEMBER_EXPECTED[name])
    } finally {
      await program.stop()
      for (const line of program.lines)
        if (line.includes('"event":"seam"')) passed.add(sameSeam(String(JSON.parse(line).name)))
      await close()
      await world.stop()
      await database.drop()
    }
  })
})

afterAll(() => {
  const known = new Set([...listed, ...Object.values(SEAMS).flat()])
  // A seam that is passed and not listed is a crash that nobody has tried; one that is not passed is a test of nothing.
  expect([...passed].filter((name) => !known.has(name)).sort()).toEqual([])
  expect([...listed].filter((name) => !passed.has(name)).sort()).toEqual([])
})
