/**
 * `slack-group`: makes the members' user group exactly right. Slack replaces a group's members as a whole, so many
 * changes are one request: whoever changes something asks for the next run, which begins a moment later and does what
 * all of them asked for. Runs go one after the other.
 */
import { and, eq, isNotNull, isNull, sql } from 'drizzle-orm'
import { z } from 'zod'
import { recordAudit, SYSTEM } from '../../audit/index.ts'
import { type Transaction, tables } from '../../database/index.ts'
import { defineJob, type Job, type RunContext } from '../../engine/index.ts'
import { SECOND_MS } from '../../primitives/index.ts'
import type { MembershipParts } from '../membership/parts.ts'

const inputSchema = z.object({ number: z.int().positive() })
export type SlackGroupJob = Job<z.infer<typeof inputSchema>>

/** How long changes are gathered: user groups may be written about twenty times a minute. */
const GATHER_MS = 3 * SECOND_MS
const WORK = 'slack-group'

export function defineSlackGroup(parts: MembershipParts): SlackGroupJob {
  return defineJob({
    name: 'slack-group',
    input: inputSchema,
    idempotencyKey: ({ number }) => String(number),
    perKey: { key: () => 'group' },
    lane: 'members',
    retry: { attempts: 5 },
    async run(context) {
      await context.transaction('take the requests', async (tx) => {
        await tx.db
          .update(tables.requestedWork)
          .set({ pending: false })
          .where(eq(tables.requestedWork.name, WORK))
      })
      return syncGroup(context, parts)
    },
  })
}

/** Asks for the next run, in the caller's transaction; when one is waiting to begin already, that one will do. */
export async function requestGroupSync(
  tx: Transaction,
  parts: MembershipParts,
  job: SlackGroupJob,
): Promise<void> {
  if (parts.modes.slack === 'off' || parts.slackGroup === null) return
  const { requestedWork } = tables
  const asked = await tx.db
    .insert(requestedWork)
    .values({ name: WORK, number: 1, pending: true })
    .onConflictDoUpdate({
      target: requestedWork.name,
      set: { number: sql`${requestedWork.number} + 1`, pending: true },
      setWhere: eq(requestedWork.pending, false),
    })
    .returning()
  const [request] = asked
  if (request)
    await parts
      .starter()
      .start(tx, job, { number: request.number }, { notBeforeMs: parts.clock.now() + GATHER_MS })
}

/** Who belongs into the group: members with a user in the workspace that is not deactivated. */
export async function desiredGroup(tx: Pick<Transaction, 'db'>): Promise<string[]> {
  const { members } = tables
  const rows = await tx.db
    .select({ slackUserId: members.slackUserId })
    .from(members)
    .where(
      and(
        eq(members.membership, 'active'),
        eq(members.slackState, 'active'),
        isNotNull(members.slackUserId),
        isNull(members.deletedAt),
      ),
    )
  return rows.flatMap(({ slackUserId }) => slackUserId ?? []).sort()
}

/** Compares and, where it differs, replaces. @returns what changed, in words */
async function syncGroup(context: RunContext, parts: MembershipParts): Promise<string> {
  const group = parts.slackGroup
  if (group === null || parts.modes.slack === 'off') return 'No user group is kept'
  const changed = await context.call('make the user group right', async () => {
    const { slackPeople } = parts.connectors
    const [desired, current] = [await desiredGroup(parts.database), await slackPeople.groupMembers(group)]
    const added = desired.filter((id) => !current.includes(id))
    const removed = current.filter((id) => !desired.includes(id))
    if (added.length + removed.length > 0) await slackPeople.setGroupMembers(group, desired)
    return { added, removed }
  })
  if (changed.added.length + changed.removed.length === 0) return 'It was right already'
  await context.transaction('note what changed', (tx) =>
    recordAudit(tx, {
      atMs: parts.clock.now(),
      actor: SYSTEM,
      action: 'changed the members’ user group in Slack',
      target: { kind: 'community', id: group },
      reason: `${changed.added.length} joined, ${changed.removed.length} left`,
      detail: changed,
      runId: context.runId,
    }),
  )
  return `${changed.added.length} joined, ${changed.removed.length} left`
}
