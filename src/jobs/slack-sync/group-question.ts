import { sql } from 'drizzle-orm'
import { type ApprovalKind, ask } from '../../approvals/index.ts'
import { type QuestionItem, type Transaction, tables } from '../../database/index.ts'
import { DAY_MS } from '../../primitives/index.ts'
import type { MembershipParts } from '../membership/parts.ts'
import type { GroupChange } from './group-plan.ts'

const KIND = 'slack-group-change'
/** For so long an answer holds for the same change; after that it is asked about again. */
const ANSWER_HOLDS_MS = DAY_MS

/** What people have said of changes: which wait or were refused, and which were approved. */
export async function answersOnChanges(
  tx: Pick<Transaction, 'db'>,
  nowMs: number,
): Promise<{ held: Set<string>; released: Set<string> }> {
  const { questions, approvals } = tables
  const since = new Date(nowMs - ANSWER_HOLDS_MS)
  const { rows } = await tx.db.execute<{ change: string; status: string }>(sql`
    select distinct on (item ->> 'id') item ->> 'id' as change, approval.status
    from ${questions} as question
    join ${approvals} as approval on approval.subject_id = question.id and approval.kind = question.kind
    cross join lateral jsonb_array_elements(question.items) as item
    where question.kind = ${KIND} and (approval.status = 'open' or approval.decided_at > ${since})
    order by item ->> 'id', question.created_at desc`)
  const approved = (status: string) => status === 'approved'
  return {
    held: new Set(rows.filter((row) => !approved(row.status)).map((row) => row.change)),
    released: new Set(rows.filter((row) => approved(row.status)).map((row) => row.change)),
  }
}

/** Asks whether these changes may be made, once for each run. */
export async function askAboutChanges(
  tx: Transaction,
  parts: MembershipParts,
  changes: GroupChange[],
  found: { runId: string; size: number },
): Promise<void> {
  const joining = changes.filter((change) => change.startsWith('+')).length
  const leaving = changes.length - joining
  const said = [
    ...(joining > 0 ? [`add ${joining}`] : []),
    ...(leaving > 0 ? [`remove ${leaving}`] : []),
  ].join(' and ')
  await ask(
    tx,
    parts.approvals(),
    {
      kind: KIND,
      key: found.runId,
      title: `Change the members’ group in Slack: ${said}?`,
      explanation: [
        `That is more than the guard lets through unasked (the group has ${found.size} people). None of these changes has been made; others go on.`,
        'If you approve, the group is set to what is right then. If you leave it, these changes are not made, and you are asked again by the next sync, a day from now at the earliest.',
      ],
      items: await itemsOf(tx, changes),
      approveLabel: `Make these ${changes.length} changes`,
      denyLabel: 'Leave the group as it is',
      data: {},
      runId: found.runId,
    },
    parts.clock.now(),
  )
}

async function itemsOf(tx: Transaction, changes: GroupChange[]): Promise<QuestionItem[]> {
  const people = await tx.db
    .select({ id: tables.slackPeople.id, name: tables.slackPeople.name })
    .from(tables.slackPeople)
  const names = new Map(people.map(({ id, name }) => [id, name]))
  const items = changes.map((change) => ({
    id: change,
    label: names.get(change.slice(1)) ?? change.slice(1),
    detail: change.startsWith('+') ? 'joins' : 'leaves',
  }))
  return items.sort((a, b) => a.label.localeCompare(b.label, 'en'))
}

/** @param requestSync asks for a run that makes the group right, in the caller's transaction */
export function groupApprovals(requestSync: (tx: Transaction) => Promise<void>): ApprovalKind {
  return {
    kind: KIND,
    async onDecided(tx, approval) {
      if (approval.status === 'approved') await requestSync(tx)
    },
    async onReminder() {},
  }
}
