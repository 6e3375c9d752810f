/** Questions in the inbox: open approvals about something other than a job post. */
import { and, asc, eq, ne } from 'drizzle-orm'
import type { Question } from '../approvals/index.ts'
import { type Drizzle, tables } from '../database/index.ts'
import { APPROVAL_KIND } from '../jobs/job-post-review/index.ts'
import { formatMoney, sumMoney } from '../primitives/index.ts'
import type { QuestionItem } from './membership-contract.ts'
import { viewApproval } from './submission-view.ts'

const MOST = 50
const MOST_ITEMS = 100

/** The open ones, nearest deadline first, at most fifty. */
export async function listQuestions(db: Drizzle): Promise<QuestionItem[]> {
  const { approvals, questions } = tables
  const rows = await db
    .select({ approval: approvals, question: questions })
    .from(approvals)
    .innerJoin(questions, eq(questions.id, approvals.subjectId))
    .where(and(eq(approvals.status, 'open'), ne(approvals.kind, APPROVAL_KIND)))
    .orderBy(asc(approvals.deadlineAt), asc(approvals.id))
    .limit(MOST)
  return rows.map(({ approval, question }) => {
    const { id, status, openedAt, deadlineAt } = viewApproval(approval)
    return { approval: { id, status, openedAt, deadlineAt }, ...viewQuestion(question) }
  })
}

function viewQuestion(question: Question): Omit<QuestionItem, 'approval'> {
  const { kind, title, explanation, itemCount, approveLabel, denyLabel } = question
  return {
    kind,
    title,
    explanation,
    items: question.items.slice(0, MOST_ITEMS).map(({ id, label, detail, amount }) => ({
      id,
      label,
      detail,
      amount: amount ? formatMoney(amount.value, amount.currency) : null,
    })),
    sum: sumOf(question.items),
    itemCount,
    approveLabel,
    denyLabel,
  }
}

/** `$1,240.00`, and several when there are several currencies: `$20.00 + €5.00`. Null: nothing is about money. */
export function sumOf(items: Question['items']): string | null {
  const amounts = items.flatMap(({ amount }) => amount ?? [])
  return amounts.length === 0 ? null : sumMoney(amounts).join(' + ')
}
