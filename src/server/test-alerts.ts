import type { Connectors } from '../connectors/index.ts'
import type { Database } from '../database/index.ts'
import type { RunStarter } from '../engine/index.ts'
import { channelStates, defineNoticeJob, parseRules } from '../monitoring/alerts/index.ts'
import type { Clock } from '../primitives/index.ts'
import type { AlertDesk } from './alerts.ts'

const RULES = `
rules:
  - name: failures
    condition: failure_rate > 0.1
    window: 5m
    severity: high
    notify: [slack, pagerduty, email, sms]
    runbook: failures
`

/** The alerts of a test's server: one rule, every channel on but for texts, a runbook. */
export function testAlertDesk(options: {
  database: Database
  clock: Clock
  connectors: Connectors
  starter: () => RunStarter
}): AlertDesk {
  const parsed = parseRules(RULES, 'alerts.yaml')
  if (!parsed.ok) throw new Error(parsed.problems.join(' '))
  const { rules, recipients } = parsed.rules
  const sandbox = { slack: 'sandbox', twilio: 'sandbox', pagerduty: 'sandbox', email: 'sandbox' } as const
  const notices = defineNoticeJob({
    ...options,
    recipients,
    slackChannel: 'C0ALERTS',
    publicUrl: 'http://localhost:3000',
  })
  return {
    ...options,
    rules,
    notices,
    channels: channelStates({ modes: sandbox, slackChannel: 'C0ALERTS', recipients }),
    readRunbook: () => '# Failures\n',
  }
}
