import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import type { RunListItem, RunPage } from '../../src/server/run-list-contract.ts'
import { operationsQueries, type RunsSearch } from '../operations-queries.ts'
import { describeTook, useMachineNow } from '../time.ts'
import { Badge } from '../ui/badge.tsx'
import { EmptyState, Problem } from '../ui/empty-state.tsx'
import { Icon } from '../ui/icon.tsx'
import { MachineTime } from '../ui/machine-time.tsx'

import { SearchField } from '../ui/search-field.tsx'
import { PageHead } from '../ui/shell.tsx'
import { Skeleton } from '../ui/skeleton.tsx'
import { runWords } from '../words.ts'
import { PausedJobs } from './runs/paused-jobs.tsx'
import { RunFilters } from './runs/run-filters.tsx'
import styles from './runs.module.css'

const route = getRouteApi('/runs')

/** Every run of every job, newest first; the search, the filters and the page are in the URL. */
export function RunsPage() {
  const search = route.useSearch()
  const runs = useQuery(operationsQueries.runs(search))
  const navigate = route.useNavigate()
  return (
    <>
      <PageHead
        title="Runs"
        aside={
          <SearchField
            key={search.q ?? ''}
            label="Search the runs by the beginning of their key or id"
            q={search.q ?? ''}
            onSearch={(q) =>
              void navigate({
                search: ({ q: _before, older: _older, newer: _newer, ...filter }) => ({
                  ...filter,
                  ...(q && { q }),
                }),
                hash: 'search',
                replace: true,
              })
            }
          />
        }
      >
        Every execution of every job, newest first, with its steps.
      </PageHead>
      <PausedJobs />
      <RunFilters search={search} waiting={runs.data?.waiting ?? []} />
      {runs.data ? (
        <Results page={runs.data} search={search} isStale={runs.isPlaceholderData} />
      ) : runs.error ? (
        <Problem error={runs.error} onRetry={() => void runs.refetch()} />
      ) : (
        <Skeleton rows={10} height={44} />
      )}
    </>
  )
}

function Results(props: { page: RunPage; search: RunsSearch; isStale: boolean }) {
  const { page, search, isStale } = props
  if (page.items.length === 0) return <NothingFound page={page} search={search} />
  return (
    <div className={styles.results} data-stale={isStale}>
      <table className={styles.table}>
        <thead>
          <tr>
            <th scope="col">Run</th>
            <th scope="col">Status</th>
            <th scope="col">Took</th>
            <th scope="col" className={styles.when}>
              Asked for
            </th>
          </tr>
        </thead>
        <tbody>
          {page.items.map((run) => (
            <RunRow key={run.id} run={run} />
          ))}
        </tbody>
      </table>
      <Pager page={page} search={search} />
    </div>
  )
}

function RunRow({ run }: { run: RunListItem }) {
  const { nowMs } = useMachineNow()
  const endMs = run.finishedAt === null ? nowMs : Date.parse(run.finishedAt)
  const took = run.startedAt === null ? null : describeTook(Math.max(0, endMs - Date.parse(run.startedAt)))
  return (
    <tr>
      <td className={styles.run}>
        <Link to="/runs/$id" params={{ id: run.id }} className={styles.name} data-row>
          {run.job} <span className="visually-hidden">of {run.key}</span>
        </Link>
        <p className={styles.under} aria-hidden="true">
          <code>{run.key}</code>
        </p>
        {run.attempt > 1 && <p className={styles.under}>started again, {ordinal(run.attempt)} run</p>}
      </td>
      <td>
        <Badge status={runWords(run)} />
        {run.dueAt !== null && (
          <p className={styles.under}>
            due <MachineTime at={run.dueAt} inTable />
          </p>
        )}
      </td>
      <td className={styles.quiet}>{took ?? '–'}</td>
      <td className={`${styles.quiet} ${styles.when}`}>
        <MachineTime at={run.createdAt} inTable />
      </td>
    </tr>
  )
}

function ordinal(attempt: number): string {
  const ending = attempt === 2 ? 'nd' : attempt === 3 ? 'rd' : 'th'
  return `${attempt}${ending}`
}

function Pager({ page, search }: { page: RunPage; search: RunsSearch }) {
  const { older: _older, newer: _newer, ...filter } = search
  const { newerCursor, olderCursor } = page
  if (newerCursor === null && olderCursor === null) return null
  return (
    <nav className={styles.pager} aria-label="Pages">
      {newerCursor !== null && (
        <>
          <Link to="/runs" search={filter}>
            Newest
          </Link>
          <Link to="/runs" search={{ ...filter, newer: newerCursor }}>
            <Icon name="chevronLeft" /> Newer
          </Link>
        </>
      )}
      {olderCursor !== null && (
        <Link to="/runs" search={{ ...filter, older: olderCursor }} className={styles.older}>
          Older <Icon name="chevronRight" />
        </Link>
      )}
    </nav>
  )
}

function NothingFound({ page, search }: { page: RunPage; search: RunsSearch }) {
  if (page.tooMany) {
    return (
      <EmptyState icon="search" title={`Very many runs begin with “${search.q}”`}>
        Type more of the key or the id, or choose a job above instead.
      </EmptyState>
    )
  }
  if (Object.keys(search).length === 0) {
    return (
      <EmptyState icon="list" title="Nothing has run yet">
        Each text, webhook and schedule starts a job, and each run of one is listed here with its steps.
      </EmptyState>
    )
  }
  return (
    <EmptyState
      icon="search"
      title={search.q === undefined ? 'No run matches these filters' : `No run begins with “${search.q}”`}
      action={<Link to="/runs">Show all runs</Link>}
    >
      The search looks at the beginning of the id, and of the key after the job’s name. Runs that have ended
      are kept for 30 days, failed ones for 90.
    </EmptyState>
  )
}
