/**
 * The JSON that the dashboard and the server exchange. Types only: the dashboard imports nothing else of the server.
 * Times are ISO 8601 strings in UTC. Personal data: phone numbers come masked.
 */

import type { ProviderName } from '../connectors/contract.ts'
import type { ParsedJobPost, ParserName } from '../extraction/schema.ts'
import type { LetterGroup } from './dead-letters-contract.ts'
import type { QuestionItem } from './membership-contract.ts'
import type { RunLinks } from './run-list-contract.ts'

export type Role = 'owner' | 'operator' | 'approver' | 'viewer'
export type ProviderStatus = {
  provider: ProviderName
  mode: 'live' | 'sandbox' | 'off'
}

/** GET /api/session: who is signed in; in the sandbox, how to get in. */
export type SessionInfo = {
  user: { id: string; name: string; email: string; role: Role } | null
  /** Whether the sandbox runs, and so the Sandbox page exists. */
  sandbox: boolean
  /** In the sandbox only: a person may be signed in as one of these with a click (POST /api/sandbox/sign-in {role}). */
  sandboxSignIn: Role[]
  /** False until the first owner exists (they arrive by the one-time link /welcome?token=…). */
  hasOwner: boolean
  providers: ProviderStatus[]
  /** The server's own time; in the sandbox its clock can be moved, and relative times must follow it. */
  now: string
}

export type SubmissionStatus =
  | 'pending_parse'
  | 'needs_details'
  | 'pending_approval'
  | 'approved'
  | 'published'
  | 'denied'
  | 'expired'
  | 'not_a_job_post'
  | 'lapsed'
  | 'refused'

/** Where the publication of an approved post stands. */
export type Publication =
  | { state: 'none' }
  | { state: 'in_progress' }
  | { state: 'published'; url: string; at: string }
  | { state: 'failed'; reason: string; at: string }
  | { state: 'unknown'; reason: string; at: string }

export type Decision = {
  outcome: 'approved' | 'denied' | 'expired'
  by: string
  /** Where it was decided: `Slack`, `the dashboard`, `the deadline`. */
  via: 'slack' | 'dashboard' | 'deadline'
  at: string
  reason: string | null
}

export type SubmissionSummary = {
  id: string
  reference: string
  status: SubmissionStatus
  publication: Publication
  title: string | null
  company: string | null
  sender: string
  receivedAt: string
  /** First 160 characters of the text. */
  excerpt: string
  decision: Decision | null
}

export type ApprovalSummary = {
  id: string
  status: 'open' | 'approved' | 'denied' | 'expired'
  openedAt: string
  deadlineAt: string
  remindersSent: number
  nextReminderAt: string | null
}

/** An open approval with what a moderator needs to decide. */
export type InboxItem = {
  approval: ApprovalSummary
  submission: SubmissionSummary
  texts: SubmissionText[]
  parsed: ParsedJobPost
  parser: ParserName
  /** Names of fields below the confidence that needs a look. */
  uncertain: string[]
  media: number
}

/** Something else that needs a person: a publication that failed, an effect whose outcome is unknown, a failed run. */
export type AttentionItem =
  | { kind: 'publication_failed'; submission: SubmissionSummary; reason: string }
  | {
      kind: 'effect_unknown'
      effect: EffectView
      submission: SubmissionSummary | null
      memberId: string | null
    }
  | {
      kind: 'run_failed'
      run: RunSummary
      submission: SubmissionSummary | null
      memberId: string | null
      error: string
    }
  /** Several runs that failed for one cause; they are dealt with together on the page Dead letters. */
  | { kind: 'dead_letters'; group: LetterGroup }

/**
 * GET /api/inbox?cursor=: open approvals, nearest deadline first (50 a page), and what else needs a person. `openCount`
 * is everything that waits for a decision, posts and questions; of the questions the fifty most pressing are here.
 */
export type InboxPage = {
  items: InboxItem[]
  nextCursor: string | null
  openCount: number
  questions: QuestionItem[]
  attention: AttentionItem[]
}

export type SubmissionText = { receivedAt: string; body: string; media: number }

/** GET /api/submissions?status=&q=&cursor= : newest first, 50 a page. `counts` ignore the filters. */
export type SubmissionPage = {
  items: SubmissionSummary[]
  nextCursor: string | null
  counts: Partial<Record<SubmissionStatus, number>>
}

