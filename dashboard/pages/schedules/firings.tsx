import { Link } from '@tanstack/react-router'
import type { RunStatus } from '../../../src/server/contract.ts'
import type { ScheduleFiring } from '../../../src/server/membership-contract.ts'
import { describeResult } from '../../schedule-words.ts'
import { Badge } from '../../ui/badge.tsx'
import { RelativeTime } from '../../ui/relative-time.tsx'
import { RUN_WORDS, type StatusWords } from '../../words.ts'
import styles from '../schedules.module.css'

const CAUSES: Record<ScheduleFiring['cause'], string> = {
  clock: 'on time',
  'catch-up': 'caught up',
  request: 'asked for from outside',
  person: 'started by hand',
  missed: 'missed',
}
const GONE: StatusWords = { tone: 'idle', icon: 'minus', word: 'Cleaned up' }
const MISSED: StatusWords = { tone: 'warn', icon: 'alert', word: 'Missed' }

/** The last firings: how each went, why it fired, and the run. */
export function Firings({ firings }: { firings: ScheduleFiring[] }) {
  if (firings.length === 0) return <p className={styles.quiet}>It has not fired yet.</p>
  return (
    <ol className={styles.firings}>
      {firings.map((firing) => (
        <li key={firing.slotAt}>
          <Badge status={wordsOf(firing)} />
          <div>
            <p>
              <RelativeTime at={firing.firedAt ?? firing.slotAt} />
              {firing.cause !== 'missed' && <span className={styles.quiet}>, {CAUSES[firing.cause]}</span>}
              {firing.run && (
                <>
                  {' · '}
                  <Link to="/runs/$id" params={{ id: firing.run.id }}>
                    run
                  </Link>
                </>
              )}
            </p>
            {firing.run?.status === 'succeeded' && (
              <p className={styles.quiet}>{describeResult(firing.run.result)}</p>
            )}
          </div>
        </li>
      ))}
    </ol>
  )
}

function wordsOf({ run, cause }: ScheduleFiring): StatusWords {
  if (cause === 'missed') return MISSED
  return run ? RUN_WORDS[run.status as RunStatus] : GONE
}
