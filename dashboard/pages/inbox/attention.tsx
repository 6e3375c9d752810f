import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { AttentionItem, SubmissionSummary } from '../../../src/server/contract.ts'
import { useMayDecide, useMayOperate } from '../../session.ts'
import { Badge } from '../../ui/badge.tsx'
import { Card } from '../../ui/card.tsx'
import { EFFECT_WORDS, RUN_WORDS, submissionWords } from '../../words.ts'
import styles from './attention.module.css'
import { EffectActions } from './effect-actions.tsx'
import { RetryPublication, RetryRun } from './retry.tsx'

/** Something besides a decision that needs a person: what it is, why, and what can be done about it. */
export function AttentionCard({ item }: { item: AttentionItem }) {
  const mayDecide = useMayDecide()
  const mayOperate = useMayOperate()
  switch (item.kind) {
    case 'publication_failed':
      return (
        <Row
          tone="bad"
          badge={<Badge status={submissionWords('approved', { state: 'failed', reason: '', at: '' })} />}
          title={`“${titleOf(item.submission)}” is approved but not published`}
          detail={item.reason}
          submission={item.submission}
          action={mayDecide && <RetryPublication submissionId={item.submission.id} />}
        />
      )
    case 'effect_unknown':
      return (
        <Row
          tone="warn"
          badge={<Badge status={EFFECT_WORDS.unknown} />}
          title={item.effect.description}
          detail={item.effect.error ?? 'The answer was lost, so it is not known whether it happened.'}
          submission={item.submission}
          memberId={item.memberId}
          runId={item.effect.runId}
          action={mayDecide && <EffectActions effect={item.effect} />}
        />
      )
    case 'run_failed':
      return (
        <Row
          tone="bad"
          badge={<Badge status={RUN_WORDS.failed} />}
          title={`The job ${item.run.job} failed`}
          detail={item.error}
          submission={item.submission}
          memberId={item.memberId}
          runId={item.run.id}
          action={mayOperate ? <RetryRun runId={item.run.id} /> : <p>Operators can start it again.</p>}
        />
      )
    case 'dead_letters':
      return (
        <Row
          tone="bad"
          badge={<Badge status={RUN_WORDS.failed} />}
          title={`${item.group.count} runs of ${item.group.job}: ${item.group.title}`}
          detail={item.group.suggestion}
          submission={null}
          action={
            <Link to="/dead-letters" search={{ cause: item.group.cause }}>
              Deal with them
            </Link>
          }
        />
      )
  }
}

/** What makes an attention item itself, for React. */
export function attentionKey(item: AttentionItem): string {
  switch (item.kind) {
    case 'publication_failed':
      return `publication ${item.submission.id}`
    case 'effect_unknown':
      return `effect ${item.effect.id}`
    case 'run_failed':
      return `run ${item.run.id}`
    case 'dead_letters':
      return `letters ${item.group.cause}`
  }
}

function Row(props: {
  tone: 'warn' | 'bad'
  badge: ReactNode
  title: string
  detail: string
  submission: SubmissionSummary | null
  memberId?: string | null
  runId?: string
  action: ReactNode
}) {
  const { submission, memberId, runId } = props
  return (
    <Card row label={props.title} tone={props.tone}>
      <div className={styles.row}>
        <div className={styles.text}>
          <div className={styles.head}>
            {props.badge}
            <h3 dir="auto">{props.title}</h3>
          </div>
          <p className={styles.detail}>{props.detail}</p>
          <p className={styles.links}>
            {submission && (
              <Link to="/posts/$id" params={{ id: submission.id }}>
                Job post {submission.reference}
              </Link>
            )}
            {memberId && (
              <Link to="/members/$id" params={{ id: memberId }}>
                The member
              </Link>
            )}
            {runId && (
              <Link to="/runs/$id" params={{ id: runId }}>
                What the run did
              </Link>
            )}
          </p>
        </div>
        {props.action && <div className={styles.actions}>{props.action}</div>}
      </div>
    </Card>
  )
}

function titleOf(submission: SubmissionSummary): string {
  return submission.title ?? submission.reference
}
