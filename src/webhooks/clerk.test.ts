import { createHmac } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { verifyClerkEvent } from './clerk.ts'

type Vector = {
  source: string
  secret: string
  id: string
  timestamp: string
  body: string
  signature: string
}

/** Published with Standard Webhooks, which Svix and Clerk speak under names of their own. */
const VECTOR: Vector = {
  source: 'standard-webhooks libraries/javascript/src/webhook.test.ts',
  secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
  timestamp: '1614265330',
  body: '{"test": 2432232314}',
  signature: 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
}

const REFERENCE = '../shared/reference/vectors.json'
function referenceVectors(): Vector[] {
  if (existsSync(REFERENCE)) return JSON.parse(readFileSync(REFERENCE, 'utf8')).standardWebhooks
  console.warn(`SKIPPED: the reference vectors of Svix, as ${REFERENCE} is absent; our own copy is tested.`)
  return []
}

const SECRET = 'whsec_c2FuZGJveC1jbGVyay1zZWNyZXQtMDAwMA=='
const OTHER = 'whsec_YW5vdGhlci1lbmRwb2ludHMtc2VjcmV0LTAwMDA='
const BODY = '{"type":"user.created","data":{"id":"user_1"}}'
const NOW_S = 1_795_000_000

type Sent = { id?: string; atS?: number; signature?: string; secret?: string; body?: string }

/** As the specification describes it. https://github.com/standard-webhooks/standard-webhooks (2026-11) */
function sign({ id = 'msg_1', atS = NOW_S, secret = SECRET, body = BODY }: Sent): string {
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64')
  return `v1,${createHmac('sha256', key).update(`${id}.${atS}.${body}`).digest('base64')}`
}
const headersOf = (sent: Sent): Record<string, string> => ({
  'svix-id': sent.id ?? 'msg_1',
  'svix-timestamp': String(sent.atS ?? NOW_S),
  'svix-signature': sent.signature ?? sign(sent),
})
const verify = (headers: Record<string, string>, body = BODY, secret = SECRET) =>
  verifyClerkEvent(new TextEncoder().encode(body), (name) => headers[name] ?? null, secret)

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: NOW_S * 1_000 })
})
afterEach(() => {
  vi.useRealTimers()
})

test.each([VECTOR, ...referenceVectors()])('$source', async (vector) => {
  vi.setSystemTime(Number(vector.timestamp) * 1_000)
  const headers = {
    'svix-id': vector.id,
    'svix-timestamp': vector.timestamp,
    'svix-signature': vector.signature,
  }
  expect(await verify(headers, vector.body, vector.secret)).toEqual({ id: vector.id })
})

describe('takes', () => {
  const right = sign({})
  const wrong = sign({ secret: OTHER })
  test.each([
    ['what is rightly signed', headersOf({})],
    ['a timestamp 299 s old', headersOf({ atS: NOW_S - 299 })],
    ['a timestamp 299 s ahead', headersOf({ atS: NOW_S + 299 })],
    ['one right signature of two', headersOf({ signature: `${wrong} ${right}` })],
    [
      'one right signature beside those of another scheme',
      headersOf({ signature: `v1a,${'A'.repeat(86)}== ${right}` }),
    ],
  ])('%s', async (_name, headers) => {
    expect(await verify(headers)).toEqual({ id: 'msg_1' })
  })
})

describe('refuses', () => {
  const right = sign({})
  const without = (name: string) =>
    Object.fromEntries(Object.entries(headersOf({})).filter(([each]) => each !== name))
  const renamed = Object.fromEntries(
    Object.entries(headersOf({})).map(([name, value]) => [name.replace('svix-', 'webhook-'), value]),
  )
  test.each([
    ['no headers', {}, 'missing_header'],
    ['no id', without('svix-id'), 'missing_header'],
    ['no timestamp', without('svix-timestamp'), 'missing_header'],
    ['no signature', without('svix-signature'), 'missing_header'],
    // Clerk never sends these; its library would not take them either.
    ['the names of Standard Webhooks', renamed, 'missing_header'],
    ['a timestamp that is no number', { ...headersOf({}), 'svix-timestamp': '1e9' }, 'malformed_header'],
    ['a signature without a version', headersOf({ signature: right.slice(3) }), 'malformed_header'],
    [
      'a signature of another version alone',
      headersOf({ signature: right.replace('v1', 'v2') }),
      'malformed_header',
    ],
    ['a signature that is too short', headersOf({ signature: 'v1,abc=' }), 'malformed_header'],
    ['a timestamp 301 s old', headersOf({ atS: NOW_S - 301 }), 'stale_timestamp'],
    ['a timestamp 301 s ahead', headersOf({ atS: NOW_S + 301 }), 'stale_timestamp'],
    ['another timestamp', headersOf({ atS: NOW_S + 1, signature: right }), 'mismatch'],
    ['another id', headersOf({ id: 'msg_2', signature: right }), 'mismatch'],
    ['another endpoint’s secret', headersOf({ secret: OTHER }), 'mismatch'],
    [
      'two signatures, both wrong',
      headersOf({ signature: `${sign({ id: 'a' })} ${sign({ id: 'b' })}` }),
      'mismatch',
    ],
  ])('%s', async (_name, headers, refused) => {
    expect(await verify(headers)).toEqual({ refused })
  })

  test.each([
    ['one changed byte of the body', BODY.replace('user_1', 'user_2')],
    ['a body that says the same with other bytes', JSON.stringify(JSON.parse(BODY), null, 2)],
    ['no body', ''],
  ])('%s', async (_name, body) => {
    expect(await verify(headersOf({}), body)).toEqual({ refused: 'mismatch' })
  })

  test.each([
    ['that is not JSON', 'hello'],
    ['that is cut off', BODY.slice(0, 20)],
    ['that is empty', ''],
    ['that is null', 'null'],
  ])('a rightly signed body %s', async (_name, body) => {
    expect(await verify(headersOf({ body }), body)).toEqual({ refused: 'malformed' })
  })
})
