import type { OverviewView } from '../../../src/server/overview-contract.ts'
import { describeTook } from '../../time.ts'
import styles from '../overview.module.css'
import { percent } from './words.ts'

/** Below this the success rate is shown as trouble: the failure rate of the alert that ships. */
const TROUBLED_BELOW = 0.9

/** The last hour of all jobs, in six numbers. */
export function HourTiles({ numbers }: { numbers: OverviewView['lastHour'] }) {
  const { successRate, failed, total, p50Ms, p95Ms, averageMs, queued, oldestQueuedMs } = numbers
  return (
    <dl className={styles.tiles}>
      <Tile
        label="Runs ended"
        value={total.toLocaleString('en')}
        under={failed === 0 ? 'none failed' : `${failed.toLocaleString('en')} failed`}
      />
      <Tile
        label="Success rate"
        value={percent(successRate)}
        under={successRate === null ? 'no runs to tell by' : 'of those not cancelled'}
        {...(successRate !== null && successRate < TROUBLED_BELOW && { tone: 'bad' })}
      />
      <Tile
        label="p95 duration"
        value={p95Ms === null ? '–' : describeTook(p95Ms)}
        under={p50Ms === null ? 'no runs to tell by' : `half within ${describeTook(p50Ms)}`}
      />
      <Tile
        label="Average"
        value={averageMs === null ? '–' : describeTook(averageMs)}
        under={averageMs === null ? 'no runs to tell by' : 'from start to end'}
      />
      <Tile label="Running" value={numbers.running.toLocaleString('en')} under="at this moment" />
      <Tile
        label="Queued"
        value={queued.toLocaleString('en')}
        under={queued === 0 ? 'nobody waits' : `first in line for ${describeTook(oldestQueuedMs)}`}
      />
    </dl>
  )
}

function Tile({ label, value, under, tone }: { label: string; value: string; under: string; tone?: 'bad' }) {
  return (
    <div className={styles.tile} data-tone={tone}>
      <dt>{label}</dt>
      <dd>
        <span className={styles.value}>{value}</span>
        <span className={styles.quiet}>{under}</span>
      </dd>
    </div>
  )
}
