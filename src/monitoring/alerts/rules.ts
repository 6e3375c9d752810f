import type { Condition } from './conditions.ts'

export const SEVERITIES = ['info', 'warning', 'medium', 'high', 'critical'] as const
export type Severity = (typeof SEVERITIES)[number]

export const CHANNELS = ['slack', 'email', 'sms', 'pagerduty'] as const
export type Channel = (typeof CHANNELS)[number]

export type AlertRule = {
  /** Unique in its file; what an open alert belongs to. */
  name: string
  condition: Condition
  /** The condition as it was written. */
  text: string
  windowMs: number
  /** Finished runs in the window below which a share or a percentile does not fire. */
  minSamples: number
  severity: Severity
  notify: readonly Channel[]
  /** An address, or the name of a page in `docs/runbooks`; null: there is none. */
  runbook: string | null
}

export type AlertRules = {
  rules: readonly AlertRule[]
  recipients: {
    /** Null: the people with the role operator or owner. */
    email: readonly string[] | null
    /** E.164. Nobody is texted who is not listed. */
    sms: readonly string[]
  }
}
