import type {
  AlertChannel,
  AlertNotice,
  AlertRuleView,
  AlertView,
} from '../../../src/server/alerts-contract.ts'
import type { StatusWords } from '../../words.ts'

/** How alerts are said. Red is for what wakes people, amber for what can wait until morning. */
export const SEVERITY_WORDS: Record<AlertView['severity'], StatusWords> = {
  critical: { tone: 'bad', icon: 'bolt', word: 'Critical' },
  high: { tone: 'bad', icon: 'alert', word: 'High' },
  medium: { tone: 'warn', icon: 'alert', word: 'Medium' },
  warning: { tone: 'warn', icon: 'alert', word: 'Warning' },
  info: { tone: 'info', icon: 'message', word: 'Info' },
}

export const ALERT_WORDS: Record<AlertView['status'], StatusWords> = {
  firing: { tone: 'bad', icon: 'alert', word: 'Firing' },
  acknowledged: { tone: 'info', icon: 'hand', word: 'Acknowledged' },
  resolved: { tone: 'ok', icon: 'check', word: 'Resolved' },
}

export const CHANNEL_NAMES: Record<AlertChannel, string> = {
  slack: 'Slack',
  email: 'E-mail',
  sms: 'Text message',
  pagerduty: 'PagerDuty',
}

export const NOTICE_WORDS: Record<AlertNotice['status'], StatusWords> = {
  pending: { tone: 'info', icon: 'progress', word: 'under way' },
  sent: { tone: 'ok', icon: 'check', word: 'told' },
  failed: { tone: 'bad', icon: 'cross', word: 'not told' },
  off: { tone: 'idle', icon: 'minus', word: 'off' },
}

/** The same where nothing is wrong: colours are kept for what needs a person. */
export function calmly(words: StatusWords): StatusWords {
  return { ...words, tone: 'idle' }
}

/** A window as it stands in the file: `5 minutes`, `2 hours`. */
function describeWindow(windowMs: number): string {
  const minutes = windowMs / 60_000
  const [count, unit] = minutes % 60 === 0 ? [minutes / 60, 'hour'] : [minutes, 'minute']
  return `${Number(count.toFixed(1))} ${unit}${count === 1 ? '' : 's'}`
}

/** How long a rule's condition is looked at: `over 5 minutes`, `for 30 minutes without a break`. */
export function describeSpan({
  windowMs,
  throughout,
}: Pick<AlertRuleView, 'windowMs' | 'throughout'>): string {
  const span = describeWindow(windowMs)
  return throughout ? `for ${span} without a break` : `over ${span}`
}

/** What a rule is at this moment. */
export function ruleWords({ judgement, mutedUntil }: AlertRuleView): StatusWords {
  if (mutedUntil !== null) return { tone: 'idle', icon: 'stop', word: 'Muted' }
  switch (judgement) {
    case 'true':
      return { tone: 'bad', icon: 'alert', word: 'True now' }
    case 'false':
      return { tone: 'ok', icon: 'check', word: 'Quiet' }
    case 'few':
      return { tone: 'idle', icon: 'minus', word: 'Too few runs' }
    case 'blind':
      return { tone: 'warn', icon: 'question', word: 'Not measured' }
    case null:
      return { tone: 'idle', icon: 'clock', word: 'Not judged yet' }
  }
}

/** The next 09:00 in the reader's zone, that of tomorrow. @param nowMs the machine's time */
export function tomorrowMorning(nowMs: number): Date {
  const morning = new Date(nowMs)
  morning.setDate(morning.getDate() + 1)
  morning.setHours(9, 0, 0, 0)
  return morning
}
