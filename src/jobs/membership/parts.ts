import type { Approvals } from '../../approvals/index.ts'
import type { Connectors, ProviderMode, ProviderName } from '../../connectors/contract.ts'
import type { Database, Transaction } from '../../database/index.ts'
import type { RunStarter } from '../../engine/index.ts'
import type { Clock } from '../../primitives/index.ts'

export type MembershipSettings = {
  /** How long a failed payment leaves somebody a member. */
  graceMs: number
  /** What becomes of Luma's guests who are not members. */
  lumaNonMembers: 'pending' | 'decline'
  /** A batch that would change more than this stops and asks: so many members, or this share of them. */
  guard: { members: number; percent: number }
  /** How long entries of the audit are kept, milliseconds; absent or null: for ever. */
  auditMs?: number | null
}

/** What the membership's runs work with. `starter` and `approvals` are resolved late: they need the jobs to exist first. */
export type MembershipParts = {
  database: Database
  clock: Clock
  connectors: Connectors
  modes: Record<ProviderName, ProviderMode>
  settings: MembershipSettings
  /** Whether a welcome journey is set at Mailchimp. */
  welcomes: boolean
  /** The user group that holds exactly the members; null: none is kept. */
  slackGroup: string | null
  /** Where operators are told things; null when Slack is off. */
  operatorsChannel: string | null
  /** The dashboard's address, for links in messages; without a trailing slash. */
  publicUrl: string
  starter: () => RunStarter
  approvals: () => Approvals
}

/** What made something follow: the event it came from, and in words for the audit. */
export type Cause = { sourceEventId: string; why: string }

/** The runs that a change of a member is followed by, as the jobs that come after one another see them. */
export type Followers = {
  /** Brings Mailchimp up to what is true of the member. */
  syncMember(
    tx: Transaction,
    input: { memberId: string; sourceEventId: string; action: 'create' | 'update' | 'cancel' },
  ): Promise<string>
  /** Plans the end of a membership; the run does nothing before it. */
  planDeactivation(tx: Transaction, deactivationId: string, dueMs: number): Promise<string>
  /** Brings the members' user group in Slack up to date, soon, once for many requests. */
  syncGroup(tx: Transaction): Promise<void>
  /** Tells the operators in Slack, once for each key. */
  tellOperators(tx: Transaction, notice: { key: string; text: string }): Promise<string>
}
