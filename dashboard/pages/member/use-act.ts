import { useMutation, useQueryClient } from '@tanstack/react-query'
import { client, type MemberAct } from '../../client.ts'
import { useToast } from '../../ui/toast.tsx'

/** What the notice says when it was done. */
const DONE: Record<MemberAct['act'], string> = {
  sync: 'Syncing',
  deactivate: 'The membership is being ended',
  undo: 'Taken back',
  erase: 'Erasing',
}

/**
 * Does something about a member; the notice says what follows, and the page is fetched again.
 * @param options.inDialog the dialog says what went wrong, so no notice does
 */
export function useAct(memberId: string, options: { inDialog: boolean }) {
  const queryClient = useQueryClient()
  const toast = useToast()
  return useMutation({
    mutationFn: (act: MemberAct) => client.actOnMember(memberId, act),
    onSuccess: (answer, { act }) =>
      toast({ look: 'ok', title: DONE[act], detail: answer.message, runId: answer.runId }),
    onError: (error) => {
      if (!options.inDialog) toast({ look: 'bad', title: 'It was not done', detail: error.message })
    },
    onSettled: () =>
      Promise.all(
        [['member', memberId], ['members']].map((queryKey) => queryClient.invalidateQueries({ queryKey })),
      ),
  })
}
