import { Link } from '@tanstack/react-router'
import type { JobNumbers, OverviewView } from '../../../src/server/overview-contract.ts'
import { describeTook } from '../../time.ts'
import { RelativeTime } from '../../ui/relative-time.tsx'
import { Sparkline, sparklineWords } from '../../ui/sparkline.tsx'
import styles from '../overview.module.css'
import { percent } from './words.ts'

const COLUMNS = ['Success', 'Average', 'p50', 'p95', 'Running', 'Queued', 'Failed'] as const

/** Every job that did something today: its day as a line, its last hour in numbers, and why it failed last. */
export function JobTable({ view }: { view: OverviewView }) {
  return (
    <table className={styles.table}>
      <thead>
        <tr>
          <th scope="col">Job</th>
          <th scope="col">24 hours</th>
          {COLUMNS.map((column) => (
            <th key={column} scope="col" className={styles.number}>
              {column}
              {column === 'Failed' && <span className="visually-hidden"> in 24 hours</span>}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {view.jobs.map((job) => (
          <JobRow key={job.job} job={job} view={view} />
        ))}
      </tbody>
    </table>
  )
}

function JobRow({ job, view }: { job: JobNumbers; view: OverviewView }) {
  const { lastError } = job
  const values = [
    percent(job.successRate),
    took(job.averageMs),
    took(job.p50Ms),
    took(job.p95Ms),
    job.running.toLocaleString('en'),
    job.queued.toLocaleString('en'),
    job.failedToday.toLocaleString('en'),
  ]
  return (
    <tr>
      <th scope="row" className={styles.job}>
        <Link to="/runs" search={{ job: job.job }} className={styles.jobName}>
          {job.job}
        </Link>
        {lastError && (
          <span className={styles.lastError}>
            Last failed <RelativeTime at={lastError.at} />:{' '}
            <Link to="/runs/$id" params={{ id: lastError.runId }}>
              {lastError.message}
            </Link>
          </span>
        )}
      </th>
      <td className={styles.line}>
        <Sparkline
          bars={job.line}
          label={sparklineWords(job.line, Date.parse(view.lineFrom), view.lineSpanMs)}
        />
      </td>
      {COLUMNS.map((column, index) => (
        <td
          key={column}
          className={styles.number}
          data-label={column}
          data-tone={column === 'Failed' && job.failedToday > 0 ? 'bad' : undefined}
        >
          {values[index]}
        </td>
      ))}
    </tr>
  )
}

function took(durationMs: number | null): string {
  return durationMs === null ? '–' : describeTook(durationMs)
}
