import { useMutation } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { client } from '../../client.ts'
import { Button } from '../../ui/button.tsx'
import { FormDialog } from '../../ui/dialog.tsx'
import styles from './import-members.module.css'

/** Takes over the members that the community has already: asks first, and leads to the run. For operators. */
export function ImportMembers({ prominent = false }: { prominent?: boolean }) {
  const [asking, setAsking] = useState(false)
  const navigate = useNavigate()
  const start = useMutation({
    mutationFn: client.importMembers,
    onSuccess: ({ runId }) => navigate({ to: '/runs/$id', params: { id: runId } }),
  })
  return (
    <>
      <Button icon="download" look={prominent ? 'primary' : 'plain'} onClick={() => setAsking(true)}>
        Import members
      </Button>
      {asking && (
        <FormDialog
          open
          onClose={() => setAsking(false)}
          title="Import the members that there are?"
          description="Every account at Clerk and every subscription at Stripe is read, and taken over as if it were news."
          submit="Import"
          busy={start.isPending}
          error={start.error?.message ?? null}
          onSubmit={() => start.mutate()}
        >
          <ul className={styles.consequences}>
            <li>Nobody who was a member before now is welcomed, today or later.</li>
            <li>Everybody becomes a contact at Mailchimp; members are tagged. Who unsubscribed stays so.</li>
            <li>The members’ group in Slack follows. A large change asks in the inbox first.</li>
            <li>Where it is not clear who somebody is, the inbox asks.</li>
            <li>It can be done again: what is known already stays as it is.</li>
          </ul>
        </FormDialog>
      )}
    </>
  )
}
