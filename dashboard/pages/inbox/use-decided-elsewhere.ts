import { useQuery } from '@tanstack/react-query'
import { queries } from '../../queries.ts'
import { decisionSentence } from '../../words.ts'
import type { ToDecide } from './use-decide.ts'

/**
 * Says who decided while somebody was still writing here; null as long as nobody did.
 * @param own this dialog's own decision, which is not somebody else's
 */
export function useDecidedElsewhere(
  { postId }: ToDecide,
  own: { isPending: boolean; isSuccess: boolean },
): string | null {
  const { data } = useQuery(queries.post(postId))
  const decision = data?.submission.decision ?? null
  if (decision === null || own.isPending || own.isSuccess) return null
  return `${decisionSentence(decision)}. Nothing of yours was sent.`
}
