/**
 * `slack-sync`: reads who is in the workspace, finds the members among them, makes the members' user group right, and
 * tells the operators who came and who left since the last time.
 */
import { z } from 'zod'
import type { ApprovalKind } from '../../approvals/index.ts'
import { recordAudit, SYSTEM } from '../../audit/index.ts'
import { defineJob, type Job, type RunContext } from '../../engine/index.ts'
import { HOUR_MS } from '../../primitives/index.ts'
import type { MembershipParts } from '../membership/parts.ts'
import type { OperatorNoticeJob } from '../operator-notice/index.ts'
import { groupApprovals } from './group-question.ts'
import { type GroupOutcome, makeGroupRight, requestGroupSync, type SlackGroupJob } from './group-sync.ts'
import { describeChanges } from './report.ts'
import {
  changesSeen,
  countWorkspace,
  markAbsent,
  matchMembers,
  type Reading,
  readWorkspace,
  type WorkspaceCounts,
  wasMatchedBefore,
} from './workspace.ts'

const inputSchema = z.object({ slot: z.string() })
export type SlackSyncJob = Job<z.infer<typeof inputSchema>>

/** `people` are those whom Slack lists, bots left out; `active`, `deactivated` and `absent` are members. */
export type SlackSyncResult = WorkspaceCounts & {
  newcomers: number
  leavers: number
  groupAdded: number
  groupRemoved: number
  /** Changes of the group that were put to a person instead. */
  groupAsked: number
  note: string | null
}

/** Slack lets twenty pages a minute be read, of two hundred people each. */
const LONGEST_MS = 2 * HOUR_MS

export function defineSlackSync(parts: MembershipParts, notice: OperatorNoticeJob): SlackSyncJob {
  return defineJob({
    name: 'slack-sync',
    input: inputSchema,
    idempotencyKey: ({ slot }) => slot,
    lane: 'slack-sync',
    perKey: { key: () => 'workspace' },
    retry: { attempts: 20, giveUpAfterMs: LONGEST_MS },
    timeoutMs: LONGEST_MS,
    async run(context, { slot }) {
      if (parts.modes.slack === 'off') return nothing('Slack is off: set SLACK_BOT_TOKEN.')
      const isFirst = !(await context.step('see whether it was synced before', () =>
        wasMatchedBefore(parts.database),
      ))
      const reading: Reading = { cursor: null, done: false }
      await context.call('read the workspace', () => readWorkspace(parts, context.runId, reading))
      const counts = await context.step('find the members', async () => {
        await markAbsent(parts.database, context.runId)
        await matchMembers(parts.database, parts.clock.now())
        return countWorkspace(parts.database, context.runId)
      })
      const group = await syncGroup(context, parts)
      return tell(context, parts, notice, { slot, isFirst, counts, group })
    },
  })
}

/** What follows when a person has answered about a change of the group that was too large to be made unasked. */
export function slackSyncApprovals(parts: MembershipParts, group: SlackGroupJob): ApprovalKind {
  return groupApprovals((tx) => requestGroupSync(tx, parts, group))
}

function nothing(note: string): SlackSyncResult {
  const counts = { people: 0, active: 0, deactivated: 0, absent: 0 }
  return { ...counts, newcomers: 0, leavers: 0, groupAdded: 0, groupRemoved: 0, groupAsked: 0, note }
}

async function syncGroup(context: RunContext, parts: MembershipParts): Promise<GroupOutcome | null> {
  return parts.slackGroup === null ? null : makeGroupRight(context, parts, parts.slackGroup)
}

type Found = { slot: string; isFirst: boolean; counts: WorkspaceCounts; group: GroupOutcome | null }

async function tell(
  context: RunContext,
  parts: MembershipParts,
  notice: OperatorNoticeJob,
  { slot, isFirst, counts, group }: Found,
): Promise<SlackSyncResult> {
  return context.transaction('tell the operators', async (tx) => {
    const changes = await changesSeen(tx, context.runId)
    const text = describeChanges(changes, counts, isFirst)
    if (text !== null) await parts.starter().start(tx, notice, { key: `slack-sync:${slot}`, text })
    const newcomers = isFirst ? 0 : changes.filter(({ came }) => came).length
    const result: SlackSyncResult = {
      ...counts,
      newcomers,
      leavers: isFirst ? 0 : changes.length - newcomers,
      groupAdded: group?.added ?? 0,
      groupRemoved: group?.removed ?? 0,
      groupAsked: group?.asked ?? 0,
      note: group === null ? 'No user group is kept: set SLACK_MEMBERS_USERGROUP.' : null,
    }
    await recordAudit(tx, {
      atMs: parts.clock.now(),
      actor: SYSTEM,
      action: 'synced with Slack',
      target: { kind: 'community', id: 'slack' },
      reason: `${result.people} people; ${result.newcomers} came, ${result.leavers} left; the group: ${result.groupAdded} joined, ${result.groupRemoved} left`,
      detail: result,
      runId: context.runId,
    })
    return result
  })
}
