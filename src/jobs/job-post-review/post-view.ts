import { and, eq } from 'drizzle-orm'
import type { Approval } from '../../approvals/index.ts'
import { readSubmission, readTexts, type Submission, type SubmissionText } from '../../community/index.ts'
import { type Transaction, tables } from '../../database/index.ts'
import { type JobPostFieldName, type ParsedJobPost, UNCERTAIN_BELOW } from '../../extraction/index.ts'
import { NeverRetryError } from '../../primitives/index.ts'

export const APPROVAL_KIND = 'job-post'

/** A submission with all that its renderings show: in Slack, in a text to the sender, in a Circle post. */
export type PostView = {
  submission: Submission
  texts: SubmissionText[]
  approval: Approval | null
}

/** Reads it in one consistent look. @throws NotFoundError */
export async function readPostView(tx: Pick<Transaction, 'db'>, submissionId: string): Promise<PostView> {
  const submission = await readSubmission(tx, submissionId)
  const texts = await readTexts(tx, submissionId)
  const [approval] = await tx.db
    .select()
    .from(tables.approvals)
    .where(and(eq(tables.approvals.kind, APPROVAL_KIND), eq(tables.approvals.subjectId, submissionId)))
  return { submission, texts, approval: approval ?? null }
}

/** The parsed fields of a submission that has them. @throws NeverRetryError when it was never parsed */
export function parsedOf(submission: Submission): ParsedJobPost {
  if (!submission.parsed) throw new NeverRetryError(`Submission ${submission.reference} has not been parsed`)
  return submission.parsed
}

/** Fields that say something, but not surely enough to go unread. */
export function uncertainFields(parsed: ParsedJobPost): JobPostFieldName[] {
  return (Object.keys(parsed.fields) as JobPostFieldName[]).filter((name) => {
    const field = parsed.fields[name]
    return field.value !== null && field.confidence < UNCERTAIN_BELOW
  })
}
