import { createHmac } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { verifySlackSignature, verifyTwilioSignature } from './signatures.ts'

type TwilioVector = {
  source: string
  token: string
  url: string
  params: Record<string, string>
  signature: string
}
type SlackVector = { source: string; secret: string; timestamp: string; body: string; signature: string }

const CALL = {
  CallSid: 'CA1234567890ABCDE',
  Caller: '+14158675309',
  Digits: '1234',
  From: '+14158675309',
  To: '+18005551212',
}

/** Published by Twilio: its documentation, and the tests of its Node SDK. */
const TWILIO_VECTORS: readonly TwilioVector[] = [
  {
    source: 'https://www.twilio.com/docs/usage/security#validating-requests',
    token: '12345',
    url: 'https://example.com/myapp.php?foo=1&bar=2',
    params: { ...CALL, Caller: '+14158675310', From: '+14158675310' },
    signature: 'L/OH5YylLD5NRKLltdqwSvS0BnU=',
  },
  ...(
    [
      ['https://mycompany.com/myapp.php?foo=1&bar=2', 'RSOYDt4T1cUTdK1PDd93/VVr8B8='],
      ['https://mycompany.com:443/myapp.php?foo=1&bar=2', 'kvajT1Ptam85bY51eRf/AJRuM3w='],
      ['http://mycompany.com:1234/myapp.php?foo=1&bar=2', 'Zmvh+3yNM1Phv2jhDCwEM3q5ebU='],
      ['http://mycompany.com:80/myapp.php?foo=1&bar=2', '0ZXoZLH/DfblKGATFgpif+LLRf4='],
    ] as const
  ).map(([url, signature]) => ({
    source: 'twilio-node spec/validation.spec.js',
    token: '12345',
    url,
    params: CALL,
    signature,
  })),
]

/** Published by Slack. */
const SLACK_VECTOR: SlackVector = {
  source: 'https://docs.slack.dev/authentication/verifying-requests-from-slack',
  secret: '8f742231b10e8888abcd99yyyzzz85a5',
  timestamp: '1531420618',
  body: 'token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c',
  signature: 'v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503',
}

const REFERENCE = '../shared/reference/vectors.json'
function referenceVectors(): { twilio: TwilioVector[]; slack: SlackVector[] } {
  if (!existsSync(REFERENCE)) {
    console.warn(
      `SKIPPED: the reference signature vectors, as ${REFERENCE} is absent; our own copies are tested.`,
    )
    return { twilio: [], slack: [] }
  }
  const { twilio, slack } = JSON.parse(readFileSync(REFERENCE, 'utf8'))
  return { twilio: twilio.filter((vector: Partial<TwilioVector>) => vector.signature !== undefined), slack }
}
const reference = referenceVectors()

const twilioRequest = (vector: TwilioVector) => ({
  authToken: vector.token,
  signature: vector.signature,
  url: vector.url,
  params: Object.entries(vector.params),
})
const slackRequest = (vector: SlackVector) => ({
  signingSecret: vector.secret,
  timestamp: vector.timestamp,
  signature: vector.signature,
  rawBody: new TextEncoder().encode(vector.body),
  nowMs: Number(vector.timestamp) * 1_000,
})
const signedByTwilio = (token: string, text: string) =>
  createHmac('sha1', token).update(text).digest('base64')

