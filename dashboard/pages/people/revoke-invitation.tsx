import { useMutation, useQueryClient } from '@tanstack/react-query'
import { client, type PeopleList } from '../../client.ts'
import { queries } from '../../queries.ts'
import { Button } from '../../ui/button.tsx'
import { useToast } from '../../ui/toast.tsx'

/** Ends an open invitation. Without a question: another is made in a moment. */
export function RevokeInvitation({ invitation }: { invitation: PeopleList['invitations'][number] }) {
  const queryClient = useQueryClient()
  const toast = useToast()
  const revoke = useMutation({
    mutationFn: () => client.revokeInvitation(invitation.id),
    onSuccess: () =>
      toast({ look: 'ok', title: 'The invitation has ended', detail: 'Its link leads nowhere any more.' }),
    onError: (error) => toast({ look: 'bad', title: 'The invitation was not ended', detail: error.message }),
    onSettled: () => queryClient.invalidateQueries({ queryKey: queries.people.queryKey }),
  })
  return (
    <Button look="quiet" icon="cross" busy={revoke.isPending} onClick={() => revoke.mutate()}>
      End<span className="visually-hidden"> the invitation of {invitation.email}</span>
    </Button>
  )
}
