/** One decision, whatever the surface and however many decide at once; the others are told who did. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newNumber, until } from '../support/sandbox-world.ts'
import { GOOD_POST, messageOf, outcomeOf, submit, type Told } from '../support/stories.ts'
import { clickPayload, modalPayload, send, signedInteraction, signedText, wallClock } from './signed.ts'
import { approvalOf, type Dashboard, outcomesOf, type Stage, setStage } from './stage.ts'

const LIVE = /is live/
const NOT_IN_TIME = /was not reviewed in time/
const NOT_APPROVED = /was not approved/
const REASON = 'We only post paid jobs'

describe('twenty decisions at once', () => {
  let stage: Stage
  let dashboard: Dashboard
  beforeAll(async () => {
    stage = await setStage()
    dashboard = await stage.dashboard()
  })
  afterAll(() => stage.close())

  /** Five each of Slack's Approve and Deny, and the dashboard's. Gives what those who came later were told. */
  async function twenty(told: Told, turn: number): Promise<string[]> {
    const { world } = stage
    const [message, approval, { slack }] = await Promise.all([
      messageOf(world, told),
      approvalOf(stage, told),
      world.read(),
    ])
    const users = slack.users.filter(({ name }) => name !== 'kinkeeper')
    const userOf = (index: number) => users[index % users.length]?.id ?? ''
    const modals: { viewId: string; user: string }[] = []
    for (let index = 0; index < 5; index++) {
      const opened = await world.click(message, 'job_deny', userOf(index))
      modals.push({ viewId: opened.modal?.viewId ?? '', user: userOf(index) })
    }
    const ephemeralBefore = slack.ephemeral.length
    const clicks = (index: number) => world.click(message, 'job_approve', userOf(index)).then(() => null)
    const denials = async ({ viewId, user }: (typeof modals)[number]) => {
      const values = { reason: { value: REASON } }
      const { response } = await world.control<{ response: unknown }>(
        'POST',
        `/slack/views/${viewId}/submit`,
        {
          userId: user,
          values,
        },
      )
      return response === null ? null : JSON.stringify(response)
    }
    const byDashboard = async (body: unknown) => {
      const answer = await dashboard.post(`/approvals/${approval.id}/decision`, body)
      expect(answer.status).toBe(200)
      const { won, message: words } = answer.body as { won: boolean; message: string }
      return won ? null : words
    }
    const all = [0, 1, 2, 3, 4].flatMap((index) => [
      () => clicks(index),
      () => denials(modals[index] ?? { viewId: '', user: '' }),
      () => byDashboard({ decision: 'approve' }),
      () => byDashboard({ decision: 'deny', reason: REASON }),
    ])
    const answers = await Promise.all([...all.slice(turn), ...all.slice(0, turn)].map((decide) => decide()))
    await stage.quiet()
    const later = answers.filter((answer) => answer !== null)
    const lines = (await world.read()).slack.ephemeral.slice(ephemeralBefore).map(({ text }) => text)
    return [...later, ...lines]
  }

  test.each([0, 1, 2, 3, 7, 13])(
    'over both surfaces: one wins, nineteen are told who (round %i)',
    async (turn) => {
      const told = await submit(stage.world, GOOD_POST)
      const later = await twenty(told, turn)
      expect(later).toHaveLength(19)
      const [decision] = await stage.rows<{
        status: string
        decided_by_name: string
        decided_by_kind: string
      }>(
        `select approvals.status, decided_by_name, decided_by_kind from approvals
       join submissions on submissions.id = subject_id where reference = $1`,
        [told.reference],
      )
      const where = decision?.decided_by_kind === 'slack' ? 'in Slack' : 'in the dashboard'
      for (const words of later) {
        expect(words).toContain(`${decision?.decided_by_name} ${decision?.status} this ${where} just now`)
      }
      const audited = await stage.count(
        `from audit_entries join approvals on approvals.id = target_id
       join submissions on submissions.id = subject_id
       where target_kind = 'approval' and reference = $1`,
        [told.reference],
      )
      expect(audited).toBe(1)
      const outcome = await until(async () => {
        const now = await outcomeOf(stage.world, told)
        return now.texts.length === 2 ? now : null
      }, 'the text to the sender')
      const approved = decision?.status === 'approved'
      expect(outcome).toMatchObject({ slackMessages: 1, circlePosts: approved ? 1 : 0 })
      expect(outcome.texts[1]).toMatch(approved ? LIVE : NOT_APPROVED)
    },
  )

  test('a hundred buttons pressed at once on as many messages: each is answered within Slack’s three seconds', async () => {
    const { world } = stage
    const all = await Promise.all(
      Array.from({ length: 100 }, async (): Promise<Told> => {
        const phone = newNumber()
        const reply = await (await send(signedText(world, { from: phone, body: GOOD_POST }))).text()
        return { phone, reference: /KK-[0-9A-Z]{5}/.exec(reply)?.[0] ?? '' }
      }),
    )
    await stage.quiet(60_000)
    const messages = await Promise.all(all.map((told) => messageOf(world, told)))
    const answers = await Promise.all(messages.map((message) => world.click(message, 'job_approve')))
    expect(answers.map(({ status }) => status)).toEqual(all.map(() => 200))
    await stage.quiet(60_000)
    const outcomes = await outcomesOf(world, all)
    expect(outcomes.map(({ circlePosts }) => circlePosts)).toEqual(all.map(() => 1))
  })
})

