/** What an import found, and how it is told. */
import { z } from 'zod'

export const importResultSchema = z.object({
  /** Clerk's users and Stripe's subscriptions that were looked at. */
  users: z.number(),
  subscriptions: z.number(),
  /** Who became a member by it, and who was one already. */
  members: z.number(),
  alreadyKnown: z.number(),
  /** Questions that it put into the inbox. */
  asked: z.number(),
  /** How many could not be taken over; the first `MOST_PROBLEMS` of them by id, with why. */
  failed: z.number(),
  problems: z.array(z.string()),
  /** What could not be read at all, and what to set. */
  off: z.array(z.string()),
})
export type MemberImportResult = z.infer<typeof importResultSchema>

/** More are a number. */
export const MOST_PROBLEMS = 50

/** One sentence for each thing there is to say; nobody is named. */
export function describeImport(result: MemberImportResult): string[] {
  const { users, subscriptions, members, alreadyKnown, asked, failed, off } = result
  return [
    `Looked at ${count(users, 'account', 'accounts')} and ${count(subscriptions, 'subscription', 'subscriptions')}.`,
    `${count(members, 'person', 'people')} became ${members === 1 ? 'a member' : 'members'}; ${alreadyKnown} ${alreadyKnown === 1 ? 'was one' : 'were members'} already.`,
    ...(asked > 0
      ? [`${count(asked, 'question', 'questions')} in the inbox: it is not clear who that is.`]
      : []),
    ...(failed > 0 ? [`${failed} could not be taken over.`] : []),
    ...off,
  ]
}

function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`
}
