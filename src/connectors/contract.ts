/**
 * What the jobs see of the providers: types only. Every call either answers, or throws one of the errors of
 * `primitives/errors.ts`, sorted by what to do next:
 *
 * - `RetryError`: it certainly did not happen (connection refused, DNS, TLS; 5xx on a read or on a naturally idempotent write)
 * - `RetryAtError`: refused for now, with the time to come back (429; Retry-After when given, else a sensible default)
 * - `LookFirstError`: on a call without idempotency, the answer was lost after the request may have arrived
 *   (reset, timeout, 5xx, unreadable 2xx): `settleMs` is long after a timeout and short after a cut
 * - `NeverRetryError`: refused for good (other 4xx, `invalid_blocks`, `insufficient_quota`, opted-out recipient), in plain words
 *
 * `facts` always carry `provider`, `operation`, and `status` and `code` where there are any.
 */
import type {
  ClerkConnector,
  LumaConnector,
  MailchimpConnector,
  SlackPeopleConnector,
  StripeConnector,
} from './membership-contract.ts'
import type { EmailConnector, PagerDutyConnector } from './notice-contract.ts'
import type { KnownBlock, ModalView } from './slack/blocks.ts'

/** Where a provider's connection stands: `live` with own credentials, `sandbox`, or `off` (no credentials, no sandbox). */
export type ProviderMode = 'live' | 'sandbox' | 'off'
export type ProviderName =
  | 'twilio'
  | 'slack'
  | 'openai'
  | 'circle'
  | 'mailchimp'
  | 'luma'
  | 'stripe'
  | 'clerk'
  | 'pagerduty'
  | 'email'

export type SlackMessageRef = { channel: string; ts: string }

export type SlackConnector = {
  /** chat.postMessage. No idempotency at Slack: call it through the effect ledger. `marker` goes into the metadata. */
  postMessage(message: {
    channel: string
    text: string
    blocks: KnownBlock[]
    marker: string
    threadTs?: string
  }): Promise<SlackMessageRef>
  /**
   * Looks for the message that carries `marker` in the channel's history (or the thread's replies), no older than
   * `sinceMs` (epoch milliseconds), every page. Null: it is certainly not there.
   */
  findMessage(query: {
    channel: string
    marker: string
    sinceMs: number
    threadTs?: string
  }): Promise<SlackMessageRef | null>
  /** chat.update: replaces text and blocks; repeating it is harmless. */
  updateMessage(message: SlackMessageRef & { text: string; blocks: KnownBlock[] }): Promise<void>
  /** views.open within 3 s of the click. */
  openView(request: { triggerId: string; view: ModalView }): Promise<void>
  /** chat.postEphemeral: a line that only `user` sees. Best effort: losing one harms nothing. */
  postEphemeral(message: { channel: string; user: string; text: string }): Promise<void>
  /** The person's display name (users.info); the id itself when Slack does not say. */
  userName(userId: string): Promise<string>
}

export type CirclePost = { id: string; url: string }

export type CircleConnector = {
  /**
   * Creates a published post. No idempotency at Circle: call it through the effect ledger. `marker` is a short
   * reference that the body ends with, so that the post can be found again.
   */
  createPost(post: { title: string; paragraphs: PostParagraph[]; marker: string }): Promise<CirclePost>
  /** Looks for the post whose body carries `marker` among the space's posts created since `sinceMs`. Null: certainly not there. */
  findPost(query: { marker: string; title: string; sinceMs: number }): Promise<CirclePost | null>
  /** Deletes a post. Repeating it, or deleting what is gone already, is harmless. */
  deletePost(id: string): Promise<void>
}

/** One paragraph of a post: plain text, or a label with a value that may be a link. */
export type PostParagraph =
  | { kind: 'text'; text: string }
  | { kind: 'labelled'; label: string; text: string; href?: string }

export type TwilioConnector = {
  /** Sends one SMS. No idempotency at Twilio: call it through the effect ledger. */
  sendMessage(message: { to: string; body: string }): Promise<{ sid: string }>
  /** Looks for an outbound message to `to` with exactly this body, sent since `sinceMs`, every page. Null: certainly not there. */
  findMessage(query: { to: string; body: string; sinceMs: number }): Promise<{ sid: string } | null>
}

export type OpenAiConnector = {
  /**
   * Asks the model to fill the job-post schema from untrusted text. Answers the model's JSON, unvalidated (the
   * caller checks it against its own schema). Repeating costs money, nothing else.
   */
  extract(request: {
    instructions: string
    text: string
    schemaName: string
    jsonSchema: Record<string, unknown>
    signal?: AbortSignal
  }): Promise<unknown>
}

export type Connectors = {
  slack: SlackConnector
  circle: CircleConnector
  twilio: TwilioConnector
  openai: OpenAiConnector
  slackPeople: SlackPeopleConnector
  mailchimp: MailchimpConnector
  luma: LumaConnector
  stripe: StripeConnector
  clerk: ClerkConnector
  pagerduty: PagerDutyConnector
  email: EmailConnector
}

/**
 * What every single request to a provider passes, one gate for all connectors of the process. It may hold the request
 * back until the provider's limits allow it, and watches how it ends (the errors above). `urgent` requests answer a
 * person who is waiting (a modal within 3 s of the click): they are counted, never held back. Each is announced
 * (`announceSending`) when nothing holds it back any more.
 * @throws ParkError when the provider is known to be away, or has just been found to be
 */
export type Gate = <T>(
  request: { provider: ProviderName; operation: string; subject?: string; urgent?: boolean },
  act: () => Promise<T>,
) => Promise<T>

/**
 * A provider's limits, stated once beside its connector, with their source. Absent means none is known.
 * - `concurrency`: requests under way at once, over all processes
 * - `rates`: buckets; `operations` names what draws from one (absent: everything), `perSubject` makes one per subject
 *   (a Slack channel). At most `burst` at once and `perMinute` after it: in any minute never more than their sum.
 * - `perMonth`: requests in a calendar month (UTC)
 */
export type ProviderLimits = {
  concurrency?: number
  rates?: readonly {
    name: string
    operations?: readonly string[]
    perSubject?: boolean
    burst: number
    perMinute: number
  }[]
  perMonth?: number
}
