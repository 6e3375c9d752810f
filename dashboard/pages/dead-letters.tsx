import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import type { LetterPage } from '../../src/server/dead-letters-contract.ts'
import { type LettersSearch, operationsQueries } from '../operations-queries.ts'
import { useSession } from '../session.ts'
import { Section } from '../ui/card.tsx'
import { EmptyState, Problem } from '../ui/empty-state.tsx'
import { Icon } from '../ui/icon.tsx'
import { PageHead } from '../ui/shell.tsx'
import { Skeleton } from '../ui/skeleton.tsx'
import { LETTER_WORDS } from '../words.ts'
import { RunbookDialog } from './alerts/runbook-dialog.tsx'
import { ActionList } from './dead-letters/action-list.tsx'
import { GroupList } from './dead-letters/group-list.tsx'
import { LetterFilters } from './dead-letters/letter-filters.tsx'
import { LetterTable } from './dead-letters/letter-table.tsx'
import styles from './dead-letters.module.css'

const route = getRouteApi('/dead-letters')

/** Runs that failed for good: by cause first, then one by one; the filters and the page are in the URL. */
export function DeadLettersPage() {
  const { runbook, ...search } = route.useSearch()
  const navigate = route.useNavigate()
  const letters = useQuery(operationsQueries.letters(search))
  return (
    <>
      <PageHead title="Dead letters">
        Runs that have failed for good and wait for a person: replay them, undo what they did, or abandon
        them.
      </PageHead>
      {letters.data ? (
        <Letters page={letters.data} search={search} isStale={letters.isPlaceholderData} />
      ) : letters.error ? (
        <Problem error={letters.error} onRetry={() => void letters.refetch()} />
      ) : (
        <Skeleton rows={4} height={120} />
      )}
      {runbook !== undefined && (
        <RunbookDialog of={{ page: runbook }} onClose={() => void navigate({ search })} />
      )}
    </>
  )
}

function Letters(props: { page: LetterPage; search: LettersSearch; isStale: boolean }) {
  const { page, search, isStale } = props
  const isOpen = (search.status ?? 'open') === 'open'
  const isFirst = search.cursor === undefined
  const groups = page.groups.filter(
    ({ cause, errorClass }) =>
      (search.cause ?? cause) === cause && (search.errorClass ?? errorClass) === errorClass,
  )
  return (
    <>
      {isFirst && <ActionList actions={page.actions} />}
      <LetterFilters search={search} page={page} />
      {isOpen && isFirst && groups.length > 0 && (
        <Section title="By cause">
          <GroupList groups={groups} search={search} aloneAtMost={page.aloneAtMost} />
        </Section>
      )}
      {page.items.length === 0 ? (
        <NothingFound search={search} />
      ) : (
        <Section title={isOpen ? 'One by one' : LETTER_WORDS[search.status ?? 'open'].word}>
          <div className={styles.results} data-stale={isStale}>
            <LetterTable
              // Another filter or page is another selection.
              key={JSON.stringify(search)}
              letters={page.items}
              search={search}
              fitting={groups.reduce((sum, { count }) => sum + count, 0)}
              aloneAtMost={page.aloneAtMost}
            />
            <Pager page={page} search={search} />
          </div>
        </Section>
      )}
    </>
  )
}

function Pager({ page: { nextCursor }, search }: { page: LetterPage; search: LettersSearch }) {
  const { cursor, ...firstPage } = search
  if (nextCursor === null && cursor === undefined) return null
  return (
    <nav className={styles.pager} aria-label="Pages">
      {cursor !== undefined && (
        <Link to="/dead-letters" search={firstPage}>
          <Icon name="chevronLeft" /> Newest
        </Link>
      )}
      {nextCursor !== null && (
        <Link to="/dead-letters" search={{ ...firstPage, cursor: nextCursor }} className={styles.older}>
          Older <Icon name="chevronRight" />
        </Link>
      )}
    </nav>
  )
}

function NothingFound({ search }: { search: LettersSearch }) {
  const { status, ...narrowing } = search
  if (Object.keys(narrowing).length > 0) {
    return (
      <EmptyState
        icon="search"
        title="No dead letter matches these filters"
        action={<Link to="/dead-letters">Show all that are open</Link>}
      >
        They may have been dealt with meanwhile: look under Replayed, Undone and Abandoned.
      </EmptyState>
    )
  }
  if (status === undefined || status === 'open') {
    return (
      <EmptyState icon="check" title="Nothing waits for you here" action={<TryOne />}>
        When a run fails for good, it is kept here with what it did and what can be done about it.
      </EmptyState>
    )
  }
  return (
    <EmptyState icon="list" title={`None is ${LETTER_WORDS[status].word.toLowerCase()}`}>
      Those that have been dealt with are kept as long as their runs.
    </EmptyState>
  )
}

function TryOne() {
  const { sandbox } = useSession()
  if (!sandbox) return null
  return (
    <Link to="/sandbox" search={{ tab: 'controls' }}>
      Break something in the sandbox
    </Link>
  )
}
