/** An answer that is lost, late, spoiled or a refusal for now: the world ends as if nothing had been. */
import { expect, test } from 'vitest'
import { EXPECTED } from '../crash/expected.ts'
import { until } from '../support/sandbox-world.ts'
import { approve, GOOD_POST, outcomeOf, submit } from '../support/stories.ts'
import { addFault, callsOf, EFFECT_KINDS, EFFECTS, type EffectKind, type FaultWish } from './faults.ts'
import { approveByDashboard, attention, EXPECTED_BY_DASHBOARD } from './moderator.ts'
import { approvalOf, expectOutcome, type Stage, setStage, statusOf } from './stage.ts'

const ONCE: [name: string, fault: FaultWish][] = [
  ['the answer is lost', { kind: 'drop-after' }],
  ['the connection is cut before anything is done', { kind: 'drop-before' }],
  ['500 before the work', { kind: 'status', status: 500 }],
  ['500 after the work', { kind: 'status', status: 500, when: 'after' }],
  ['a page of HTML with 200 after the work', { kind: 'html', status: 200, when: 'after' }],
  ['an answer cut in half', { kind: 'malformed' }],
  ['an answer that trickles in', { kind: 'slow-trickle', delayMs: 100 }],
  ['429 with Retry-After', { kind: 'rate-limit', retryAfterS: 1 }],
]

async function onStage(
  run: (stage: Stage) => Promise<void>,
  env: Record<string, string> = {},
): Promise<void> {
  const stage = await setStage({ env })
  try {
    await run(stage)
  } finally {
    await stage.close()
  }
}

async function expectFaultsUsed(stage: Stage): Promise<void> {
  expect((await stage.world.read()).faults).toEqual([])
}

test.concurrent('Circle answers 503 for a while, look-ups too: the post comes by itself, once, and nobody is asked', () =>
  onStage(async (stage) => {
    const dashboard = await stage.dashboard()
    await addFault(stage.world, 'circle', '*', { kind: 'status', status: 503, times: 5 })
    const told = await submit(stage.world, GOOD_POST)
    await approveByDashboard(stage, dashboard, told)
    await until(async () => (await callsOf(stage.world, 'circle.post')) > 0, 'the first attempt')
    expect(await statusOf(stage, told)).toBe('approved')
    await stage.quiet(60_000)
    await expectOutcome(stage, told, EXPECTED_BY_DASHBOARD)
    expect(await attention(dashboard)).toEqual([])
  }))

test.concurrent('OpenAI is down: each text is read by rules and put to the moderators, and none waits for it', () =>
  onStage(async (stage) => {
    await addFault(stage.world, 'openai', '*', { kind: 'status', status: 503 })
    const posts = await Promise.all(Array.from({ length: 4 }, () => submit(stage.world, GOOD_POST)))
    await until(
      async () => (await stage.count("from approvals where status = 'open'")) === posts.length,
      'the questions',
      60_000,
    )
    expect(await stage.rows('select distinct parser from submissions')).toEqual([{ parser: 'rules' }])
    expect(await stage.count('from parked_runs')).toBe(0)
  }))

test.concurrent.each(ONCE)('%s, once at each provider', async (_name, fault) => {
  await onStage(async (stage) => {
    for (const { provider, operation } of Object.values(EFFECTS))
      await addFault(stage.world, provider, operation, { ...fault, times: 1 })
    const told = await approve(stage.world)
    await stage.quiet()
    await expectOutcome(stage, told, EXPECTED.approve)
    await expectFaultsUsed(stage)
    expect(await stage.count(`from effects where status <> 'done'`)).toBe(0)
  })
})

