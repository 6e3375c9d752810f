import type { ReactNode } from 'react'
import type { MemberDetail } from '../../../src/server/membership-contract.ts'
import { Card, Section } from '../../ui/card.tsx'
import { RelativeTime } from '../../ui/relative-time.tsx'
import { SLACK_WORDS } from '../../words.ts'
import styles from '../member.module.css'

/** Where they are known, and what was decided about them by hand. */
export function MemberFacts({ detail }: { detail: MemberDetail }) {
  const { accounts, mailchimp, member } = detail
  return (
    <Section title="Known as">
      <Card>
        <dl>
          <Fact name="Clerk">{accounts.clerkId ? <code>{accounts.clerkId}</code> : 'No account'}</Fact>
          <Fact name="Stripe">
            {accounts.stripeCustomerId ? <code>{accounts.stripeCustomerId}</code> : 'No customer'}
          </Fact>
          <Fact name="Slack">
            {SLACK_WORDS[member.slack]}
            {accounts.slackUserId && (
              <>
                {' · '}
                <code>{accounts.slackUserId}</code>
              </>
            )}
          </Fact>
          <Fact name="Mailchimp">
            <Mailchimp mailchimp={mailchimp} />
          </Fact>
          <Fact name="Profile">{detail.profileHidden ? 'Hidden' : 'Shown to members'}</Fact>
          {detail.byHand !== null && (
            <Fact name="By hand">
              {detail.byHand === 'kept'
                ? 'Kept as a member until the next payment'
                : 'Barred from membership, whatever is paid'}
            </Fact>
          )}
        </dl>
      </Card>
    </Section>
  )
}

function Mailchimp({ mailchimp: { email, syncedAt, welcomedAt } }: Pick<MemberDetail, 'mailchimp'>) {
  if (syncedAt === null) return 'Never synced'
  return (
    <>
      {email ?? 'Put away'} · synced <RelativeTime at={syncedAt} />
      {welcomedAt !== null && (
        <>
          {' · '}welcomed <RelativeTime at={welcomedAt} />
        </>
      )}
    </>
  )
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className={styles.fact}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}
