import { Link } from '@tanstack/react-router'
import { type ReactNode, useState } from 'react'
import type { LetterGroup } from '../../../src/server/dead-letters-contract.ts'
import type { LettersSearch } from '../../operations-queries.ts'
import { useMayOperate } from '../../session.ts'
import { Button } from '../../ui/button.tsx'
import { Card } from '../../ui/card.tsx'
import { RelativeTime } from '../../ui/relative-time.tsx'
import styles from '../dead-letters.module.css'
import type { ActionKind } from './action-words.ts'
import { type Asked, AskedDialog } from './asked-dialog.tsx'

/** Open letters by cause, most first: what happened, what to do about it, and that at once for all of them. */
export function GroupList(props: { groups: LetterGroup[]; search: LettersSearch; aloneAtMost: number }) {
  const { groups, search, aloneAtMost } = props
  // Held here: a cause leaves with its last letter, and what is being written must not leave with it.
  const [asked, setAsked] = useState<{ cause: string; what: Asked } | null>(null)
  return (
    <>
      <ul className={styles.groups}>
        {groups.map((group) => (
          <li key={group.cause}>
            <Group
              group={group}
              search={search}
              onAsk={(kind) => setAsked({ cause: group.cause, what: askFor(kind, group) })}
            />
          </li>
        ))}
      </ul>
      {asked && (
        <AskedDialog
          asked={asked.what}
          aloneAtMost={aloneAtMost}
          fitting={groups.find(({ cause }) => cause === asked.cause)?.count}
          onClose={() => setAsked(null)}
        />
      )}
    </>
  )
}

/** What an action on a cause is about: its only letter, or all that have it. */
function askFor(kind: ActionKind, { cause, job, count, example }: LetterGroup): Asked {
  return count === 1 ? { kind, letterId: example.id } : { kind, choice: { cause, job }, count }
}

function Group(props: { group: LetterGroup; search: LettersSearch; onAsk: (kind: ActionKind) => void }) {
  const { group, search, onAsk } = props
  const { cursor: _page, ...filter } = search
  const isChosen = search.cause === group.cause
  return (
    <Card row label={`${group.count} of ${group.job}: ${group.title}`} tone="bad">
      <div className={styles.group}>
        <div className={styles.groupText}>
          <h3>
            {group.title}
            <span className={styles.number}>
              {' · '}
              {group.count === 1 ? 'one run' : `${group.count.toLocaleString('en')} runs`}
            </span>
          </h3>
          <p className={styles.quiet}>
            {group.job}
            {group.step !== null && <>, at “{group.step}”</>}, since <RelativeTime at={group.firstAt} />
            {group.count > 1 && (
              <>
                , the latest <RelativeTime at={group.latestAt} />
              </>
            )}
          </p>
          <p className={styles.error} dir="auto">
            {group.example.error}
          </p>
          <p>{group.suggestion}</p>
          <p>
            <Link to="/dead-letters" search={{ ...search, runbook: group.runbook }}>
              What to do (runbook)
            </Link>
          </p>
        </div>
        <GroupActions group={group} onAsk={onAsk}>
          {group.count === 1 ? (
            <Link to="/dead-letters/$id" params={{ id: group.example.id }}>
              Look at it
            </Link>
          ) : (
            !isChosen && (
              <Link to="/dead-letters" search={{ ...filter, cause: group.cause }}>
                Show these
              </Link>
            )
          )}
        </GroupActions>
      </div>
    </Card>
  )
}

function GroupActions(props: { group: LetterGroup; onAsk: (kind: ActionKind) => void; children: ReactNode }) {
  const { group, onAsk, children } = props
  const mayOperate = useMayOperate()
  const all = group.count > 1 ? ' all' : ''
  return (
    <div className={styles.groupActions}>
      {mayOperate && (
        <>
          <Button icon="retry" hotkey="r" onClick={() => onAsk('replay')}>
            Replay{all}
          </Button>
          <Button icon="undo" onClick={() => onAsk('compensate')}>
            Undo{all}
          </Button>
          <Button icon="minus" onClick={() => onAsk('abandon')}>
            Abandon{all}
          </Button>
        </>
      )}
      {children}
    </div>
  )
}
