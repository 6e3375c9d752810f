import { Button } from '../../ui/button.tsx'
import { RelativeTime } from '../../ui/relative-time.tsx'
import { ScrollBox } from '../../ui/scroll-box.tsx'
import styles from './member-panels.module.css'
import { Panel } from './panel.tsx'
import { sandbox, useSandbox, type World } from './world.ts'

const RUSH = { events: 3, guestsPerEvent: 40, paidShare: 0.05 }

/** Luma's calendar: who waits for which event, what guests were mailed, and what they were charged. */
export function LumaPanel({ luma }: { luma: World['luma'] }) {
  const rush = useSandbox(sandbox.rush)
  const { events, mails, charges } = luma
  return (
    <Panel
      icon="calendar"
      title="Luma"
      aside={
        <Button
          icon="bolt"
          busy={rush.isPending}
          onClick={() => rush.mutate({ ...RUSH, seed: events.length + 1 })}
        >
          A rush of guests
        </Button>
      }
    >
      {events.length === 0 ? (
        <p className={styles.nothing}>
          No events yet. A rush makes three, with forty guests each who ask to come.
        </p>
      ) : (
        <ScrollBox label="Events">
          <ul>
            {events.toReversed().map((event) => (
              <li key={event.id} className={styles.row}>
                <p className={styles.name}>{event.name}</p>
                <p className={styles.quiet}>
                  <RelativeTime at={new Date(event.startAtMs).toISOString()} inTable /> ·{' '}
                  {Object.entries(event.counts)
                    .map(([status, guests]) => `${guests} ${status.replaceAll('_', ' ')}`)
                    .join(', ')}
                </p>
              </li>
            ))}
          </ul>
        </ScrollBox>
      )}
      {/* Of the mails only the latest come along, so their number says little beyond that. */}
      <p className={styles.sum}>
        <span>{mails.length === 0 ? 'Nobody was mailed' : `Last mail: ${lastMail(mails)}`}</span>
        <span>
          {charges.length === 0 ? 'Nobody was charged' : `${charges.length} charged, ${money(charges)}`}
        </span>
      </p>
    </Panel>
  )
}

function lastMail(mails: World['luma']['mails']): string {
  const last = mails.at(-1)
  return last ? `${last.status.replaceAll('_', ' ')}, to ${last.email}` : ''
}

function money(charges: World['luma']['charges']): string {
  const cents = charges.reduce((sum, { amountCents }) => sum + amountCents, 0)
  const currency = charges[0]?.currency ?? 'usd'
  return new Intl.NumberFormat('en', { style: 'currency', currency }).format(cents / 100)
}
