import type {
  Decision,
  EffectStatus,
  ProviderStatus,
  Publication,
  Role,
  RunStatus,
  RunSummary,
  StepView,
  SubmissionStatus,
} from '../src/server/contract.ts'
import type { LetterStatus } from '../src/server/dead-letters-contract.ts'
import type { ConnectionView, MemberSummary, MembershipState } from '../src/server/membership-contract.ts'
import type { IconName } from './ui/icon.tsx'

/**
 * How each status is said. A status is always a colour, an icon and a word; red and amber are kept for what needs a
 * person, so a denied post is grey: somebody has already dealt with it.
 */
type Tone = 'info' | 'ok' | 'warn' | 'bad' | 'idle'
export type StatusWords = { tone: Tone; icon: IconName; word: string }

export const SUBMISSION_WORDS: Record<SubmissionStatus, StatusWords> = {
  pending_parse: { tone: 'info', icon: 'progress', word: 'Reading' },
  needs_details: { tone: 'info', icon: 'message', word: 'Needs details' },
  pending_approval: { tone: 'warn', icon: 'hand', word: 'To decide' },
  approved: { tone: 'ok', icon: 'check', word: 'Approved' },
  published: { tone: 'ok', icon: 'globe', word: 'Published' },
  denied: { tone: 'idle', icon: 'cross', word: 'Denied' },
  expired: { tone: 'idle', icon: 'clock', word: 'Timed out' },
  not_a_job_post: { tone: 'idle', icon: 'minus', word: 'Not a job post' },
  lapsed: { tone: 'idle', icon: 'clock', word: 'No answer' },
  refused: { tone: 'idle', icon: 'stop', word: 'Refused' },
}

export const RUN_WORDS: Record<RunStatus, StatusWords> = {
  queued: { tone: 'info', icon: 'list', word: 'Queued' },
  delayed: { tone: 'info', icon: 'clock', word: 'Scheduled' },
  running: { tone: 'info', icon: 'progress', word: 'Running' },
  succeeded: { tone: 'ok', icon: 'check', word: 'Succeeded' },
  failed: { tone: 'bad', icon: 'alert', word: 'Failed' },
  cancelled: { tone: 'idle', icon: 'stop', word: 'Cancelled' },
}

export const STEP_WORDS: Record<StepView['status'], StatusWords> = {
  succeeded: RUN_WORDS.succeeded,
  failed: RUN_WORDS.failed,
  running: RUN_WORDS.running,
}

export const LETTER_WORDS: Record<LetterStatus, StatusWords> = {
  open: { tone: 'bad', icon: 'alert', word: 'Open' },
  replayed: { tone: 'ok', icon: 'retry', word: 'Replayed' },
  compensating: { tone: 'info', icon: 'progress', word: 'Being undone' },
  compensated: { tone: 'idle', icon: 'undo', word: 'Undone' },
  abandoned: { tone: 'idle', icon: 'minus', word: 'Abandoned' },
}

export const EFFECT_WORDS: Record<EffectStatus, StatusWords> = {
  intended: { tone: 'info', icon: 'progress', word: 'Under way' },
  done: { tone: 'ok', icon: 'check', word: 'Done' },
  unknown: { tone: 'warn', icon: 'question', word: 'Unknown' },
  undone: { tone: 'idle', icon: 'undo', word: 'Undone' },
  refused: { tone: 'bad', icon: 'cross', word: 'Refused' },
}

export const PROVIDER_WORDS: Record<ProviderStatus['mode'], StatusWords> = {
  live: { tone: 'ok', icon: 'dot', word: 'Live' },
  sandbox: { tone: 'info', icon: 'flask', word: 'Sandbox' },
  off: { tone: 'idle', icon: 'minus', word: 'Off' },
}

export const PROVIDER_NAMES: Record<ProviderStatus['provider'], string> = {
  twilio: 'Twilio',
  slack: 'Slack',
  openai: 'OpenAI',
  circle: 'Circle',
  stripe: 'Stripe',
  clerk: 'Clerk',
  mailchimp: 'Mailchimp',
  luma: 'Luma',
  pagerduty: 'PagerDuty',
  email: 'E-mail',
}

