import { useState } from 'react'
import type { QuestionItem } from '../../../src/server/membership-contract.ts'
import { useMayDecide } from '../../session.ts'
import { Button } from '../../ui/button.tsx'
import { Card } from '../../ui/card.tsx'
import cardStyles from './approval-card.module.css'
import { Deadline } from './approval-card.tsx'
import styles from './question-card.module.css'
import { useAnswer } from './use-answer.ts'

/** So many entries of a list are shown at first. */
const SHOWN = 5

/** Something that a job must not decide by itself: what it is about, and what follows from either answer. */
export function QuestionCard({ question }: { question: QuestionItem }) {
  const { approval, title, explanation } = question
  const mayDecide = useMayDecide()
  return (
    <Card row label={title} tone="warn">
      <div className={cardStyles.card} id={`approval-${approval.id}`}>
        <div className={cardStyles.head}>
          <h3 className={cardStyles.title}>{title}</h3>
          <Deadline at={approval.deadlineAt} />
        </div>
        <div className={styles.explanation}>
          {explanation.map((paragraph) => (
            <p key={paragraph}>{paragraph}</p>
          ))}
        </div>
        {question.items.length > 0 && <Items question={question} />}
        {mayDecide && (
          <div className={cardStyles.foot}>
            <Answers question={question} />
          </div>
        )}
      </div>
    </Card>
  )
}

function Items({ question: { items, itemCount, sum } }: { question: QuestionItem }) {
  const [all, setAll] = useState(false)
  const shown = all ? items : items.slice(0, SHOWN)
  const beyond = itemCount - items.length
  return (
    <div className={styles.list}>
      <ul>
        {shown.map((item) => (
          <li key={item.id} className={styles.item}>
            <span className={styles.label}>
              <bdi>{item.label}</bdi>
              {item.detail !== null && <span className={styles.detail}>{item.detail}</span>}
            </span>
            {item.amount !== null && <span className={styles.amount}>{item.amount}</span>}
          </li>
        ))}
        {all && beyond > 0 && <li className={styles.item}>and {beyond.toLocaleString('en')} more</li>}
      </ul>
      <div className={styles.listFoot}>
        {items.length > SHOWN ? (
          <Button look="quiet" aria-expanded={all} onClick={() => setAll(!all)}>
            {all ? 'Show fewer' : `Show all ${itemCount.toLocaleString('en')}`}
          </Button>
        ) : (
          <span className={styles.detail}>{itemCount === 1 ? '1 in all' : `${itemCount} in all`}</span>
        )}
        {sum !== null && (
          <p className={styles.sum}>
            Together <strong>{sum}</strong>
          </p>
        )}
      </div>
    </div>
  )
}

function Answers({ question }: { question: QuestionItem }) {
  const answer = useAnswer(question)
  const chosen = answer.isPending ? answer.variables : null
  return (
    <div className={styles.answers}>
      <Button
        look="primary"
        icon="check"
        hotkey="a"
        busy={chosen === 'approve'}
        disabled={answer.isPending}
        onClick={() => answer.mutate('approve')}
      >
        {question.approveLabel}
      </Button>
      <Button
        icon="cross"
        hotkey="d"
        busy={chosen === 'deny'}
        disabled={answer.isPending}
        onClick={() => answer.mutate('deny')}
      >
        {question.denyLabel}
      </Button>
    </div>
  )
}