describe('an approval in the very second of the deadline', () => {
  const COUNT = 30
  const TIMEOUT_MS = 8_000
  let stage: Stage
  beforeAll(async () => {
    stage = await setStage({ env: { APPROVAL_TIMEOUT: `${TIMEOUT_MS / 1_000}s` } })
  })
  afterAll(() => stage.close())

  test('has one outcome: a post, or an expiry, never both', async () => {
    const dashboard = await stage.dashboard()
    const all = await Promise.all(Array.from({ length: COUNT }, () => submit(stage.world, GOOD_POST)))
    await Promise.all(
      all.map(async (told, index) => {
        const approval = await approvalOf(stage, told)
        // From well before to well after the deadline, most of them within some milliseconds of it.
        const offset = (2 * index) / (COUNT - 1) - 1
        const aimMs = approval.deadline_at.getTime() + 500 * offset ** 3
        await new Promise((resolve) => setTimeout(resolve, Math.max(0, aimMs - wallClock())))
        const user = { id: 'U0SANDAMARA', name: 'amara' }
        await Promise.all([
          dashboard.post(`/approvals/${approval.id}/decision`, { decision: 'approve' }),
          send(signedInteraction(stage.world, clickPayload(stage.world, approval.id, 'job_approve', user))),
          send(
            signedInteraction(
              stage.world,
              modalPayload(approval.id, 'job_edit_fields', { title: 'Edited at the last second' }, user),
            ),
          ),
        ])
      }),
    )
    await until(
      async () => (await stage.count(`from approvals where status = 'open'`)) === 0,
      'every approval to be decided or to expire',
    )
    await stage.quiet(60_000)
    const outcomes = await outcomesOf(stage.world, all)
    for (const { texts, circlePosts, slackMessages } of outcomes) {
      expect(slackMessages).toBe(1)
      expect(texts).toHaveLength(2)
      expect(texts[1]).toMatch(circlePosts === 1 ? LIVE : NOT_IN_TIME)
    }
    const posts = outcomes.filter(({ circlePosts }) => circlePosts === 1).length
    expect(posts).toBeGreaterThan(0)
    expect(posts).toBeLessThan(COUNT)
    expect(await stage.count(`from approvals where status = 'approved'`)).toBe(posts)
    expect(await stage.count(`from approvals where status = 'expired'`)).toBe(COUNT - posts)
  })
})
