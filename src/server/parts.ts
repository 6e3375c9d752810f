import type { Context } from 'hono'
import type { Approvals } from '../approvals/index.ts'
import type { Actor } from '../audit/index.ts'
import type { ProviderLimits, ProviderMode, ProviderName } from '../connectors/index.ts'
import type { ChangeFeed, Database } from '../database/index.ts'
import type { DeadLetters } from '../dead-letters/index.ts'
import type { RunStarter, Schedules } from '../engine/index.ts'
import type { JobPostReview } from '../jobs/job-post-review/index.ts'
import type { Membership } from '../jobs/membership/index.ts'
import type { Clock, Logger } from '../primitives/index.ts'
import type { AlertDesk } from './alerts.ts'
import type { Role } from './contract.ts'

/** What the HTTP edge works with. Nothing here is read from the environment. */
export type ServerParts = {
  database: Database
  clock: Clock
  logger: Logger
  changes: ChangeFeed
  /** Resolved late: the server may answer before the engine runs. */
  starter: () => RunStarter
  review: JobPostReview
  /** Decides approvals of every kind. */
  approvals: Pick<Approvals, 'decide'>
  membership: Pick<Membership, 'syncNow' | 'deactivate' | 'undo' | 'importMembers'>
  /** How long a failed payment leaves somebody a member. */
  graceMs: number
  schedules: Schedules
  deadLetters: Pick<DeadLetters, 'parts' | 'compensation' | 'letterAction'>
  /** A job has just been paused, or goes on. */
  lookAgainWhatIsPaused(): Promise<void>
  alerts: AlertDesk
  /** Whether outside schedulers may start jobs: CRON_SECRET is set. */
  cronOpen: boolean
  limits: Record<ProviderName, ProviderLimits>
  /** Starts erasing everything that is kept about a person. @throws ConflictError for somebody who is a member now */
  erase: (memberId: string, actor: Actor) => Promise<{ runId: string }>
  modes: Record<ProviderName, ProviderMode>
  /** They verify their signatures on the raw body themselves. */
  webhooks: {
    twilioSms: (context: Context) => Promise<Response>
    slackInteraction: (context: Context) => Promise<Response>
    stripe: (context: Context) => Promise<Response>
    clerk: (context: Context) => Promise<Response>
    events: (context: Context) => Promise<Response>
    /** The same for clients of the `inngest` package. */
    ingest: (context: Context) => Promise<Response>
    lumaApproval: (context: Context) => Promise<Response>
    slackSync: (context: Context) => Promise<Response>
    cleanup: (context: Context) => Promise<Response>
  }
  /** Where the sandbox is controlled, e.g. `http://127.0.0.1:3100/control`; null when none runs. */
  sandbox: { controlUrl: string } | null
  publicUrl: string
  /** Whose word about where a request comes from is taken: addresses and ranges. */
  trustedProxies: readonly string[]
  production: boolean
  sessionSecret: string
  /** The built dashboard: `dist/dashboard`. */
  dashboardDir: string
  readiness(): Promise<{ ready: boolean; checks: Record<string, boolean>; problems?: string[] }>
  /** Prometheus text. */
  metrics(): string | Promise<string>
  /** Tells whoever is told of errors. */
  reportError?(error: unknown, where: string): void
}

export type Person = { id: string; name: string; email: string; role: Role }

/** Hono's variables: who is signed in, once a route that needs it has been entered. */
export type ServerEnv = { Variables: { person: Person } }
export type ServerContext = Context<ServerEnv>
