import { Link } from '@tanstack/react-router'
import { Fragment, type ReactNode } from 'react'
import type { SessionInfo } from '../../src/server/contract.ts'
import { AccountMenu } from './account-menu.tsx'
import { Icon, type IconName } from './icon.tsx'
import { MoreMenu } from './more-menu.tsx'
import { Providers } from './providers.tsx'
import styles from './shell.module.css'

type User = NonNullable<SessionInfo['user']>
export type Destination = {
  to:
    | '/'
    | '/overview'
    | '/runs'
    | '/dead-letters'
    | '/posts'
    | '/members'
    | '/schedules'
    | '/connections'
    | '/alerts'
    | '/audit'
    | '/people'
    | '/sandbox'
  label: string
  icon: IconName
  count?: number
  /** What the count is of, for those who hear it; `to decide` when absent. */
  counted?: string
  /** On a phone it stands in the menu “More”: a thumb needs room, and these are not daily bread. */
  rare?: true
}
type Group = { title: string | null; places: Destination[] }

/** The frame of every page: where one can go, which providers are live, who is signed in. */
export function Shell(props: {
  session: SessionInfo
  user: User
  openCount: number
  openAlerts: number
  connection: 'live' | 'lost'
  onKeyHelp: () => void
  children: ReactNode
}) {
  const { session, user } = props
  const groups = destinations(session, user, props.openCount, props.openAlerts)
  const places = groups.flatMap((group) => group.places)
  return (
    <div className={styles.shell}>
      <a className={styles.skip} href="#content">
        Skip to the content
      </a>
      <header className={styles.side}>
        <Link to="/" className={styles.name}>
          <Mark />
          Kinkeeper
        </Link>
        <nav className={styles.nav} aria-label="Main">
          {groups.map(({ title, places: inGroup }) => (
            <Fragment key={title}>
              {title !== null && <p className={styles.groupTitle}>{title}</p>}
              {inGroup.map((place) => (
                <NavLink key={place.to} place={place} />
              ))}
            </Fragment>
          ))}
          <MoreMenu places={places.filter(({ rare }) => rare)} />
        </nav>
        <div className={styles.foot}>
          <Link to="/connections" className={styles.providers}>
            <Providers providers={session.providers} />
          </Link>
          <button type="button" className={styles.keys} onClick={props.onKeyHelp}>
            <Icon name="keyboard" /> Keys <kbd>?</kbd>
          </button>
        </div>
        <AccountMenu user={user} providers={session.providers} />
      </header>
      <div className={styles.column}>
        {props.connection === 'lost' && (
          <p className={styles.banner} role="status">
            <Icon name="progress" /> The server is out of reach, so this may be out of date. Trying again…
          </p>
        )}
        <main id="content" tabIndex={-1} className={styles.main}>
          {props.children}
        </main>
      </div>
    </div>
  )
}

/** The head of a page: its title, which is also the tab's, a line about it, and what can be done on all of it. */
export function PageHead(props: { title: string; children?: ReactNode; aside?: ReactNode }) {
  return (
    <div className={styles.pageHead}>
      <title>{`${props.title} · Kinkeeper`}</title>
      <div>
        <h1>
          <bdi>{props.title}</bdi>
        </h1>
        {props.children && <div className={styles.lead}>{props.children}</div>}
      </div>
      {props.aside}
    </div>
  )
}

/** The mark of Kinkeeper. */
export function Mark() {
  return (
    <svg aria-hidden="true" width="24" height="24" viewBox="0 0 32 32" className={styles.mark}>
      <rect width="32" height="32" rx="8" />
      <path d="M11 8v16M21 8l-9 8 9 8" />
    </svg>
  )
}

function NavLink({ place }: { place: Destination }) {
  return (
    <Link
      to={place.to}
      className={`${styles.link} ${place.rare ? styles.rare : ''}`}
      activeOptions={{ exact: place.to === '/', includeSearch: false }}
    >
      <Icon name={place.icon} size={18} />
      <span>{place.label}</span>
      {place.count ? (
        <span className={styles.count}>
          {place.count}
          <span className="visually-hidden"> {place.counted ?? 'to decide'}</span>
        </span>
      ) : null}
    </Link>
  )
}

/** The community's daily work, what runs beneath it, and what is looked at now and then. */
function destinations(session: SessionInfo, user: User, openCount: number, openAlerts: number): Group[] {
  const alerts: Destination = {
    to: '/alerts',
    label: 'Alerts',
    icon: 'alert',
    // In the bar of a phone only while there is something to look at.
    ...(openAlerts > 0 ? { count: openAlerts, counted: 'open' } : { rare: true as const }),
  }
  const more: Destination[] = [{ to: '/audit', label: 'Audit', icon: 'lock', rare: true }]
  if (user.role === 'owner') more.push({ to: '/people', label: 'People', icon: 'people', rare: true })
  if (session.sandbox) more.push({ to: '/sandbox', label: 'Sandbox', icon: 'flask', rare: true })
  return [
    {
      title: null,
      places: [
        { to: '/', label: 'Inbox', icon: 'inbox', count: openCount },
        { to: '/posts', label: 'Job posts', icon: 'list' },
        { to: '/members', label: 'Members', icon: 'user' },
      ],
    },
    {
      title: 'Operations',
      places: [
        { to: '/overview', label: 'Overview', icon: 'grid', rare: true },
        alerts,
        { to: '/runs', label: 'Runs', icon: 'play', rare: true },
        { to: '/dead-letters', label: 'Dead letters', icon: 'retry', rare: true },
        { to: '/schedules', label: 'Schedules', icon: 'calendar', rare: true },
        { to: '/connections', label: 'Connections', icon: 'link', rare: true },
      ],
    },
    { title: 'This Kinkeeper', places: more },
  ]
}
