import { Badge } from '../../ui/badge.tsx'
import { RelativeTime } from '../../ui/relative-time.tsx'
import { ScrollBox } from '../../ui/scroll-box.tsx'
import type { StatusWords } from '../../words.ts'
import styles from './member-panels.module.css'
import { Panel } from './panel.tsx'
import type { Incident } from './world.ts'

const WORDS: Record<Incident['status'], StatusWords> = {
  triggered: { tone: 'bad', icon: 'alert', word: 'Triggered' },
  acknowledged: { tone: 'info', icon: 'hand', word: 'Acknowledged' },
  resolved: { tone: 'ok', icon: 'check', word: 'Resolved' },
}

/** The incidents at PagerDuty's stand-in, newest first. */
export function PagerDutyPanel({ incidents }: { incidents: Incident[] }) {
  return (
    <Panel icon="bolt" title="PagerDuty">
      {incidents.length === 0 ? (
        <p className={styles.nothing}>No incidents yet. What alerts send to PagerDuty appears here.</p>
      ) : (
        <ScrollBox label="Incidents">
          <ul>
            {incidents.toReversed().map((incident) => (
              <li key={`${incident.dedupKey}/${incident.events[0]?.atMs}`} className={styles.row}>
                <p className={styles.name}>{incident.summary}</p>
                <p className={styles.quiet}>
                  <Badge status={WORDS[incident.status]} /> {incident.severity}
                  {incident.events.map(({ action, atMs }) => (
                    <span key={`${action}/${atMs}`}>
                      {' · '}
                      {action} <RelativeTime at={new Date(atMs).toISOString()} inTable />
                    </span>
                  ))}
                </p>
              </li>
            ))}
          </ul>
        </ScrollBox>
      )}
    </Panel>
  )
}
