import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import type { LetterDetail } from '../../src/server/dead-letters-contract.ts'
import { operationsQueries } from '../operations-queries.ts'
import { queries } from '../queries.ts'
import { Badge } from '../ui/badge.tsx'
import { Section } from '../ui/card.tsx'
import { Problem } from '../ui/empty-state.tsx'
import { RelativeTime } from '../ui/relative-time.tsx'
import { PageHead } from '../ui/shell.tsx'
import { Skeleton } from '../ui/skeleton.tsx'
import { LETTER_WORDS } from '../words.ts'
import { RunbookDialog } from './alerts/runbook-dialog.tsx'
import { Attempts } from './dead-letter/attempts.tsx'
import { LetterActions } from './dead-letter/letter-actions.tsx'
import { Outcome } from './dead-letter/outcome.tsx'
import { PlanSections } from './dead-letter/plan.tsx'
import styles from './dead-letters.module.css'

const route = getRouteApi('/dead-letters/$id')

/** One run that failed for good: what happened, what each action would do, and who dealt with it. */
export function DeadLetterPage() {
  const { id } = route.useParams()
  const { runbook } = route.useSearch()
  const navigate = route.useNavigate()
  const letter = useQuery(operationsQueries.letter(id))
  if (letter.data) {
    return (
      <>
        <Letter detail={letter.data} />
        {runbook !== undefined && (
          <RunbookDialog of={{ page: runbook }} onClose={() => void navigate({ search: {} })} />
        )}
      </>
    )
  }
  return (
    <>
      <PageHead title="Dead letter" />
      {letter.error ? (
        <Problem error={letter.error} onRetry={() => void letter.refetch()} />
      ) : (
        <Skeleton rows={5} height={64} />
      )}
    </>
  )
}

function Letter({ detail }: { detail: LetterDetail }) {
  const { letter, title, suggestion, plan } = detail
  const isOpen = letter.status === 'open'
  return (
    <>
      <PageHead title={title}>
        <div className={styles.outcome} data-flat>
          <p>
            <Badge status={LETTER_WORDS[letter.status]} /> {letter.job}
            {letter.step !== null && `, at “${letter.step}”`}, failed <RelativeTime at={letter.failedAt} />
          </p>
          <p className={styles.error} dir="auto">
            {letter.error}
          </p>
          {isOpen && <p>{suggestion}</p>}
          <Links detail={detail} />
        </div>
      </PageHead>
      <LetterActions detail={detail} />
      <Outcome letter={letter} />
      <Attempts detail={detail} />
      {isOpen && <PlanSections plan={plan} />}
      <Section title="Input">
        <pre className={styles.input}>{detail.input}</pre>
      </Section>
    </>
  )
}

function Links({ detail: { letter, runbook } }: { detail: LetterDetail }) {
  const { submission, memberId } = useQuery(queries.run(letter.runId)).data ?? {}
  return (
    <p className={styles.letterLinks}>
      <Link to="/dead-letters/$id" params={{ id: letter.id }} search={{ runbook }}>
        What to do (runbook)
      </Link>
      {submission && (
        <Link to="/posts/$id" params={{ id: submission.id }}>
          The job post{submission.title !== null && ` “${submission.title}”`}
        </Link>
      )}
      {memberId && (
        <Link to="/members/$id" params={{ id: memberId }}>
          The member
        </Link>
      )}
      <Link to="/runs/$id" params={{ id: letter.runId }}>
        The run, with all its steps
      </Link>
      <Link to="/dead-letters" search={{ cause: letter.cause }}>
        All with this cause
      </Link>
      {letter.replayOf !== null && (
        <Link to="/dead-letters/$id" params={{ id: letter.replayOf }}>
          The letter that this run replayed
        </Link>
      )}
    </p>
  )
}
