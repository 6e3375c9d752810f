/**
 * `slack-group`: makes the members' user group exactly right. Slack replaces a group's members as a whole, so many
 * changes are one request: whoever changes something asks for the next run, which begins a moment later and does what
 * all of them asked for. Runs go one after the other.
 */
import { and, eq, isNotNull, isNull } from 'drizzle-orm'
import { z } from 'zod'
import { recordAudit, SYSTEM } from '../../audit/index.ts'
import { type Transaction, tables } from '../../database/index.ts'
import { defineJob, type Job, type RunContext, replayAfterOutage } from '../../engine/index.ts'
import { SECOND_MS, seam } from '../../primitives/index.ts'
import type { MembershipParts } from '../membership/parts.ts'
import { requestWork, takeRequests } from '../membership/requested-work.ts'
import { type GroupChange, planGroup } from './group-plan.ts'
import { answersOnChanges, askAboutChanges } from './group-question.ts'
import { matchMembers, wasMatchedBefore } from './workspace.ts'

const inputSchema = z.object({ number: z.int().positive() })
export type SlackGroupJob = Job<z.infer<typeof inputSchema>>

/** How long changes are gathered: user groups may be written about twenty times a minute. */
const GATHER_MS = 3 * SECOND_MS
const WORK = 'slack-group'
const changedSchema = z.object({ added: z.array(z.string()), removed: z.array(z.string()) })
const WRITE_GROUP = 'make the user group right'

export function defineSlackGroup(parts: MembershipParts): SlackGroupJob {
  return defineJob({
    name: WORK,
    input: inputSchema,
    idempotencyKey: ({ number }) => String(number),
    perKey: { key: () => 'group' },
    lane: 'members',
    retry: { attempts: 5 },
    deadLetters: replayAfterOutage,
    undo: {
      [WRITE_GROUP]: {
        describe: 'Takes out of the user group in Slack whom it put in, and puts back whom it took out.',
        async run({ output }) {
          if (parts.slackGroup === null) return
          const { added, removed } = changedSchema.parse(output)
          // Others may have changed it since: what they did stays.
          const current = await parts.connectors.slackPeople.groupMembers(parts.slackGroup)
          const before = [...current.filter((id) => !added.includes(id)), ...removed]
          await parts.connectors.slackPeople.setGroupMembers(parts.slackGroup, [...new Set(before)])
        },
      },
    },
    async run(context) {
      await context.transaction('take the requests', (tx) => takeRequests(tx, WORK))
      if (parts.slackGroup === null || parts.modes.slack === 'off') return 'No user group is kept'
      const ready = await context.step('look for the members in Slack', async () => {
        // Before anybody has looked who is in the workspace, nobody would be known to belong into the group.
        if (!(await wasMatchedBefore(parts.database))) return false
        await matchMembers(parts.database, parts.clock.now())
        return true
      })
      if (!ready) return 'Waits for the first sync of the workspace'
      return describe(await makeGroupRight(context, parts, parts.slackGroup))
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
  await requestWork(tx, parts, job, GATHER_MS)
}

/** Who belongs into the group: members with a user in the workspace that is not deactivated. */
async function desiredGroup(tx: Pick<Transaction, 'db'>): Promise<string[]> {
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
  return [...new Set(rows.flatMap(({ slackUserId }) => slackUserId ?? []))].sort()
}

/** `asked`: changes that were put to a person instead. */
export type GroupOutcome = { added: number; removed: number; asked: number }

/** How often the group is looked at again because members changed while it was being written. */
const MOST_PASSES = 3

/** Compares, and where it differs, replaces, as far as the guard lets it. */
export async function makeGroupRight(
  context: RunContext,
  parts: MembershipParts,
  group: string,
): Promise<GroupOutcome> {
  const done = await context.call(WRITE_GROUP, async () => {
    const changes: GroupChange[] = []
    let asked = 0
    // Another run may be writing the group too, of what it read a moment earlier or later: the last one that writes has
    // looked again afterwards.
    for (let pass = 1; pass <= MOST_PASSES; pass++) {
      const desired = await desiredGroup(parts.database)
      const current = await parts.connectors.slackPeople.groupMembers(group)
      const plan = planGroup(
        { desired, current },
        await answersOnChanges(parts.database, parts.clock.now()),
        parts.settings.guard,
      )
      if (plan.ask.length > 0) {
        const found = { runId: context.runId, size: current.length }
        await parts.database.transaction((tx) => askAboutChanges(tx, parts, plan.ask, found))
        asked = plan.ask.length
      }
      if (plan.changes.length > 0) {
        seam('slack-group.before-call')
        await parts.connectors.slackPeople.setGroupMembers(group, plan.target)
        seam('slack-group.after-call')
        changes.push(...plan.changes)
      }
      if (String(await desiredGroup(parts.database)) === String(desired)) break
    }
    const of = (sign: '+' | '-') =>
      changes.filter((each) => each.startsWith(sign)).map((each) => each.slice(1))
    return { added: of('+'), removed: of('-'), asked }
  })
  const outcome = { added: done.added.length, removed: done.removed.length, asked: done.asked }
  if (outcome.added + outcome.removed === 0) return outcome
  await context.transaction('note what changed', (tx) =>
    recordAudit(tx, {
      atMs: parts.clock.now(),
      actor: SYSTEM,
      action: 'changed the members’ user group in Slack',
      target: { kind: 'community', id: group },
      reason: describe(outcome),
      detail: { added: done.added, removed: done.removed },
      runId: context.runId,
    }),
  )
  return outcome
}

function describe({ added, removed, asked }: GroupOutcome): string {
  const held = asked > 0 ? `; a person is asked about ${asked} more changes` : ''
  if (added + removed === 0) return asked > 0 ? `Nothing was changed${held}` : 'It was right already'
  return `${added} joined, ${removed} left${held}`
}
