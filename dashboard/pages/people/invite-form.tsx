import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import type { Role } from '../../../src/server/contract.ts'
import { client } from '../../client.ts'
import { queries } from '../../queries.ts'
import { Button } from '../../ui/button.tsx'
import { Input, Select } from '../../ui/field.tsx'
import { ROLE_WORDS } from '../../words.ts'
import styles from '../people.module.css'
import { FormError } from '../sign-in.tsx'
import { CopyLink } from './copy-link.tsx'

const OPTIONS = (['approver', 'operator', 'viewer', 'owner'] as const).map((role) => ({
  value: role,
  label: `${ROLE_WORDS[role].word}: ${ROLE_WORDS[role].may.toLowerCase()}`,
}))

/** Makes a one-time link for somebody, to be sent by whatever way suits. */
export function InviteForm() {
  const queryClient = useQueryClient()
  const [email, setEmail] = useState('')
  const [role, setRole] = useState<Role>('approver')
  const invite = useMutation({
    mutationFn: () => client.invite(email.trim(), role),
    onSuccess: () => {
      setEmail('')
      return queryClient.invalidateQueries({ queryKey: queries.people.queryKey })
    },
  })

  function submit(event: FormEvent) {
    event.preventDefault()
    if (email.trim() !== '') invite.mutate()
  }

  return (
    <form onSubmit={submit} className={styles.invite}>
      <Input label="E-mail" name="email" type="email" value={email} onChange={setEmail} autoComplete="off" />
      <Select
        label="Role"
        name="role"
        value={role}
        onChange={(value) => setRole(value as Role)}
        options={OPTIONS}
      />
      <Button type="submit" look="primary" busy={invite.isPending}>
        Make a link
      </Button>
      <FormError error={invite.error} />
      {invite.data && (
        <div className={styles.made} role="status">
          <p>Send them this link. It works once.</p>
          <CopyLink link={invite.data.link} />
        </div>
      )}
    </form>
  )
}
