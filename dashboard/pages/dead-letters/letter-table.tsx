import { Link } from '@tanstack/react-router'
import { type MouseEvent, useState } from 'react'
import type { LetterChoice, LetterSummary } from '../../../src/server/dead-letters-contract.ts'
import type { LettersSearch } from '../../operations-queries.ts'
import { useMayOperate } from '../../session.ts'
import { Badge } from '../../ui/badge.tsx'
import { Button } from '../../ui/button.tsx'
import { RelativeTime } from '../../ui/relative-time.tsx'
import { LETTER_WORDS, RUN_WORDS } from '../../words.ts'
import styles from '../dead-letters.module.css'
import type { ActionKind } from './action-words.ts'
import { type Asked, AskedDialog } from './asked-dialog.tsx'
import { useSelection } from './use-selection.ts'

/** Letters one by one; open ones can be chosen, to act on them together. */
export function LetterTable(props: {
  letters: LetterSummary[]
  search: LettersSearch
  /** How many open letters the filter has, on all pages. */
  fitting: number
  aloneAtMost: number
}) {
  const { letters, search, fitting, aloneAtMost } = props
  const mayOperate = useMayOperate() && (search.status ?? 'open') === 'open'
  const selection = useSelection(letters.map(({ id }) => id))
  const chosen = selection.everything ? fitting : selection.ids.length
  // Held here: the bar leaves with the last of the chosen rows, and what is being written must not leave with it.
  const [asked, setAsked] = useState<Asked | null>(null)

  function ask(kind: ActionKind) {
    const choice = selection.everything ? filterOf(search) : { ids: selection.ids }
    const letterId = onlyOne(choice)
    setAsked(letterId === null ? { kind, choice, count: chosen } : { kind, letterId })
  }
  return (
    <>
      {chosen > 0 && (
        <BulkBar
          chosen={chosen}
          more={selection.isPage && !selection.everything && fitting > letters.length ? fitting : null}
          onEverything={selection.chooseEverything}
          onClear={selection.clear}
          onAsk={ask}
        />
      )}
      {asked && (
        <AskedDialog
          asked={asked}
          aloneAtMost={aloneAtMost}
          fitting={fitting}
          onClose={() => setAsked(null)}
          onDone={selection.clear}
        />
      )}
      <table className={styles.table}>
        <thead>
          <tr>
            {mayOperate && (
              <th scope="col" className={styles.check}>
                <input
                  type="checkbox"
                  aria-label="All on this page"
                  checked={selection.isPage}
                  onChange={selection.togglePage}
                />
              </th>
            )}
            <th scope="col">Run</th>
            <th scope="col">Status</th>
            <th scope="col">Attempts</th>
            <th scope="col" className={styles.when}>
              Failed
            </th>
          </tr>
        </thead>
        <tbody>
          {letters.map((letter) => (
            <LetterRow
              key={letter.id}
              letter={letter}
              chosen={selection.has(letter.id)}
              onChoose={mayOperate ? (event) => selection.choose(letter.id, event.shiftKey) : null}
            />
          ))}
        </tbody>
      </table>
    </>
  )
}

function LetterRow(props: {
  letter: LetterSummary
  chosen: boolean
  onChoose: ((event: MouseEvent) => void) | null
}) {
  const { letter, chosen, onChoose } = props
  const { followUp } = letter
  return (
    <tr data-chosen={chosen || undefined}>
      {onChoose && (
        <td className={styles.check}>
          <input
            type="checkbox"
            aria-label={`Choose the one of ${letter.job}, ${letter.runId}`}
            checked={chosen}
            onClick={onChoose}
            readOnly
          />
        </td>
      )}
      <td className={styles.letter}>
        <Link to="/dead-letters/$id" params={{ id: letter.id }} className={styles.name} data-row>
          {letter.job}
          {letter.step !== null && <span className={styles.step}>, at “{letter.step}”</span>}
        </Link>
        <p className={styles.key}>
          <code>{letter.key}</code>
        </p>
        <p className={styles.error} dir="auto">
          {letter.error}
        </p>
        {letter.problem !== null && <p className={styles.problem}>{letter.problem}</p>}
        {letter.resolved?.reason && <p className={styles.quiet}>Because: {letter.resolved.reason}</p>}
      </td>
      <td>
        <Badge status={LETTER_WORDS[letter.status]} />
        {letter.resolved && <p className={styles.quiet}>by {letter.resolved.by}</p>}
        {followUp?.status && (
          <p className={styles.quiet}>the new run: {RUN_WORDS[followUp.status].word.toLowerCase()}</p>
        )}
      </td>
      <td className={styles.number}>
        {letter.attempts}
        <span className={styles.onPhone}> {letter.attempts === 1 ? 'attempt' : 'attempts'}</span>
      </td>
      <td className={`${styles.quiet} ${styles.when}`}>
        <RelativeTime at={letter.failedAt} inTable />
      </td>
    </tr>
  )
}

function BulkBar(props: {
  chosen: number
  /** How many there are on all pages, when that can be asked for. */
  more: number | null
  onEverything: () => void
  onClear: () => void
  onAsk: (kind: ActionKind) => void
}) {
  return (
    <section className={styles.bulk} aria-label="What to do with those chosen">
      <p role="status">
        <strong>{props.chosen.toLocaleString('en')} chosen</strong>
      </p>
      {props.more !== null && (
        <Button look="quiet" onClick={props.onEverything}>
          Choose all {props.more.toLocaleString('en')}
        </Button>
      )}
      <Button look="quiet" onClick={props.onClear}>
        Choose none
      </Button>
      <div className={styles.bulkActions}>
        <Button icon="retry" look="primary" onClick={() => props.onAsk('replay')}>
          Replay
        </Button>
        <Button icon="undo" onClick={() => props.onAsk('compensate')}>
          Undo
        </Button>
        <Button icon="minus" onClick={() => props.onAsk('abandon')}>
          Abandon
        </Button>
      </div>
    </section>
  )
}

function onlyOne(choice: LetterChoice): string | null {
  const [id, ...others] = 'ids' in choice ? choice.ids : []
  return id !== undefined && others.length === 0 ? id : null
}

/** The filter as the choice of an action. */
function filterOf({ job, provider, errorClass, cause }: LettersSearch): LetterChoice {
  return {
    ...(job !== undefined && { job }),
    ...(provider !== undefined && { provider }),
    ...(errorClass !== undefined && { errorClass }),
    ...(cause !== undefined && { cause }),
  }
}
