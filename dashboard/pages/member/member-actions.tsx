import { useState } from 'react'
import type { MemberDetail } from '../../../src/server/membership-contract.ts'
import { useMayDecide, useSession } from '../../session.ts'
import { Button } from '../../ui/button.tsx'
import { Icon } from '../../ui/icon.tsx'
import { RelativeTime } from '../../ui/relative-time.tsx'
import styles from '../member.module.css'
import { DeactivateDialog } from './deactivate-dialog.tsx'
import { EraseDialog } from './erase-dialog.tsx'
import { useAct } from './use-act.ts'

/** What can be done about a member now. What was ended can be taken back; erasing cannot. */
export function MemberActions({ detail }: { detail: MemberDetail }) {
  const { member, actions } = detail
  const { user } = useSession()
  const mayAct = useMayDecide()
  const [asking, setAsking] = useState<'deactivate' | 'erase' | null>(null)
  const close = () => setAsking(null)
  if (!mayAct) return null
  return (
    <div className={styles.actions}>
      {typeof actions.undo === 'object' && <Undo memberId={member.id} undo={actions.undo} />}
      {member.membership === 'active' && typeof actions.deactivate === 'string' && (
        <p className={styles.underWay} role="status">
          <Icon name="progress" /> {actions.deactivate}
        </p>
      )}
      {actions.sync === true && <Sync memberId={member.id} />}
      {actions.deactivate === true && (
        <Button icon="stop" onClick={() => setAsking('deactivate')}>
          Deactivate
        </Button>
      )}
      <a
        className={styles.export}
        href={`/api/members/${encodeURIComponent(member.id)}/export`}
        download={`${member.id}.json`}
      >
        <Icon name="download" /> Export
      </a>
      {user.role === 'owner' && actions.erase === true && (
        <Button look="danger" icon="cross" onClick={() => setAsking('erase')}>
          Erase
        </Button>
      )}
      {user.role === 'owner' && typeof actions.erase === 'string' && (
        <p className={styles.note}>{actions.erase}</p>
      )}
      {asking === 'deactivate' && <DeactivateDialog member={member} onClose={close} />}
      {asking === 'erase' && <EraseDialog member={member} onClose={close} />}
    </div>
  )
}

function Sync({ memberId }: { memberId: string }) {
  const act = useAct(memberId, { inDialog: false })
  return (
    <Button icon="retry" busy={act.isPending} onClick={() => act.mutate({ act: 'sync' })}>
      Sync now
    </Button>
  )
}

function Undo(props: { memberId: string; undo: { deactivationId: string; at: string } }) {
  const act = useAct(props.memberId, { inDialog: false })
  const { deactivationId, at } = props.undo
  return (
    <div className={styles.undo}>
      <p>
        The membership ended <RelativeTime at={at} />.
      </p>
      <Button
        look="primary"
        icon="undo"
        busy={act.isPending}
        onClick={() => act.mutate({ act: 'undo', deactivationId })}
      >
        Undo
      </Button>
    </div>
  )
}
