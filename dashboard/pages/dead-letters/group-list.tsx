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
import { BulkDialog } from './bulk-dialog.tsx'
import { LetterDialog } from './letter-dialog.tsx'

/** Open letters by cause, most first: what happened, what to do about it, and that at once for all of them. */
export function GroupList(props: { groups: LetterGroup[]; search: LettersSearch; aloneAtMost: number }) {
  const { groups, search, aloneAtMost } = props
  return (
    <ul className={styles.groups}>
      {groups.map((group) => (
        <li key={group.cause}>
          <Group group={group} search={search} aloneAtMost={aloneAtMost} />
        </li>
      ))}
    </ul>
  )
}

function Group(props: { group: LetterGroup; search: LettersSearch; aloneAtMost: number }) {
  const { group, search, aloneAtMost } = props
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
        <GroupActions group={group} aloneAtMost={aloneAtMost}>
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

function GroupActions(props: { group: LetterGroup; aloneAtMost: number; children: ReactNode }) {
  const { group, aloneAtMost, children } = props
  const mayOperate = useMayOperate()
  const [asking, setAsking] = useState<ActionKind | null>(null)
  const all = group.count > 1 ? ' all' : ''
  return (
    <div className={styles.groupActions}>
      {mayOperate && (
        <>
          <Button icon="retry" hotkey="r" onClick={() => setAsking('replay')}>
            Replay{all}
          </Button>
          <Button icon="undo" onClick={() => setAsking('compensate')}>
            Undo{all}
          </Button>
          <Button icon="minus" onClick={() => setAsking('abandon')}>
            Abandon{all}
          </Button>
        </>
      )}
      {children}
      {asking && group.count === 1 && (
        <LetterDialog kind={asking} id={group.example.id} onClose={() => setAsking(null)} />
      )}
      {asking && group.count > 1 && (
        <BulkDialog
          bulk={{ kind: asking, choice: { cause: group.cause, job: group.job }, count: group.count }}
          aloneAtMost={aloneAtMost}
          onClose={() => setAsking(null)}
        />
      )}
    </div>
  )
}
