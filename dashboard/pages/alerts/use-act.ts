import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useToast } from '../../ui/toast.tsx'

/**
 * Something an operator does about an alert or a rule: says that it was done, or why it was not.
 * @param act the request @param done what to say afterwards
 */
export function useAct<Input>(act: (input: Input) => Promise<unknown>, done: string) {
  const queryClient = useQueryClient()
  const toast = useToast()
  return useMutation({
    mutationFn: act,
    onSuccess: () => toast({ look: 'ok', title: done }),
    onError: (error) => toast({ look: 'bad', title: 'That was not done', detail: error.message }),
    onSettled: () => queryClient.invalidateQueries({ queryKey: ['alerts'] }),
  })
}
