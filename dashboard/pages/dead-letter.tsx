import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useState } from 'react'
import type { LetterDetail } from '../../src/server/dead-letters-contract.ts'
import { operationsQueries } from '../operations-queries.ts'
import { useMayOperate } from '../session.ts'
import { Badge } from '../ui/badge.tsx'
import { Button } from '../ui/button.tsx'
import { Section } from '../ui/card.tsx'
import { Problem } from '../ui/empty-state.tsx'
import { RelativeTime } from '../ui/relative-time.tsx'
import { PageHead } from '../ui/shell.tsx'
import { Skeleton } from '../ui/skeleton.tsx'
import { LETTER_WORDS, RUN_WORDS } from '../words.ts'
import { type Bulk, BulkDialog } from './dead-letters/bulk-dialog.tsx'
import styles from './dead-letters.module.css'

const route = getRouteApi('/dead-letters/$id')
const FATES = {
  kept: 'exists, and is not repeated',
  tried: 'would be tried',
  blocked: 'a person has to say first',
}

/** One run that failed for good: what happened, what each action would do, and who dealt with it. */
export function DeadLetterPage() {
  const { id } = route.useParams()
  const letter = useQuery(operationsQueries.letter(id))
  if (letter.data) return <Letter detail={letter.data} />
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
  const { letter, title, suggestion, runbook } = detail
  return (
    <>
      <PageHead title={title} aside={<Actions detail={detail} />}>
        <p>
          <Badge status={LETTER_WORDS[letter.status]} /> {letter.job}
          {letter.step !== null && `, at “${letter.step}”`}, failed <RelativeTime at={letter.failedAt} />
        </p>
        <p className={styles.error}>{letter.error}</p>
        <p>{suggestion}</p>
        <p>
          More in <code>{runbook}</code>. <Links detail={detail} />
        </p>
        {letter.problem !== null && <p className={styles.problem}>{letter.problem}</p>}
      </PageHead>
      <Plan plan={detail.plan} />
      <Section title="Input">
        <pre>{detail.input}</pre>
      </Section>
    </>
  )
}

function Links({ detail: { letter } }: { detail: LetterDetail }) {
  const { resolved, followUp, replayOf } = letter
  return (
    <>
      <Link to="/runs/$id" params={{ id: letter.runId }}>
        The run, with its attempts
      </Link>
      {resolved && ` Settled by ${resolved.by}${resolved.reason ? `: ${resolved.reason}` : ''}.`}
      {followUp && (
        <>
          {' '}
          <Link to="/runs/$id" params={{ id: followUp.runId }}>
            The run that followed
          </Link>
          {followUp.status && <Badge status={RUN_WORDS[followUp.status]} />}
        </>
      )}
      {replayOf !== null && (
        <>
          {' '}
          <Link to="/dead-letters/$id" params={{ id: replayOf }}>
            The letter before
          </Link>
        </>
      )}
    </>
  )
}

function Plan({ plan }: { plan: LetterDetail['plan'] }) {
  return (
    <Section title="What an action would do">
      {plan.replayBlocked !== null && <p className={styles.problem}>{plan.replayBlocked}</p>}
      <p>
        {plan.keptSteps.length === 0
          ? 'A replay begins at the first step.'
          : `A replay from the failed step keeps: ${plan.keptSteps.join(', ')}.`}
      </p>
      <ul className={styles.options}>
        {plan.effects.map(({ effect, fate }) => (
          <li key={effect.id}>
            {effect.description}: {FATES[fate]}
          </li>
        ))}
        {plan.undo.map(({ step, what, possible }) => (
          <li key={step}>
            {possible ? 'Undo would' : 'Cannot be undone:'} {what} ({step})
          </li>
        ))}
      </ul>
    </Section>
  )
}

function Actions({ detail: { letter, plan } }: { detail: LetterDetail }) {
  const mayOperate = useMayOperate()
  const [asking, setAsking] = useState<Bulk['kind'] | null>(null)
  if (!mayOperate || letter.status !== 'open') return null
  return (
    <div className={styles.groupActions}>
      <Button
        look="primary"
        icon="retry"
        disabled={plan.replayBlocked !== null}
        onClick={() => setAsking('replay')}
      >
        Replay
      </Button>
      <Button icon="undo" disabled={plan.undo.length === 0} onClick={() => setAsking('compensate')}>
        Undo
      </Button>
      <Button icon="minus" onClick={() => setAsking('abandon')}>
        Abandon
      </Button>
      {asking && (
        <BulkDialog
          bulk={{ kind: asking, choice: { ids: [letter.id] }, count: 1 }}
          aloneAtMost={1}
          onClose={() => setAsking(null)}
        />
      )}
    </div>
  )
}
