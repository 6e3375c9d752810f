import { RelativeTime } from '../../ui/relative-time.tsx'
import { ScrollBox } from '../../ui/scroll-box.tsx'
import styles from './member-panels.module.css'
import { Panel } from './panel.tsx'
import type { CaughtMail } from './world.ts'

/** The mail that the sandbox has caught, newest first. */
export function MailPanel({ mails }: { mails: CaughtMail[] }) {
  return (
    <Panel icon="mail" title="Mail">
      {mails.length === 0 ? (
        <p className={styles.nothing}>No mail yet. What alerts send by e-mail is caught here.</p>
      ) : (
        <ScrollBox label="Caught mail">
          <ul>
            {mails.toReversed().map((mail) => (
              <li key={`${mail.messageId}/${mail.to.join()}/${mail.atMs}`} className={styles.row}>
                <p className={styles.name}>{mail.subject}</p>
                <p className={styles.quiet}>
                  to {mail.to.join(', ')} · <RelativeTime at={new Date(mail.atMs).toISOString()} inTable />
                </p>
                <p style={{ whiteSpace: 'pre-wrap' }}>{mail.text}</p>
              </li>
            ))}
          </ul>
        </ScrollBox>
      )}
    </Panel>
  )
}
