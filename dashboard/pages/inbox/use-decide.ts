import { type InfiniteData, useMutation, useQueryClient } from '@tanstack/react-query'
import type { DecisionRequest, InboxPage } from '../../../src/server/contract.ts'
import { client } from '../../client.ts'
import { queries } from '../../queries.ts'
import { useToast } from '../../ui/toast.tsx'

export type ToDecide = { approvalId: string; postId: string; title: string }

/**
 * Decides an approval. The card leaves the inbox at once and comes back if the server could not take the decision;
 * if somebody else was first, the notice says who, when and where.
 */
export function useDecide({ approvalId, postId, title }: ToDecide) {
  const queryClient = useQueryClient()
  const toast = useToast()
  const { queryKey } = queries.inbox

  return useMutation({
    mutationFn: (decision: DecisionRequest) => client.decide(approvalId, decision),
    onMutate: async () => {
      await queryClient.cancelQueries({ queryKey })
      const before = queryClient.getQueryData(queryKey)
      queryClient.setQueryData(queryKey, (inbox) => inbox && withoutApproval(inbox, approvalId))
      return { before }
    },
    onError: (error, _decision, context) => {
      queryClient.setQueryData(queryKey, context?.before)
      toast({ look: 'bad', title: `“${title}” was not decided`, detail: error.message, postId })
    },
    onSuccess: (answer, { decision }) => {
      const verb = decision === 'approve' ? 'Approved' : 'Denied'
      toast({
        look: answer.won ? 'ok' : 'note',
        title: answer.won ? `${verb} “${title}”` : 'Already decided',
        detail: answer.message,
        postId,
      })
    },
    onSettled: () =>
      Promise.all(
        [queryKey, ['posts'], ['post', postId]].map((key) =>
          queryClient.invalidateQueries({ queryKey: key }),
        ),
      ),
  })
}

/** The inbox without one approval, its count one less. */
function withoutApproval(
  inbox: InfiniteData<InboxPage, unknown>,
  approvalId: string,
): InfiniteData<InboxPage, unknown> {
  const holds = inbox.pages.some(({ items }) => items.some(({ approval }) => approval.id === approvalId))
  if (!holds) return inbox
  const pages = inbox.pages.map((page) => ({
    ...page,
    items: page.items.filter(({ approval }) => approval.id !== approvalId),
    openCount: Math.max(0, page.openCount - 1),
  }))
  return { ...inbox, pages }
}
