import { desc, eq } from 'drizzle-orm'
import { type Member, readMember } from '../../community/index.ts'
import { tables } from '../../database/index.ts'
import { listEffectsOfSubject } from '../../engine/index.ts'
import type { RouteHandler } from '../access.ts'
import type { MemberDetail } from '../membership-contract.ts'
import type { ServerParts } from '../parts.ts'
import { pathId } from '../request.ts'
import { type LifeParts, readLife } from './life.ts'
import { viewMember } from './member-list.ts'
import { explain, iso, standingOf, viewSubscription } from './standing.ts'

/** `GET /api/members/:id` */
export function readMemberDetail(parts: ServerParts): RouteHandler {
  return async (context) => {
    const known = await gatherMember(parts, pathId(context))
    const { member, subscriptions } = known
    const nowMs = parts.clock.now()
    const graceMs = parts.graceMs
    const standing = standingOf(member, subscriptions, nowMs, graceMs)
    return context.json<MemberDetail>({
      member: viewMember(member, standing),
      explanation: explain(member, standing),
      accounts: {
        clerkId: member.clerkId,
        stripeCustomerId: member.stripeCustomerId,
        slackUserId: member.slackUserId,
      },
      profileHidden: member.profileHidden,
      byHand: member.byHand,
      mailchimp: {
        email: member.mailchimpEmail,
        syncedAt: iso(member.mailchimpSyncedAt),
        problem: member.mailchimpProblem,
        welcomedAt: wasWelcomed(known) ? iso(member.welcomedAt) : null,
      },
      subscriptions: subscriptions.map((each) => viewSubscription(each, nowMs, graceMs)),
      life: await readLife(parts.database.db, known, nowMs),
      actions: actionsOf(parts, known),
    })
  }
}

/** Who was imported as a member is not to be welcomed, and was not: the ledger tells the difference. */
function wasWelcomed({ effects }: LifeParts): boolean {
  return effects.some(({ kind, status }) => kind === 'mailchimp.welcome' && status === 'done')
}

/** A member with what is kept beside them, the newest first. @throws NotFoundError */
export async function gatherMember({ database }: ServerParts, id: string): Promise<LifeParts> {
  const member = await readMember(database, id)
  const { deactivations, subscriptions } = tables
  const [ofStripe, ends, effects] = await Promise.all([
    database.db
      .select()
      .from(subscriptions)
      .where(eq(subscriptions.memberId, id))
      .orderBy(desc(subscriptions.startedAt)),
    database.db
      .select()
      .from(deactivations)
      .where(eq(deactivations.memberId, id))
      .orderBy(desc(deactivations.createdAt)),
    listEffectsOfSubject(database.db, id),
  ])
  return { member, subscriptions: ofStripe, deactivations: ends, effects }
}

/** What has to be typed before a person is erased: their address, or where there is none, the id. */
export function erasureWord(member: Pick<Member, 'id' | 'email'>): string {
  return member.email ?? member.id
}

function actionsOf({ modes }: ServerParts, { member, deactivations }: LifeParts): MemberDetail['actions'] {
  const erased = 'This person has been erased.'
  if (member.erasedAt) return { sync: erased, deactivate: erased, undo: erased, erase: erased }
  const last = deactivations.find(({ status }) => status === 'done')
  const isOnItsWay = member.byHand === 'barred'
  return {
    sync: modes.mailchimp === 'off' ? 'Mailchimp is off, so there is nothing to sync to.' : true,
    deactivate:
      member.membership !== 'active'
        ? 'They are not a member, so there is nothing to end.'
        : isOnItsWay
          ? 'The end of the membership is on its way.'
          : true,
    undo:
      last && member.membership === 'ended' && !member.deletedAt
        ? { deactivationId: last.id, at: (last.settledAt ?? last.dueAt).toISOString() }
        : 'There is no end of a membership to take back.',
    erase:
      member.membership === 'active'
        ? 'They are a member now, and may be paying. To erase them, deactivate them first.'
        : true,
  }
}
