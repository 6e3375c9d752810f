/** What anybody can send: refused quickly, counted, and leaving no row anywhere. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newNumber } from '../support/sandbox-world.ts'
import { GOOD_POST, submit } from '../support/stories.ts'
import { raw, refusalsCounted, rowsEverywhere, tampered, twice, withHeaders } from './attacks.ts'
import { clickPayload, type SignedRequest, send, signedInteraction, signedText, wallClock } from './signed.ts'
import { approvalOf, type Stage, setStage } from './stage.ts'

let stage: Stage
let approvalId: string
const AMARA = { id: 'U0SANDAMARA', name: 'amara' }
const MINUTES_MS = 60_000
const LIMIT_BYTES = 1024 * 1024

beforeAll(async () => {
  stage = await setStage()
  approvalId = (await approvalOf(stage, await submit(stage.world, GOOD_POST))).id
  await stage.quiet()
})
afterAll(() => stage.close())

const text = () => signedText(stage.world, { from: newNumber(), body: GOOD_POST })
const click = (options: Parameters<typeof signedInteraction>[2] = {}) =>
  signedInteraction(stage.world, clickPayload(stage.world, approvalId, 'job_approve', AMARA), options)

type Refusal = [name: string, status: number, source: string, reason: string, attack: () => Promise<number>]

const sent = async (request: SignedRequest) => (await send(request)).status
const FIVE_MINUTES_MS = 5 * MINUTES_MS

const REFUSALS: Refusal[] = [
  ['a text with one changed byte', 403, 'twilio-sms', 'mismatch', () => sent(tampered(text()))],
  [
    'a text with a field more',
    403,
    'twilio-sms',
    'mismatch',
    () => {
      const request = text()
      return sent({ ...request, body: `${request.body}&Extra=1` })
    },
  ],
  [
    'a text for another address',
    403,
    'twilio-sms',
    'mismatch',
    () => {
      const request = text()
      return sent({ ...request, url: `${request.url}?from=elsewhere` })
    },
  ],
  [
    'a text without a signature',
    401,
    'twilio-sms',
    'missing_header',
    () => sent(withHeaders(text(), { 'x-twilio-signature': null })),
  ],
  [
    'a text with two signatures',
    401,
    'twilio-sms',
    'malformed_header',
    () => twice(text(), 'x-twilio-signature'),
  ],
  [
    'a text signed with another account’s secret',
    403,
    'twilio-sms',
    'mismatch',
    () =>
      sent(signedText(stage.world, { from: newNumber(), body: GOOD_POST }, 'the-token-of-another-account')),
  ],
  [
    'a text of another account, rightly signed',
    400,
    'twilio-sms',
    'malformed',
    () =>
      sent(
        signedText(stage.world, {
          from: newNumber(),
          body: GOOD_POST,
          more: { AccountSid: `AC${'0'.repeat(32)}` },
        }),
      ),
  ],
  ['a click with one changed byte', 403, 'slack-interaction', 'mismatch', () => sent(tampered(click()))],
  [
    'a click 301 seconds old',
    401,
    'slack-interaction',
    'stale_timestamp',
    () => sent(click({ atMs: wallClock() - FIVE_MINUTES_MS - 1_000 })),
  ],
  [
    'a click from 302 seconds ahead',
    401,
    'slack-interaction',
    'stale_timestamp',
    () => sent(click({ atMs: wallClock() + FIVE_MINUTES_MS + 2_000 })),
  ],
  [
    'a click whose timestamp was changed',
    403,
    'slack-interaction',
    'mismatch',
    () =>
      sent(
        withHeaders(click(), { 'x-slack-request-timestamp': String(Math.floor(wallClock() / 1_000) - 7) }),
      ),
  ],
  [
    'a click without a signature',
    401,
    'slack-interaction',
    'missing_header',
    () => sent(withHeaders(click(), { 'x-slack-signature': null })),
  ],
  [
    'a click without a timestamp',
    401,
    'slack-interaction',
    'missing_header',
    () => sent(withHeaders(click(), { 'x-slack-request-timestamp': null })),
  ],
  [
    'a click with two signatures',
    401,
    'slack-interaction',
    'malformed_header',
    () => twice(click(), 'x-slack-signature'),
  ],
  [
    'a click with two timestamps',
    401,
    'slack-interaction',
    'malformed_header',
    () => twice(click(), 'x-slack-request-timestamp'),
  ],
  [
    'a click signed with another app’s secret',
    403,
    'slack-interaction',
    'mismatch',
    () => sent(click({ secret: 'the-secret-of-another-app' })),
  ],
  [
    'a signed delivery that is no interaction',
    400,
    'slack-interaction',
    'malformed',
    () => sent(signedInteraction(stage.world, ['not', 'what', 'Slack', 'sends'])),
  ],
  ...(['twilio-sms', 'slack-interaction'] as const).flatMap((source): Refusal[] => [
    [
      `a body announced as over 1 MiB, before it is sent (${source})`,
      413,
      source,
      'too_large',
      () =>
        raw(
          {
            url: `${stage.url}/webhooks/${source}`,
            headers: { 'content-length': String(LIMIT_BYTES + 1) },
            body: 'a',
          },
          { end: false },
        ),
    ],
    [
      `a body over 1 MiB that was not announced, before it ends (${source})`,
      413,
      source,
      'too_large',
      () =>
        raw(
          {
            url: `${stage.url}/webhooks/${source}`,
            headers: { 'transfer-encoding': 'chunked' },
            body: 'a'.repeat(LIMIT_BYTES + 1),
          },
          { end: false },
        ),
    ],
  ]),
]

describe('refused', () => {
  test.each(REFUSALS)('%s → %i', async (_name, status, source, reason, attack) => {
    const key = `${source} ${reason}`
    const [before, rows] = await Promise.all([refusalsCounted(stage), rowsEverywhere(stage)])
    expect(await attack()).toBe(status)
    expect((await refusalsCounted(stage)).get(key)).toBe((before.get(key) ?? 0) + 1)
    expect(await rowsEverywhere(stage)).toEqual(rows)
  })

  test('five hundred forged deliveries leave the numbers in the count and nothing else', async () => {
    const [before, rows] = await Promise.all([refusalsCounted(stage), rowsEverywhere(stage)])
    const statuses = await Promise.all(
      Array.from({ length: 500 }, (_, index) => sent(tampered(index % 2 === 0 ? text() : click()))),
    )
    expect(new Set(statuses)).toEqual(new Set([403]))
    const after = await refusalsCounted(stage)
    for (const key of ['twilio-sms mismatch', 'slack-interaction mismatch']) {
      expect(after.get(key)).toBe((before.get(key) ?? 0) + 250)
    }
    expect(await rowsEverywhere(stage)).toEqual(rows)
  })

  test('the same requests, untouched, are taken', async () => {
    expect(await sent(text())).toBe(200)
    expect(await sent(click({ atMs: wallClock() - FIVE_MINUTES_MS + 5_000 }))).toBe(200)
  })
})
