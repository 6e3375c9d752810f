import { useQuery } from '@tanstack/react-query'
import type { ConnectionView } from '../../src/server/membership-contract.ts'
import { queries } from '../queries.ts'
import { Problem } from '../ui/empty-state.tsx'
import { PageHead } from '../ui/shell.tsx'
import { Skeleton } from '../ui/skeleton.tsx'
import { ConnectionCard } from './connections/connection-card.tsx'
import styles from './connections.module.css'

/** How every provider stands: whether it answers, how much of its limits is used, and what to do. */
export function ConnectionsPage() {
  const connections = useQuery(queries.connections)
  const list = connections.data?.connections
  return (
    <>
      <PageHead title="Connections">
        Every provider, and how much of its limits is used by all jobs and processes together. While one is
        away, runs wait for it and nothing fails.
      </PageHead>
      {connections.error && !list && (
        <Problem error={connections.error} onRetry={() => void connections.refetch()} />
      )}
      {connections.isPending && <Skeleton rows={4} height={148} />}
      {list && (
        <ul className={styles.grid}>
          {list.toSorted(troubledFirst).map((connection) => (
            <li key={connection.provider}>
              <ConnectionCard connection={connection} />
            </li>
          ))}
        </ul>
      )}
    </>
  )
}

/** What is away comes first, what is off last; otherwise the order stays, so that nothing jumps. */
function troubledFirst(a: ConnectionView, b: ConnectionView): number {
  return rank(a) - rank(b)
}

function rank({ mode, breaker }: ConnectionView): number {
  if (mode === 'off') return 2
  return breaker === 'closed' ? 1 : 0
}
