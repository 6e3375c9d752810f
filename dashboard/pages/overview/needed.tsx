import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { OverviewView, PersonNeeded } from '../../../src/server/overview-contract.ts'
import { Icon, type IconName } from '../../ui/icon.tsx'
import { RelativeTime } from '../../ui/relative-time.tsx'
import { PROVIDER_NAMES } from '../../words.ts'
import styles from '../overview.module.css'

type Words = {
  icon: IconName
  tone: 'bad' | 'warn'
  one: string
  many: string
  /** What to do there. */
  act: string
  to: '/' | '/connections' | '/dead-letters' | '/alerts'
}

const WORDS: Record<PersonNeeded['kind'], Words> = {
  alerts: {
    icon: 'alert',
    tone: 'bad',
    one: 'alert that has not resolved',
    many: 'alerts that have not resolved',
    act: 'Look',
    to: '/alerts',
  },
  breakers: {
    icon: 'stop',
    tone: 'bad',
    one: 'provider is away',
    many: 'providers are away',
    act: 'Look',
    to: '/connections',
  },
  unknown_effects: {
    icon: 'question',
    tone: 'warn',
    one: 'call that may or may not have happened',
    many: 'calls that may or may not have happened',
    act: 'Say',
    to: '/',
  },
  dead_letters: {
    icon: 'mail',
    tone: 'bad',
    one: 'run failed for good',
    many: 'runs failed for good',
    act: 'Replay',
    to: '/dead-letters',
  },
  questions: {
    icon: 'hand',
    tone: 'warn',
    one: 'question waits for an answer',
    many: 'questions wait for an answer',
    act: 'Answer',
    to: '/',
  },
  approvals: {
    icon: 'inbox',
    tone: 'warn',
    one: 'job post waits for a decision',
    many: 'job posts wait for a decision',
    act: 'Decide',
    to: '/',
  },
}

/** What waits for a person, each leading to where one acts. */
export function Needed({ needed }: { needed: OverviewView['needed'] }) {
  if (needed.length === 0)
    return (
      <p className={styles.calm}>
        <Icon name="check" /> Nothing. Everything goes by itself.
      </p>
    )
  return (
    <ul className={styles.needed}>
      {needed.map((each) => (
        <li key={each.kind}>
          <NeededItem item={each} />
        </li>
      ))}
    </ul>
  )
}

function NeededItem({ item: { kind, count, names, since } }: { item: PersonNeeded }) {
  const words = WORDS[kind]
  const more = count - names.length
  const named = names.map((name) => (kind === 'breakers' ? providerName(name) : name)).join(', ')
  return (
    <Place to={words.to} tone={words.tone}>
      <Icon name={words.icon} size={18} />
      <span className={styles.needWords}>
        <span className={styles.needHead}>
          <strong>{count.toLocaleString('en')}</strong> {count === 1 ? words.one : words.many}
        </span>
        <span className={styles.quiet}>
          {named !== '' && `${named}${more > 0 ? ` and ${more} more` : ''}`}
          {named !== '' && since !== null && ' · '}
          {since !== null && (
            <>
              since <RelativeTime at={since} inTable />
            </>
          )}
        </span>
      </span>
      <span className={styles.act}>
        {words.act} <Icon name="chevronRight" />
      </span>
    </Place>
  )
}

function Place({ to, tone, children }: Pick<Words, 'to' | 'tone'> & { children: ReactNode }) {
  const looks = { className: styles.need, 'data-tone': tone, 'data-row': true }
  if (to !== '/dead-letters')
    return (
      <Link to={to} {...looks}>
        {children}
      </Link>
    )
  return (
    <a href={to} {...looks}>
      {children}
    </a>
  )
}

function providerName(name: string): string {
  return name in PROVIDER_NAMES ? PROVIDER_NAMES[name as keyof typeof PROVIDER_NAMES] : name
}
