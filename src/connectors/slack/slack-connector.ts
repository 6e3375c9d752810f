import { MINUTE_MS, NeverRetryError, SECOND_MS } from '../../primitives/index.ts'
import type { Gate, SlackConnector, SlackMessageRef } from '../contract.ts'
import { errorFor } from '../failures.ts'
import { createSlackClient, type SlackClient, type SlackSettings } from './slack-client.ts'

/** The metadata that our messages carry, so that they can be found again after a lost answer. */
const EVENT_TYPE = 'kinkeeper'
/** Our clock and Slack's may differ by this much. */
const CLOCK_SKEW_MS = 5 * MINUTE_MS
const PAGE_SIZE = 200

/** Slack's messages and forms. What answers a person who waits is urgent. */
export function createSlackConnector(settings: SlackSettings, gate: Gate): SlackConnector {
  const slack = createSlackClient(settings, gate)
  const { web, calling } = slack
  return {
    postMessage: (message) =>
      calling(
        'chat.postMessage',
        'once',
        async (call) => {
          const { channel, ts } = await web.chat.postMessage({
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
        },
        { subject: message.channel },
      ),

    findMessage: (query) => findByMarker(slack, query),

    updateMessage: (message) => {
      const { channel, ts, blocks } = message
      const act = () => web.chat.update({ channel, ts, text: escapeMarkup(message.text), blocks })
      return calling('chat.update', 'overwrites', act, { subject: channel }).then(() => {})
    },

    openView: ({ triggerId, view }) => {
      const act = () => web.views.open({ trigger_id: triggerId, view })
      return calling('views.open', 'repeatable', act, { urgent: true }).then(() => {})
    },

    postEphemeral: ({ channel, user, text }) => {
      const act = () => web.chat.postEphemeral({ channel, user, text: escapeMarkup(text) })
      const more = { subject: channel, urgent: true }
      return calling('chat.postEphemeral', 'repeatable', act, more).then(() => {})
    },

    async userName(userId) {
      try {
        const act = () => web.users.info({ user: userId })
        const { user } = await calling('users.info', 'repeatable', act, { urgent: true })
        return (
          user?.profile?.display_name || user?.profile?.real_name || user?.real_name || user?.name || userId
        )
      } catch (error) {
        if (error instanceof NeverRetryError) return userId
        throw error
      }
    },
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
  { web, calling }: SlackClient,
  query: { channel: string; marker: string; sinceMs: number; threadTs?: string },
): Promise<SlackMessageRef | null> {
  const { channel, threadTs } = query
  const oldest = (Math.max(0, query.sinceMs - CLOCK_SKEW_MS) / SECOND_MS).toFixed(6)
  const base = { channel, oldest, include_all_metadata: true, limit: PAGE_SIZE }
  let cursor: string | undefined
  do {
    const page = { ...base, ...(cursor === undefined ? {} : { cursor }) }
    const answer =
      threadTs === undefined
        ? await calling('conversations.history', 'repeatable', () => web.conversations.history(page), {
            subject: channel,
          })
        : await calling(
            'conversations.replies',
            'repeatable',
            () => web.conversations.replies({ ...page, ts: threadTs }),
            { subject: channel },
          )
    const found = answer.messages?.find(({ metadata }) => carriesMarker(metadata, query.marker))
    if (found?.ts) return { channel, ts: found.ts }
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
