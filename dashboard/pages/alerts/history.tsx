import { Link } from '@tanstack/react-router'
import type { AlertsPage, AlertView } from '../../../src/server/alerts-contract.ts'
import type { AlertsFilter } from '../../client.ts'
import { describeTook } from '../../time.ts'
import { Badge } from '../../ui/badge.tsx'
import { type FilterChip, FilterChips } from '../../ui/filter-chips.tsx'
import { Icon } from '../../ui/icon.tsx'
import { MachineTime } from '../../ui/machine-time.tsx'
import styles from '../alerts.module.css'
import { CHANNEL_NAMES, calmly, NOTICE_WORDS, SEVERITY_WORDS } from './alert-words.ts'

const SEVERITIES = ['critical', 'high', 'medium', 'warning', 'info'] as const

/** What has resolved, newest first; filters and page are in the URL. */
export function History({ page, search }: { page: AlertsPage; search: AlertsFilter }) {
  const { items, nextCursor } = page.history
  const { cursor, ...firstPage } = search
  return (
    <>
      <FilterChips label="Filters of the history" chips={chips(page, search)} />
      {items.length === 0 ? (
        <p className={styles.quiet}>
          {search.rule || search.severity
            ? 'Nothing that has resolved matches these filters.'
            : 'Nothing has fired and resolved yet.'}
        </p>
      ) : (
        <ul className={styles.history}>
          {items.map((alert) => (
            <PastAlert key={alert.id} alert={alert} />
          ))}
        </ul>
      )}
      {(nextCursor !== null || cursor !== undefined) && (
        <nav className={styles.pager} aria-label="Pages">
          {cursor !== undefined && (
            <Link to="/alerts" search={firstPage}>
              <Icon name="chevronLeft" /> Newest
            </Link>
          )}
          {nextCursor !== null && (
            <Link to="/alerts" search={{ ...firstPage, cursor: nextCursor }}>
              Older <Icon name="chevronRight" />
            </Link>
          )}
        </nav>
      )}
    </>
  )
}

function PastAlert({ alert }: { alert: AlertView }) {
  const { resolvedAt, firedAt, cause, acknowledged } = alert
  const tookMs = resolvedAt === null ? null : Date.parse(resolvedAt) - Date.parse(firedAt)
  const failed = alert.notices.filter(({ status }) => status === 'failed')
  return (
    <li className={styles.past} data-row tabIndex={-1}>
      <p className={styles.badges}>
        <Badge status={calmly(SEVERITY_WORDS[alert.severity])} />
        <span className={styles.pastName}>
          {alert.rule}
          {cause !== null && ` · ${cause}`}
        </span>
        <span className={styles.quiet}>
          <MachineTime at={firedAt} />
          {tookMs !== null && `, for ${describeTook(tookMs)}`}
        </span>
      </p>
      <p>{alert.summary}.</p>
      <p className={styles.quiet}>
        {alert.resolution}
        {acknowledged && ` · acknowledged by ${acknowledged.by}`}
      </p>
      {failed.map(({ channel, about, problem }) => (
        <p key={`${channel}/${about}`} className={styles.quiet}>
          <Badge status={NOTICE_WORDS.failed} prefix={CHANNEL_NAMES[channel]} /> {problem}
        </p>
      ))}
    </li>
  )
}

function chips(
  { rules }: AlertsPage,
  { cursor: _page, alert: _alert, ...search }: AlertsFilter,
): FilterChip[] {
  return [
    ...SEVERITIES.map((severity) => {
      const isOn = search.severity === severity
      const { severity: _off, ...others } = search
      return {
        label: SEVERITY_WORDS[severity].word,
        isOn,
        link: { to: '/alerts' as const, search: isOn ? others : { ...search, severity } },
      }
    }),
    ...rules.map(({ name }) => {
      const isOn = search.rule === name
      const { rule: _off, ...others } = search
      return {
        label: name,
        isOn,
        link: { to: '/alerts' as const, search: isOn ? others : { ...search, rule: name } },
      }
    }),
  ]
}
