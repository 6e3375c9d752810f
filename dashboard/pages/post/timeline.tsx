import { Link } from '@tanstack/react-router'
import type { TimelineEntry } from '../../../src/server/contract.ts'
import { RelativeTime } from '../../ui/relative-time.tsx'
import styles from './timeline.module.css'

/** What happened, and, fainter, what will if nobody does anything. */
export function Timeline({ entries }: { entries: TimelineEntry[] }) {
  return (
    <ol className={styles.timeline}>
      {entries.map((entry) => (
        <li key={`${entry.at} ${entry.text}`} className={styles.entry} data-when={entry.when}>
          <p className={styles.text}>
            {entry.when === 'future' && <span className="visually-hidden">Planned: </span>}
            {entry.text}
          </p>
          {entry.detail && (
            <p className={styles.detail} dir="auto">
              {entry.detail}
            </p>
          )}
          <p className={styles.detail}>
            {entry.actor && `${entry.actor}, `}
            <RelativeTime at={entry.at} />
            {entry.runId && (
              <>
                {' · '}
                <Link to="/runs/$id" params={{ id: entry.runId }}>
                  run
                </Link>
              </>
            )}
          </p>
        </li>
      ))}
    </ol>
  )
}
