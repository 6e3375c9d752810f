/** What cannot be known is shown to a person and never repeated by guess; what failed for good can be tried again. */
import { expect, test } from 'vitest'
import type { AttentionItem } from '../../src/server/contract.ts'
import { until } from '../support/sandbox-world.ts'
import { GOOD_POST, outcomeOf, submit, type Told } from '../support/stories.ts'
import { addFault, callsOf, EFFECT_KINDS, EFFECTS, type EffectKind } from './faults.ts'
import { approveByDashboard, attention, EXPECTED_BY_DASHBOARD } from './moderator.ts'
import { expectOutcome, type Stage, setStage, statusOf } from './stage.ts'

type Unknown = Extract<AttentionItem, { kind: 'effect_unknown' }>

/** What a person finds at the provider, as they would enter it. */
async function foundAtProvider(
  stage: Stage,
  kind: EffectKind,
  told: Told,
): Promise<{ objectId?: string; url?: string }> {
  const { slack, circle, phones } = await stage.world.read()
  switch (kind) {
    case 'slack.message': {
      const channel = slack.channels.find(({ name }) => name === 'jobs')
      return { objectId: `${channel?.id}/${channel?.messages[0]?.ts}` }
    }
    case 'circle.post':
      return { url: circle.posts.find(({ text }) => text.includes(told.reference))?.url ?? '' }
    case 'twilio.message':
      return { objectId: phones.find(({ number }) => number === told.phone)?.messages.at(-1)?.sid ?? '' }
    default:
      return kind satisfies never
  }
}

const CASES = EFFECT_KINDS.flatMap((kind) => [[kind, 'happened'] as const, [kind, 'did_not_happen'] as const])

test.concurrent.each(CASES)(
  '%s, answer lost and no way to look: a person says that it %s',
  async (kind, outcome) => {
    const stage = await setStage()
    try {
      const { provider, operation, lookUp } = EFFECTS[kind]
      const dashboard = await stage.dashboard()
      const lost = outcome === 'happened' ? 'drop-after' : 'drop-before'
      await addFault(stage.world, provider, operation, { kind: lost, times: 1 })
      await addFault(stage.world, provider, lookUp, { kind: 'status', status: 403 })
      const told = await submit(stage.world, GOOD_POST)
      if (kind !== 'slack.message') await approveByDashboard(stage, dashboard, told)

      const item = await until(
        async () => (await attention(dashboard)).find((one): one is Unknown => one.kind === 'effect_unknown'),
        'the effect to be shown as unknown',
      )
      expect(item.effect).toMatchObject({ kind, status: 'unknown' })
      expect(item.submission?.reference).toBe(told.reference)
      expect(await attention(dashboard)).toHaveLength(1)

      // Neither a restart nor somebody who just tries again repeats it.
      await stage.crash()
      if (kind === 'circle.post')
        await dashboard.post(`/submissions/${item.submission?.id}/publication/retry`)
      await dashboard.post(`/runs/${encodeURIComponent(item.effect.runId)}/retry`)
      await stage.quiet()
      expect(await callsOf(stage.world, kind)).toBe(1)

      await stage.world.control('DELETE', '/faults')
      const resolution =
        outcome === 'happened' ? { outcome, ...(await foundAtProvider(stage, kind, told)) } : { outcome }
      const answers = await Promise.all(
        [1, 2, 3].map(() => dashboard.post(`/effects/${item.effect.id}/resolution`, resolution)),
      )
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409])
      await stage.quiet()
      if (kind === 'slack.message') await approveByDashboard(stage, dashboard, told)
      await stage.quiet()
      await expectOutcome(stage, told, EXPECTED_BY_DASHBOARD)
      expect(await callsOf(stage.world, kind)).toBe(outcome === 'happened' ? 1 : 2)
      expect(await attention(dashboard)).toEqual([])
    } finally {
      await stage.close()
    }
  },
)

test.concurrent('Circle refuses: approved stays approved, the failure shows, and a retry publishes once', async () => {
  const stage = await setStage()
  try {
    const dashboard = await stage.dashboard()
    await addFault(stage.world, 'circle', 'posts.create', { kind: 'status', status: 422 })
    const told = await submit(stage.world, GOOD_POST)
    await approveByDashboard(stage, dashboard, told)
    const failed = await until(
      async () => (await attention(dashboard)).find((one) => one.kind === 'publication_failed'),
      'the failure to be shown',
    )
    expect(failed).toMatchObject({ reason: expect.stringContaining('Circle refused') })
    await stage.quiet()
    expect(await statusOf(stage, told)).toBe('approved')
    expect((await outcomeOf(stage.world, told)).slackState).toContain('Not published')
    // Long after the deadline of the approval it is what it was.
    await stage.world.control('POST', '/clock', { advanceMs: 30 * 86_400_000 })
    await stage.crash()
    expect(await statusOf(stage, told)).toBe('approved')

    await stage.world.control('DELETE', '/faults')
    const retries = await Promise.all(
      [1, 2, 3, 4].map(() => dashboard.post(`/submissions/${failed.submission?.id}/publication/retry`)),
    )
    expect(retries.filter(({ status }) => status === 200)).toHaveLength(1)
    await stage.quiet()
    await expectOutcome(stage, told, EXPECTED_BY_DASHBOARD)
    expect(await attention(dashboard)).toEqual([])
  } finally {
    await stage.close()
  }
})
