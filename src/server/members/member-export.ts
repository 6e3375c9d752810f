import { and, asc, eq, inArray, or } from 'drizzle-orm'
import { recordAudit } from '../../audit/index.ts'
import { tables } from '../../database/index.ts'
import type { RouteHandler } from '../access.ts'
import type { ServerParts } from '../parts.ts'
import { pathId } from '../request.ts'
import type { LifeParts } from './life.ts'
import { gatherMember } from './member-detail.ts'

/**
 * `GET /api/members/:id/export`: everything that is kept about a person, as a JSON file for them to have. Who took it
 * is on record.
 */
export function exportMember(parts: ServerParts): RouteHandler {
  return async (context) => {
    const known = await gatherMember(parts, pathId(context))
    const { id, name } = context.get('person')
    const { member } = known
    await parts.database.transaction((tx) =>
      recordAudit(tx, {
        atMs: parts.clock.now(),
        actor: { kind: 'dashboard', id, name },
        action: 'exported',
        target: { kind: 'member', id: member.id },
      }),
    )
    const exported = {
      exportedAt: new Date(parts.clock.now()).toISOString(),
      member,
      subscriptions: known.subscriptions,
      deactivations: known.deactivations,
      effects: known.effects,
      ...(await readBeside(parts, known)),
    }
    return context.body(JSON.stringify(exported, null, 2), 200, {
      'content-type': 'application/json; charset=utf-8',
      'content-disposition': `attachment; filename="${member.id}.json"`,
    })
  }
}

async function readBeside({ database: { db } }: ServerParts, { member, effects }: LifeParts) {
  const { auditEntries, lumaGuests, processedEvents, deliveries, slackPeople } = tables
  const effectIds = effects.map(({ id }) => id)
  const [audit, luma, webhooks, slack] = await Promise.all([
    db
      .select()
      .from(auditEntries)
      .where(
        or(
          and(eq(auditEntries.targetKind, 'member'), eq(auditEntries.targetId, member.id)),
          effectIds.length > 0
            ? and(eq(auditEntries.targetKind, 'effect'), inArray(auditEntries.targetId, effectIds))
            : undefined,
        ),
      )
      .orderBy(asc(auditEntries.id)),
    db.select().from(lumaGuests).where(eq(lumaGuests.memberId, member.id)).orderBy(asc(lumaGuests.at)),
    db
      .selectDistinct({
        source: deliveries.source,
        externalId: deliveries.externalId,
        receivedAt: deliveries.receivedAt,
        outcome: deliveries.outcome,
      })
      .from(processedEvents)
      .innerJoin(deliveries, eq(deliveries.externalId, processedEvents.sourceEventId))
      .where(eq(processedEvents.memberId, member.id))
      .orderBy(asc(deliveries.receivedAt)),
    member.slackUserId
      ? db.select().from(slackPeople).where(eq(slackPeople.id, member.slackUserId))
      : Promise.resolve([]),
  ])
  return { audit, luma, webhooks, slack }
}
