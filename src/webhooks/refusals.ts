/** Why a delivery was turned away. Refusals are counted, never stored: anybody can send them. */
export type RefusalReason =
  | 'off'
  | 'too_large'
  | 'malformed'
  | 'missing_header'
  | 'malformed_header'
  | 'stale_timestamp'
  | 'mismatch'

/** Counts one refusal. */
export type RefusalCounter = (source: string, reason: RefusalReason) => void

const ANSWERS: Record<RefusalReason, { status: number; message: string }> = {
  off: { status: 503, message: 'This source is off: its credentials are not set.' },
  too_large: { status: 413, message: 'The body is larger than 1 MiB.' },
  malformed: { status: 400, message: 'The delivery is not of the form this source sends.' },
  missing_header: { status: 401, message: 'The signature is missing.' },
  malformed_header: { status: 401, message: 'The signature is malformed.' },
  stale_timestamp: { status: 401, message: 'The timestamp is more than five minutes off.' },
  mismatch: { status: 403, message: 'The signature does not match.' },
}

/** Turns a delivery away: a status, a sentence, and one more in the count. */
export function refuse(count: RefusalCounter, source: string, reason: RefusalReason): Response {
  count(source, reason)
  const { status, message } = ANSWERS[reason]
  return Response.json({ error: { code: reason, message } }, { status })
}
