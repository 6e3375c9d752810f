import { eq } from 'drizzle-orm'
import { z } from 'zod'
import { recordAudit } from '../audit/index.ts'
import { announceChange, tables } from '../database/index.ts'
import { type Effect, resolveEffect } from '../engine/index.ts'
import { BadInputError, type Json, NotFoundError } from '../primitives/index.ts'
import type { RouteHandler } from './access.ts'
import type { ServerParts } from './parts.ts'
import { pathId, readBody, textSchema } from './request.ts'
import { isMemberId } from './run-view.ts'

const resolutionSchema = z.discriminatedUnion('outcome', [
  z.object({
    outcome: z.literal('happened'),
    objectId: textSchema({ max: 200 }).optional(),
    url: textSchema({ max: 2_000 }).optional(),
  }),
  z.object({ outcome: z.literal('did_not_happen') }),
])
type Happened = { objectId?: string | undefined; url?: string | undefined }

/**
 * `POST /api/effects/:id/resolution`: a person has looked at the provider and says whether it happened; the run that
 * waited for it goes on. Answers `{runId}`.
 */
export function resolve(parts: ServerParts): RouteHandler {
  return async (context) => {
    const id = pathId(context)
    const body = await readBody(context, resolutionSchema)
    const person = context.get('person')
    const runId = await parts.database.transaction(async (tx) => {
      const [effect] = await tx.db.select().from(tables.effects).where(eq(tables.effects.id, id))
      if (!effect) throw new NotFoundError('There is no such effect.')
      const resolution =
        body.outcome === 'happened'
          ? { happened: true as const, ...resultOf(effect, body) }
          : { happened: false as const }
      const resolved = await resolveEffect(tx, parts.starter(), id, resolution, {
        actor: { kind: 'dashboard', id: person.id, name: person.name },
        atMs: parts.clock.now(),
      })
      await recordAudit(tx, {
        atMs: parts.clock.now(),
        actor: { kind: 'dashboard', id: person.id, name: person.name },
        action: resolution.happened ? 'said that it happened' : 'said that it did not happen',
        target: { kind: 'effect', id },
        reason: effect.description,
        runId: resolved.runId,
      })
      if (effect.subjectId)
        await announceChange(tx, { topic: topicOf(effect.subjectId), id: effect.subjectId })
      return resolved.runId
    })
    return context.json({ runId })
  }
}

/** What an effect is about, by the id of its subject. */
function topicOf(subjectId: string): 'member' | 'submission' {
  return isMemberId(subjectId) ? 'member' : 'submission'
}

/** What the job needs to go on, by the effect's kind. @throws BadInputError saying what is missing and where to find it */
export function resultOf(effect: Pick<Effect, 'kind'>, found: Happened): { result: Json; objectId: string } {
  switch (effect.kind) {
    case 'circle.post': {
      if (!found.url || !isWebAddress(found.url))
        throw new BadInputError("url: enter the post's address on Circle, as it stands in the browser.")
      const id = found.objectId || lastSegment(found.url)
      return { result: { id, url: found.url }, objectId: id }
    }
    case 'twilio.message':
    case 'twilio.alert': {
      const sid = found.objectId || 'not noted'
      return { result: { sid }, objectId: sid }
    }
    // Mailchimp gives a started journey no id.
    case 'mailchimp.welcome':
      return { result: { welcomed: true }, objectId: found.objectId || 'not noted' }
    case 'slack.message':
    case 'slack.notice':
    case 'slack.reminder':
    case 'slack.alert': {
      const message = slackMessage(found)
      if (!message)
        throw new BadInputError(
          "url: enter the message's link (in Slack: ⋮, Copy link), or as its id channel/ts: C0123456789/1700000000.000100.",
        )
      return { result: message, objectId: `${message.channel}/${message.ts}` }
    }
    default:
      throw new BadInputError(`Nobody can say by hand that “${effect.kind}” happened.`)
  }
}

/** `C0123456789/1700000000.000100`, or `https://….slack.com/archives/C0123456789/p1700000000000100`. */
function slackMessage({ objectId, url }: Happened): { channel: string; ts: string } | null {
  const byId = /^([A-Z0-9]+)\/(\d+\.\d+)$/.exec(objectId ?? '')
  if (byId?.[1] && byId[2]) return { channel: byId[1], ts: byId[2] }
  const byLink = /\/archives\/([A-Z0-9]+)\/p(\d+)(\d{6})(?:$|[?#])/.exec(url || objectId || '')
  if (byLink?.[1] && byLink[2] && byLink[3]) return { channel: byLink[1], ts: `${byLink[2]}.${byLink[3]}` }
  return null
}

function isWebAddress(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)
}

function lastSegment(url: string): string {
  return new URL(url).pathname.split('/').filter(Boolean).at(-1) ?? url
}
