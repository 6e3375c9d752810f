import { Badge } from '../../ui/badge.tsx'
import { Icon } from '../../ui/icon.tsx'
import { RelativeTime } from '../../ui/relative-time.tsx'
import { ScrollBox } from '../../ui/scroll-box.tsx'
import { SUBMISSION_WORDS } from '../../words.ts'
import styles from './circle-panel.module.css'
import { Panel } from './panel.tsx'
import type { CirclePost } from './world.ts'

/** The space in Circle where approved posts appear. */
export function CirclePanel({ posts }: { posts: CirclePost[] }) {
  return (
    <Panel
      icon="globe"
      title="Circle"
      aside={<span className={styles.quiet}>{countPosts(posts.length)}</span>}
    >
      {posts.length === 0 ? (
        <p className={styles.nothing}>No posts yet. What a moderator approves appears here.</p>
      ) : (
        <ScrollBox label="Posts in the space">
          <ol className={styles.posts}>
            {posts
              .toSorted((a, b) => b.createdAtMs - a.createdAtMs)
              .map((post) => (
                <li key={post.id} className={styles.post}>
                  <p className={styles.head}>
                    <a href={post.url} target="_blank" rel="noreferrer">
                      <bdi>{post.name}</bdi> <Icon name="external" size={12} />
                    </a>
                    {post.status === 'published' && <Badge status={SUBMISSION_WORDS.published} />}
                    <span className={styles.quiet}>
                      <RelativeTime at={new Date(post.createdAtMs).toISOString()} inTable />
                    </span>
                  </p>
                  <p className={styles.text} dir="auto">
                    {post.text}
                  </p>
                </li>
              ))}
          </ol>
        </ScrollBox>
      )}
    </Panel>
  )
}

function countPosts(count: number): string {
  return count === 1 ? '1 post' : `${count} posts`
}
