/**
 * The typed events that an application may send, and what each starts. A member is named by our id, a Clerk id, a Stripe
 * customer or an e-mail address: whatever the application knows.
 */
import { and, eq } from 'drizzle-orm'
import { z } from 'zod'
import { recordAudit, SYSTEM } from '../../audit/index.ts'
import { findMember, lockMember } from '../../community/index.ts'
import { type Transaction, tables } from '../../database/index.ts'
import { newId, SECOND_MS } from '../../primitives/index.ts'
import type { WebhookRetryJob } from '../webhook-retry/index.ts'
import type { Followers, MembershipParts } from './parts.ts'

/** What became of an event: the run that it started, or in words why none. */
export type EventOutcome = { runId: string } | { problem: string }

export type TypedEvent = {
  name: string
  /** For people: what it does. */
  description: string
  /** Checks the data. */
  data: z.ZodType
  /** Starts what follows, in the transaction that stores the event. `eventId` is unique to the event. */
  start(tx: Transaction, data: unknown, eventId: string): Promise<EventOutcome>
}

/** It becomes part of a run's id, which is indexed. */
const LONGEST_ID = 500

const memberUpdated = z.object({
  memberId: z.string().min(1),
  /** What the change came from; the same again is the same work. Absent: the event itself. */
  sourceEventId: z.string().min(1).max(LONGEST_ID).optional(),
  action: z.enum(['create', 'update', 'cancel']),
})

/** The years that PostgreSQL takes as they are written: it knows no year 0, and none of five digits. */
const LAST_MOMENT_MS = Date.UTC(9999, 11, 31)

/** ISO 8601, or a Unix time in seconds or milliseconds. */
const moment = z
  .union([
    z.iso.datetime({ offset: true }).transform((text) => Date.parse(text)),
    z.iso.date().transform((text) => Date.parse(text)),
    z
      .number()
      .positive()
      .transform((time) => (time < 1e11 ? time * SECOND_MS : time)),
  ])
  .refine((ms) => ms >= 0 && ms <= LAST_MOMENT_MS, 'is a time between 1970 and 9999')
const scheduleDeactivation = z.object({ memberId: z.string().min(1), deactivateAt: moment })

const webhookFailed = z.union([
  z.object({ deliveryId: z.int().positive() }),
  z.object({ source: z.string().min(1), externalId: z.string().min(1) }),
])

/** The events of the membership. */
export function membershipEvents(
  parts: MembershipParts,
  followers: Followers,
  retry: WebhookRetryJob,
): TypedEvent[] {
  return [
    {
      name: 'member.updated',
      description: 'Brings Mailchimp up to what is true of a member.',
      data: memberUpdated,
      async start(tx, data, eventId) {
        const event = memberUpdated.parse(data)
        const member = await findMember(tx, event.memberId)
        if (!member) return nobody(event.memberId)
        const sourceEventId = event.sourceEventId ?? eventId
        const runId = await followers.syncMember(tx, {
          memberId: member.id,
          sourceEventId,
          action: event.action,
        })
        return { runId }
      },
    },
    {
      name: 'member.schedule_deactivation',
      description: 'Plans the end of a membership; who has paid by then stays.',
      data: scheduleDeactivation,
      async start(tx, data) {
        const event = scheduleDeactivation.parse(data)
        const member = await findMember(tx, event.memberId)
        if (!member) return nobody(event.memberId)
        return { runId: await planEnd(tx, parts, followers, member.id, event.deactivateAt) }
      },
    },
    {
      name: 'webhook.failed',
      description: 'Tries the handling of a delivery again.',
      data: webhookFailed,
      async start(tx, data, eventId) {
        const deliveryId = await findDelivery(tx, webhookFailed.parse(data))
        if (deliveryId === null) return { problem: 'There is no such delivery. It may have been cleaned up.' }
        return { runId: await parts.starter().start(tx, retry, { deliveryId, key: eventId }) }
      },
    },
  ]
}

function nobody(reference: string): EventOutcome {
  const kind = reference.includes('@') ? 'this address' : reference
  return { problem: `There is no member ${kind}. Nothing was started.` }
}

/** Replaces an end that is planned already. */
async function planEnd(
  tx: Transaction,
  parts: MembershipParts,
  followers: Followers,
  memberId: string,
  dueMs: number,
): Promise<string> {
  const { deactivations } = tables
  const now = new Date(parts.clock.now())
  // As whoever settles a member does: of two ends that are planned at once, one replaces the other.
  await lockMember(tx, memberId)
  const replaced = await tx.db
    .update(deactivations)
    .set({ status: 'moved', settledAt: now })
    .where(and(eq(deactivations.memberId, memberId), eq(deactivations.status, 'pending')))
    .returning()
  await parts.starter().cancelDelayed(
    tx,
    replaced.map(({ runId }) => runId),
  )
  const id = newId('end')
  const runId = await followers.planDeactivation(tx, id, dueMs)
  const reason = 'asked for by an event'
  await tx.db
    .insert(deactivations)
    .values({ id, memberId, status: 'pending', dueAt: new Date(dueMs), runId, reason, createdAt: now })
  await recordAudit(tx, {
    atMs: now.getTime(),
    actor: SYSTEM,
    action: 'planned the end of the membership',
    target: { kind: 'member', id: memberId },
    reason,
    detail: { dueAt: new Date(dueMs).toISOString() },
    runId,
  })
  return runId
}

async function findDelivery(tx: Transaction, named: z.infer<typeof webhookFailed>): Promise<number | null> {
  const { deliveries } = tables
  const condition =
    'deliveryId' in named
      ? eq(deliveries.id, named.deliveryId)
      : and(eq(deliveries.source, named.source), eq(deliveries.externalId, named.externalId))
  const [row] = await tx.db.select({ id: deliveries.id }).from(deliveries).where(condition)
  return row?.id ?? null
}
