/** The JSON of the alerts' routes. Types only; times are ISO 8601 in UTC, of the machine's clock. */

export type AlertSeverity = 'info' | 'warning' | 'medium' | 'high' | 'critical'
export type AlertChannel = 'slack' | 'email' | 'sms' | 'pagerduty'

/** Whether one channel was told, and whether it arrived. */
export type AlertNotice = {
  channel: AlertChannel
  about: 'fired' | 'acknowledged' | 'resolved' | 'test'
  status: 'pending' | 'sent' | 'failed' | 'off'
  problem: string | null
  at: string
}

export type AlertView = {
  id: string
  rule: string
  /** The job, source or provider that it is about; null: everything. */
  cause: string | null
  severity: AlertSeverity
  status: 'firing' | 'acknowledged' | 'resolved'
  /** What was seen when it fired, in plain words. */
  summary: string
  firedAt: string
  /** Since when the condition has been false again. */
  quietSince: string | null
  acknowledged: { by: string; at: string } | null
  resolvedAt: string | null
  /** How it ended. */
  resolution: string | null
  notices: AlertNotice[]
  /** The path of the page where something can be done; null when its rule is gone. */
  actPath: string | null
  /** Whether `GET /api/alerts/rules/:name/runbook` has a page for it. */
  hasRunbook: boolean
}

export type AlertRuleView = {
  name: string
  condition: string
  windowMs: number
  /** Whether it has to be true all through the window; else it is counted over the window. */
  throughout: boolean
  minSamples: number
  severity: AlertSeverity
  notify: AlertChannel[]
  hasRunbook: boolean
  mutedUntil: string | null
  mutedBy: string | null
  /** `few`: too few runs to say; `blind`: nobody has measured; null: not judged yet. */
  judgement: 'true' | 'false' | 'few' | 'blind' | null
  /** The present values, in plain words. */
  seen: string | null
  judgedAt: string | null
  /** The notices of its latest test, when it was within a day. */
  lastTest: AlertNotice[]
}

/** `problem`: what to set, when the channel is off. */
export type AlertChannelView = { channel: AlertChannel; problem: string | null }

/**
 * GET /api/alerts?rule=&severity=&cursor= (viewer): what is open, most severe first; the rules; how the channels stand;
 * and what has resolved, newest first, 50 a page. The filters are for the history alone.
 */
export type AlertsPage = {
  open: AlertView[]
  rules: AlertRuleView[]
  channels: AlertChannelView[]
  history: { items: AlertView[]; nextCursor: string | null }
}

/** POST /api/alerts/:id/acknowledge (operator) → {}. POST /api/alerts/rules/:name/test (operator) → {testId}. */

/** POST /api/alerts/rules/:name/mute (operator) → {}. Null: it tells again from now on. At most 90 days ahead. */
export type MuteRequest = { until: string | null }

/** GET /api/alerts/rules/:name/runbook, GET /api/runbooks/:name (viewer): a page in Markdown, or where one is. */
export type RunbookAnswer = { text: string | null; url: string | null }
