/**
 * A crash at every seam of the members' jobs: the program dies there (SIGKILL to itself), is started again, and the
 * providers' worlds and our tables end as without a crash.
 */
import { expect, test } from 'vitest'
import {
  answerUnknown,
  type MemberOutcome,
  type MemberStage,
  openRows,
  outcomeOf,
  repeatPending,
  STORY_ENV,
} from '../support/member-stories.ts'
import { superviseProgram } from '../support/program.ts'
import { startSandboxWorld, until } from '../support/sandbox-world.ts'
import { createTestDatabase } from '../support/test-database.ts'
import { chooseCases } from './choose.ts'
import { MEMBER_EXPECTED, MEMBER_STORIES, type MemberStoryName } from './member-expected.ts'
import { MEMBER_SEAMS } from './member-seams.ts'

const ALL = Object.entries(MEMBER_SEAMS).flatMap(([story, seams]) =>
  seams.map((seam) => [seam, story as MemberStoryName] as const),
)
const CASES = chooseCases(ALL, 12)
/** Between the intent to call and the record of the answer Mailchimp cannot be asked what happened. */
const ASKS_A_PERSON = new Set(['mailchimp.welcome.before-call', 'mailchimp.welcome.after-call'])

/** The same world as without a crash; what is on record says that a person had to be asked. */
function expectedAfter(seam: string, story: MemberStoryName): MemberOutcome {
  const expected = MEMBER_EXPECTED[story]
  if (!ASKS_A_PERSON.has(seam)) return expected
  return { ...expected, audit: [...expected.audit, 'could not be synced to Mailchimp'] }
}

/** A moderator answers what is asked; and providers repeat at once what they would repeat in half a minute. */
async function lookAfter(stage: MemberStage): Promise<boolean> {
  await repeatPending(stage)
  return answerUnknown(stage)
}

test.concurrent.each(CASES)(
  'a crash at %s (%s)',
  async (seam, story) => {
    const database = await createTestDatabase()
    const world = await startSandboxWorld()
    const env = { ...STORY_ENV, KINKEEPER_CRASH_AT: seam }
    const program = await superviseProgram({ databaseUrl: database.url, world, env })
    const { rows, close } = openRows(database.url)
    const stage = { world, rows }
    const asked = { person: 0 }
    const watching = setInterval(() => {
      void lookAfter(stage).then(
        (answered) => {
          if (answered) asked.person += 1
        },
        () => {}, // the program is just being started again
      )
    }, 2_000)
    try {
      await until(async () => (await fetch(`${program.current().url}/readyz`)).ok, 'the program to be ready')
      const person = await MEMBER_STORIES[story](stage)
      await until(async () => program.crashes() > 0, `the crash at ${seam}`)
      const outcome = await until(
        async () => {
          const now = await outcomeOf(stage, person)
          return JSON.stringify(now) === JSON.stringify(expectedAfter(seam, story)) ? now : null
        },
        'the same end as without a crash',
        30_000,
      ).catch(() => outcomeOf(stage, person))
      expect(outcome).toEqual(expectedAfter(seam, story))
      expect(program.crashes()).toBe(1)
      expect(asked.person > 0).toBe(ASKS_A_PERSON.has(seam))
    } finally {
      clearInterval(watching)
      await program.stop()
      await close()
      await world.stop()
      await database.drop()
    }
  },
  120_000,
)
