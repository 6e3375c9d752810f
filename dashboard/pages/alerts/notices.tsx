import type { AlertNotice } from '../../../src/server/alerts-contract.ts'
import { Badge } from '../../ui/badge.tsx'
import { MachineTime } from '../../ui/machine-time.tsx'
import styles from '../alerts.module.css'
import { CHANNEL_NAMES, NOTICE_WORDS } from './alert-words.ts'

/** Who was told, and whether it arrived; what did not arrive says why. */
export function Notices({ notices, nobody }: { notices: AlertNotice[]; nobody: string }) {
  if (notices.length === 0) return <p className={styles.quiet}>{nobody}</p>
  return (
    <ul className={styles.notices}>
      {notices.map((notice) => (
        <li key={`${notice.channel}/${notice.about}`}>
          <Badge status={NOTICE_WORDS[notice.status]} prefix={CHANNEL_NAMES[notice.channel]} />
          {notice.status === 'sent' && (
            <span className={styles.quiet}>
              <MachineTime at={notice.at} />
            </span>
          )}
          {notice.problem !== null && <span className={styles.quiet}>{notice.problem}</span>}
        </li>
      ))}
    </ul>
  )
}
