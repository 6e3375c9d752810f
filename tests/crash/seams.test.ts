/**
 * A crash at every seam: the program is told to die there, really dies (SIGKILL to itself), is started again, and the
 * outside world ends as it does without a crash. Each case has a database and a world of its own. A test run takes a part
 * of them (see `choose.ts`).
 */
import { expect, test } from 'vitest'
import { superviseProgram } from '../support/program.ts'
import { startSandboxWorld, until } from '../support/sandbox-world.ts'
import { approve, complete, deny, expire, lapse, outcomeOf, type Story } from '../support/stories.ts'
import { createTestDatabase } from '../support/test-database.ts'
import { chooseCases } from './choose.ts'
import { EXPECTED, type StoryName } from './expected.ts'
import { SEAMS } from './seams.ts'

const STORIES: Record<StoryName, Story> = { approve, deny, expire, complete, lapse }
const CASES = Object.entries(SEAMS).flatMap(([story, seams]) =>
  seams.map((seam) => [seam, story as StoryName] as const),
)

test.concurrent.each(chooseCases(CASES, 6))(
  'a crash at %s (%s)',
  async (seam, story) => {
    const database = await createTestDatabase()
    const world = await startSandboxWorld()
    const program = await superviseProgram({
      databaseUrl: database.url,
      world,
      env: { KINKEEPER_CRASH_AT: seam },
    })
    try {
      const told = await STORIES[story](world)
      await until(async () => program.crashes() > 0, `the crash at ${seam}`)
      const outcome = await until(
        async () => {
          const now = await outcomeOf(world, told)
          return JSON.stringify(now) === JSON.stringify(EXPECTED[story]) ? now : null
        },
        'the same end as without a crash',
        20_000,
      ).catch(() => outcomeOf(world, told))
      expect(outcome).toEqual(EXPECTED[story])
      expect(program.crashes()).toBe(1)
    } finally {
      await program.stop()
      await world.stop()
      await database.drop()
    }
  },
  120_000,
)