test.concurrent('the answer is lost, and the look-up fails three times before it succeeds', async () => {
  await onStage(async (stage) => {
    for (const { provider, operation, lookUp } of Object.values(EFFECTS)) {
      await addFault(stage.world, provider, operation, { kind: 'drop-after', times: 1 })
      await addFault(stage.world, provider, lookUp, { kind: 'status', status: 503, times: 1 })
      await addFault(stage.world, provider, lookUp, { kind: 'malformed', times: 1 })
      await addFault(stage.world, provider, lookUp, { kind: 'drop-after', times: 1 })
    }
    const told = await approve(stage.world)
    await stage.quiet()
    await expectOutcome(stage, told, EXPECTED.approve)
    await expectFaultsUsed(stage)
    for (const kind of EFFECT_KINDS) expect(await callsOf(stage.world, kind)).toBe(1)
  })
})

// A call that outlives our patience and does its work all the same: looking too soon would miss it.
test.concurrent('an answer slower than our timeout, from a provider that does the work after we gave up', async () => {
  await onStage(async (stage) => {
    await addFault(stage.world, 'slack', 'chat.postMessage', { kind: 'delay', delayMs: 12_000, times: 1 })
    const told = await submit(stage.world, GOOD_POST)
    await until(async () => (await outcomeOf(stage.world, told)).slackMessages > 0, 'the late message')
    await stage.quiet()
    expect(await outcomeOf(stage.world, told)).toMatchObject({ slackMessages: 1 })
    expect(await callsOf(stage.world, 'slack.message')).toBe(1)
  })
})

test.concurrent('429 without Retry-After: it waits, and tries again', async () => {
  await onStage(async (stage) => {
    await addFault(stage.world, 'slack', 'chat.postMessage', { kind: 'status', status: 429, times: 1 })
    await addFault(stage.world, 'twilio', 'messages.create', { kind: 'status', status: 429, times: 1 })
    const told = await submit(stage.world, GOOD_POST)
    const dashboard = await stage.dashboard()
    const { id } = await approvalOf(stage, told)
    await dashboard.post(`/approvals/${id}/decision`, { decision: 'deny', reason: 'No' })
    await stage.quiet(60_000)
    await expectOutcome(stage, told, {
      slackMessages: 1,
      texts: [EXPECTED.deny.texts[0] ?? '', '“Senior Gardener” (REF) was not approved. No.'],
    })
    await expectFaultsUsed(stage)
  })
})

test.concurrent.each(EFFECT_KINDS)(
  'killed while %s waits for its answer: looked up, not repeated',
  async (kind) => {
    await onStage(async (stage) => {
      const { provider, operation } = EFFECTS[kind satisfies EffectKind]
      await addFault(stage.world, provider, operation, {
        kind: 'delay',
        when: 'after',
        delayMs: 8_000,
        times: 1,
      })
      const told = await submit(stage.world, GOOD_POST)
      if (kind !== 'slack.message') {
        const dashboard = await stage.dashboard()
        const { id } = await approvalOf(stage, told)
        await dashboard.post(`/approvals/${id}/decision`, { decision: 'approve' })
      }
      await until(async () => (await callsOf(stage.world, kind)) === 1, 'the call')
      await stage.crash()
      await stage.quiet()
      expect(await callsOf(stage.world, kind)).toBe(1)
      expect(await stage.count(`from effects where kind = $1 and status = 'done'`, [kind])).toBe(1)
      expect(await outcomeOf(stage.world, told)).toMatchObject({ slackMessages: 1 })
    })
  },
)

test.concurrent('killed while a slow provider has yet to do the work: it is given the time, not asked twice', async () => {
  await onStage(async (stage) => {
    await addFault(stage.world, 'slack', 'chat.postMessage', { kind: 'delay', delayMs: 6_000, times: 1 })
    const told = await submit(stage.world, GOOD_POST)
    await until(async () => (await callsOf(stage.world, 'slack.message')) === 1, 'the call')
    await stage.crash()
    const calls = '/calls?provider=slack&operation=chat.postMessage'
    await until(async () => {
      const made = await stage.world.control<{ calls: { status: number | null }[] }>('GET', calls)
      return made.calls.every(({ status }) => status !== null)
    }, 'the provider to be done')
    await stage.quiet()
    expect((await outcomeOf(stage.world, told)).slackMessages).toBe(1)
  })
})
