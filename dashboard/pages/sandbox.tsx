import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useEffect } from 'react'
import type { SandboxTab } from '../routes.tsx'
import { useSession } from '../session.ts'
import { followServerTime } from '../time.ts'
import { EmptyState, Problem } from '../ui/empty-state.tsx'
import { PageHead } from '../ui/shell.tsx'
import { Skeleton } from '../ui/skeleton.tsx'
import { Tabs } from '../ui/tabs.tsx'
import { CirclePanel } from './sandbox/circle-panel.tsx'
import { ControlsPanel } from './sandbox/controls-panel.tsx'
import { LumaPanel } from './sandbox/luma-panel.tsx'
import { MailPanel } from './sandbox/mail-panel.tsx'
import { MailchimpPanel } from './sandbox/mailchimp-panel.tsx'
import { PagerDutyPanel } from './sandbox/pagerduty-panel.tsx'
import { PeoplePanel } from './sandbox/people-panel.tsx'
import { PhonePanel } from './sandbox/phone-panel.tsx'
import { SlackPanel } from './sandbox/slack-panel.tsx'
import { useIsNarrow } from './sandbox/use-is-narrow.ts'
import { type World, worldQuery } from './sandbox/world.ts'
import styles from './sandbox.module.css'

const route = getRouteApi('/sandbox')
const TABS: { value: SandboxTab; label: string }[] = [
  { value: 'phone', label: 'Phone' },
  { value: 'slack', label: 'Slack' },
  { value: 'circle', label: 'Circle' },
  { value: 'people', label: 'Clerk and Stripe' },
  { value: 'mailchimp', label: 'Mailchimp' },
  { value: 'luma', label: 'Luma' },
  { value: 'mail', label: 'Mail, PagerDuty' },
  { value: 'controls', label: 'Controls' },
]

/** The stand-ins of the outside world, to be played with: text from a phone, answer in Slack, read in Circle. */
export function SandboxPage() {
  const { sandbox } = useSession()
  if (!sandbox) {
    return (
      <EmptyState icon="flask" title="The sandbox is off">
        It runs outside of production, or with KINKEEPER_SANDBOX=on.
      </EmptyState>
    )
  }
  return (
    <>
      <PageHead title="Sandbox">
        <span className={styles.lead}>
          Stand-ins for the providers. Text a job post, decide in Slack or in the inbox, read it in Circle;
          sign somebody up, let them pay or leave, and see what Mailchimp and Slack make of it.
        </span>
      </PageHead>
      <Sandbox />
    </>
  )
}

function Sandbox() {
  const world = useQuery(worldQuery)
  const narrow = useIsNarrow()
  const nowMs = world.data?.clock.nowMs
  // Whoever moves the clock here sees every page move with it.
  useEffect(() => {
    if (nowMs !== undefined) followServerTime(new Date(nowMs).toISOString())
  }, [nowMs])
  if (!world.data) {
    if (world.error) return <Problem error={world.error} onRetry={() => void world.refetch()} />
    return <Skeleton rows={1} height={480} />
  }
  return narrow ? <OneAtATime world={world.data} /> : <SideBySide world={world.data} />
}

function SideBySide({ world }: { world: World }) {
  return (
    <>
      <div className={`${styles.pair} ${styles.tall}`}>
        <PhonePanel phones={world.phones} />
        <SlackPanel slack={world.slack} />
      </div>
      <div className={styles.pair}>
        <ControlsPanel world={world} />
        <CirclePanel posts={world.circle.posts} />
      </div>
      <div className={styles.three}>
        <PeoplePanel />
        <MailchimpPanel contacts={world.mailchimp.contacts} />
        <LumaPanel luma={world.luma} />
      </div>
      <div className={styles.pair}>
        <MailPanel mails={world.mail.caught} />
        <PagerDutyPanel incidents={world.pagerduty.incidents} />
      </div>
    </>
  )
}

function OneAtATime({ world }: { world: World }) {
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const tab = search.tab ?? 'phone'
  return (
    <Tabs
      label="Stand-ins"
      value={tab}
      tabs={TABS}
      onChange={(next) => void navigate({ search: { tab: next } })}
    >
      {tab === 'phone' && <PhonePanel phones={world.phones} />}
      {tab === 'slack' && <SlackPanel slack={world.slack} />}
      {tab === 'circle' && <CirclePanel posts={world.circle.posts} />}
      {tab === 'people' && <PeoplePanel />}
      {tab === 'mailchimp' && <MailchimpPanel contacts={world.mailchimp.contacts} />}
      {tab === 'luma' && <LumaPanel luma={world.luma} />}
      {tab === 'mail' && (
        <>
          <MailPanel mails={world.mail.caught} />
          <PagerDutyPanel incidents={world.pagerduty.incidents} />
        </>
      )}
      {tab === 'controls' && <ControlsPanel world={world} />}
    </Tabs>
  )
}
