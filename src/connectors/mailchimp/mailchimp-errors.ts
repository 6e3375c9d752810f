import { isRecord, maskPersonalData, SECOND_MS } from '../../primitives/index.ts'
import { type Failure, retryAfterMs, statusFailure } from '../failures.ts'
import type { ErrorAnswer } from '../http-client.ts'

/** Mailchimp counts connections that are open at once and sends no Retry-After: room comes back within seconds. */
const RATE_LIMIT_PAUSE_MS = 2 * SECOND_MS
/** What turns requests away at the edge, before Mailchimp, looks at more than this moment. */
const EDGE_PAUSE_MS = 10 * SECOND_MS

/**
 * By the problem's title, because one status has many meanings. The `detail` is never repeated: it contains the address.
 * https://mailchimp.com/developer/marketing/docs/errors/ (2026-11)
 */
const EXPLANATIONS: Record<string, string> = {
  member_in_compliance_state:
    'This person once left the Mailchimp audience, or mail to them bounced, so Mailchimp lets nobody but themselves subscribe them again: ask them to use the audience’s signup form. Nothing is wrong at our end.',
  forgotten_email_not_subscribed:
    'This address was deleted from Mailchimp for good and can only come back by its owner: ask them to use the audience’s signup form. Nothing is wrong at our end.',
  api_key_invalid: 'Mailchimp refused the key: check MAILCHIMP_API_KEY.',
  user_disabled: 'The Mailchimp user that the key belongs to was disabled: sign in to Mailchimp to see why.',
  wrong_datacenter:
    'The key belongs to another Mailchimp data centre: check MAILCHIMP_API_KEY and MAILCHIMP_API_URL.',
}

/** Sorts an answer of Mailchimp's other than 2xx. `code` is the problem's title in snake_case. */
export function mailchimpFailure({ status, body, retryAfter, operation }: ErrorAnswer): Failure {
  const title = isRecord(body) && typeof body.title === 'string' ? body.title : null
  if (status === 403 && title === null) {
    // Not Mailchimp's own answer: its edge says "slow down" like this at high volume.
    return { kind: 'rate_limited', retryAfterMs: retryAfterMs(retryAfter, EDGE_PAUSE_MS), status, code: null }
  }
  const code = title === null ? null : snakeCase(maskPersonalData(title))
  const explanation = (code !== null && EXPLANATIONS[code]) || explain(status, title, body, operation)
  return statusFailure(status, {
    code,
    retryAfterMs: retryAfterMs(retryAfter, RATE_LIMIT_PAUSE_MS),
    explanation,
  })
}

function explain(status: number, title: string | null, body: unknown, operation: string): string {
  if (status === 404) {
    return operation === 'trigger welcome'
      ? 'Mailchimp knows no such journey step: check MAILCHIMP_WELCOME_JOURNEY_ID and MAILCHIMP_WELCOME_STEP_ID.'
      : `Mailchimp knows no such audience or contact (${operation}): check MAILCHIMP_LIST_ID.`
  }
  const fields = fieldNames(body)
  if (title === 'Invalid Resource') {
    return fields.includes('email_address')
      ? `Mailchimp does not accept the address (${operation}): it looks wrong, or belongs to another contact.`
      : `Mailchimp does not accept what was sent to ${operation}${fields ? `: ${fields}` : ''}.`
  }
  const words = title === null ? `HTTP ${status}` : maskPersonalData(title).slice(0, 100)
  return `Mailchimp refused to ${operation}: ${words}.`
}

/** The names of the fields that are at fault; their messages may repeat the address. */
function fieldNames(body: unknown): string {
  const errors = isRecord(body) && Array.isArray(body.errors) ? body.errors : []
  return errors
    .flatMap((error) => (isRecord(error) && typeof error.field === 'string' ? [error.field] : []))
    .filter((field) => /^[\w.]{1,60}$/.test(field))
    .join(', ')
}

function snakeCase(title: string): string {
  return title
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '_')
    .replaceAll(/^_|_$/g, '')
    .slice(0, 80)
}
