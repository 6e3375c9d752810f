import { describeDuration, MINUTE_MS } from '../primitives/index.ts'
import type { Approval } from './read-approval.ts'

/** Tells the later one who decided, when and where: `dana approved this in Slack 2 minutes ago.` */
export function describeDecision(approval: Approval, nowMs: number): string {
  if (approval.status === 'open') return 'This still waits for a decision.'
  const agoMs = nowMs - (approval.decidedAt?.getTime() ?? nowMs)
  const when = agoMs < MINUTE_MS ? 'just now' : `${describeDuration(agoMs - (agoMs % MINUTE_MS))} ago`
  if (approval.status === 'expired')
    return `Nobody decided in time: ${approval.reason ?? 'timed out'}, ${when}.`
  const where = approval.decidedByKind === 'slack' ? 'in Slack' : 'in the dashboard'
  const reason = approval.status === 'denied' && approval.reason ? ` Reason: ${approval.reason}` : ''
  return `${approval.decidedByName ?? 'Somebody'} ${approval.status} this ${where} ${when}.${reason}`
}
