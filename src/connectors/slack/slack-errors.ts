import { ErrorCode } from '@slack/web-api'
import { isRecord, type KinkeeperError, SECOND_MS } from '../../primitives/index.ts'
import { type Call, errorFor, type Failure, statusFailure, transportFailure } from '../failures.ts'

/** Tier 3 methods allow 50 calls a minute: half a minute is enough room for any of ours. */
export const SLACK_PAUSE_MS = 30 * SECOND_MS

/** Slack's own words for "we failed, it may or may not have happened". */
const BROKEN = new Set([
  'internal_error',
  'fatal_error',
  'service_unavailable',
  'request_timeout',
  'unknown_error',
])
const RATE_LIMITED = new Set(['ratelimited', 'rate_limited', 'message_limit_exceeded'])

const EXPLANATIONS: Record<string, string> = {
  invalid_auth: 'Slack refused the token: check SLACK_BOT_TOKEN.',
  not_authed: 'Slack refused the token: check SLACK_BOT_TOKEN.',
  account_inactive:
    'The Slack app was removed or its token revoked: install it again and set SLACK_BOT_TOKEN.',
  token_revoked: 'The Slack app was removed or its token revoked: install it again and set SLACK_BOT_TOKEN.',
  token_expired: 'The Slack token has expired: set a new SLACK_BOT_TOKEN.',
  missing_scope:
    'The Slack app lacks a permission: compare its scopes with the app manifest in the README and reinstall it.',
  channel_not_found:
    'Slack knows no such channel: set SLACK_JOBS_CHANNEL to the channel’s id and invite the app to it.',
  not_in_channel: 'The Slack app is not in the channel: invite it there with /invite.',
  is_archived: 'The Slack channel is archived: unarchive it or set another SLACK_JOBS_CHANNEL.',
  restricted_action: 'A setting of the Slack workspace keeps the app from posting in the channel.',
  message_not_found: 'The Slack message is gone: somebody deleted it.',
  cant_update_message: 'The Slack message belongs to another app and cannot be changed by this one.',
  edit_window_closed: 'The Slack workspace does not allow messages of that age to be changed.',
  expired_trigger_id: 'Slack waited longer than 3 seconds for the form: press the button again.',
  exchanged_trigger_id: 'The form was already opened by this click: press the button again.',
  invalid_trigger_id: 'Slack does not know this click any more: press the button again.',
  user_not_found: 'Slack knows no such person.',
  user_not_visible: 'Slack does not show this person to the app.',
  users_not_found: 'Slack knows nobody with this address.',
  no_such_subteam:
    'SLACK_MEMBERS_USERGROUP names no user group of the workspace: set it to the group’s id, which begins with S.',
  plan_upgrade_required: 'User groups need a paid Slack plan: upgrade, or unset SLACK_MEMBERS_USERGROUP.',
  permission_denied:
    'The Slack workspace does not let the app change user groups: an admin allows it under Roles & permissions.',
  invalid_users:
    'One of the people cannot be in the user group: Slack takes neither guests of one channel nor bots.',
}

/** Maps whatever the Slack SDK threw to the error that says what to do next. Pure. */
export function slackError(call: Call, error: unknown): KinkeeperError {
  return errorFor(call, slackFailure(call, error), error)
}

/** The refusal that Slack would have answered with this word. */
export function slackRefusal(call: Call, word: string): KinkeeperError {
  return errorFor(call, refusal(call, word))
}

function slackFailure(call: Call, error: unknown): Failure {
  if (!isErrorWithCode(error)) return transportFailure(error)
  switch (error.code) {
    case ErrorCode.PlatformError:
      return platformFailure(call, isRecord(error.data) ? error.data.error : undefined)
    case ErrorCode.RateLimitedError: {
      const ms = typeof error.retryAfter === 'number' ? error.retryAfter * SECOND_MS : SLACK_PAUSE_MS
      return { kind: 'rate_limited', retryAfterMs: ms, status: 429, code: 'ratelimited' }
    }
    case ErrorCode.HTTPError: {
      const status = typeof error.statusCode === 'number' ? error.statusCode : 500
      const explanation = `Slack answered ${call.operation} with HTTP ${status}: check SLACK_API_URL.`
      return statusFailure(status, { code: null, retryAfterMs: SLACK_PAUSE_MS, explanation })
    }
    default:
      return transportFailure(error.original ?? error)
  }
}

/** `ok: false` with a word. A text that is no such word is not Slack's JSON at all (the SDK puts the page there). */
function platformFailure(call: Call, word: unknown): Failure {
  if (typeof word !== 'string' || !/^[a-z0-9_]{2,80}$/.test(word)) return { kind: 'unreadable', status: 200 }
  if (RATE_LIMITED.has(word)) {
    return { kind: 'rate_limited', retryAfterMs: SLACK_PAUSE_MS, status: 200, code: word }
  }
  if (BROKEN.has(word)) return { kind: 'broken', status: 200, code: word }
  return refusal(call, word)
}

function refusal(call: Call, word: string): Failure {
  const explanation = EXPLANATIONS[word] ?? `Slack refused ${call.operation}: ${word}.`
  return { kind: 'refused', explanation, status: 200, code: word }
}

type CodedError = Error & {
  code: string
  data?: unknown
  retryAfter?: unknown
  statusCode?: unknown
  original?: unknown
}

function isErrorWithCode(error: unknown): error is CodedError {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
}
