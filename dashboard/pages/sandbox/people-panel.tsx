import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Button } from '../../ui/button.tsx'
import { RelativeTime } from '../../ui/relative-time.tsx'
import styles from './member-panels.module.css'
import { Panel } from './panel.tsx'
import { type PersonAct, peopleQuery, type SandboxPerson, sandbox, useSandbox } from './world.ts'

/** People with an account at Clerk and a subscription at Stripe, and what they may do. */
export function PeoplePanel() {
  const people = useQuery(peopleQuery)
  const [chosenId, setChosenId] = useState<string | null>(null)
  const signUp = useSandbox(sandbox.signUp)
  const newestFirst = (people.data?.people ?? []).toReversed()
  const chosen = newestFirst.find(({ clerkUserId }) => clerkUserId === chosenId) ?? newestFirst[0]

  function join(pay: boolean) {
    signUp.mutate(pay, { onSuccess: ({ clerkUserId }) => setChosenId(clerkUserId) })
  }

  return (
    <Panel
      icon="card"
      title="Clerk and Stripe"
      aside={<span className={styles.quiet}>{people.data && `${people.data.total} people`}</span>}
    >
      <div className={styles.part}>
        <div className={styles.buttons}>
          <Button icon="user" busy={signUp.isPending} onClick={() => join(true)}>
            Sign somebody up
          </Button>
          <Button look="quiet" disabled={signUp.isPending} onClick={() => join(false)}>
            …without paying
          </Button>
        </div>
      </div>
      {chosen && (
        <div className={styles.part}>
          <select
            className={styles.choice}
            aria-label="Person"
            value={chosen.clerkUserId}
            onChange={(event) => setChosenId(event.target.value)}
          >
            {newestFirst.map((person) => (
              <option key={person.clerkUserId} value={person.clerkUserId}>
                {person.name}
                {person.deleted && ' (deleted)'}
              </option>
            ))}
          </select>
          <PersonFacts person={chosen} />
          <PersonButtons person={chosen} />
        </div>
      )}
    </Panel>
  )
}

function PersonFacts({ person }: { person: SandboxPerson }) {
  return (
    <p className={styles.quiet}>
      {person.email ?? 'no address'}
      <br />
      {person.status === null ? 'No subscription' : `${person.plan ?? 'Subscription'}: ${person.status}`}
      {person.cancelAtPeriodEnd && ', cancelled at the end of the period'}
      {person.periodEndMs !== null && (
        <>
          {' · '}period ends <RelativeTime at={new Date(person.periodEndMs).toISOString()} inTable />
        </>
      )}
    </p>
  )
}

function PersonButtons({ person }: { person: SandboxPerson }) {
  const act = useSandbox(sandbox.actOn)
  return (
    <div className={styles.buttons}>
      {actsOf(person).map(({ label, ...what }) => (
        <Button
          key={label}
          disabled={act.isPending}
          onClick={() => act.mutate({ id: person.clerkUserId, ...what })}
        >
          {label}
        </Button>
      ))}
    </div>
  )
}

/** What this person may do now. */
function actsOf({ status, cancelAtPeriodEnd, email, deleted }: SandboxPerson): (Omit<PersonAct, 'id'> & {
  label: string
})[] {
  if (deleted) return []
  const isRunning = status === 'active' || status === 'trialing' || status === 'past_due'
  return [
    ...(status === null ? [{ label: 'Pay', act: 'pay' as const }] : []),
    ...(status !== null && !isRunning ? [{ label: 'Come back', act: 'reactivate' as const }] : []),
    ...(isRunning
      ? [
          { label: 'Fail a payment', act: 'payment-failure' as const },
          cancelAtPeriodEnd
            ? { label: 'Resume', act: 'resume' as const }
            : { label: 'Cancel at period end', act: 'cancel' as const },
          { label: 'End the period', act: 'end-period' as const },
        ]
      : []),
    ...(email
      ? [{ label: 'Change e-mail', act: 'change-email' as const, body: { email: changed(email) } }]
      : []),
    { label: 'Delete the account', act: 'delete' as const },
  ]
}

/** `ada@example.org` → `ada.new@example.org`. */
function changed(email: string): string {
  return email.replace('@', '.new@')
}
