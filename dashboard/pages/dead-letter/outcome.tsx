import { Link } from '@tanstack/react-router'
import type { LetterStatus, LetterSummary } from '../../../src/server/dead-letters-contract.ts'
import { Badge } from '../../ui/badge.tsx'
import { Card, Section } from '../../ui/card.tsx'
import { RelativeTime } from '../../ui/relative-time.tsx'
import { RUN_WORDS } from '../../words.ts'
import styles from '../dead-letters.module.css'

const DEEDS: Record<Exclude<LetterStatus, 'open'>, string> = {
  replayed: 'Replayed',
  compensating: 'Undo asked for',
  compensated: 'Undone',
  abandoned: 'Abandoned',
}

/** What was done about a letter: who, when and why, the run that followed, and what did not work. */
export function Outcome({ letter }: { letter: LetterSummary }) {
  const { status, resolved, followUp, problem } = letter
  if (status === 'open' && followUp === null && problem === null) return null
  return (
    <Section title="What was done about it">
      <Card>
        <div className={styles.outcome}>
          {status !== 'open' && resolved && (
            <p>
              {DEEDS[status]} by {resolved.by}, <RelativeTime at={resolved.at} />
            </p>
          )}
          {resolved?.reason && <p dir="auto">Because: {resolved.reason}</p>}
          {followUp && (
            <p>
              <Link to="/runs/$id" params={{ id: followUp.runId }}>
                The run that followed
              </Link>{' '}
              {followUp.status ? (
                <Badge status={RUN_WORDS[followUp.status]} />
              ) : (
                <span className={styles.quiet}>has been cleaned up</span>
              )}
            </p>
          )}
          {problem !== null && <p className={styles.problem}>{problem}</p>}
        </div>
      </Card>
    </Section>
  )
}
