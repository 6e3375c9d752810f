import { useQuery } from '@tanstack/react-query'
import { queries } from '../queries.ts'
import { EmptyState, Problem } from '../ui/empty-state.tsx'
import { PageHead } from '../ui/shell.tsx'
import { Skeleton } from '../ui/skeleton.tsx'
import { ScheduleCard } from './schedules/schedule-card.tsx'
import styles from './schedules.module.css'

/** What the clock starts: when next, and how it went the last times. */
export function SchedulesPage() {
  const schedules = useQuery(queries.schedules)
  const list = schedules.data?.schedules
  return (
    <>
      <PageHead title="Schedules">
        Each time fires once, however many processes run. The latest that was missed is caught up within six
        hours; after that the next one does.
      </PageHead>
      {schedules.error && !list && (
        <Problem error={schedules.error} onRetry={() => void schedules.refetch()} />
      )}
      {schedules.isPending && <Skeleton rows={3} height={232} />}
      {list?.length === 0 && (
        <EmptyState icon="calendar" title="Nothing is scheduled">
          Jobs that the clock starts are listed here.
        </EmptyState>
      )}
      {list && list.length > 0 && (
        <ul className={styles.list}>
          {list.map((schedule) => (
            <li key={schedule.name}>
              <ScheduleCard schedule={schedule} />
            </li>
          ))}
        </ul>
      )}
    </>
  )
}
