/**
 * Any sequence of arrivals, repeats, answers, decisions, edits, passing time, crashes and restarts: the database and
 * the world end as a plain state machine says.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { messageOf, outcomeOf } from '../support/stories.ts'
import { commands, type Real } from './commands.ts'
import { chosenSeed } from './config.ts'
import { type Model, type Post, wasAsked } from './model.ts'
import { expectOutcome, setStage } from './stage.ts'

const RUNS = 6
const MOST_COMMANDS = 10

test('the program agrees with the model at the end of every sequence', async () => {
  const seed = chosenSeed()
  console.info(`Model: RESILIENCE_SEED=${seed}`)
  const stage = await setStage()
  const dashboard = await stage.dashboard()
  let nowMs = 0
  try {
    await fc.assert(
      fc.asyncProperty(
        fc.commands(commands(), { maxCommands: MOST_COMMANDS, size: 'max' }),
        async (sequence) => {
          const model: Model = { nowMs, posts: [] }
          const real: Real = { stage, dashboard, requests: new Map() }
          await fc.asyncModelRun(() => ({ model, real }), sequence)
          await expectAgreement(real, model)
          nowMs = model.nowMs
        },
      ),
      // A failed run may leave the shared program amid something; its sequence is printed whole instead of shrunk.
      { seed, numRuns: RUNS, endOnFailure: true },
    )
  } finally {
    await stage.close()
  }
}, 240_000)

async function expectAgreement({ stage }: Real, model: Model): Promise<void> {
  await stage.quiet()
  for (const post of model.posts) {
    await expectOutcome(stage, post, {
      texts: post.texts,
      slackMessages: wasAsked(post) ? 1 : 0,
      slackReplies: wasAsked(post) ? post.reminders : 0,
      circlePosts: post.status === 'published' ? 1 : 0,
    })
    const [row] = await stage.rows(
      `select submissions.status, title, approvals.status as decision, decided_by_kind as via
       from submissions left join approvals on approvals.subject_id = submissions.id where reference = $1`,
      [post.reference],
    )
    expect(row).toMatchObject({ status: post.status, ...(wasAsked(post) ? asked(post) : { decision: null }) })
    if (wasAsked(post)) {
      const message = await messageOf(stage.world, post)
      expect(message.blocks.some(({ type }) => type === 'actions')).toBe(post.status === 'pending_approval')
      expect((await outcomeOf(stage.world, post)).slackState).toContain(STANDS[post.status])
    }
  }
  expect(await stage.rows(`select kind, status from effects where status <> 'done'`)).toEqual([])
  expect(await stage.count(`from dbos.workflow_status where status = 'ERROR'`)).toBe(0)
}

function asked(post: Post): Record<string, unknown> {
  const decision = { published: 'approved', pending_approval: 'open' }[post.status as string] ?? post.status
  const via = post.status === 'expired' ? 'system' : post.decidedVia
  return { title: post.title, decision, via }
}

const STANDS: Record<Post['status'], string> = {
  needs_details: '',
  not_a_job_post: '',
  lapsed: '',
  pending_approval: 'Waiting for a decision',
  published: 'Published on Circle',
  denied: 'Denied by',
  expired: 'Timed out after 7 days',
}
