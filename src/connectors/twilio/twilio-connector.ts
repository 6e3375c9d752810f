import twilio from 'twilio'
import type RequestClient from 'twilio/lib/base/RequestClient.js'
import { MINUTE_MS, SECOND_MS } from '../../primitives/index.ts'
import type { Gate, TwilioConnector } from '../contract.ts'
import { attempt, type Call, errorFor } from '../failures.ts'
import { TwilioRefusal, twilioError } from './twilio-errors.ts'

export type TwilioSettings = {
  accountSid: string
  authToken: string
  /** Our number, E.164. */
  from: string
  /** What replaces `https://api.twilio.com`; may have a path prefix. */
  apiUrl?: string | undefined
  timeoutMs?: number | undefined
}

/** Our clock and Twilio's may differ by this much. */
const CLOCK_SKEW_MS = 5 * MINUTE_MS
const PAGE_SIZE = 1_000
/** What a trial account puts before every text. */
const TRIAL_PREFIX = 'Sent from your Twilio trial account - '

/** Twilio through its official SDK, without the SDK's own retries. */
export function createTwilioConnector(settings: TwilioSettings, gate: Gate): TwilioConnector {
  const timeoutMs = settings.timeoutMs ?? 10 * SECOND_MS
  const client = twilio(settings.accountSid, settings.authToken, {
    httpClient: new TwilioHttpClient(settings.apiUrl, timeoutMs),
    autoRetry: false,
  })
  const calling = <T>(operation: string, effect: Call['effect'], act: (call: Call) => Promise<T>) =>
    attempt(gate, { provider: 'twilio', operation, effect }, twilioError, act)
  return {
    sendMessage: ({ to, body }) =>
      calling('messages.create', 'once', async (call) => {
        const message = await client.messages.create({ to, from: settings.from, body })
        if (!message.sid) throw errorFor(call, { kind: 'unreadable', status: 201 })
        return { sid: message.sid }
      }),

    async findMessage({ to, body, sinceMs }) {
      // Not filtered by DateSent: a message that still waits in Twilio's queue has none, and would be missed.
      const first = { to, from: settings.from, pageSize: PAGE_SIZE }
      let page = await calling('messages.list', 'repeatable', () => client.messages.page(first))
      for (;;) {
        const found = page.instances.find(
          (message) =>
            message.direction !== 'inbound' &&
            (message.body === body || message.body === `${TRIAL_PREFIX}${body}`) &&
            !(message.dateCreated?.getTime() < sinceMs - CLOCK_SKEW_MS),
        )
        if (found) return { sid: found.sid }
        const { nextPageUrl } = page
        if (!nextPageUrl) return null
        page = await calling('messages.list', 'repeatable', () => client.messages.getPage(nextPageUrl))
      }
    },
  }
}

/** The SDK's HTTP client, sent to another origin if there is one, and keeping the headers of a refusal. */
class TwilioHttpClient extends twilio.RequestClient {
  private readonly apiUrl: string | undefined

  constructor(apiUrl: string | undefined, timeoutMs: number) {
    super({ timeout: timeoutMs, autoRetry: false })
    this.apiUrl = apiUrl
    // The SDK's own limit counts silence only: an answer that trickles for ever would be waited for, for ever.
    this.axios.interceptors.request.use((config) => ({ ...config, signal: AbortSignal.timeout(timeoutMs) }))
  }

  override async request<TData>(opts: RequestClient.RequestOptions<TData>) {
    const uri = this.apiUrl === undefined ? opts.uri : replaceOrigin(opts.uri, this.apiUrl)
    const response = await super.request<TData>({ ...opts, uri }).catch(tooLate)
    if (response.statusCode >= 300) {
      const retryAfter: unknown = Object(response.headers)['retry-after']
      throw new TwilioRefusal(
        response.statusCode,
        response.body,
        typeof retryAfter === 'string' ? retryAfter : null,
      )
    }
    return response
  }
}

/** Nobody else takes a request back. */
function tooLate(error: unknown): never {
  if (error instanceof Error && 'code' in error && error.code === 'ERR_CANCELED')
    throw new DOMException('Twilio did not answer in time', 'TimeoutError')
  throw error
}

function replaceOrigin(uri: string, apiUrl: string): string {
  const { pathname, search } = new URL(uri)
  return `${apiUrl.replace(/\/+$/, '')}${pathname}${search}`
}
