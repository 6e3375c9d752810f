import { useState } from 'react'
import { useSession } from '../session.ts'
import { useNow } from '../time.ts'
import { Badge } from '../ui/badge.tsx'
import { Card, Section } from '../ui/card.tsx'
import { EmptyState, Problem } from '../ui/empty-state.tsx'
import { ICON_NAMES, Icon } from '../ui/icon.tsx'
import { RelativeTime } from '../ui/relative-time.tsx'
import { PageHead } from '../ui/shell.tsx'
import { Skeleton } from '../ui/skeleton.tsx'
import { Tabs } from '../ui/tabs.tsx'
import {
  BREAKER_WORDS,
  EFFECT_WORDS,
  PROVIDER_WORDS,
  RUN_WORDS,
  STANDING_WORDS,
  SUBMISSION_WORDS,
} from '../words.ts'
import { Buttons, Dialogs, Fields, Meters, Toasts } from './gallery/controls.tsx'
import styles from './gallery.module.css'

/** Every component in every state, in development and in the sandbox. */
export function GalleryPage() {
  const { sandbox } = useSession()
  if (!sandbox && !import.meta.env.DEV) {
    return (
      <EmptyState icon="grid" title="The gallery is closed">
        It is shown in development and where the sandbox runs.
      </EmptyState>
    )
  }
  return (
    <>
      <PageHead title="Gallery">Every component of dashboard/ui in every state.</PageHead>
      <Section title="Buttons">
        <Buttons />
      </Section>
      <Section title="Badges">
        <Badges />
      </Section>
      <Section title="Fields">
        <Fields />
      </Section>
      <Section title="Dialogs">
        <Dialogs />
      </Section>
      <Section title="Notices">
        <Toasts />
      </Section>
      <Section title="Tabs">
        <TabsDemo />
      </Section>
      <Section title="Cards">
        <Cards />
      </Section>
      <Section title="Meters and filters">
        <Meters />
      </Section>
      <Section title="Times">
        <Times />
      </Section>
      <Section title="Nothing, trouble, waiting">
        <EmptyState icon="inbox" title="Nothing to decide">
          Why it is empty, and what one can do.
        </EmptyState>
        <Problem
          error={new Error('The server cannot be reached. Check that it runs, then try again.')}
          onRetry={() => {}}
        />
        <Skeleton rows={2} height={48} />
      </Section>
      <Section title="Icons">
        <Icons />
      </Section>
    </>
  )
}

function Badges() {
  const sets = [SUBMISSION_WORDS, RUN_WORDS, EFFECT_WORDS, PROVIDER_WORDS, STANDING_WORDS, BREAKER_WORDS]
  return sets.map((words) => (
    <div key={Object.keys(words).join()} className={styles.row}>
      {Object.entries(words).map(([name, status]) => (
        <Badge key={name} status={status} />
      ))}
    </div>
  ))
}

function TabsDemo() {
  const [tab, setTab] = useState<'all' | 'open' | 'done'>('all')
  const tabs = [
    { value: 'all' as const, label: 'All', count: 128 },
    { value: 'open' as const, label: 'Open', count: 3 },
    { value: 'done' as const, label: 'Done' },
  ]
  return (
    <Tabs label="An example" value={tab} onChange={setTab} tabs={tabs}>
      <p>What is in “{tab}”.</p>
    </Tabs>
  )
}

function Cards() {
  return (
    <div className={styles.stack}>
      <Card>
        <p className={styles.padded}>A card</p>
      </Card>
      <Card row label="A card in a list">
        <p className={styles.padded}>A card in a list: j and k move to it</p>
      </Card>
      <Card row label="A card with a warning" tone="warn">
        <p className={styles.padded}>A card with a warning</p>
      </Card>
      <Card row label="A card with a failure" tone="bad">
        <p className={styles.padded}>A card with a failure</p>
      </Card>
    </div>
  )
}

function Times() {
  const now = useNow()
  const distances = [-400, -40, -3, -0.2, -0.002, 0, 0.002, 0.2, 6.4, 90]
  return (
    <div className={styles.row}>
      {distances.map((days) => (
        <RelativeTime key={days} at={new Date(now + days * 86_400_000).toISOString()} />
      ))}
    </div>
  )
}

function Icons() {
  return (
    <ul className={styles.row}>
      {ICON_NAMES.map((name) => (
        <li key={name} className={styles.icon}>
          <Icon name={name} size={20} />
          {name}
        </li>
      ))}
    </ul>
  )
}
