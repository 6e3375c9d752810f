import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { LetterActionView } from '../../../src/server/dead-letters-contract.ts'
import { operate } from '../../operations-queries.ts'
import { useMayOperate } from '../../session.ts'
import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { Card, Section } from '../../ui/card.tsx'
import { RelativeTime } from '../../ui/relative-time.tsx'
import { useToast } from '../../ui/toast.tsx'
import type { StatusWords } from '../../words.ts'
import styles from '../dead-letters.module.css'

const STATUS: Record<LetterActionView['status'], StatusWords> = {
  waiting: { tone: 'warn', icon: 'hand', word: 'Waits for a second person' },
  running: { tone: 'info', icon: 'progress', word: 'Under way' },
  finished: { tone: 'ok', icon: 'check', word: 'Finished' },
  refused: { tone: 'idle', icon: 'cross', word: 'Refused' },
}
const VERBS: Record<LetterActionView['kind'], string> = {
  replay: 'Replay',
  compensate: 'Undo',
  abandon: 'Abandon',
}
/** Of those that are over, the latest few. */
const SHOWN_PAST = 3

/** Actions on many letters: those that wait for a second person first, then how far the others are. */
export function ActionList({ actions }: { actions: LetterActionView[] }) {
  const current = actions.filter(({ status }) => status === 'waiting' || status === 'running')
  const past = actions.filter(({ status }) => status === 'finished' || status === 'refused')
  const shown = [...current, ...past.slice(0, SHOWN_PAST)]
  if (shown.length === 0) return null
  return (
    <Section title={current.length > 0 ? 'Under way' : 'Lately done'}>
      <ul className={styles.groups}>
        {shown.map((action) => (
          <li key={action.id}>
            <Action action={action} />
          </li>
        ))}
      </ul>
    </Section>
  )
}

function Action({ action }: { action: LetterActionView }) {
  const { kind, total, done, failed, status } = action
  const title = `${VERBS[kind]} ${total.toLocaleString('en')}`
  return (
    <Card row label={title} {...(status === 'waiting' && { tone: 'warn' as const })}>
      <div className={styles.group}>
        <div className={styles.groupText}>
          <h3 className={styles.actionHead}>
            {title} <Badge status={STATUS[status]} />
          </h3>
          <p className={styles.quiet}>
            {action.requestedBy} asked for it, <RelativeTime at={action.requestedAt} />: {action.chosen}
            {kind === 'replay' && action.from === 'start' && ', from the start'}
            {action.answeredBy !== null &&
              `. ${action.answeredBy} ${status === 'refused' ? 'refused' : 'agreed'}`}
          </p>
          {action.reason !== null && <p>Because: {action.reason}</p>}
          {(status === 'running' || status === 'finished') && (
            <Progress {...{ title, total, done, failed }} />
          )}
          <Problems action={action} />
        </div>
        {status === 'waiting' && <Answer action={action} />}
      </div>
    </Card>
  )
}

function Progress(props: { title: string; total: number; done: number; failed: number }) {
  const { title, total, done, failed } = props
  const share = (count: number) => `${(count / Math.max(1, total)) * 100}%`
  return (
    <div className={styles.progress}>
      <p>
        {done.toLocaleString('en')} of {total.toLocaleString('en')} done
        {failed > 0 && `, ${failed.toLocaleString('en')} could not be`}
      </p>
      <progress className="visually-hidden" aria-label={title} max={total} value={done + failed} />
      <div className={styles.progressTrack} aria-hidden="true">
        <span className={styles.progressDone} style={{ width: share(done) }} />
        <span className={styles.progressFailed} style={{ width: share(failed) }} />
      </div>
    </div>
  )
}

function Problems({ action: { problems, failed } }: { action: LetterActionView }) {
  if (problems.length === 0) return null
  return (
    <ul className={styles.problems}>
      {problems.map(({ letterId, problem }) => (
        <li key={letterId}>
          <Link to="/dead-letters/$id" params={{ id: letterId }}>
            One
          </Link>{' '}
          was left: {problem}
        </li>
      ))}
      {failed > problems.length && <li>and {failed - problems.length} more</li>}
    </ul>
  )
}

/** The second person's answer. Whoever asked may only take it back. */
function Answer({ action }: { action: LetterActionView }) {
  const mayOperate = useMayOperate()
  const queryClient = useQueryClient()
  const toast = useToast()
  const answer = useMutation({
    mutationFn: (agreed: boolean) => operate.answer(action.id, agreed),
    onError: (error) => toast({ look: 'bad', title: 'It was not answered', detail: error.message }),
    onSettled: () => queryClient.invalidateQueries({ queryKey: ['dead-letters'] }),
  })
  if (!mayOperate) return <p className={styles.quiet}>Another operator has to agree.</p>
  return (
    <div className={styles.groupActions}>
      {action.mayAgree && (
        <Button look="primary" icon="check" busy={answer.isPending} onClick={() => answer.mutate(true)}>
          Agree
        </Button>
      )}
      <Button icon="cross" busy={answer.isPending} onClick={() => answer.mutate(false)}>
        {action.mayAgree ? 'Refuse' : 'Take it back'}
      </Button>
    </div>
  )
}
