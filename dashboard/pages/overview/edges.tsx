import { Link } from '@tanstack/react-router'
import type { OverviewView } from '../../../src/server/overview-contract.ts'
import { Badge } from '../../ui/badge.tsx'
import { Card } from '../../ui/card.tsx'
import { EmptyState } from '../../ui/empty-state.tsx'
import { MachineTime } from '../../ui/machine-time.tsx'
import { BREAKER_WORDS, PROVIDER_NAMES, PROVIDER_WORDS } from '../../words.ts'
import styles from '../overview.module.css'

/** What came in, and what was turned away. */
export function WebhookList({ webhooks }: { webhooks: OverviewView['webhooks'] }) {
  if (webhooks.length === 0)
    return (
      <EmptyState icon="link" title="Nothing has come in">
        Deliveries of Twilio, Slack, Stripe, Clerk and events are counted here by their source.
      </EmptyState>
    )
  return (
    <Card>
      <ul className={styles.rows}>
        {webhooks.map(({ source, accepted, refused, lastAt }) => (
          <li key={source} className={styles.row}>
            <span className={styles.rowName}>
              {source}
              {lastAt && (
                <span className={styles.quiet}>
                  last <MachineTime at={lastAt} />
                </span>
              )}
            </span>
            <span className={styles.number}>{accepted.toLocaleString('en')} accepted</span>
            <span className={styles.number} data-tone={refused > 0 ? 'warn' : undefined}>
              {refused.toLocaleString('en')} refused
            </span>
          </li>
        ))}
      </ul>
    </Card>
  )
}

/** How each provider stands, in a line; the rest is on the page of the connections. */
export function ProviderList({ providers }: { providers: OverviewView['providers'] }) {
  return (
    <Card>
      <ul className={styles.rows}>
        {providers.map(({ provider, mode, breaker, budgetUsed, parkedRuns }) => (
          <li key={provider} className={styles.row}>
            <span className={styles.rowName}>
              <Link to="/connections">{PROVIDER_NAMES[provider]}</Link>
              <span className={styles.quiet}>
                {[
                  budgetUsed === null ? null : `${budgetUsed} % of the month’s requests`,
                  parkedRuns === 0 ? null : `${parkedRuns} ${parkedRuns === 1 ? 'run waits' : 'runs wait'}`,
                ]
                  .filter((words) => words !== null)
                  .join(' · ')}
              </span>
            </span>
            {mode === 'off' || breaker === 'closed' ? (
              <Badge status={PROVIDER_WORDS[mode]} />
            ) : (
              <Badge status={BREAKER_WORDS[breaker]} />
            )}
          </li>
        ))}
      </ul>
    </Card>
  )
}
