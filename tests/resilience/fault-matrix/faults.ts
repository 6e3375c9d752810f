import type { ProviderName } from '../../../src/connectors/index.ts'
import type { ErrorClass } from '../../../src/engine/index.ts'
import type { FaultWish } from '../faults.ts'

/** How long an answer is waited for in the matrix, and how much later one comes that comes too late. Milliseconds. */
export const TIMEOUT_MS = 800
const TOO_LATE_MS = TIMEOUT_MS + 300

/** One way in which a provider fails. `final`: it is not tried again by itself, however short it lasts. `done`: the work is. */
export type MatrixFault = {
  name: string
  wish: FaultWish
  errorClass: ErrorClass
  final?: true
  done?: true
}

/** What every provider that is spoken to by HTTP can do. */
const BY_HTTP: readonly MatrixFault[] = [
  { name: '429 with Retry-After', wish: { kind: 'rate-limit', retryAfterS: 1 }, errorClass: 'rate-limited' },
  { name: '429 without Retry-After', wish: { kind: 'status', status: 429 }, errorClass: 'rate-limited' },
  { name: '500', wish: { kind: 'status', status: 500 }, errorClass: 'failing' },
  {
    name: '500 after the work',
    wish: { kind: 'status', status: 500, when: 'after' },
    errorClass: 'failing',
    done: true,
  },
  {
    name: 'no answer in time, and the work done behind it',
    wish: { kind: 'delay', delayMs: TOO_LATE_MS },
    errorClass: 'no-answer',
    done: true,
  },
  { name: 'connection reset', wish: { kind: 'drop-before' }, errorClass: 'no-answer' },
  { name: 'answer lost after the work', wish: { kind: 'drop-after' }, errorClass: 'no-answer', done: true },
  {
    name: 'reset in the middle of the answer',
    wish: { kind: 'cut-midway' },
    errorClass: 'no-answer',
    done: true,
  },
  {
    name: 'an answer that never ends',
    wish: { kind: 'endless', delayMs: 20 },
    errorClass: 'no-answer',
    done: true,
  },
  { name: 'malformed JSON', wish: { kind: 'malformed' }, errorClass: 'unreadable', done: true },
  {
    name: 'HTML with 200 after the work',
    wish: { kind: 'html', status: 200, when: 'after' },
    errorClass: 'unreadable',
    done: true,
  },
  { name: 'HTML with 502', wish: { kind: 'html', status: 502 }, errorClass: 'no-answer' },
]

/** Expired credentials, as each provider says it. */
const CREDENTIALS: Record<Exclude<ProviderName, 'email'>, FaultWish> = {
  slack: refusal(200, { ok: false, error: 'invalid_auth' }),
  twilio: refusal(401, { code: 20003, message: 'Authenticate', more_info: '', status: 401 }),
  openai: refusal(401, {
    error: { message: 'Incorrect API key provided.', type: 'invalid_request_error', code: 'invalid_api_key' },
  }),
  circle: refusal(401, { success: false, message: 'Your account could not be authenticated.' }),
  mailchimp: refusal(401, {
    type: 'https://mailchimp.com/developer/marketing/docs/errors/',
    title: 'API Key Invalid',
    status: 401,
    detail: 'Your API key may be invalid, or you’ve attempted to access the wrong datacenter.',
  }),
  luma: refusal(401, { message: 'Invalid API key.' }),
  stripe: refusal(401, {
    error: { type: 'invalid_request_error', message: 'Invalid API Key provided: sk_test_*****box' },
  }),
  clerk: refusal(401, { errors: [{ code: 'authentication_invalid', message: 'Invalid authentication' }] }),
  pagerduty: refusal(400, {
    status: 'invalid event',
    message: 'Event object is invalid',
    errors: ['routing_key is not valid'],
  }),
}

/** A mail server has reply codes, no JSON and no HTML. https://www.rfc-editor.org/rfc/rfc5321#section-4.2.1 */
const BY_SMTP: readonly MatrixFault[] = [
  { name: '451', wish: { kind: 'status', status: 451 }, errorClass: 'failing' },
  { name: '451 after the work', wish: { kind: 'status', status: 451, when: 'after' }, errorClass: 'failing' },
  {
    name: 'no answer in time, and the work done behind it',
    wish: { kind: 'delay', delayMs: TOO_LATE_MS },
    errorClass: 'no-answer',
  },
  { name: 'connection reset', wish: { kind: 'drop-before' }, errorClass: 'no-answer' },
  { name: 'answer lost after the work', wish: { kind: 'drop-after' }, errorClass: 'no-answer' },
  { name: '550', wish: { kind: 'status', status: 550 }, errorClass: 'refused', final: true },
]

/** All that this provider can do to us. */
export function faultsOf(provider: ProviderName): readonly MatrixFault[] {
  if (provider === 'email') return BY_SMTP
  const expired: MatrixFault = {
    name: 'expired credentials',
    wish: CREDENTIALS[provider],
    errorClass: 'credentials',
    final: true,
  }
  if (provider !== 'mailchimp') return [...BY_HTTP, expired]
  const bare: MatrixFault = {
    name: 'a bare 403',
    wish: { kind: 'status', status: 403, body: 'Forbidden' },
    errorClass: 'rate-limited',
  }
  return [...BY_HTTP, expired, bare]
}

function refusal(status: number, body: Record<string, unknown>): FaultWish {
  return { kind: 'status', status, body }
}
