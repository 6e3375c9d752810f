import { useQuery } from '@tanstack/react-query'
import type { Decision } from '../../../src/server/contract.ts'
import { ApiFailure } from '../../client.ts'
import { queries } from '../../queries.ts'
import { decisionSentence } from '../../words.ts'
import type { ToDecide } from './use-decide.ts'

/**
 * Says who decided while somebody was still writing here; null as long as nobody did.
 * @param own this dialog's own decision, which is not somebody else's
 */
export function useDecidedElsewhere(
  { postId }: ToDecide,
  own: { isPending: boolean; isSuccess: boolean; error: Error | null },
): string | null {
  const { data } = useQuery(queries.post(postId))
  const decision = data?.submission.decision ?? null
  if (decision === null || own.isPending || own.isSuccess) return null
  return overtakenBy(decision, own.error)
}

/** What a dialog says that cannot decide any more. @param ownError why this dialog's own decision failed, if one was sent */
export function overtakenBy(decision: Decision, ownError: Error | null): string {
  const decided = decisionSentence(decision)
  if (isAnswerLost(ownError)) return `The answer to what you sent was lost. The post says now: ${decided}.`
  return ownError === null ? `${decided}. Nothing of yours was sent.` : `${decided}.`
}

/**
 * Whether nobody knows what became of what was sent: only a refusal of the server's says that nothing was taken. After
 * anything else (no connection, one that broke off, a proxy that answers instead) it may have been.
 */
export function isAnswerLost(error: Error | null): boolean {
  if (error === null) return false
  return !(error instanceof ApiFailure && error.status >= 400 && error.status < 500)
}
