import { and, count, desc, eq, exists, ilike, or, type SQL, sql } from 'drizzle-orm'
import { z } from 'zod'
import { type Drizzle, type SubmissionStatus, tables } from '../database/index.ts'
import type { RouteHandler } from './access.ts'
import type { SubmissionPage } from './contract.ts'
import type { ServerParts } from './parts.ts'
import { emptyIsAbsent, PAGE_SIZE, readCursor, textSchema, writeCursor } from './request.ts'
import { gatherSubmissions, viewSubmission } from './submission-view.ts'

const { submissions, submissionTexts } = tables

const querySchema = z.object({
  status: z.enum(submissions.status.enumValues).optional(),
  q: textSchema({ max: 200 }).optional(),
  cursor: z.string().optional(),
})

/** `GET /api/submissions?status=&q=&cursor=`: newest first. */
export function listSubmissions({ database: { db } }: ServerParts): RouteHandler {
  return async (context) => {
    const { status, q, cursor: place } = querySchema.parse(emptyIsAbsent(context.req.query()))
    const cursor = readCursor(place)
    const [found, counts] = await Promise.all([
      db
        .select()
        .from(submissions)
        .where(
          and(
            status ? eq(submissions.status, status) : undefined,
            q ? matches(db, q) : undefined,
            cursor
              ? sql`(${submissions.receivedAt}, ${submissions.id}) < (${cursor.at.toISOString()}::timestamptz, ${cursor.id})`
              : undefined,
          ),
        )
        .orderBy(desc(submissions.receivedAt), desc(submissions.id))
        .limit(PAGE_SIZE + 1),
      countByStatus(db),
    ])
    const page = found.slice(0, PAGE_SIZE)
    const last = page.at(-1)
    return context.json<SubmissionPage>({
      items: (await gatherSubmissions(db, page)).map(viewSubmission),
      nextCursor: last && found.length > PAGE_SIZE ? writeCursor(last.receivedAt, last.id) : null,
      counts,
    })
  }
}

/** Title, company, reference, or the texts themselves contain it, whatever the case. */
function matches(db: Drizzle, q: string): SQL | undefined {
  const pattern = `%${q.replaceAll(/[\\%_]/g, '\\$&')}%`
  const ofThis = and(eq(submissionTexts.submissionId, submissions.id), ilike(submissionTexts.body, pattern))
  return or(
    ilike(submissions.title, pattern),
    ilike(submissions.company, pattern),
    ilike(submissions.reference, pattern),
    exists(db.select({ found: sql`1` }).from(submissionTexts).where(ofThis)),
  )
}

async function countByStatus(db: Drizzle): Promise<Partial<Record<SubmissionStatus, number>>> {
  const rows = await db
    .select({ status: submissions.status, count: count() })
    .from(submissions)
    .groupBy(submissions.status)
  return Object.fromEntries(rows.map((row) => [row.status, row.count]))
}
