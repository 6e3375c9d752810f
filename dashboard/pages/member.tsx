import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import type { MemberDetail, SubscriptionView } from '../../src/server/membership-contract.ts'
import { queries } from '../queries.ts'
import { Badge } from '../ui/badge.tsx'
import { Card, Section } from '../ui/card.tsx'
import { EmptyState, Problem } from '../ui/empty-state.tsx'
import { Icon } from '../ui/icon.tsx'
import { RelativeTime } from '../ui/relative-time.tsx'
import { PageHead } from '../ui/shell.tsx'
import { Skeleton } from '../ui/skeleton.tsx'
import { SUBSCRIPTION_STATUS_WORDS, standingWords } from '../words.ts'
import { MemberActions } from './member/member-actions.tsx'
import { MemberFacts } from './member/member-facts.tsx'
import styles from './member.module.css'
import { Timeline } from './post/timeline.tsx'

const route = getRouteApi('/members/$id')

/** One member: how they stand and why, what is kept about them, what happened and what will, and what can be done. */
export function MemberPage() {
  const { id } = route.useParams()
  const member = useQuery(queries.member(id))
  if (member.data) return <Member detail={member.data} />
  return (
    <>
      <PageHead title="Member" />
      {member.error ? (
        <Problem error={member.error} onRetry={() => void member.refetch()} />
      ) : (
        <Skeleton rows={3} height={160} />
      )}
    </>
  )
}

function Member({ detail }: { detail: MemberDetail }) {
  const { member, mailchimp } = detail
  return (
    <>
      <PageHead title={member.name}>
        <div className={styles.facts}>
          <Badge status={standingWords(member.standing)} />
          {member.email !== null && <span className={styles.email}>{member.email}</span>}
          {member.memberSince !== null && (
            <span>
              member since <RelativeTime at={member.memberSince} />
            </span>
          )}
          {member.endsAt !== null && (
            <span>
              ends <RelativeTime at={member.endsAt} />
            </span>
          )}
        </div>
      </PageHead>
      <div className={styles.standing}>
        <p className={styles.explanation}>{detail.explanation}</p>
        {mailchimp.problem !== null && (
          <p className={styles.trouble}>
            <Icon name="alert" /> {mailchimp.problem}
          </p>
        )}
        <MemberActions detail={detail} />
      </div>
      <div className={styles.columns}>
        <div className={styles.main}>
          <Section title="Subscriptions">
            <Subscriptions subscriptions={detail.subscriptions} />
          </Section>
          <MemberFacts detail={detail} />
        </div>
        <Section title="Line of life">
          {detail.life.length > 0 ? (
            <Timeline entries={detail.life} />
          ) : (
            <EmptyState icon="clock" title="Nothing yet">
              What happens to this member will be listed here.
            </EmptyState>
          )}
        </Section>
      </div>
    </>
  )
}

function Subscriptions({ subscriptions }: { subscriptions: SubscriptionView[] }) {
  if (subscriptions.length === 0)
    return <p className={styles.quiet}>Stripe knows no subscription of theirs.</p>
  return (
    <Card>
      <ul>
        {subscriptions.map((subscription) => (
          <li key={subscription.id} className={styles.row}>
            <p>
              <strong className={styles.status}>
                {SUBSCRIPTION_STATUS_WORDS[subscription.status] ?? subscription.status}
              </strong>{' '}
              {subscription.explanation}
            </p>
            <code className={styles.id}>{subscription.id}</code>
          </li>
        ))}
      </ul>
    </Card>
  )
}
