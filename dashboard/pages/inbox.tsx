import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useEffect, useRef, useState } from 'react'
import type { AttentionItem, InboxItem } from '../../src/server/contract.ts'
import type { QuestionItem } from '../../src/server/membership-contract.ts'
import { queries } from '../queries.ts'
import { useMayDecide, useSession } from '../session.ts'
import { Button } from '../ui/button.tsx'
import { Section } from '../ui/card.tsx'
import { EmptyState, Problem } from '../ui/empty-state.tsx'
import { PageHead } from '../ui/shell.tsx'
import { Skeleton } from '../ui/skeleton.tsx'
import { ApprovalCard } from './inbox/approval-card.tsx'
import { AttentionCard, attentionKey } from './inbox/attention.tsx'
import { useDecisionDialogs } from './inbox/decision-dialogs.tsx'
import { QuestionCard } from './inbox/question-card.tsx'
import { decisionKey } from './inbox/use-decide.ts'
import styles from './inbox.module.css'

const route = getRouteApi('/')
const ATTENTION = 'attention'
/** An outage can leave very many; they are one below the other, and mostly alike. */
const ATTENTION_SHOWN = 10

/** What needs a person: questions, posts to decide, nearest deadline first, and what went wrong. */
export function InboxPage() {
  const inbox = useInfiniteQuery(queries.inbox)
  const { approval } = route.useSearch()
  const mayDecide = useMayDecide()

  const items = inbox.data?.pages.flatMap((page) => page.items)
  const first = inbox.data?.pages[0]
  return (
    <>
      <PageHead title="Inbox">
        {mayDecide
          ? 'Approving a job post publishes it to Circle and texts the sender, at once. It can’t be undone.'
          : 'You see what waits for a decision; approvers decide.'}
        {first && first.openCount > 0 && first.attention.length > 0 && (
          <p>
            <a href={`#${ATTENTION}`}>{first.attention.length} more to look at</a>
          </p>
        )}
      </PageHead>
      {inbox.error && !inbox.data && <Problem error={inbox.error} onRetry={() => void inbox.refetch()} />}
      {inbox.isPending && <Skeleton rows={3} height={232} />}
      {items && first && (
        <>
          <Questions questions={first.questions} />
          <Approvals
            items={items}
            openCount={first.openCount - first.questions.length}
            isAlone={first.questions.length === 0}
            focusOn={approval ?? null}
          />
          {inbox.hasNextPage && (
            <Button busy={inbox.isFetchingNextPage} onClick={() => void inbox.fetchNextPage()}>
              Show more
            </Button>
          )}
          <Attention items={first.attention} />
        </>
      )}
    </>
  )
}

function Questions({ questions }: { questions: QuestionItem[] }) {
  if (questions.length === 0) return null
  return (
    <Section title={`To answer · ${questions.length}`}>
      <ul className={styles.list}>
        {questions.map((question) => (
          <li key={question.approval.id}>
            <QuestionCard question={question} />
          </li>
        ))}
      </ul>
    </Section>
  )
}

function Approvals(props: {
  items: InboxItem[]
  openCount: number
  /** Nothing else is to be decided. */
  isAlone: boolean
  focusOn: string | null
}) {
  const { items, openCount, isAlone, focusOn } = props
  const list = useRef<HTMLUListElement>(null)
  const lastFocused = useRef<{ index: number; approvalId: string } | null>(null)
  const queryClient = useQueryClient()
  const count = items.length
  const { open: writing } = useDecisionDialogs()

  useEffect(() => {
    if (focusOn !== null) rowOf(focusOn)?.focus()
  }, [focusOn])

  // After one's own decision its card is gone, and the focus with it: put it on the one that took its place. After
  // somebody else's, put it on the list: a key that was meant for the card that left must not decide another.
  useEffect(() => {
    const last = lastFocused.current
    if (writing || last === null || document.activeElement !== document.body) return
    const own = queryClient.getMutationCache().find({ mutationKey: decisionKey(last.approvalId) })
    const isDecidedHere = own !== undefined && own.state.status !== 'error'
    const rows = list.current?.querySelectorAll<HTMLElement>('[data-row]') ?? []
    const next = isDecidedHere
      ? rows[Math.min(last.index, count - 1)]
      : (rowOf(last.approvalId) ?? list.current)
    next?.focus()
  }, [count, writing, queryClient])

  if (count === 0) return isAlone && <NothingToDecide />
  return (
    <Section title={`To decide · ${openCount}`}>
      <ul className={styles.list} ref={list} tabIndex={-1}>
        {items.map((item, index) => (
          <li
            key={item.approval.id}
            onFocus={() => {
              lastFocused.current = { index, approvalId: item.approval.id }
            }}
          >
            <ApprovalCard item={item} />
          </li>
        ))}
      </ul>
    </Section>
  )
}

function rowOf(approvalId: string): HTMLElement | null {
  return document.getElementById(`approval-${approvalId}`)?.closest<HTMLElement>('[data-row]') ?? null
}

function Attention({ items }: { items: AttentionItem[] }) {
  const [all, setAll] = useState(false)
  if (items.length === 0) return null
  return (
    <div id={ATTENTION}>
      <Section title={`Needs a look · ${items.length}`}>
        <ul className={styles.list}>
          {items.slice(0, all ? items.length : ATTENTION_SHOWN).map((item) => (
            <li key={attentionKey(item)}>
              <AttentionCard item={item} />
            </li>
          ))}
        </ul>
        {!all && items.length > ATTENTION_SHOWN && (
          <Button onClick={() => setAll(true)}>Show all {items.length}</Button>
        )}
      </Section>
    </div>
  )
}

function NothingToDecide() {
  const { sandbox } = useSession()
  return (
    <EmptyState
      icon="inbox"
      title="Nothing to decide"
      action={
        sandbox ? (
          <Link to="/sandbox">Text a job post from the sandbox</Link>
        ) : (
          <Link to="/posts">See all job posts</Link>
        )
      }
    >
      A job post appears here as soon as someone texts one and it has been read, usually within seconds. It
      also appears in Slack; whoever decides first decides.
    </EmptyState>
  )
}
