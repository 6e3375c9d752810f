import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import type { Role } from '../../src/server/contract.ts'
import { client, type PeopleList } from '../client.ts'
import { queries } from '../queries.ts'
import { useSession } from '../session.ts'
import { Card, Section } from '../ui/card.tsx'
import { EmptyState, Problem } from '../ui/empty-state.tsx'
import { Select } from '../ui/field.tsx'
import { RelativeTime } from '../ui/relative-time.tsx'
import { PageHead } from '../ui/shell.tsx'
import { Skeleton } from '../ui/skeleton.tsx'
import { useToast } from '../ui/toast.tsx'
import { ROLE_WORDS } from '../words.ts'
import { CopyLink } from './people/copy-link.tsx'
import { InviteForm } from './people/invite-form.tsx'
import { RemovePerson } from './people/remove-person.tsx'
import { RevokeInvitation } from './people/revoke-invitation.tsx'
import styles from './people.module.css'

/** Who may come in, and as what. Owners only. */
export function PeoplePage() {
  const { user } = useSession()
  if (user.role !== 'owner') {
    return (
      <>
        <PageHead title="People" />
        <EmptyState icon="people" title="For owners">
          Only owners see and invite people. Ask one of them if somebody should join.
        </EmptyState>
      </>
    )
  }
  return (
    <>
      <PageHead title="People">
        Who may come in. Viewers see everything and change nothing; approvers also decide, operators also act
        on runs, dead letters and alerts, owners also invite people and set their roles.
      </PageHead>
      <People ownId={user.id} />
    </>
  )
}

function People({ ownId }: { ownId: string }) {
  const list = useQuery(queries.people)
  if (list.error) return <Problem error={list.error} onRetry={() => void list.refetch()} />
  if (!list.data) return <Skeleton rows={4} height={56} />
  const { people, invitations } = list.data
  return (
    <>
      <Card>
        <ul className={styles.list}>
          {people.map((person) => (
            <PersonRow key={person.id} person={person} isSelf={person.id === ownId} />
          ))}
        </ul>
      </Card>
      <Section title="Invite somebody">
        <InviteForm />
      </Section>
      {invitations.length > 0 && (
        <Section title="Open invitations">
          <Card>
            <ul className={styles.list}>
              {invitations.map((invitation) => (
                <li key={invitation.id} className={styles.row}>
                  <div className={styles.who}>
                    <p className={styles.name}>{invitation.email}</p>
                    <p className={styles.email}>
                      {ROLE_WORDS[invitation.role].word} · expires <RelativeTime at={invitation.expiresAt} />
                    </p>
                  </div>
                  <div className={styles.open}>
                    <CopyLink link={invitation.link} />
                    <RevokeInvitation invitation={invitation} />
                  </div>
                </li>
              ))}
            </ul>
          </Card>
        </Section>
      )}
    </>
  )
}

function PersonRow({ person, isSelf }: { person: PeopleList['people'][number]; isSelf: boolean }) {
  const queryClient = useQueryClient()
  const toast = useToast()
  const change = useMutation({
    mutationFn: (role: Role) => client.changeRole(person.id, role),
    onSuccess: (_answer, role) => {
      toast({ look: 'ok', title: `${person.name} is now ${ROLE_WORDS[role].word.toLowerCase()}` })
      return queryClient.invalidateQueries({ queryKey: queries.people.queryKey })
    },
    onError: (error) => toast({ look: 'bad', title: 'The role was not changed', detail: error.message }),
  })
  return (
    <li className={styles.row}>
      <div className={styles.who}>
        <p className={styles.name}>
          {person.name}
          {isSelf && <span className={styles.email}> (you)</span>}
        </p>
        <p className={styles.email}>{person.email}</p>
      </div>
      {isSelf ? (
        <p>{ROLE_WORDS[person.role].word}</p>
      ) : (
        <div className={styles.role}>
          <Select
            label={`Role of ${person.name}`}
            hiddenLabel
            name={`role-${person.id}`}
            value={change.isPending ? change.variables : person.role}
            onChange={(role) => change.mutate(role as Role)}
            options={roleOptions}
          />
          <RemovePerson person={person} />
        </div>
      )}
    </li>
  )
}

const roleOptions = (['viewer', 'approver', 'operator', 'owner'] as const).map((role) => ({
  value: role,
  label: ROLE_WORDS[role].word,
}))
