import { isRecord, type KinkeeperError, SECOND_MS } from '../../primitives/index.ts'
import {
  type Call,
  errorFor,
  type Failure,
  retryAfterMs,
  statusFailure,
  transportFailure,
} from '../failures.ts'

/** Twilio names no time after a 429; a burst passes within seconds. */
const TWILIO_PAUSE_MS = 10 * SECOND_MS

/** An answer of Twilio's other than 2xx, with its headers (the SDK's own exception drops them). */
export class TwilioRefusal extends Error {
  readonly status: number
  readonly body: unknown
  readonly retryAfter: string | null

  constructor(status: number, body: unknown, retryAfter: string | null) {
    super(`Twilio answered with HTTP ${status}`)
    this.name = 'TwilioRefusal'
    this.status = status
    this.body = body
    this.retryAfter = retryAfter
  }
}

/** https://www.twilio.com/docs/api/errors (2026-11). Without the recipient's number: it is personal data. */
const EXPLANATIONS: Record<number, string> = {
  20003: 'Twilio refused the credentials: check TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN.',
  20404: 'Twilio knows no such account: check TWILIO_ACCOUNT_SID.',
  21211: 'The recipient’s number is not a valid phone number.',
  21212: 'The sending number is not valid: check TWILIO_FROM.',
  21408:
    'The Twilio account may not text the recipient’s country: allow it under Messaging → Geo permissions.',
  21606: 'The sending number cannot send texts: check TWILIO_FROM.',
  21608: 'A Twilio trial account texts verified numbers only: verify the recipient or upgrade.',
  21610: 'The recipient has opted out: they are not texted again until they send START.',
  21614: 'The recipient’s number is not a mobile number.',
  21617: 'The text is longer than 1,600 characters.',
  21659: 'The sending number does not belong to the Twilio account: check TWILIO_FROM.',
}

/** Twilio's code for a full sending queue: refused, but only for now. */
const QUEUE_FULL = new Set([21611, 30001])
const TOO_MANY_REQUESTS = 20429

/** Maps whatever the Twilio SDK threw to the error that says what to do next. Pure. */
export function twilioError(call: Call, error: unknown): KinkeeperError {
  return errorFor(call, twilioFailure(call, error), error)
}

function twilioFailure(call: Call, error: unknown): Failure {
  if (error instanceof SyntaxError) return { kind: 'unreadable', status: 200 }
  if (!(error instanceof TwilioRefusal)) return transportFailure(error)
  const code = isRecord(error.body) && typeof error.body.code === 'number' ? error.body.code : null
  const pauseMs = retryAfterMs(error.retryAfter, TWILIO_PAUSE_MS)
  if (code !== null && (QUEUE_FULL.has(code) || code === TOO_MANY_REQUESTS)) {
    return { kind: 'rate_limited', retryAfterMs: pauseMs, status: error.status, code: String(code) }
  }
  return statusFailure(error.status, {
    code: code === null ? null : String(code),
    retryAfterMs: pauseMs,
    explanation: explain(call, error.status, code),
  })
}

function explain(call: Call, status: number, code: number | null): string {
  const known = code === null ? undefined : EXPLANATIONS[code]
  if (known) return known
  if (status === 401) return 'Twilio refused the credentials: check TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN.'
  if (code === null) return `Twilio answered ${call.operation} with HTTP ${status}: check TWILIO_API_URL.`
  return `Twilio refused ${call.operation} with code ${code}: see https://www.twilio.com/docs/errors/${code}.`
}
