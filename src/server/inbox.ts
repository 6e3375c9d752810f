import { and, asc, eq, inArray, isNotNull, sql } from 'drizzle-orm'
import type { Approval } from '../approvals/index.ts'
import { type Drizzle, tables } from '../database/index.ts'
import { APPROVAL_KIND, uncertainFields } from '../jobs/job-post-review/index.ts'
import type { RouteHandler } from './access.ts'
import { listAttention } from './attention.ts'
import type { InboxItem, InboxPage } from './contract.ts'
import type { ServerParts } from './parts.ts'
import { listQuestions } from './questions.ts'
import { type Cursor, PAGE_SIZE, readCursor, writeCursor } from './request.ts'
import {
  gatherSubmissions,
  type SubmissionParts,
  viewApproval,
  viewSubmission,
  viewTexts,
} from './submission-view.ts'

/** `GET /api/inbox?cursor=`: open approvals, nearest deadline first, questions, and what else needs a person. */
export function readInbox({ database }: ServerParts): RouteHandler {
  return async (context) => {
    const cursor = readCursor(context.req.query('cursor'))
    const { db } = database
    const [open, openCount, questions, attention] = await Promise.all([
      openApprovals(db, cursor),
      db.$count(tables.approvals, eq(tables.approvals.status, 'open')),
      listQuestions(db),
      listAttention(db),
    ])
    const page = open.slice(0, PAGE_SIZE)
    const last = page.at(-1)
    return context.json<InboxPage>({
      items: await viewItems(db, page),
      nextCursor: last && open.length > PAGE_SIZE ? writeCursor(last.deadlineAt, last.id) : null,
      openCount,
      questions,
      attention,
    })
  }
}

/** One more than a page holds, to know whether another follows. */
async function openApprovals(db: Drizzle, cursor: Cursor | null): Promise<Approval[]> {
  const { approvals } = tables
  return db
    .select()
    .from(approvals)
    .where(
      and(
        eq(approvals.status, 'open'),
        eq(approvals.kind, APPROVAL_KIND),
        cursor
          ? sql`(${approvals.deadlineAt}, ${approvals.id}) > (${cursor.at.toISOString()}::timestamptz, ${cursor.id})`
          : undefined,
      ),
    )
    .orderBy(asc(approvals.deadlineAt), asc(approvals.id))
    .limit(PAGE_SIZE + 1)
}

async function viewItems(db: Drizzle, page: readonly Approval[]): Promise<InboxItem[]> {
  if (page.length === 0) return []
  const ids = page.map(({ subjectId }) => subjectId)
  const rows = await db
    .select()
    .from(tables.submissions)
    .where(and(inArray(tables.submissions.id, ids), isNotNull(tables.submissions.parsed)))
  const gathered = new Map(
    (await gatherSubmissions(db, rows)).map((parts) => [parts.submission.id, parts] as const),
  )
  return page.flatMap((approval) => {
    const parts = gathered.get(approval.subjectId)
    const item = parts && viewItem(approval, parts)
    return item ? [item] : []
  })
}

function viewItem(approval: Approval, parts: SubmissionParts): InboxItem | null {
  const { parsed, parser } = parts.submission
  if (!parsed) return null
  return {
    approval: viewApproval(approval),
    submission: viewSubmission(parts),
    texts: viewTexts(parts.texts),
    parsed,
    parser: parser ?? 'rules',
    uncertain: uncertainFields(parsed),
    media: parts.texts.reduce((sum, text) => sum + text.media, 0),
  }
}
