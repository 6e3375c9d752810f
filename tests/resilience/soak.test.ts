/**
 * Two hundred submissions at once, while the program is killed at random moments and the providers lose answers,
 * repeat deliveries, and refuse for now. Everything drawn follows from one seed, which is printed.
 */
import { expect, test } from 'vitest'
import type { WorldView } from '../../src/sandbox/index.ts'
import { newNumber, until } from '../support/sandbox-world.ts'
import { GOOD_POST, type Told } from '../support/stories.ts'
import { chosenSeed } from './config.ts'
import { addFault, type FaultWish } from './faults.ts'
import { type Random, seededRandom } from './random.ts'
import { type Dashboard, outcomesOf, type Stage, setStage } from './stage.ts'

const SUBMISSIONS = 200
const ARRIVE_WITHIN_MS = 20_000
const REASON = 'We only post paid jobs'

type Way = 'approve in Slack' | 'deny in Slack' | 'approve in the dashboard' | 'deny in the dashboard'
type Plan = { phone: string; way: Way; arriveAfterMs: number; user: string }

/** Half approved and a third denied in Slack, the rest decided in the dashboard. */
function plansFrom(random: Random, users: string[]): Plan[] {
  return Array.from({ length: SUBMISSIONS }, (_, index) => ({
    phone: newNumber(),
    way:
      index % 6 < 3
        ? 'approve in Slack'
        : index % 6 < 5
          ? 'deny in Slack'
          : random.next() < 0.5
            ? 'approve in the dashboard'
            : 'deny in the dashboard',
    arriveAfterMs: random.between(0, ARRIVE_WITHIN_MS),
    user: users[random.between(0, users.length - 1)] ?? '',
  }))
}

async function switchOnFaults(stage: Stage, random: Random): Promise<void> {
  const add = (provider: string, operation: string, fault: FaultWish) =>
    addFault(stage.world, provider, operation, { ...fault, seed: random.between(1, 1_000_000) })
  for (const [provider, operation] of [
    ['slack', 'chat.postMessage'],
    ['circle', 'posts.create'],
    ['twilio', 'messages.create'],
  ] as const) {
    await add(provider, operation, { kind: 'drop-after', probability: 0.06 })
    await add(provider, operation, { kind: 'status', status: 500, when: 'after', probability: 0.03 })
    await add(provider, operation, { kind: 'malformed', probability: 0.02 })
    await add(provider, '*', { kind: 'rate-limit', retryAfterS: 1, probability: 0.03 })
    await add(provider, '*', { kind: 'status', status: 500, probability: 0.03 })
    await add(provider, '*', { kind: 'drop-before', probability: 0.02 })
  }
  await add('openai', '*', { kind: 'status', status: 500, probability: 0.05 })
  await add('twilio', 'webhook', { kind: 'duplicate', probability: 0.1 })
  await add('twilio', 'webhook', { kind: 'drop-after', probability: 0.05 })
  await add('slack', 'interaction', { kind: 'duplicate', probability: 0.1 })
  await add('slack', 'interaction', { kind: 'drop-after', probability: 0.05 })
}

async function widenLimits(stage: Stage): Promise<void> {
  const wide = { perMinute: 60_000, burst: 2_000 }
  await stage.world.control('POST', '/limits', {
    slackMessages: wide,
    slackTier2: wide,
    slackTier3: wide,
    slackTier4: wide,
    circleRequests: wide,
    openaiRequests: wide,
    twilioRequests: wide,
  })
}

type Approval = { id: string; status: string; reference: string }
/** One look at the world and the approvals that everybody shares, a few times a second. */
type Lookout = {
  message(told: Told): { ts: string } | undefined
  approval(told: Told): Approval | undefined
  next(): Promise<void>
  stop(): void
}

