/**
 * Signatures of inbound requests: pure checks over what was received, byte for byte. Nothing is read out of a request
 * before its signature holds.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import twilio from 'twilio'
import { MINUTE_MS, SECOND_MS } from '../primitives/index.ts'

export type SignatureCheck =
  | { ok: true }
  | { ok: false; reason: 'missing_header' | 'malformed_header' | 'stale_timestamp' | 'mismatch' }

/** How far a signed timestamp may be from our clock, either way. https://docs.slack.dev/authentication/verifying-requests-from-slack */
const SLACK_TOLERANCE_MS = 5 * MINUTE_MS

/**
 * Twilio's signature: HMAC-SHA1 over the public URL and every form field, in base64. `url` is the address Twilio was
 * given, with its query, from configuration and never from the Host header. `params` are all fields in the order
 * received, known or not; of a repeated field Twilio signs the distinct values, sorted. There is no timestamp:
 * de-duplicate on MessageSid. https://www.twilio.com/docs/usage/security#validating-requests (2026-11)
 */
export function verifyTwilioSignature(request: {
  authToken: string
  /** The X-Twilio-Signature header; several of them (or one joined by commas) are refused. */
  signature: string | null | undefined
  url: string
  params: readonly (readonly [name: string, value: string])[]
}): SignatureCheck {
  const { authToken, signature, url, params } = request
  if (!signature) return refused('missing_header')
  if (!/^[A-Za-z0-9+/]{27}=$/.test(signature)) return refused('malformed_header')
  const valid = twilio.validateRequest(authToken, signature, url, fieldsOf(params))
  return valid ? { ok: true } : refused('mismatch')
}

/**
 * Slack's v0 signature: HMAC-SHA256 over `v0:timestamp:body`, in hex. `timestamp` and `signature` are the headers
 * X-Slack-Request-Timestamp (seconds) and X-Slack-Signature; `nowMs` is the machine's time, milliseconds.
 * https://docs.slack.dev/authentication/verifying-requests-from-slack (2026-11)
 */
export function verifySlackSignature(request: {
  signingSecret: string
  timestamp: string | null | undefined
  signature: string | null | undefined
  rawBody: Uint8Array
  nowMs: number
}): SignatureCheck {
  const { signingSecret, timestamp, signature, rawBody, nowMs } = request
  if (!timestamp || !signature) return refused('missing_header')
  if (!/^\d{1,12}$/.test(timestamp) || !/^v0=[0-9a-f]{64}$/.test(signature))
    return refused('malformed_header')
  if (Math.abs(nowMs - Number(timestamp) * SECOND_MS) > SLACK_TOLERANCE_MS) return refused('stale_timestamp')
  const expected = createHmac('sha256', signingSecret).update(`v0:${timestamp}:`).update(rawBody).digest()
  return timingSafeEqual(expected, Buffer.from(signature.slice('v0='.length), 'hex'))
    ? { ok: true }
    : refused('mismatch')
}

/** One entry per field name, with a list where a name was repeated; a name such as `__proto__` is a name like any other. */
function fieldsOf(
  params: readonly (readonly [name: string, value: string])[],
): Record<string, string | string[]> {
  const values = Map.groupBy(params, ([name]) => name)
  return Object.fromEntries(
    [...values].map(([name, entries]) => {
      const [first, ...more] = entries.map(([, value]) => value)
      return [name, first === undefined || more.length > 0 ? entries.map(([, value]) => value) : first]
    }),
  )
}

function refused(reason: Exclude<SignatureCheck, { ok: true }>['reason']): SignatureCheck {
  return { ok: false, reason }
}
