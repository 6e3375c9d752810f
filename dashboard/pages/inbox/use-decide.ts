import { type InfiniteData, useMutation, useQueryClient } from '@tanstack/react-query'
import type { DecisionRequest, InboxPage } from '../../../src/server/contract.ts'
import { client } from '../../client.ts'
import { queries } from '../../queries.ts'
import { useToast } from '../../ui/toast.tsx'

export type ToDecide = { approvalId: string; postId: string; title: string }

/** By which a page finds whether an approval was decided from here. */
export const decisionKey = (approvalId: string) => ['decide', approvalId] as const

/**
 * Decides an approval. An approval by one key or click leaves the inbox at once, and comes back if the server could
 * not take it. One from a dialog leaves when the server has taken it, so that nothing that was written is lost; the
 * dialog says what went wrong. If somebody else was first, the notice says who, when and where.
 */
export function useDecide({ approvalId, postId, title }: ToDecide) {
  const queryClient = useQueryClient()
  const toast = useToast()
  const { queryKey } = queries.inbox
  const remove = () =>
    queryClient.setQueryData(queryKey, (inbox) => inbox && withoutApproval(inbox, approvalId))

  return useMutation({
    mutationKey: decisionKey(approvalId),
    mutationFn: (decision: DecisionRequest) => client.decide(approvalId, decision),
    onMutate: async (decision) => {
      if (isFromDialog(decision)) return {}
      await queryClient.cancelQueries({ queryKey })
      const before = queryClient.getQueryData(queryKey)
      remove()
      return { before }
    },
    onError: (error, decision, context) => {
      if (isFromDialog(decision)) return
      queryClient.setQueryData(queryKey, context?.before)
      toast({ look: 'bad', title: `“${title}” was not decided`, detail: error.message, postId })
    },
    onSuccess: (answer, decision) => {
      remove()
      const done =
        decision.decision === 'approve' ? `Approved “${decision.edits?.title ?? title}”` : `Denied “${title}”`
      toast({
        look: answer.won ? 'ok' : 'note',
        title: answer.won ? done : 'Already decided',
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

function isFromDialog(decision: DecisionRequest): boolean {
  return decision.decision === 'deny' || decision.edits !== undefined
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