export type TimelineEntry = {
  at: string
  /** `past` happened; `future` is scheduled (a reminder, the deadline). */
  when: 'past' | 'future'
  text: string
  actor: string | null
  detail: string | null
  runId: string | null
}

/** GET /api/submissions/:id */
export type SubmissionDetail = {
  submission: SubmissionSummary
  texts: SubmissionText[]
  parsed: ParsedJobPost | null
  parser: ParserName | null
  /** Fields as edited by a moderator, when one did; `before` is what the parser had said. */
  edits: { field: string; before: string; after: string }[]
  uncertain: string[]
  approval: ApprovalSummary | null
  timeline: TimelineEntry[]
  runs: RunSummary[]
  effects: EffectView[]
}

/**
 * POST /api/approvals/:id/decision (approver). Answers DecisionAnswer, 200 both when it won and when it came second.
 * Edits are for job posts only; a job post is denied with a reason, a question with or without.
 */
export type DecisionRequest =
  | { decision: 'approve'; edits?: FieldEdits }
  | { decision: 'deny'; reason?: string }
/** New values for fields; a field that is absent stays. Empty text clears a nullable field. */
export type FieldEdits = Partial<{
  title: string
  company: string
  location: string
  workplace: 'onsite' | 'hybrid' | 'remote' | ''
  employmentType: 'full_time' | 'part_time' | 'contract' | 'temporary' | 'internship' | 'volunteer' | ''
  salaryMin: string
  salaryMax: string
  salaryCurrency: string
  salaryPeriod: 'hour' | 'day' | 'week' | 'month' | 'year' | 'project' | ''
  description: string
  applyUrl: string
  applyEmail: string
  applyPhone: string
  deadline: string
  /** Comma-separated. */
  tags: string
}>
export type DecisionAnswer = { won: boolean; decision: Decision; message: string }

/** POST /api/submissions/:id/publication/retry (approver) → {}. POST /api/runs/:id/retry (operator) → { runId }. */

export type EffectStatus = 'intended' | 'done' | 'unknown' | 'undone' | 'refused'
export type EffectView = {
  id: string
  kind: string
  /** In plain words: `Text to +1415•••0123: “Line cook” is live: …`. */
  description: string
  status: EffectStatus
  attempts: number
  providerObjectId: string | null
  error: string | null
  createdAt: string
  settledAt: string | null
  runId: string
}
/** POST /api/effects/:id/resolution (approver): a person looked at the provider. `happened` keeps it, `did_not_happen` lets the run try again. */
export type EffectResolution =
  | { outcome: 'happened'; objectId?: string; url?: string }
  | { outcome: 'did_not_happen' }

export type RunStatus = 'queued' | 'delayed' | 'running' | 'succeeded' | 'failed' | 'cancelled'
export type RunSummary = {
  id: string
  job: string
  status: RunStatus
  createdAt: string
  startedAt: string | null
  finishedAt: string | null
  /** Put down until the provider is back; it goes on by itself. `times`: how often in this outage. */
  parked: { provider: ProviderName; reason: string; since: string; times: number } | null
  /** Put down because a person has paused its job; it goes on when the job does. */
  paused: boolean
}
export type StepView = {
  name: string
  startedAt: string | null
  finishedAt: string | null
  status: 'succeeded' | 'failed' | 'running'
  /** Masked JSON, pretty-printed, at most 4,000 characters. */
  output: string | null
  error: string | null
  /** Failed attempts before the outcome. */
  attempts: { attempt: number; at: string; error: string; retryInMs: number | null }[]
}
/** GET /api/runs/:id */
export type RunDetail = {
  run: RunSummary
  input: string
  error: string | null
  steps: StepView[]
  effects: EffectView[]
  submission: SubmissionSummary | null
  /** The member whom it is about, by its input. */
  memberId: string | null
  executor: string | null
  recoveries: number
  links: RunLinks
}

/** GET /api/changes: server-sent events `change` with this as data; a client refetches what it names. */
export type Change = {
  topic:
    | 'inbox'
    | 'submission'
    | 'run'
    | 'effect'
    | 'clock'
    | 'member'
    | 'schedule'
    | 'provider'
    | 'alert'
    | 'dead-letter'
    | 'job'
  id: string | null
}

/** Errors: `{ error: { code, message } }`; the message says what to do next. */
export type ApiError = { error: { code: string; message: string } }
