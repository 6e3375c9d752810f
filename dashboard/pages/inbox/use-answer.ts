import { useMutation, useQueryClient } from '@tanstack/react-query'
import type { QuestionItem } from '../../../src/server/membership-contract.ts'
import { client } from '../../client.ts'
import { queries } from '../../queries.ts'
import { useToast } from '../../ui/toast.tsx'

/** Answers a question. It leaves the inbox when the server has taken the answer; who came second is told who was first. */
export function useAnswer({ approval, title }: Pick<QuestionItem, 'approval' | 'title'>) {
  const queryClient = useQueryClient()
  const toast = useToast()
  return useMutation({
    mutationFn: (decision: 'approve' | 'deny') => client.decide(approval.id, { decision }),
    onSuccess: (answer) =>
      toast({
        look: answer.won ? 'ok' : 'note',
        title: answer.won ? title : 'Already answered',
        detail: answer.message,
      }),
    onError: (error) => toast({ look: 'bad', title: 'It was not answered', detail: error.message }),
    onSettled: () =>
      Promise.all(
        [queries.inbox.queryKey, ['member'], ['members']].map((queryKey) =>
          queryClient.invalidateQueries({ queryKey }),
        ),
      ),
  })
}
