import { Link } from '@tanstack/react-router'
import type { RunDetail } from '../../../src/server/contract.ts'
import { Badge } from '../../ui/badge.tsx'
import { LETTER_WORDS } from '../../words.ts'
import styles from '../run.module.css'

/** Its dead letter, and the runs of the same work before and after it. */
export function RunLinks({ links: { letter, before, after } }: { links: RunDetail['links'] }) {
  if (letter === null && before === null && after === null) return null
  return (
    <ul className={styles.links}>
      {letter && (
        <li>
          <Badge status={LETTER_WORDS[letter.status]} />
          <Link to="/dead-letters/$id" params={{ id: letter.id }}>
            {letter.status === 'open' ? 'Replay it, undo it or abandon it' : 'Its dead letter'}
          </Link>
          <span className={styles.quiet}>{letter.title}</span>
        </li>
      )}
      {before !== null && (
        <li>
          <span className={styles.quiet}>It was started again after</span>
          <Link to="/runs/$id" params={{ id: before }}>
            an earlier run
          </Link>
        </li>
      )}
      {after !== null && (
        <li>
          <span className={styles.quiet}>It was started again as</span>
          <Link to="/runs/$id" params={{ id: after }}>
            a later run
          </Link>
        </li>
      )}
    </ul>
  )
}