describe('Twilio', () => {
  test.each([...TWILIO_VECTORS, ...reference.twilio])('$source $url', (vector) => {
    expect(verifyTwilioSignature(twilioRequest(vector))).toEqual({ ok: true })
  })

  const [vector] = TWILIO_VECTORS
  const good = twilioRequest(vector ?? { source: '', token: '', url: '', params: {}, signature: '' })
  const swapped = good.params.map(
    ([name, value]) => [name, name === 'From' ? '+18005551212' : value] as const,
  )

  test.each([
    ['no header', { ...good, signature: undefined }, 'missing_header'],
    ['an empty header', { ...good, signature: '' }, 'missing_header'],
    ['a second header', { ...good, signature: `${good.signature}, ${good.signature}` }, 'malformed_header'],
    ['no base64', { ...good, signature: 'é'.repeat(28) }, 'malformed_header'],
    ['one changed byte of the signature', { ...good, signature: 'L/OH5YylLD5NRKLltdqwSvS0BnV=' }, 'mismatch'],
    ['another account’s token', { ...good, authToken: '12346' }, 'mismatch'],
    ['another address', { ...good, url: 'https://example.com/myapp.php?foo=1&bar=3' }, 'mismatch'],
    ['another value of a field', { ...good, params: swapped }, 'mismatch'],
    ['a field less', { ...good, params: good.params.slice(1) }, 'mismatch'],
    [
      'an unknown field that was not signed',
      { ...good, params: [...good.params, ['Extra', '']] as const },
      'mismatch',
    ],
  ] as const)('refuses %s', (_name, request, reason) => {
    expect(verifyTwilioSignature(request)).toEqual({ ok: false, reason })
  })

  test('signs the distinct values of a repeated field, sorted', () => {
    const url = 'https://kinkeeper.example/webhooks/twilio-sms'
    const signature = signedByTwilio('12345', `${url}BodyhiMediaUrlaMediaUrlb`)
    const params = [
      ['MediaUrl', 'b'],
      ['Body', 'hi'],
      ['MediaUrl', 'a'],
      ['MediaUrl', 'b'],
    ] as const
    expect(verifyTwilioSignature({ authToken: '12345', signature, url, params })).toEqual({ ok: true })
  })

  test('covers fields of any name and text, and no other text', () => {
    const field = fc.tuple(
      fc.constantFrom('Body', 'From', 'To', '__proto__', 'toString', 'Ünknown'),
      fc.string({ unit: 'grapheme' }),
    )
    fc.assert(
      fc.property(fc.uniqueArray(field, { selector: ([name]) => name, minLength: 1 }), (params) => {
        const url = 'https://kinkeeper.example/webhooks/twilio-sms'
        const sorted = params.toSorted(([a], [b]) => (a < b ? -1 : 1))
        const signature = signedByTwilio('token', url + sorted.flat().join(''))
        expect(verifyTwilioSignature({ authToken: 'token', signature, url, params }).ok).toBe(true)
        const changed = params.map(
          ([name, value], index) => [name, index === 0 ? `${value}!` : value] as const,
        )
        expect(verifyTwilioSignature({ authToken: 'token', signature, url, params: changed }).ok).toBe(false)
      }),
    )
  })
})

describe('Slack', () => {
  test.each([SLACK_VECTOR, ...reference.slack])('$source', (vector) => {
    expect(verifySlackSignature(slackRequest(vector))).toEqual({ ok: true })
  })

  const good = slackRequest(SLACK_VECTOR)
  const changedBody = good.rawBody.slice()
  changedBody[7] = 0x58

  test.each([
    ['no signature', { ...good, signature: null }, 'missing_header'],
    ['no timestamp', { ...good, timestamp: undefined }, 'missing_header'],
    [
      'a second signature',
      { ...good, signature: `${good.signature}, ${good.signature}` },
      'malformed_header',
    ],
    [
      'a second timestamp',
      { ...good, timestamp: `${good.timestamp}, ${good.timestamp}` },
      'malformed_header',
    ],
    ['another version', { ...good, signature: good.signature.replace('v0', 'v1') }, 'malformed_header'],
    ['a timestamp that is no number', { ...good, timestamp: '1e9' }, 'malformed_header'],
    ['a timestamp 301 s old', { ...good, nowMs: good.nowMs + 301_000 }, 'stale_timestamp'],
    ['a timestamp 301 s ahead', { ...good, nowMs: good.nowMs - 301_000 }, 'stale_timestamp'],
    ['another timestamp', { ...good, timestamp: '1531420619' }, 'mismatch'],
    ['one changed byte of the body', { ...good, rawBody: changedBody }, 'mismatch'],
    [
      'one changed byte of the signature',
      { ...good, signature: good.signature.replace('a2', 'a3') },
      'mismatch',
    ],
    ['another app’s secret', { ...good, signingSecret: `${good.signingSecret}x` }, 'mismatch'],
  ] as const)('refuses %s', (_name, request, reason) => {
    expect(verifySlackSignature(request)).toEqual({ ok: false, reason })
  })

  test.each([299_000, 300_000, -300_000])('takes a timestamp %d ms off', (offset) => {
    expect(verifySlackSignature({ ...good, nowMs: good.nowMs + offset })).toEqual({ ok: true })
  })
})
