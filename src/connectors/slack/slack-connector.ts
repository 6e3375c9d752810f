import { type Logger, LogLevel, WebClient } from '@slack/web-api'
import { MINUTE_MS, NeverRetryError, SECOND_MS } from '../../primitives/index.ts'
import type { SlackConnector, SlackMessageRef } from '../contract.ts'
import { attempt, type Call, errorFor } from '../failures.ts'
import { SLACK_PAUSE_MS, slackError } from './slack-errors.ts'

export type SlackSettings = {
  token: string
  /** The Web API's base including `/api/`; Slack's own when absent. */
  apiUrl?: string | undefined
  timeoutMs?: number | undefined
}

/** The metadata that our messages carry, so that they can be found again after a lost answer. */
const EVENT_TYPE = 'kinkeeper'
/** Our clock and Slack's may differ by this much. */
const CLOCK_SKEW_MS = 5 * MINUTE_MS
const PAGE_SIZE = 200

/** Slack through its official SDK, which here neither retries nor waits nor logs: the engine does all three. */
export function createSlackConnector(settings: SlackSettings): SlackConnector {
  const client = new WebClient(settings.token, {
    ...(settings.apiUrl === undefined ? {} : { slackApiUrl: settings.apiUrl }),
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
    timeout: settings.timeoutMs ?? 10 * SECOND_MS,
    logger: SILENT,
    fetch: fetchWithRetryAfter,
  })
  return {
    postMessage: (message) =>
      calling('chat.postMessage', 'once', async (call) => {
        const { channel, ts } = await client.chat.postMessage({
          channel: message.channel,
          text: escapeMarkup(message.text),
          blocks: message.blocks,
          metadata: { event_type: EVENT_TYPE, event_payload: { marker: message.marker } },
          unfurl_links: false,
          unfurl_media: false,
          ...(message.threadTs === undefined ? {} : { thread_ts: message.threadTs }),
        })
        if (!channel || !ts) throw errorFor(call, { kind: 'unreadable', status: 200 })
        return { channel, ts }
      }),

    findMessage: (query) =>
      query.threadTs === undefined
        ? calling('conversations.history', 'repeatable', () => findByMarker(client, query))
        : calling('conversations.replies', 'repeatable', () => findByMarker(client, query)),

    updateMessage: (message) =>
      calling('chat.update', 'repeatable', async () => {
        const { channel, ts, blocks } = message
        await client.chat.update({ channel, ts, text: escapeMarkup(message.text), blocks })
      }),

    openView: ({ triggerId, view }) =>
      calling('views.open', 'repeatable', async () => {
        await client.views.open({ trigger_id: triggerId, view })
      }),

    postEphemeral: ({ channel, user, text }) =>
      calling('chat.postEphemeral', 'repeatable', async () => {
        await client.chat.postEphemeral({ channel, user, text: escapeMarkup(text) })
      }),

    userName: (userId) =>
      calling('users.info', 'repeatable', async () => {
        const { user } = await client.users.info({ user: userId })
        return (
          user?.profile?.display_name || user?.profile?.real_name || user?.real_name || user?.name || userId
        )
      }).catch((error: unknown) => {
        if (error instanceof NeverRetryError) return userId
        throw error
      }),
  }
}

/**
 * Text as Slack shows it literally: `<!channel>` in a text message must ping nobody.
 * https://docs.slack.dev/messaging/formatting-message-text#escaping (2026-11)
 */
function escapeMarkup(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

/** Reads every page from `sinceMs` on until the message with the marker turns up. */
async function findByMarker(
  client: WebClient,
  query: { channel: string; marker: string; sinceMs: number; threadTs?: string },
): Promise<SlackMessageRef | null> {
  const oldest = (Math.max(0, query.sinceMs - CLOCK_SKEW_MS) / SECOND_MS).toFixed(6)
  const base = { channel: query.channel, oldest, include_all_metadata: true, limit: PAGE_SIZE }
  let cursor: string | undefined
  do {
    const page = { ...base, ...(cursor === undefined ? {} : { cursor }) }
    const answer =
      query.threadTs === undefined
        ? await client.conversations.history(page)
        : await client.conversations.replies({ ...page, ts: query.threadTs })
    const found = answer.messages?.find(({ metadata }) => carriesMarker(metadata, query.marker))
    if (found?.ts) return { channel: query.channel, ts: found.ts }
    cursor = answer.response_metadata?.next_cursor || undefined
  } while (cursor !== undefined)
  return null
}

function carriesMarker(
  metadata: { event_type?: string; event_payload?: object } | undefined,
  marker: string,
): boolean {
  const payload = metadata?.event_payload
  return (
    metadata?.event_type === EVENT_TYPE &&
    payload !== undefined &&
    'marker' in payload &&
    payload.marker === marker
  )
}

function calling<T>(operation: string, effect: Call['effect'], act: (call: Call) => Promise<T>): Promise<T> {
  return attempt({ provider: 'slack', operation, effect }, slackError, act)
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
