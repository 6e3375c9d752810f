import { createHmac } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import Stripe from 'stripe'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { verifyStripeEvent } from './stripe.ts'

type Vector = { source: string; secret: string; timestamp: string; body: string; v1: string }

/** Stripe publishes none; this is what its own SDK makes (`generateTestHeaderString`, 23.1.0). */
const OWN_VECTOR: Vector = {
  source: 'stripe-node generateTestHeaderString',
  secret: 'whsec_test_secret',
  timestamp: '1614265330',
  body: '{\n  "id": "evt_test_webhook",\n  "object": "event"\n}',
  v1: 'af4ead0627a34a8cca29808e8de9ada8e41a92e6237c63cef6eacf51d36cca34',
}

const REFERENCE = '../shared/reference/vectors.json'
function referenceVectors(): Vector[] {
  if (existsSync(REFERENCE)) return JSON.parse(readFileSync(REFERENCE, 'utf8')).stripe
  console.warn(`SKIPPED: the reference vectors of Stripe, as ${REFERENCE} is absent; our own copy is tested.`)
  return []
}

const SECRET = 'whsec_c2FuZGJveC1zdHJpcGUtc2VjcmV0'
const OTHER = 'whsec_of-another-endpoint'
const BODY = '{"id":"evt_1","object":"event","type":"invoice.paid"}'
const NOW_S = 1_795_000_000
const bytes = (text: string) => new TextEncoder().encode(text)

/** As Stripe's own SDK signs. */
const signed = (body: string, { atS = NOW_S, secret = SECRET } = {}) =>
  Stripe.webhooks.generateTestHeaderString({ payload: body, secret, timestamp: atS })
/** As the documentation describes it. */
const hmac = (body: string, atS: number, secret = SECRET) =>
  createHmac('sha256', secret).update(`${atS}.${body}`).digest('hex')

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: NOW_S * 1_000 })
})
afterEach(() => {
  vi.useRealTimers()
})

test.each([OWN_VECTOR, ...referenceVectors()])('$source', (vector) => {
  vi.setSystemTime(Number(vector.timestamp) * 1_000)
  const header = `t=${vector.timestamp},v1=${vector.v1}`
  expect(verifyStripeEvent(bytes(vector.body), header, vector.secret)).toEqual({ id: 'evt_test_webhook' })
})

test('the SDK signs as the documentation says', () => {
  expect(signed(BODY)).toBe(`t=${NOW_S},v1=${hmac(BODY, NOW_S)}`)
})

describe('takes', () => {
  test.each([
    ['what the SDK signed', signed(BODY)],
    ['a signature of 299 s ago', signed(BODY, { atS: NOW_S - 299 })],
    ['a signature of exactly five minutes ago', signed(BODY, { atS: NOW_S - 300 })],
    // Stripe's tolerance looks to the past only: its own library takes what a fast clock has signed.
    ['a signature from an hour ahead', signed(BODY, { atS: NOW_S + 3_600 })],
    [
      'one right signature of two, while the secret is being replaced',
      `t=${NOW_S},v1=${hmac(BODY, NOW_S, OTHER)},v1=${hmac(BODY, NOW_S)}`,
    ],
    [
      'the right one first, and one of a scheme for tests',
      `t=${NOW_S},v1=${hmac(BODY, NOW_S)},v1=${hmac(BODY, NOW_S, OTHER)},v0=${'0'.repeat(64)}`,
    ],
  ])('%s', (_name, header) => {
    expect(verifyStripeEvent(bytes(BODY), header, SECRET)).toEqual({ id: 'evt_1' })
  })
})

describe('refuses', () => {
  const good = signed(BODY)
  test.each([
    ['no header', null, 'missing_header'],
    ['an empty header', '', 'missing_header'],
    ['no timestamp', `v1=${hmac(BODY, NOW_S)}`, 'malformed_header'],
    ['no signature', `t=${NOW_S}`, 'malformed_header'],
    ['a timestamp that is no number', good.replace(/t=\d+/, 't=yesterday'), 'malformed_header'],
    ['a signature that is too short', good.slice(0, -1), 'malformed_header'],
    ['v0 alone', good.replace('v1', 'v0'), 'malformed_header'],
    ['something else', 'Bearer abc', 'malformed_header'],
    ['a signature 301 s old', signed(BODY, { atS: NOW_S - 301 }), 'stale_timestamp'],
    ['a timestamp that was made newer', good.replace(`t=${NOW_S}`, `t=${NOW_S + 1}`), 'mismatch'],
    ['one changed byte of the signature', good.replace(/.$/, good.endsWith('0') ? '1' : '0'), 'mismatch'],
    ['another endpoint’s secret', signed(BODY, { secret: OTHER }), 'mismatch'],
    ['two signatures, both wrong', `t=${NOW_S},v1=${hmac(BODY, 1)},v1=${hmac(BODY, 2)}`, 'mismatch'],
  ])('%s', (_name, header, refused) => {
    expect(verifyStripeEvent(bytes(BODY), header, SECRET)).toEqual({ refused })
  })

  test.each([
    ['one changed byte of the body', BODY.replace('evt_1', 'evt_2')],
    ['one byte more', `${BODY} `],
    ['a body that says the same with other bytes', JSON.stringify(JSON.parse(BODY), null, 2)],
    ['no body', ''],
  ])('%s', (_name, body) => {
    expect(verifyStripeEvent(bytes(body), good, SECRET)).toEqual({ refused: 'mismatch' })
  })

  test.each([
    ['that is not JSON', 'hello'],
    ['that is cut off', BODY.slice(0, 20)],
    ['without an id', '{"object":"event"}'],
    ['whose id is no text', '{"id":7,"object":"event"}'],
    ['of another kind of event', '{"id":"evt_1","object":"v2.core.event"}'],
    ['that is null', 'null'],
  ])('a rightly signed body %s', (_name, body) => {
    expect(verifyStripeEvent(bytes(body), signed(body), SECRET)).toEqual({ refused: 'malformed' })
  })
})
