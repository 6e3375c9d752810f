/**
 * Whoever deletes their account, or is deactivated by hand, is not a member any more, whatever they pay. Ending what they
 * pay is nobody's but Stripe's and a person's: so a person is told.
 */
import { eq } from 'drizzle-orm'
import { chargesOn, type Member } from '../../community/index.ts'
import { type Transaction, tables } from '../../database/index.ts'
import type { Followers, MembershipParts } from './parts.ts'

/** Tells the operators, once for each subscription, of what goes on being charged for nothing. */
export async function tellOfCharges(
  tx: Transaction,
  parts: Pick<MembershipParts, 'publicUrl' | 'modes' | 'operatorsChannel'>,
  followers: Pick<Followers, 'tellOperators'>,
  member: Member,
): Promise<void> {
  const why = whyNoMember(member)
  if (why === null) return
  // Who hears nothing is told with the next news: a notice is given once.
  if (parts.modes.slack === 'off' || parts.operatorsChannel === null) return
  const subscriptions = await tx.db
    .select()
    .from(tables.subscriptions)
    .where(eq(tables.subscriptions.memberId, member.id))
  for (const { id, periodEndAt } of subscriptions.filter(chargesOn)) {
    const next = periodEndAt ? `, next after ${periodEndAt.toISOString().slice(0, 10)}` : ''
    await followers.tellOperators(tx, {
      key: `charges-on:${id}`,
      // Without a name: the channel keeps it after they are erased.
      text: [
        `A member ${why}, and Stripe goes on charging for their subscription ${id}${next}. If it should end, end it at Stripe.`,
        `The member: ${parts.publicUrl}/members/${member.id}`,
        `The subscription: https://dashboard.stripe.com/subscriptions/${id}`,
      ].join('\n'),
    })
  }
}

function whyNoMember({ deletedAt, byHand }: Pick<Member, 'deletedAt' | 'byHand'>): string | null {
  if (deletedAt !== null) return 'has deleted their account'
  return byHand === 'barred' ? 'was deactivated by hand' : null
}
