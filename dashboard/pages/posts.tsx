import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import type { SubmissionPage, SubmissionStatus, SubmissionSummary } from '../../src/server/contract.ts'
import { queries } from '../queries.ts'
import type { PostsSearch } from '../routes.tsx'
import { Badge } from '../ui/badge.tsx'
import { EmptyState, Problem } from '../ui/empty-state.tsx'
import { Icon } from '../ui/icon.tsx'
import { RelativeTime } from '../ui/relative-time.tsx'
import { SearchField } from '../ui/search-field.tsx'
import { PageHead } from '../ui/shell.tsx'
import { Skeleton } from '../ui/skeleton.tsx'
import { Tabs } from '../ui/tabs.tsx'
import { SUBMISSION_WORDS, submissionWords } from '../words.ts'
import styles from './posts.module.css'

const route = getRouteApi('/posts')

/** Every text that was ever sent in, newest first; the tab, the search and the page are in the URL. */
export function PostsPage() {
  const search = route.useSearch()
  const posts = useQuery(queries.posts(search))
  const navigate = route.useNavigate()

  return (
    <>
      <PageHead
        title="Job posts"
        aside={
          <SearchField
            key={search.q ?? ''}
            label="Search the job posts"
            q={search.q ?? ''}
            onSearch={(q) =>
              void navigate({
                search: ({ status }) => ({ ...(status && { status }), ...(q && { q }) }),
                hash: 'search',
                replace: true,
              })
            }
          />
        }
      >
        Everything that was texted, and what became of it.
      </PageHead>
      <Tabs
        label="Status"
        value={search.status ?? 'all'}
        tabs={tabsFor(posts.data, search.status)}
        onChange={(status) =>
          void navigate({
            search: ({ q }) => ({ ...(q && { q }), ...(status !== 'all' && { status }) }),
          })
        }
      >
        {posts.data ? (
          <Results page={posts.data} search={search} isStale={posts.isPlaceholderData} />
        ) : posts.error ? (
          <Problem error={posts.error} onRetry={() => void posts.refetch()} />
        ) : (
          <Skeleton rows={8} height={44} />
        )}
      </Tabs>
    </>
  )
}

/** All, then each status that some post is in, in the order a post goes through them. */
function tabsFor(page: SubmissionPage | undefined, chosen: SubmissionStatus | undefined) {
  const counts = page?.counts ?? {}
  const statuses = Object.keys(SUBMISSION_WORDS) as SubmissionStatus[]
  const shown = statuses.filter((status) => (counts[status] ?? 0) > 0 || status === chosen)
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0)
  return [
    { value: 'all' as const, label: 'All', count: total },
    ...shown.map((status) => ({
      value: status,
      label: SUBMISSION_WORDS[status].word,
      count: counts[status] ?? 0,
    })),
  ]
}

function Results({ page, search, isStale }: { page: SubmissionPage; search: PostsSearch; isStale: boolean }) {
  if (page.items.length === 0) return <NothingFound search={search} />
  return (
    <div className={styles.results} data-stale={isStale}>
      <table className={styles.table}>
        <thead>
          <tr>
            <th scope="col">Job post</th>
            <th scope="col">Status</th>
            <th scope="col">Sender</th>
            <th scope="col">Decided</th>
            <th scope="col" className={styles.when}>
              Received
            </th>
          </tr>
        </thead>
        <tbody>
          {page.items.map((post) => (
            <PostRow key={post.id} post={post} />
          ))}
        </tbody>
      </table>
      <Pager search={search} nextCursor={page.nextCursor} />
    </div>
  )
}

function PostRow({ post }: { post: SubmissionSummary }) {
  const decision = post.decision
  return (
    <tr>
      <td className={styles.post}>
        <Link to="/posts/$id" params={{ id: post.id }} className={styles.title} data-row>
          {post.title === null ? (
            <bdi className={styles.untitled}>{post.excerpt}</bdi>
          ) : (
            <bdi>{post.title}</bdi>
          )}
        </Link>
        <p className={styles.under}>
          {post.company && <bdi>{post.company}</bdi>}
          <code>{post.reference}</code>
        </p>
      </td>
      <td>
        <Badge status={submissionWords(post.status, post.publication)} />
      </td>
      <td className={styles.quiet}>{post.sender}</td>
      <td className={styles.quiet}>{decision && decision.via !== 'deadline' ? decision.by : '–'}</td>
      <td className={`${styles.quiet} ${styles.when}`}>
        <RelativeTime at={post.receivedAt} inTable />
      </td>
    </tr>
  )
}

function Pager({ search, nextCursor }: { search: PostsSearch; nextCursor: string | null }) {
  const { cursor, ...firstPage } = search
  if (nextCursor === null && cursor === undefined) return null
  return (
    <nav className={styles.pager} aria-label="Pages">
      {cursor !== undefined && (
        <Link to="/posts" search={firstPage}>
          <Icon name="chevronLeft" /> Newest
        </Link>
      )}
      {nextCursor !== null && (
        <Link to="/posts" search={{ ...firstPage, cursor: nextCursor }}>
          Older <Icon name="chevronRight" />
        </Link>
      )}
    </nav>
  )
}

function NothingFound({ search }: { search: PostsSearch }) {
  if (search.q === undefined && search.status === undefined) {
    return (
      <EmptyState icon="message" title="No job posts yet">
        Every text to the community’s number is listed here, whatever became of it.
      </EmptyState>
    )
  }
  return (
    <EmptyState
      icon="search"
      title={search.q === undefined ? 'None with this status' : `Nothing found for “${search.q}”`}
      action={<Link to="/posts">Show all job posts</Link>}
    >
      The search looks at titles, companies, references and the texts themselves.
    </EmptyState>
  )
}
