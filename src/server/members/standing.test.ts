import { expect, test } from 'vitest'
import { DAY_MS } from '../../primitives/index.ts'
import type { LifeEntry } from '../membership-contract.ts'
import { fold } from './life.ts'
import { explain, type Subscription, standingOf, viewSubscription } from './standing.ts'

const NOW = Date.UTC(2026, 10, 20)
const GRACE_MS = 7 * DAY_MS
const nobody = { byHand: null, deletedAt: null, membership: 'active' } as const

function subscription(change: Partial<Subscription>): Subscription {
  return {
    id: 'sub_1',
    customerId: 'cus_1',
    memberId: 'mem_1',
    status: 'active',
    periodStartAt: new Date(NOW - 3 * DAY_MS),
    periodEndAt: new Date(NOW + 27 * DAY_MS),
    cancelAtPeriodEnd: false,
    cancelAt: null,
    endedAt: null,
    endedForNonPayment: false,
    startedAt: new Date(NOW - 100 * DAY_MS),
    seenMs: 1,
    ...change,
  }
}
const ended = { status: 'canceled', periodEndAt: new Date(NOW - DAY_MS), endedAt: new Date(NOW - DAY_MS) }

test.each([
  ['active', [subscription({})], {}],
  ['trial', [subscription({ status: 'trialing' })], {}],
  ['cancelled', [subscription({ cancelAtPeriodEnd: true })], {}],
  ['cancelled', [subscription({ status: 'canceled', endedAt: new Date(NOW - DAY_MS) })], {}],
  ['past due', [subscription({ status: 'past_due' })], {}],
  [
    'ended',
    [subscription({ status: 'past_due', periodStartAt: new Date(NOW - 8 * DAY_MS) })],
    { membership: 'ended' },
  ],
  ['ended', [subscription(ended)], {}],
  ['active', [subscription(ended), subscription({})], {}],
  ['no subscription', [], { membership: 'none' }],
  ['no subscription', [subscription({ status: 'incomplete' })], { membership: 'none' }],
  ['kept by hand', [subscription(ended)], { byHand: 'kept' }],
  ['active', [subscription({})], { byHand: 'kept' }],
  ['deactivated', [subscription({})], { byHand: 'barred' }],
  ['deleted', [subscription({})], { deletedAt: new Date(NOW) }],
] as const)('%s: %j %j', (word, subscriptions, change) => {
  expect(standingOf({ ...nobody, ...change }, subscriptions, NOW, GRACE_MS).word).toBe(word)
})

test('the explanation says what is, and what is on its way', () => {
  const say = (
    member: typeof nobody | { byHand: null; deletedAt: null; membership: 'none' },
    all: Subscription[],
  ) => explain({ ...member, erasedAt: null }, standingOf(member, all, NOW, GRACE_MS))
  expect(say(nobody, [subscription({})])).toBe('Counts as a member: the subscription is paid.')
  expect(say({ ...nobody, membership: 'none' }, [subscription({})])).toContain('About to become a member')
  expect(say(nobody, [subscription(ended)])).toContain('the end is on its way')
})

test.each([
  [{}, 'Paid until 17 December 2026, then renewed'],
  [{ cancelAtPeriodEnd: true }, 'Cancelled; ends on 17 December 2026'],
  [{ status: 'past_due' }, 'The last payment failed; in grace until 24 November 2026'],
  [ended, 'Cancelled; ended on 19 November 2026'],
  [{ ...ended, endedForNonPayment: true }, 'Ended because payments failed'],
  [{ status: 'something_new' }, 'Stripe calls it “something_new”'],
])('%j is said as %s', (change, sentence) => {
  const said = viewSubscription(subscription(change), NOW, GRACE_MS).explanation
  expect(said).toBe(sentence)
})

test('the same thing again and again is one entry, unless somebody did it', () => {
  const entry = (text: string, at: string, actor: string | null = null): LifeEntry => ({
    at,
    when: 'past',
    text,
    actor,
    detail: null,
    runId: null,
  })
  const folded = fold([
    entry('Synced', '1'),
    entry('Synced', '2'),
    entry('Synced', '3'),
    entry('Asked', '4', 'Abe'),
    entry('Asked', '5', 'Abe'),
    entry('Synced', '6'),
  ])
  expect(folded.map(({ at, text }) => `${at} ${text}`)).toEqual([
    '3 Synced, 3 times',
    '4 Asked',
    '5 Asked',
    '6 Synced',
  ])
})
