/** What is told about an alert, in the words of each channel. */
import { z } from 'zod'
import type { KnownBlock, PagerDutyEvent, PagerDutySeverity } from '../../connectors/index.ts'
import { leavesOf } from './conditions.ts'
import type { MetricName } from './metrics.ts'
import { type AlertRule, CHANNELS, SEVERITIES, type Severity } from './rules.ts'

/** One notice on one channel: everything that there is to say, so that it can be said whatever has happened since. */
export const tellingSchema = z.object({
  noticeId: z.string(),
  alertId: z.string(),
  channel: z.enum(CHANNELS),
  about: z.enum(['fired', 'acknowledged', 'resolved', 'test']),
  rule: z.string(),
  severity: z.enum(SEVERITIES),
  /** The job, source or provider; empty: everything. */
  cause: z.string(),
  /** What was seen, or how it ended. */
  words: z.string(),
  /** Epoch milliseconds, machine time. */
  atMs: z.number(),
  /** The path of the page where something can be done about it. */
  actPath: z.string(),
  hasRunbook: z.boolean(),
})
export type Telling = z.infer<typeof tellingSchema>

const PAGES: Record<MetricName, string> = {
  failure_rate: '/runs',
  success_rate: '/runs',
  failure_count: '/runs',
  p95_duration: '/runs',
  queued_jobs: '/runs',
  oldest_queued_age: '/runs',
  dlq_count: '/dead-letters',
  waiting_approvals: '/',
  provider_budget_used: '/connections',
  silence: '/connections',
}

/** The dashboard's page where something can be done about what this rule sees, narrowed to the cause where it can be. */
export function actPathOf(rule: Pick<AlertRule, 'condition'>, cause: string): string {
  const leaf = leavesOf(rule.condition).find((each) => each.kind === 'comparison')
  const page = leaf ? PAGES[leaf.metric] : '/alerts'
  const byJob = page === '/runs' || page === '/dead-letters'
  return byJob && cause !== '' ? `${page}?job=${encodeURIComponent(cause)}` : page
}

/** `[critical] queue-backlog`, with what it is about where that is not everything. */
function titleOf({ about, severity, rule, cause }: Telling): string {
  const what = cause === '' ? rule : `${rule} (${cause})`
  switch (about) {
    case 'fired':
      return `[${severity}] ${what}`
    case 'acknowledged':
      return `Acknowledged: ${what}`
    case 'resolved':
      return `Resolved: ${what}`
    case 'test':
      return `Test: ${what}. Nothing is wrong`
  }
}

type Links = { alert: string; act: string; runbook: string | null }

/** Where its links lead. @param publicUrl without a trailing slash */
function linksOf({ about, alertId, rule, actPath, hasRunbook }: Telling, publicUrl: string): Links {
  const alerts = `${publicUrl}/alerts`
  return {
    alert: about === 'test' ? alerts : `${alerts}?alert=${encodeURIComponent(alertId)}`,
    act: `${publicUrl}${actPath}`,
    runbook: hasRunbook ? `${alerts}?runbook=${encodeURIComponent(rule)}` : null,
  }
}

const MARKS: Record<Severity, string> = {
  info: ':information_source:',
  warning: ':warning:',
  medium: ':warning:',
  high: ':rotating_light:',
  critical: ':rotating_light:',
}

export function slackMessage(telling: Telling, publicUrl: string): { text: string; blocks: KnownBlock[] } {
  const title = titleOf(telling)
  const links = linksOf(telling, publicUrl)
  const mark = telling.about === 'fired' ? MARKS[telling.severity] : ':white_check_mark:'
  const linked = [
    `<${links.act}|Where to act>`,
    `<${links.alert}|The alert>`,
    ...(links.runbook === null ? [] : [`<${links.runbook}|Runbook>`]),
  ]
  return {
    text: `${title}: ${telling.words}`,
    blocks: [
      { type: 'section', text: { type: 'mrkdwn', text: `${mark} *${escapeMarkup(title)}*` } },
      // Plain: whatever a job or a source is called pings nobody.
      { type: 'section', text: { type: 'plain_text', text: clip(telling.words, 2_900) } },
      { type: 'context', elements: [{ type: 'mrkdwn', text: linked.join(' · ') }] },
    ],
  }
}

export function mail(telling: Telling, publicUrl: string): { subject: string; text: string } {
  const links = linksOf(telling, publicUrl)
  const lines = [
    `${telling.words}.`,
    '',
    `Where to act: ${links.act}`,
    `The alert:    ${links.alert}`,
    ...(links.runbook === null ? [] : [`Runbook:      ${links.runbook}`]),
    '',
    `Severity ${telling.severity}. Rule ${telling.rule}, ${new Date(telling.atMs).toISOString()}.`,
    'You are told because of alerts.yaml; the Alerts page mutes a rule for a while.',
  ]
  return { subject: `Kinkeeper: ${titleOf(telling)}`, text: lines.join('\n') }
}

/** Two segments of a text at most: what it is, what was seen, and one link. */
export function textMessage(telling: Telling, publicUrl: string): string {
  const { alert } = linksOf(telling, publicUrl)
  const head = `Kinkeeper ${titleOf(telling)}`
  return `${clip(`${head}: ${telling.words}`, 300 - alert.length)} ${alert}`
}

/** PagerDuty knows four severities. https://developer.pagerduty.com/docs/send-alert-event (2026-11) */
const PAGERDUTY_SEVERITIES: Record<Severity, PagerDutySeverity> = {
  info: 'info',
  warning: 'warning',
  medium: 'warning',
  high: 'error',
  critical: 'critical',
}

/** The incident is the alert: what resolves it bears the key of what opened it. */
function dedupKeyOf({ alertId }: Pick<Telling, 'alertId'>): string {
  return `kinkeeper/${alertId}`
}

/** The events of a notice, in order: a test opens an incident and resolves it at once. */
export function pagerDutyEvents(telling: Telling, publicUrl: string): PagerDutyEvent[] {
  const dedupKey = dedupKeyOf(telling)
  const links = linksOf(telling, publicUrl)
  const trigger: PagerDutyEvent = {
    action: 'trigger',
    dedupKey,
    summary: `${titleOf(telling)}: ${telling.words}`,
    severity: telling.about === 'test' ? 'info' : PAGERDUTY_SEVERITIES[telling.severity],
    source: publicUrl,
    ...(telling.cause === '' ? {} : { component: telling.cause }),
    atMs: telling.atMs,
    links: [
      { href: links.act, text: 'Where to act' },
      { href: links.alert, text: 'The alert' },
      ...(links.runbook === null ? [] : [{ href: links.runbook, text: 'Runbook' }]),
    ],
  }
  switch (telling.about) {
    case 'fired':
      return [trigger]
    case 'acknowledged':
      return [{ action: 'acknowledge', dedupKey }]
    case 'resolved':
      return [{ action: 'resolve', dedupKey }]
    case 'test':
      return [trigger, { action: 'resolve', dedupKey }]
  }
}

function escapeMarkup(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

function clip(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, Math.max(0, length - 1))}…`
}
