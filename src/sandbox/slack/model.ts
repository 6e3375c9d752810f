/** What Slack keeps: people, channels, messages, open modals, and the short-lived handles of a click. */

/** A Block Kit block as it came over the wire, after validation. */
export type Block = Record<string, unknown>

/** What is not said is false; a world that was kept before these fields existed has none of them. */
export type SlackUser = {
  id: string
  name: string
  realName: string
  /** Lower case. A bot's is never shown. */
  email: string
  timezone: string
  /** Deactivated. */
  deleted?: boolean
  /** An app's user, ours or another's. */
  bot?: boolean
  /** A guest: in some channels only. */
  restricted?: boolean
  updatedMs?: number
}

export type SlackUsergroup = {
  id: string
  handle: string
  name: string
  userIds: string[]
  /** Null while the group is enabled. */
  disabledMs: number | null
  createdMs: number
  updatedMs: number
}
export type SlackChannel = { id: string; name: string; topic: string }
export type MessageMetadata = { event_type: string; event_payload: Record<string, unknown> }

export type SlackMessage = {
  channel: string
  ts: string
  userId: string
  text: string
  blocks: Block[]
  metadata: MessageMetadata | null
  /** The parent's ts, for a reply in a thread. */
  threadTs: string | null
  editedTs: string | null
  atMs: number
}

export type EphemeralMessage = {
  id: string
  userId: string
  channel: string
  text: string
  blocks: Block[]
  atMs: number
}

/** An open modal. `view` is what Slack shows in answers and payloads. */
export type SlackView = {
  id: string
  userId: string
  triggerId: string
  view: Record<string, unknown>
  /** What the person sees after a refused submission: one text per block, or one for the whole modal. */
  error: Record<string, string> | string | null
}

export type Trigger = { id: string; userId: string; createdMs: number; used: boolean }

export type ResponseUrl = {
  id: string
  userId: string
  channel: string
  ts: string
  uses: number
  createdMs: number
}

/** A refusal in Slack's manner: HTTP 200 with `ok: false`. */
export type SlackRefusal = { ok: false; error: string } & Record<string, unknown>
export type SlackAnswer = ({ ok: true } & Record<string, unknown>) | SlackRefusal

/** The refusal with this error code. */
export function refuse(error: string, more: Record<string, unknown> = {}): SlackRefusal {
  return { ok: false, error, ...more }
}

/** The key of a message in its collection. */
export function messageKey(channel: string, ts: string): string {
  return `${channel}/${ts}`
}
