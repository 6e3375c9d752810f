import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import type { AuditPage as Page } from '../../src/server/audit-contract.ts'
import { type AuditSearch, auditQueries } from '../audit-queries.ts'
import { EmptyState, Problem } from '../ui/empty-state.tsx'
import { Icon } from '../ui/icon.tsx'
import { SearchField } from '../ui/search-field.tsx'
import { PageHead } from '../ui/shell.tsx'
import { Skeleton } from '../ui/skeleton.tsx'
import { AuditEntry } from './audit/audit-entry.tsx'
import { AuditFilters } from './audit/audit-filters.tsx'
import { ChainCard } from './audit/chain-card.tsx'
import styles from './audit.module.css'

const route = getRouteApi('/audit')

/** Who did what, newest first; the search, the filters and the page are in the URL. */
export function AuditPage() {
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const page = useQuery(auditQueries.page(search))
  return (
    <>
      <PageHead
        title="Audit"
        aside={
          <SearchField
            key={search.q ?? ''}
            label="Search the audit"
            q={search.q ?? ''}
            onSearch={(q) =>
              void navigate({
                search: ({ q: _before, cursor: _page, ...filter }) => ({ ...filter, ...(q && { q }) }),
                hash: 'search',
                replace: true,
              })
            }
          />
        }
      >
        Who did what, when and why. Entries are only ever added.
      </PageHead>
      <ChainCard search={search} />
      <AuditFilters search={search} actions={page.data?.actions ?? []} />
      {page.data ? (
        <Entries page={page.data} search={search} isStale={page.isPlaceholderData} />
      ) : page.error ? (
        <Problem error={page.error} onRetry={() => void page.refetch()} />
      ) : (
        <Skeleton rows={8} height={48} />
      )}
    </>
  )
}

function Entries({ page, search, isStale }: { page: Page; search: AuditSearch; isStale: boolean }) {
  if (page.items.length === 0) return <NothingFound isFiltered={Object.keys(search).length > 0} />
  return (
    <div className={styles.results} data-stale={isStale}>
      <ol className={styles.entries}>
        {page.items.map((entry) => (
          <AuditEntry key={entry.id} entry={entry} />
        ))}
      </ol>
      <Pager search={search} nextCursor={page.nextCursor} />
    </div>
  )
}

function Pager({ search, nextCursor }: { search: AuditSearch; nextCursor: string | null }) {
  const { cursor, ...firstPage } = search
  if (nextCursor === null && cursor === undefined) return null
  return (
    <nav className={styles.pager} aria-label="Pages">
      {cursor !== undefined && (
        <Link to="/audit" search={firstPage}>
          <Icon name="chevronLeft" /> Newest
        </Link>
      )}
      {nextCursor !== null && (
        <Link to="/audit" search={{ ...firstPage, cursor: nextCursor }}>
          Older <Icon name="chevronRight" />
        </Link>
      )}
    </nav>
  )
}

function NothingFound({ isFiltered }: { isFiltered: boolean }) {
  if (!isFiltered)
    return (
      <EmptyState icon="list" title="Nothing has been done yet">
        Every decision, change and action is written down here, with who did it and why.
      </EmptyState>
    )
  return (
    <EmptyState icon="search" title="No entry matches" action={<Link to="/audit">Show everything</Link>}>
      The search looks at the beginnings of words in names, actions, targets and reasons.
    </EmptyState>
  )
}
