/**
 * The JSON of the pages Members, Schedules and Connections, and of the inbox's questions. Types only, as `contract.ts`.
 * Times are ISO 8601 strings in UTC.
 */
import type { ProviderName } from '../connectors/contract.ts'

export type MembershipState = 'none' | 'active' | 'ended'

export type MemberSummary = {
  id: string
  /** Never empty. */
  name: string
  email: string | null
  membership: MembershipState
  /** In a word or two for the list: `active`, `cancelled`, `past due`, `trial`, `ended`, `no subscription`, `deleted`. */
  standing: string
  /** When the membership ends by itself; null: no end is planned. */
  endsAt: string | null
  slack: 'unknown' | 'active' | 'deactivated' | 'absent'
  memberSince: string | null
  createdAt: string
  /** Something is wrong that a person should know: Mailchimp refuses them, a sync failed. */
  problem: string | null
}

/**
 * GET /api/members?q=&membership=&slack=&problem=1&cursor= : newest first, 50 a page. `membership` may also be
 * `deleted`; deleted people are not counted under their membership. `counts` ignore the filters.
 */
export type MemberPage = {
  items: MemberSummary[]
  nextCursor: string | null
  counts: Record<MembershipState | 'deleted' | 'problem', number>
}

/** One entry of a member's line of life. `future`: it is going to happen then, unless something changes. */
export type LifeEntry = {
  at: string
  when: 'past' | 'future'
  text: string
  actor: string | null
  detail: string | null
  /** The run that did it, where there is one. */
  runId: string | null
}

export type SubscriptionView = {
  id: string
  status: string
  /** `paid until`, `ends on`, `in grace until` … as a sentence. */
  explanation: string
  periodEndsAt: string | null
  endedAt: string | null
}

/** GET /api/members/:id. */
export type MemberDetail = {
  member: MemberSummary
  /** Why they count as a member, or do not, in plain words. */
  explanation: string
  accounts: { clerkId: string | null; stripeCustomerId: string | null; slackUserId: string | null }
  profileHidden: boolean
  byHand: 'kept' | 'barred' | null
  mailchimp: {
    email: string | null
    syncedAt: string | null
    problem: string | null
    /** Null: not welcomed, or not known to have been. */
    welcomedAt: string | null
  }
  subscriptions: SubscriptionView[]
  life: LifeEntry[]
  /** What the buttons may do now; a sentence says why not. */
  actions: {
    sync: true | string
    deactivate: true | string
    /** Undo of the last deactivation, by its id. */
    undo: { deactivationId: string; at: string } | string
    erase: true | string
  }
}

/** POST /api/members/:id/sync, /deactivate {reason}, /undo {deactivationId}, /erase {confirm: the e-mail address}. */
export type MemberActionAnswer = { runId: string | null; message: string }

/** GET /api/members/:id/export: a JSON file with everything that is kept about the person. */

export type ScheduleFiring = {
  slotAt: string
  firedAt: string | null
  cause: 'clock' | 'catch-up' | 'request' | 'person' | 'missed'
  run: { id: string; status: string; result: unknown } | null
}

/** GET /api/schedules. POST /api/schedules/:name/run starts it now: {runId}. */
export type ScheduleView = {
  name: string
  job: string
  /** In plain words, for people. */
  description: string
  cron: string
  zone: string
  /** The slots to come, soonest first. */
  next: string[]
  /** The last firings, newest first. */
  last: ScheduleFiring[]
  /** The path that an outside scheduler may call, and whether it is open (CRON_SECRET is set). */
  endpoint: { path: string; open: boolean } | null
  /** Why it does nothing now (its provider is off); null: it runs. */
  idleBecause: string | null
}

/** GET /api/connections. */
export type ConnectionView = {
  provider: ProviderName
  mode: 'live' | 'sandbox' | 'off'
  breaker: 'closed' | 'open' | 'half-open'
  reason: string | null
  openedAt: string | null
  nextProbeAt: string | null
  lastAnswer: { at: string; text: string } | null
  parkedRuns: number
  lastMinute: { requests: number; failures: number; refusals: number }
  places: { held: number; limit: number } | null
  perMinute: number | null
  month: { used: number; budget: number | null; forecast: number }
  /** What to do to turn it on, or about what is wrong; null: nothing. */
  advice: string | null
}

/** A question that waits in the inbox beside the job posts. Decided like any approval: POST /api/approvals/:id/decision. */
export type QuestionItem = {
  approval: {
    id: string
    status: 'open' | 'approved' | 'denied' | 'expired'
    openedAt: string
    deadlineAt: string
  }
  kind: string
  title: string
  explanation: string[]
  /** At most the first hundred; `itemCount` says how many there are. */
  items: { id: string; label: string; detail: string | null; amount: string | null }[]
  /** All amounts together; null: it is not about money. */
  sum: string | null
  itemCount: number
  approveLabel: string
  denyLabel: string
}
