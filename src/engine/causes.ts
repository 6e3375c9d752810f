import type { SerializedError } from '../primitives/index.ts'

/**
 * What kind of failure ended a run, for people who have many to look through:
 *
 * - `unreachable`, `failing`, `no-answer`, `unreadable`, `rate-limited`: the provider did not do its part
 * - `away`: known to be away, and the run has waited for a day
 * - `credentials`: the provider does not accept ours, or they may not do this
 * - `refused`: the provider said no to this very request, for good
 * - `outcome-unknown`: the answer to something that cannot be repeated was lost, and looking did not settle it
 * - `no-settings`, `not-possible`: a rule of our own said no
 * - `given-up`: a process died under it again and again
 * - `database`, `bug`: PostgreSQL refused a statement; nobody foresaw this
 */
export type ErrorClass =
  | 'unreachable'
  | 'failing'
  | 'no-answer'
  | 'unreadable'
  | 'rate-limited'
  | 'away'
  | 'credentials'
  | 'refused'
  | 'outcome-unknown'
  | 'not-possible'
  | 'given-up'
  | 'database'
  | 'bug'

/** Failures that are over when the provider is back. */
export const OUTAGES: ReadonlySet<ErrorClass> = new Set([
  'unreachable',
  'failing',
  'no-answer',
  'unreadable',
  'rate-limited',
  'away',
])

/** The words by which providers say that it is our key, not our request. */
const CREDENTIAL_CODES =
  /^(?:invalid_auth|not_authed|account_inactive|token_(?:revoked|expired)|no_permission|missing_scope|api_key_invalid|invalid_api_key|invalid_routing_key|authentication_(?:invalid|error)|unauthorized|20003|insufficient_quota)$/i

const BY_FAILURE: Readonly<Record<string, ErrorClass>> = {
  not_sent: 'unreachable',
  timeout: 'no-answer',
  cut: 'no-answer',
  broken: 'failing',
  unreadable: 'unreadable',
  rate_limited: 'rate-limited',
}

/** Sorts a failure that was stored as plain data. Pure. */
function errorClassOf(error: SerializedError): ErrorClass {
  const { status, code, failure } = error.facts
  if (error.name === 'GivenUpRun') return 'given-up'
  if (error.message.startsWith(OUTCOME_UNKNOWN)) return 'outcome-unknown'
  if (error.next === 'park') return 'away'
  if (status === 401 || (typeof code === 'string' && CREDENTIAL_CODES.test(code))) return 'credentials'
  const byFailure = typeof failure === 'string' ? BY_FAILURE[failure] : undefined
  if (byFailure) return byFailure
  if (failure === 'refused') return 'refused'
  if (error.name === 'DatabaseError') return 'database'
  return error.next === 'unexpected' ? 'bug' : 'not-possible'
}

/** How every failure begins whose effect nobody knows; see `effects.ts`. */
export const OUTCOME_UNKNOWN = 'It is not known whether this happened'

export type Cause = { key: string; provider: string | null; errorClass: ErrorClass; code: string | null }

/** What failures with one cause share: the provider, the class of the error (with the provider's word for it), job and step. */
export function causeOf(error: SerializedError, at: { job: string; step: string | null }): Cause {
  const errorClass = errorClassOf(error)
  const provider = typeof error.facts.provider === 'string' ? error.facts.provider : null
  const code = errorClass === 'refused' && error.facts.code != null ? String(error.facts.code) : null
  const key = [provider ?? '-', code === null ? errorClass : `${errorClass}:${code}`, at.job, at.step ?? '-']
  return { key: key.join(' / '), provider, errorClass, code }
}
