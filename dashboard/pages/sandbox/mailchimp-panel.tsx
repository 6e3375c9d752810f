import { Badge } from '../../ui/badge.tsx'
import { ScrollBox } from '../../ui/scroll-box.tsx'
import type { StatusWords } from '../../words.ts'
import styles from './member-panels.module.css'
import { Panel } from './panel.tsx'
import type { MailchimpContact } from './world.ts'

const STATUSES: Record<string, StatusWords> = {
  subscribed: { tone: 'ok', icon: 'check', word: 'Subscribed' },
  transactional: { tone: 'info', icon: 'mail', word: 'Transactional' },
  pending: { tone: 'warn', icon: 'clock', word: 'Pending' },
  unsubscribed: { tone: 'idle', icon: 'stop', word: 'Unsubscribed' },
  cleaned: { tone: 'bad', icon: 'alert', word: 'Bounced' },
  archived: { tone: 'idle', icon: 'minus', word: 'Archived' },
}

/** The audience at Mailchimp, the latest first. */
export function MailchimpPanel({ contacts }: { contacts: MailchimpContact[] }) {
  return (
    <Panel
      icon="mail"
      title="Mailchimp"
      aside={<span className={styles.quiet}>{count(contacts.length, 'contact')}</span>}
    >
      {contacts.length === 0 ? (
        <p className={styles.nothing}>No contacts yet. Who signs up appears here.</p>
      ) : (
        <ScrollBox label="Contacts">
          <ul>
            {contacts.toReversed().map((contact) => (
              <li key={contact.email} className={styles.row}>
                <p className={styles.name}>{contact.email}</p>
                <p className={styles.facts}>
                  <Badge
                    status={
                      STATUSES[contact.status] ?? { tone: 'idle', icon: 'question', word: contact.status }
                    }
                  />
                  {contact.tags.map((tag) => (
                    <code key={tag}>{tag}</code>
                  ))}
                  <span className={styles.quiet}>{count(contact.mails.length, 'mail')}</span>
                </p>
              </li>
            ))}
          </ul>
        </ScrollBox>
      )}
    </Panel>
  )
}

function count(many: number, what: string): string {
  return `${many} ${what}${many === 1 ? '' : 's'}`
}
