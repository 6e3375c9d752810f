import { type Logger, LogLevel, WebClient } from '@slack/web-api'
import { SECOND_MS } from '../../primitives/index.ts'
import type { Gate } from '../contract.ts'
import { attempt, type Call } from '../failures.ts'
import { SLACK_PAUSE_MS, slackError } from './slack-errors.ts'

export type SlackSettings = {
  token: string
  /** The Web API's base including `/api/`; Slack's own when absent. */
  apiUrl?: string | undefined
  timeoutMs?: number | undefined
}

export type SlackClient = {
  web: WebClient
  /** Makes one request with `web` through the gate. */
  calling<T>(
    operation: string,
    effect: Call['effect'],
    act: (call: Call) => Promise<T>,
    more?: Pick<Call, 'subject' | 'urgent'>,
  ): Promise<T>
}

/** Slack's official SDK, which here neither retries nor waits nor logs: the gate and the engine do all three. */
export function createSlackClient(settings: SlackSettings, gate: Gate): SlackClient {
  const web = new WebClient(settings.token, {
    ...(settings.apiUrl === undefined ? {} : { slackApiUrl: settings.apiUrl }),
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    timeout: settings.timeoutMs ?? 10 * SECOND_MS,
    logger: SILENT,
    fetch: fetchWithRetryAfter,
  })
  return {
    web,
    calling: (operation, effect, act, more = {}) =>
      attempt(gate, { provider: 'slack', operation, effect, ...more }, slackError, act),
  }
}

/** The SDK throws an error without a type on a 429 that has no Retry-After in seconds: give it one. */
const fetchWithRetryAfter: typeof fetch = async (input, init) => {
  const response = await fetch(input, init)
  if (response.status !== 429 || /^\d+$/.test(response.headers.get('retry-after') ?? '')) return response
  const headers = new Headers(response.headers)
  headers.set('retry-after', String(SLACK_PAUSE_MS / SECOND_MS))
  return new Response(await response.text(), { status: 429, headers })
}

const SILENT: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  setLevel: () => {},
  getLevel: () => LogLevel.ERROR,
  setName: () => {},
}
