import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import type { MemberPage, MemberSummary } from '../../src/server/membership-contract.ts'
import type { MembersFilter } from '../client.ts'
import { queries } from '../queries.ts'
import { useMayOperate, useSession } from '../session.ts'
import { Badge } from '../ui/badge.tsx'
import { EmptyState, Problem } from '../ui/empty-state.tsx'
import { Icon } from '../ui/icon.tsx'
import { RelativeTime } from '../ui/relative-time.tsx'
import { SearchField } from '../ui/search-field.tsx'
import { PageHead } from '../ui/shell.tsx'
import { Skeleton } from '../ui/skeleton.tsx'
import { SLACK_WORDS, standingWords } from '../words.ts'
import { ImportMembers } from './members/import-members.tsx'
import { MemberFilters } from './members/member-filters.tsx'
import styles from './members.module.css'

const route = getRouteApi('/members')

/** Everybody whom the community knows, newest first; the search, the filters and the page are in the URL. */
export function MembersPage() {
  const search = route.useSearch()
  const members = useQuery(queries.members(search))
  const navigate = route.useNavigate()
  const mayImport = useMayOperate()
  return (
    <>
      <PageHead
        title="Members"
        aside={
          <div className={styles.aside}>
            {mayImport && members.data && !isNobodyKnown(members.data.counts) && <ImportMembers />}
            <SearchField
              key={search.q ?? ''}
              label="Search the members"
              q={search.q ?? ''}
              onSearch={(q) =>
                void navigate({
                  search: ({ q: _before, cursor: _page, ...filter }) => ({ ...filter, ...(q && { q }) }),
                  hash: 'search',
                  replace: true,
                })
              }
            />
          </div>
        }
      >
        Everybody who signed up, paid or is in Slack, and how they stand.
      </PageHead>
      {!(members.data && isNobodyKnown(members.data.counts)) && (
        <MemberFilters search={search} counts={members.data?.counts} />
      )}
      {members.data ? (
        <Results page={members.data} search={search} isStale={members.isPlaceholderData} />
      ) : members.error ? (
        <Problem error={members.error} onRetry={() => void members.refetch()} />
      ) : (
        <Skeleton rows={8} height={44} />
      )}
    </>
  )
}

function Results(props: { page: MemberPage; search: MembersFilter; isStale: boolean }) {
  const { page, search, isStale } = props
  if (page.items.length === 0) return <NothingFound search={search} counts={page.counts} />
  return (
    <div className={styles.results} data-stale={isStale}>
      <table className={styles.table}>
        <thead>
          <tr>
            <th scope="col">Member</th>
            <th scope="col">Standing</th>
            <th scope="col">Slack</th>
            <th scope="col">Ends</th>
            <th scope="col" className={styles.when}>
              Member since
            </th>
          </tr>
        </thead>
        <tbody>
          {page.items.map((member) => (
            <MemberRow key={member.id} member={member} />
          ))}
        </tbody>
      </table>
      <Pager search={search} nextCursor={page.nextCursor} />
    </div>
  )
}

function MemberRow({ member }: { member: MemberSummary }) {
  const { problem, endsAt, memberSince } = member
  return (
    <tr>
      <td className={styles.member}>
        <Link to="/members/$id" params={{ id: member.id }} className={styles.name} data-row>
          <bdi>{member.name}</bdi>
        </Link>
        {member.email !== null && member.email !== member.name && (
          <p className={styles.under}>{member.email}</p>
        )}
        {problem !== null && (
          <p className={styles.problem}>
            <Icon name="alert" size={12} /> {problem}
          </p>
        )}
      </td>
      <td>
        <Badge status={standingWords(member.standing)} />
      </td>
      <td className={styles.quiet}>{SLACK_WORDS[member.slack]}</td>
      <td className={styles.quiet} data-empty={endsAt === null || undefined}>
        {endsAt === null ? (
          '–'
        ) : (
          <>
            <span className={styles.onPhone}>ends </span>
            <RelativeTime at={endsAt} inTable />
          </>
        )}
      </td>
      <td className={`${styles.quiet} ${styles.when}`}>
        {memberSince === null ? '–' : <RelativeTime at={memberSince} inTable />}
      </td>
    </tr>
  )
}

function Pager({ search, nextCursor }: { search: MembersFilter; nextCursor: string | null }) {
  const { cursor, ...firstPage } = search
  if (nextCursor === null && cursor === undefined) return null
  return (
    <nav className={styles.pager} aria-label="Pages">
      {cursor !== undefined && (
        <Link to="/members" search={firstPage}>
          <Icon name="chevronLeft" /> Newest
        </Link>
      )}
      {nextCursor !== null && (
        <Link to="/members" search={{ ...firstPage, cursor: nextCursor }}>
          Older <Icon name="chevronRight" />
        </Link>
      )}
    </nav>
  )
}

function NothingFound({ search, counts }: { search: MembersFilter; counts: MemberPage['counts'] }) {
  if (isNobodyKnown(counts)) return <NobodyYet />
  return (
    <EmptyState
      icon="search"
      title={search.q === undefined ? 'Nobody matches these filters' : `Nobody found for “${search.q}”`}
      action={<Link to="/members">Show everybody</Link>}
    >
      The search looks at the beginnings of words in names and e-mail addresses.
    </EmptyState>
  )
}

function NobodyYet() {
  const { sandbox } = useSession()
  const mayImport = useMayOperate()
  return (
    <EmptyState
      icon="user"
      title="Nobody yet"
      action={
        <div className={styles.actions}>
          {mayImport && <ImportMembers prominent />}
          {sandbox && <Link to="/sandbox">Sign somebody up in the sandbox</Link>}
        </div>
      }
    >
      People appear here when they sign up with Clerk or pay with Stripe. Those who did so before are{' '}
      {mayImport ? 'imported, without a welcome.' : 'imported by an operator.'}
      {sandbox && (
        <>
          <br />
          In a terminal, this signs somebody up: <code>npm run story -- signup</code>
        </>
      )}
    </EmptyState>
  )
}

function isNobodyKnown({ none, active, ended, deleted }: MemberPage['counts']): boolean {
  return none + active + ended + deleted === 0
}