function startLookout(stage: Stage): Lookout {
  let messages = new Map<string, { ts: string }>()
  let approvals = new Map<string, Approval>()
  let stopped = false
  const look = async () => {
    const view: WorldView = await stage.world.read()
    const jobs = view.slack.channels.find(({ name }) => name === 'jobs')?.messages ?? []
    messages = new Map(
      jobs.flatMap((message) => {
        const reference = /KK-[0-9A-Z]{5}/.exec(message.text)?.[0]
        return reference ? [[reference, message]] : []
      }),
    )
    const rows = await stage.rows<Approval>(
      `select approvals.id, approvals.status, reference from approvals
       join submissions on submissions.id = subject_id`,
    )
    approvals = new Map(rows.map((row) => [row.reference, row]))
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  let looking = look()
  void (async () => {
    while (!stopped) {
      await looking.catch(() => {})
      looking = look()
    }
    await looking.catch(() => {})
  })()
  return {
    message: (told) => messages.get(told.reference),
    approval: (told) => approvals.get(told.reference),
    next: () => looking.catch(() => {}),
    stop: () => {
      stopped = true
    },
  }
}

/** What one sender and one moderator do; each tries again until it is done, as people would. */
async function live(stage: Stage, dashboard: Dashboard, lookout: Lookout, plan: Plan): Promise<Told> {
  await new Promise((resolve) => setTimeout(resolve, plan.arriveAfterMs))
  const { reply } = await until(() => stage.world.text(plan.phone, GOOD_POST), 'a text to be taken', 90_000)
  const told = { phone: plan.phone, reference: /KK-[0-9A-Z]{5}/.exec(reply ?? '')?.[0] ?? '' }
  for (;;) {
    await lookout.next()
    const approval = lookout.approval(told)
    if (approval && approval.status !== 'open') return told
    if (approval) await decide(stage, dashboard, lookout, plan, told, approval).catch(() => {})
  }
}

async function decide(
  stage: Stage,
  dashboard: Dashboard,
  lookout: Lookout,
  plan: Plan,
  told: Told,
  approval: Approval,
): Promise<void> {
  const message = lookout.message(told)
  const press = (actionId: string) =>
    stage.world.control<{ modal?: { viewId: string } }>('POST', '/slack/clicks', {
      userId: plan.user,
      channel: stage.world.credentials.slackJobsChannel,
      ts: message?.ts ?? '',
      actionId,
    })
  switch (plan.way) {
    case 'approve in Slack':
      if (message) await press('job_approve')
      return
    case 'deny in Slack': {
      const modal = message ? (await press('job_deny')).modal : undefined
      if (modal)
        await stage.world.control('POST', `/slack/views/${modal.viewId}/submit`, {
          userId: plan.user,
          values: { reason: { value: REASON } },
        })
      return
    }
    case 'approve in the dashboard':
      await dashboard.post(`/approvals/${approval.id}/decision`, { decision: 'approve' })
      return
    case 'deny in the dashboard':
      await dashboard.post(`/approvals/${approval.id}/decision`, { decision: 'deny', reason: REASON })
      return
    default:
      plan.way satisfies never
  }
}

async function killAtRandom(stage: Stage, random: Random, kills: number): Promise<void> {
  for (let kill = 0; kill < kills; kill++) {
    await new Promise((resolve) => setTimeout(resolve, random.between(500, 5_000)))
    await stage.crash()
  }
}

async function expectRightWorld(stage: Stage, plans: Plan[], all: Told[]): Promise<void> {
  expect(
    await stage.rows(
      `select kind, description, effects.error, effects.status, attempts, run.status as run, fruitless as takeovers
       from effects left join dbos.workflow_status as run on run.workflow_uuid = run_id
       left join run_recoveries using (run_id) where effects.status <> 'done'`,
    ),
  ).toEqual([])
  expect(
    await stage.rows(`select workflow_uuid, error from dbos.workflow_status where status = 'ERROR'`),
  ).toEqual([])
  expect(await stage.count('from submissions')).toBe(SUBMISSIONS)
  expect(new Set(all.map(({ reference }) => reference)).size).toBe(SUBMISSIONS)
  const outcomes = await outcomesOf(stage.world, all)
  const wrong = outcomes.flatMap((outcome, index) => {
    const approved = plans[index]?.way.startsWith('approve') ?? false
    const right =
      outcome.slackMessages === 1 &&
      outcome.circlePosts === (approved ? 1 : 0) &&
      outcome.texts.length === 2 &&
      outcome.texts.filter((text) => text.includes('Thank you!')).length === 1 &&
      outcome.texts.filter((text) => text.includes(approved ? 'is live' : 'was not approved')).length === 1 &&
      outcome.slackState.includes(approved ? 'Published on Circle' : 'Denied by')
    return right ? [] : [{ ...all[index], way: plans[index]?.way, ...outcome }]
  })
  expect(wrong).toEqual([])
}

test('two hundred submissions, kill -9 at random moments, lost answers, duplicates, 429s and 500s', async () => {
  const seed = chosenSeed()
  console.info(`Soak: RESILIENCE_SEED=${seed}`)
  const random = seededRandom(seed)
  const stage = await setStage({ env: { LOG_LEVEL: 'error' } })
  try {
    const dashboard = await stage.dashboard()
    await widenLimits(stage)
    const users = (await stage.world.read()).slack.users.filter(({ name }) => name !== 'kinkeeper')
    const plans = plansFrom(
      random,
      users.map(({ id }) => id),
    )
    await switchOnFaults(stage, random)
    const lookout = startLookout(stage)
    const kills = random.between(5, 8)
    const [all] = await Promise.all([
      Promise.all(plans.map((plan) => live(stage, dashboard, lookout, plan))),
      killAtRandom(stage, random, kills),
    ])
    lookout.stop()
    await stage.quiet(100_000)
    const { faults } = await stage.world.read()
    const hits = faults.reduce((sum, fault) => sum + fault.hits, 0)
    console.info(`Soak: ${kills} kills, ${hits} faults`)
    await expectRightWorld(stage, plans, all)
  } finally {
    await stage.close()
  }
}, 240_000)