export const ROLE_WORDS: Record<Role, { word: string; may: string }> = {
  owner: { word: 'Owner', may: 'All of it, invites people and sets their roles' },
  operator: { word: 'Operator', may: 'Approves, and acts on runs, dead letters and alerts' },
  approver: { word: 'Approver', may: 'Approves, denies and edits job posts' },
  viewer: { word: 'Viewer', may: 'Sees everything, changes nothing' },
}

/** How a member stands, by the words of `MemberSummary.standing`. */
export const STANDING_WORDS: Record<string, StatusWords> = {
  active: { tone: 'ok', icon: 'check', word: 'Active' },
  trial: { tone: 'info', icon: 'clock', word: 'Trial' },
  cancelled: { tone: 'info', icon: 'clock', word: 'Cancelled' },
  'past due': { tone: 'warn', icon: 'alert', word: 'Past due' },
  'kept by hand': { tone: 'ok', icon: 'hand', word: 'Kept by hand' },
  ended: { tone: 'idle', icon: 'minus', word: 'Ended' },
  'no subscription': { tone: 'idle', icon: 'minus', word: 'No subscription' },
  deactivated: { tone: 'idle', icon: 'stop', word: 'Deactivated' },
  deleted: { tone: 'idle', icon: 'cross', word: 'Deleted' },
}

/** Stripe's words for a subscription; one that is not here is shown as Stripe writes it. */
export const SUBSCRIPTION_STATUS_WORDS: Record<string, string> = {
  active: 'Active',
  trialing: 'Trial',
  past_due: 'Past due',
  canceled: 'Ended',
  unpaid: 'Unpaid',
  paused: 'Paused',
  incomplete: 'Not begun',
  incomplete_expired: 'Never begun',
}

export function standingWords(standing: string): StatusWords {
  return STANDING_WORDS[standing] ?? { tone: 'idle', icon: 'question', word: standing }
}

export const MEMBERSHIP_WORDS: Record<MembershipState | 'deleted', string> = {
  active: 'Members',
  ended: 'Ended',
  none: 'Never members',
  deleted: 'Deleted',
}

export const SLACK_WORDS: Record<MemberSummary['slack'], string> = {
  active: 'In Slack',
  deactivated: 'Deactivated in Slack',
  absent: 'Not in Slack',
  unknown: 'Slack not asked yet',
}

export const BREAKER_WORDS: Record<ConnectionView['breaker'], StatusWords> = {
  closed: { tone: 'ok', icon: 'check', word: 'Answering' },
  open: { tone: 'bad', icon: 'stop', word: 'Away' },
  'half-open': { tone: 'warn', icon: 'progress', word: 'Being tried' },
}

/** The words for a run, in which what it waits for outweighs being scheduled. */
export function runWords({
  status,
  parked,
  paused,
}: Pick<RunSummary, 'status' | 'parked' | 'paused'>): StatusWords {
  if (paused) return { tone: 'warn', icon: 'pause', word: 'Paused' }
  if (!parked) return RUN_WORDS[status]
  return { tone: 'warn', icon: 'clock', word: `Waits for ${PROVIDER_NAMES[parked.provider]}` }
}

/** Who decided, and where: `Approved by Dana Whitfield in Slack`. */
export function decisionSentence({ outcome, by, via }: Decision): string {
  if (outcome === 'expired') return 'Timed out: nobody decided in time'
  const where = via === 'slack' ? ' in Slack' : via === 'dashboard' ? ' in the dashboard' : ''
  return `${outcome === 'approved' ? 'Approved' : 'Denied'} by ${by}${where}`
}

/** The words for a submission, in which the publication's trouble outweighs the approval. */
export function submissionWords(status: SubmissionStatus, publication: Publication): StatusWords {
  if (status !== 'approved') return SUBMISSION_WORDS[status]
  if (publication.state === 'failed') return { tone: 'bad', icon: 'alert', word: 'Publication failed' }
  if (publication.state === 'unknown') return { tone: 'warn', icon: 'question', word: 'Publication unknown' }
  if (publication.state === 'in_progress') return { tone: 'info', icon: 'progress', word: 'Publishing' }
  return SUBMISSION_WORDS.approved
}
