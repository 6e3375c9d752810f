import { Link } from '@tanstack/react-router'
import type { InboxItem } from '../../../src/server/contract.ts'
import { useMayDecide } from '../../session.ts'
import { useNow } from '../../time.ts'
import { Card } from '../../ui/card.tsx'
import { Icon } from '../../ui/icon.tsx'
import { RelativeTime } from '../../ui/relative-time.tsx'
import styles from './approval-card.module.css'
import { DecisionActions } from './decision-actions.tsx'
import { PostContent } from './post-content.tsx'

const DAY_MS = 86_400_000

/** One open approval with everything needed to decide it. */
export function ApprovalCard({ item }: { item: InboxItem }) {
  const { approval, submission, parsed } = item
  const mayDecide = useMayDecide()
  const title = submission.title ?? 'Untitled job post'
  return (
    <Card row label={title}>
      <div className={styles.card} id={`approval-${approval.id}`}>
        <div className={styles.head}>
          <div>
            <h3 className={styles.title}>
              <Link to="/posts/$id" params={{ id: submission.id }}>
                <bdi>{title}</bdi>
              </Link>
            </h3>
            <p className={styles.facts}>
              {submission.company && <bdi className={styles.company}>{submission.company}</bdi>}
              <span>{submission.sender}</span>
              <span className={styles.reference}>{submission.reference}</span>
            </p>
          </div>
          <Deadline at={approval.deadlineAt} />
        </div>
        <PostContent
          parsed={parsed}
          parser={item.parser}
          uncertain={item.uncertain}
          texts={item.texts}
          confidence="unsure"
        />
        {mayDecide && (
          <div className={styles.foot}>
            <DecisionActions
              toDecide={{ approvalId: approval.id, postId: submission.id, title }}
              parsed={parsed}
              uncertain={item.uncertain}
            />
          </div>
        )}
      </div>
    </Card>
  )
}

/** How long there is left; within the last day it is a warning. */
export function Deadline({ at }: { at: string }) {
  const isSoon = Date.parse(at) - useNow() < DAY_MS
  return (
    <p className={isSoon ? styles.deadlineSoon : styles.deadline}>
      <Icon name={isSoon ? 'alert' : 'clock'} size={12} />
      <span>
        {isSoon ? 'Soon: times out' : 'Times out'} <RelativeTime at={at} />
      </span>
    </p>
  )
}
