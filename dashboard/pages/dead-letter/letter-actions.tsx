import { useId, useState } from 'react'
import type { LetterDetail } from '../../../src/server/dead-letters-contract.ts'
import { useMayOperate } from '../../session.ts'
import { Button } from '../../ui/button.tsx'
import type { ActionKind } from '../dead-letters/action-words.ts'
import { LetterDialog } from '../dead-letters/letter-dialog.tsx'
import styles from '../dead-letters.module.css'

/** What can be done about an open letter; what cannot be, says why. */
export function LetterActions({ detail: { letter, plan } }: { detail: LetterDetail }) {
  const mayOperate = useMayOperate()
  const [asking, setAsking] = useState<ActionKind | null>(null)
  const id = useId()
  const isOpen = letter.status === 'open'
  const dialog = asking && (
    <LetterDialog
      kind={asking}
      id={letter.id}
      overtaken={isOpen ? null : `${letter.resolved?.by ?? 'Somebody'} was first and has dealt with it.`}
      onClose={() => setAsking(null)}
    />
  )
  if (!isOpen) return dialog
  if (!mayOperate) return <p className={styles.quiet}>Operators can replay, undo or abandon it.</p>
  const noReplay = plan.replayBlocked
  const noUndo = whyNotUndone(plan)
  return (
    <div className={styles.letterActions}>
      <div className={styles.groupActions}>
        <Button
          look="primary"
          icon="retry"
          hotkey="r"
          disabled={noReplay !== null}
          aria-describedby={noReplay === null ? undefined : `${id}-replay`}
          onClick={() => setAsking('replay')}
        >
          Replay
        </Button>
        <Button
          icon="undo"
          disabled={noUndo !== null}
          aria-describedby={noUndo === null ? undefined : `${id}-undo`}
          onClick={() => setAsking('compensate')}
        >
          Undo
        </Button>
        <Button icon="minus" onClick={() => setAsking('abandon')}>
          Abandon
        </Button>
      </div>
      {noReplay !== null && (
        <p id={`${id}-replay`} className={styles.problem}>
          No replay: {noReplay}
        </p>
      )}
      {noUndo !== null && (
        <p id={`${id}-undo`} className={styles.quiet}>
          No undo: {noUndo}
        </p>
      )}
      {dialog}
    </div>
  )
}

function whyNotUndone({ undo }: LetterDetail['plan']): string | null {
  if (undo.length === 0) return 'no finished step has changed anything.'
  if (undo.some(({ possible }) => possible)) return null
  return 'what it did cannot be taken back.'
}
