import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { type PeopleList, send } from '../../client.ts'
import { queries } from '../../queries.ts'
import { Button } from '../../ui/button.tsx'
import { FormDialog } from '../../ui/dialog.tsx'
import { useToast } from '../../ui/toast.tsx'

/** Takes somebody's access away, after a question. */
export function RemovePerson({ person }: { person: PeopleList['people'][number] }) {
  const queryClient = useQueryClient()
  const toast = useToast()
  const [isAsking, setIsAsking] = useState(false)
  const remove = useMutation({
    mutationFn: () => send('DELETE', `/api/people/${encodeURIComponent(person.id)}`, {}),
    onSuccess: () => {
      setIsAsking(false)
      toast({ look: 'ok', title: `${person.name} has been removed` })
      return queryClient.invalidateQueries({ queryKey: queries.people.queryKey })
    },
  })
  return (
    <>
      <Button look="quiet" icon="cross" onClick={() => setIsAsking(true)}>
        Remove<span className="visually-hidden"> {person.name}</span>
      </Button>
      {isAsking && (
        <FormDialog
          open
          onClose={() => setIsAsking(false)}
          title={`Remove ${person.name}?`}
          description="They are signed out everywhere at once. What they did stays on record."
          submit="Remove"
          look="danger"
          busy={remove.isPending}
          error={remove.error?.message ?? null}
          onSubmit={() => remove.mutate()}
        >
          <p>To let them in again, invite them again.</p>
        </FormDialog>
      )}
    </>
  )
}
