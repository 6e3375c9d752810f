import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import type { AlertsPage as Page } from '../../src/server/alerts-contract.ts'
import { queries } from '../queries.ts'
import { Section } from '../ui/card.tsx'
import { EmptyState, Problem } from '../ui/empty-state.tsx'
import { PageHead } from '../ui/shell.tsx'
import { Skeleton } from '../ui/skeleton.tsx'
import { History } from './alerts/history.tsx'
import { OpenAlert } from './alerts/open-alert.tsx'
import { RuleRow } from './alerts/rule-row.tsx'
import { RunbookDialog } from './alerts/runbook-dialog.tsx'
import styles from './alerts.module.css'

const route = getRouteApi('/alerts')

/** What fires first, then the rules and how they stand, then what has resolved. */
export function AlertsPage() {
  const { runbook, ...search } = route.useSearch()
  const navigate = route.useNavigate()
  const { alert, ...filter } = search
  const alerts = useQuery(queries.alerts(filter))
  return (
    <>
      <PageHead title="Alerts">
        Every 15 seconds each rule of <code>alerts.yaml</code> is judged; whoever it names is told once when
        it fires, and once when it is over.
      </PageHead>
      {alerts.error && !alerts.data && <Problem error={alerts.error} onRetry={() => void alerts.refetch()} />}
      {alerts.isPending && <Skeleton rows={4} height={132} />}
      {alerts.data && (
        <div className={styles.sections}>
          <Open page={alerts.data} wanted={alert ?? null} />
          <Section title="Rules">
            {alerts.data.rules.length === 0 ? (
              <EmptyState icon="list" title="There are no rules">
                Write some in alerts.yaml and restart. <code>npm run alerts -- check</code> says what is wrong
                with them.
              </EmptyState>
            ) : (
              <ul className={styles.list}>
                {alerts.data.rules.map((rule) => (
                  <li key={rule.name}>
                    <RuleRow rule={rule} channels={alerts.data.channels} />
                  </li>
                ))}
              </ul>
            )}
          </Section>
          <Section title="History">
            <History page={alerts.data} search={search} />
          </Section>
        </div>
      )}
      {runbook !== undefined && (
        <RunbookDialog of={{ rule: runbook }} onClose={() => void navigate({ search })} />
      )}
    </>
  )
}

function Open({ page, wanted }: { page: Page; wanted: string | null }) {
  const isGone = wanted !== null && !page.open.some(({ id }) => id === wanted)
  return (
    <Section title="Open">
      {isGone && (
        <p className={styles.quiet}>The alert that you came for has resolved; it is in the history.</p>
      )}
      {page.open.length === 0 ? (
        <EmptyState icon="check" title="Nothing is firing">
          When a rule fires, it is here until it has been quiet for a while, and those whom it names are told.
        </EmptyState>
      ) : (
        <ul className={styles.list}>
          {page.open.map((alert) => (
            <li key={alert.id}>
              <OpenAlert alert={alert} isWanted={alert.id === wanted} />
            </li>
          ))}
        </ul>
      )}
    </Section>
  )
}
