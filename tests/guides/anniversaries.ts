/** `anniversaries`: each morning, who became a member on this day of an earlier year, told to the operators in Slack. */
import { and, eq, inArray, isNull, sql } from 'drizzle-orm'
import { z } from 'zod'
import { type Database, tables } from '../../src/database/index.ts'
import { defineJob, type Job, replayAfterOutage } from '../../src/engine/index.ts'
import type { MembershipParts } from '../../src/jobs/membership/parts.ts'

const inputSchema = z.object({ slot: z.iso.datetime() })
const messageSchema = z.object({ channel: z.string(), ts: z.string() })
const TELL = 'tell the operators'
const effectKey = (slot: string) => `slack.anniversaries:${slot}`

export function defineAnniversaries(parts: MembershipParts): Job<z.infer<typeof inputSchema>> {
  return defineJob({
    name: 'anniversaries',
    input: inputSchema,
    idempotencyKey: ({ slot }) => slot,
    lane: 'notices',
    deadLetters: replayAfterOutage,
    undo: {
      [TELL]: {
        describe: 'Replaces the message in Slack by a line that says that it was taken back.',
        effect: ({ slot }) => effectKey(slot),
        run: ({ output }) =>
          parts.connectors.slack.updateMessage({ ...messageSchema.parse(output), ...saying('Taken back.') }),
      },
    },
    async run(context, { slot }) {
      const memberIds = await context.step('find whose day it is', () => whoseDay(parts.database, slot))
      const channel = parts.operatorsChannel
      if (memberIds.length === 0 || channel === null) return { told: 0 }
      const marker = `anniversaries:${slot}`
      await context.effect(TELL, {
        key: effectKey(slot),
        kind: 'slack.anniversaries',
        description: `Anniversaries of ${slot.slice(0, 10)}, to the operators’ channel`,
        subjectId: slot,
        async perform() {
          const names = await firstNames(parts.database, memberIds)
          const said = saying(`Members on this day: ${names.join(', ')}`)
          return parts.connectors.slack.postMessage({ channel, marker, ...said })
        },
        look: (sinceMs) => parts.connectors.slack.findMessage({ channel, marker, sinceMs }),
        objectId: (message) => `${message.channel}/${message.ts}`,
      })
      return { told: memberIds.length }
    },
  })
}

/** Ids: what a step gives is recorded, and names are not to be kept longer than their people. */
async function whoseDay({ db }: Database, slot: string): Promise<string[]> {
  const { members } = tables
  const day = (at: unknown) => sql`to_char(${at} at time zone 'UTC', 'MM-DD')`
  const rows = await db
    .select({ id: members.id })
    .from(members)
    .where(
      and(
        eq(members.membership, 'active'),
        isNull(members.deletedAt),
        sql`${members.memberSince} < ${slot}::timestamptz - interval '300 days'`,
        sql`${day(members.memberSince)} = ${day(sql`${slot}::timestamptz`)}`,
      ),
    )
    .limit(100)
  return rows.map(({ id }) => id)
}

async function firstNames({ db }: Database, memberIds: string[]): Promise<string[]> {
  const { firstName, id } = tables.members
  const rows = await db
    .select({ firstName })
    .from(tables.members)
    .where(inArray(id, memberIds))
    .orderBy(firstName)
  return rows.map((row) => row.firstName ?? 'somebody')
}

function saying(text: string) {
  return { text, blocks: [{ type: 'section' as const, text: { type: 'plain_text' as const, text } }] }
}
