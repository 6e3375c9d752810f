import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import type { Decision, SubmissionDetail } from '../../src/server/contract.ts'
import { queries } from '../queries.ts'
import { useMayDecide } from '../session.ts'
import { Badge } from '../ui/badge.tsx'
import { Card, Section } from '../ui/card.tsx'
import { EmptyState, Problem } from '../ui/empty-state.tsx'
import { Icon } from '../ui/icon.tsx'
import { RelativeTime } from '../ui/relative-time.tsx'
import { PageHead } from '../ui/shell.tsx'
import { Skeleton } from '../ui/skeleton.tsx'
import { submissionWords } from '../words.ts'
import { Deadline } from './inbox/approval-card.tsx'
import { DecisionActions } from './inbox/decision-actions.tsx'
import { PostContent } from './inbox/post-content.tsx'
import { RetryPublication } from './inbox/retry.tsx'
import { EditsDiff } from './post/edits-diff.tsx'
import { EffectList } from './post/effect-list.tsx'
import { RunList } from './post/run-list.tsx'
import { Timeline } from './post/timeline.tsx'
import styles from './post.module.css'

const route = getRouteApi('/posts/$id')

/** One job post: what it says, what was decided, where it stands, and how it came to that. */
export function PostPage() {
  const { id } = route.useParams()
  const post = useQuery(queries.post(id))
  if (post.data) return <Post detail={post.data} />
  return (
    <>
      <PageHead title="Job post" />
      {post.error ? (
        <Problem error={post.error} onRetry={() => void post.refetch()} />
      ) : (
        <Skeleton rows={3} height={160} />
      )}
    </>
  )
}

function Post({ detail }: { detail: SubmissionDetail }) {
  const { submission } = detail
  return (
    <>
      <PageHead title={submission.title ?? 'Untitled job post'}>
        <div className={styles.facts}>
          <Badge status={submissionWords(submission.status, submission.publication)} />
          {submission.company && <span className={styles.company}>{submission.company}</span>}
          <span>{submission.sender}</span>
          <span>
            received <RelativeTime at={submission.receivedAt} />
          </span>
          <code>{submission.reference}</code>
        </div>
      </PageHead>
      <NextStep detail={detail} />
      <div className={styles.columns}>
        <div className={styles.main}>
          <Section title="What it says">
            <Card>
              <div className={styles.padded}>
                <PostContent
                  parsed={detail.parsed}
                  parser={detail.parser}
                  uncertain={detail.uncertain}
                  texts={detail.texts}
                  confidence="all"
                />
              </div>
            </Card>
          </Section>
          {detail.edits.length > 0 && <EditsDiff edits={detail.edits} />}
          {detail.effects.length > 0 && <EffectList effects={detail.effects} />}
          {detail.runs.length > 0 && <RunList runs={detail.runs} />}
        </div>
        <Section title="Timeline">
          {detail.timeline.length > 0 ? (
            <Timeline entries={detail.timeline} />
          ) : (
            <EmptyState icon="clock" title="Nothing yet">
              What happens to this post will be listed here.
            </EmptyState>
          )}
        </Section>
      </div>
    </>
  )
}

/** What a person can do about this post now, or what was done. */
function NextStep({ detail }: { detail: SubmissionDetail }) {
  const { submission, approval, parsed } = detail
  const mayDecide = useMayDecide()
  const { publication, decision } = submission
  const title = submission.title ?? 'Untitled job post'
  return (
    <div className={styles.next}>
      {decision && <DecisionLine decision={decision} />}
      {approval?.status === 'open' && parsed !== null && mayDecide && (
        <DecisionActions
          toDecide={{ approvalId: approval.id, postId: submission.id, title }}
          parsed={parsed}
          uncertain={detail.uncertain}
        />
      )}
      {approval?.status === 'open' && <Deadline at={approval.deadlineAt} />}
      {publication.state === 'published' && (
        <a href={publication.url} target="_blank" rel="noreferrer" className={styles.published}>
          See it on Circle <Icon name="external" size={12} />
        </a>
      )}
      {(publication.state === 'failed' || publication.state === 'unknown') && (
        <p className={styles.trouble}>
          <Icon name="alert" /> {publication.reason}
        </p>
      )}
      {publication.state === 'failed' && mayDecide && <RetryPublication submissionId={submission.id} />}
      {submission.status === 'needs_details' && (
        <p>The sender was asked for what is missing; their next text completes this post.</p>
      )}
    </div>
  )
}

function DecisionLine({ decision }: { decision: Decision }) {
  const where = { slack: 'in Slack', dashboard: 'in the dashboard', deadline: '' }[decision.via]
  if (decision.outcome === 'expired') {
    return (
      <p>
        Timed out <RelativeTime at={decision.at} />: nobody decided in time.
      </p>
    )
  }
  return (
    <p>
      {decision.outcome === 'approved' ? 'Approved' : 'Denied'} by <strong>{decision.by}</strong> {where}{' '}
      <RelativeTime at={decision.at} />
      {decision.reason && <>: “{decision.reason}”</>}
    </p>
  )
}
