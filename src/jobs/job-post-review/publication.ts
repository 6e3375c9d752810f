import { z } from 'zod'
import { SYSTEM } from '../../audit/index.ts'
import { moveSubmission } from '../../community/index.ts'
import type { PostParagraph } from '../../connectors/contract.ts'
import { defineJob, type Job, replayAfterOutage } from '../../engine/index.ts'
import { MINUTE_MS, NeverRetryError } from '../../primitives/index.ts'
import { shortFields } from './fields-text.ts'
import { type Continuations, type Parts, startMessageSync } from './parts.ts'
import { type PostView, parsedOf, readPostView } from './post-view.ts'

const inputSchema = z.object({ submissionId: z.string(), round: z.int().positive() })
const publishedSchema = z.object({ id: z.string() })
/** In the effect ledger: of all rounds, there is at most one post. */
export const publicationKey = (submissionId: string) => `circle.post:${submissionId}`
export type PublicationJob = Job<z.infer<typeof inputSchema>>

/**
 * Publishes an approved post on Circle. Each retry is a run of its own, but all of them are one effect in the ledger:
 * however often it is tried, there is at most one post.
 */
export function definePublication(
  parts: Parts,
  next: Pick<Continuations, 'notice' | 'messageSync'>,
): PublicationJob {
  return defineJob({
    name: 'job-post-publication',
    input: inputSchema,
    // After about half an hour a person should know, and can retry.
    retry: { attempts: 20, maxMs: 2 * MINUTE_MS },
    lane: 'publication',
    idempotencyKey: ({ submissionId, round }) => `${submissionId}:${round}`,
    deadLetters: replayAfterOutage,
    undo: {
      'publish on Circle': {
        describe: 'Deletes the post on Circle.',
        effect: ({ submissionId }) => publicationKey(submissionId),
        async run({ output }) {
          await parts.connectors.circle.deletePost(publishedSchema.parse(output).id)
        },
      },
    },
    async run(context, { submissionId }) {
      const post = await context.step('compose the post', async () =>
        composePost(await readPostView(parts.database, submissionId)),
      )
      const published = await context.effect('publish on Circle', {
        key: publicationKey(submissionId),
        kind: 'circle.post',
        description: `Circle post “${post.title}” (${post.marker})`,
        subjectId: submissionId,
        async perform() {
          if (parts.modes.circle === 'off')
            throw new NeverRetryError('Circle is off: set CIRCLE_API_TOKEN and CIRCLE_SPACE_ID, then retry.')
          return parts.connectors.circle.createPost(post)
        },
        look: (sinceMs) =>
          parts.connectors.circle.findPost({ marker: post.marker, title: post.title, sinceMs }),
        objectId: ({ id }) => id,
      })
      await context.transaction('keep the post', async (tx) => {
        const submission = await moveSubmission(tx, submissionId, {
          from: ['approved'],
          to: 'published',
          set: {
            publishedAt: new Date(parts.clock.now()),
            publishedUrl: published.url,
            publishedId: published.id,
            publicationFailure: null,
            publicationFailedAt: null,
          },
          atMs: parts.clock.now(),
          actor: SYSTEM,
          action: 'published',
          detail: { url: published.url },
          runId: context.runId,
        })
        await parts.starter().start(tx, next.notice, { submissionId, notice: 'published', missing: [] })
        await startMessageSync(parts, next.messageSync, tx, submission)
      })
      context.log.info(
        { event: 'submission.published', submission: submissionId, url: published.url },
        `Published (${post.marker}): ${published.url}`,
      )
    },
    async onFailure(tx, { submissionId }, error, runId) {
      const submission = await moveSubmission(tx, submissionId, {
        from: ['approved'],
        set: { publicationFailure: error.message, publicationFailedAt: new Date(parts.clock.now()) },
        atMs: parts.clock.now(),
        actor: SYSTEM,
        action: 'failed to publish',
        reason: error.message,
        runId,
      })
      await startMessageSync(parts, next.messageSync, tx, submission)
    },
  })
}

function composePost(view: PostView): { title: string; paragraphs: PostParagraph[]; marker: string } {
  const { fields } = parsedOf(view.submission)
  const title = fields.title.value ?? 'Job post'
  const company = fields.company.value
  const labelled = shortFields(fields).map((field): PostParagraph => ({ kind: 'labelled', ...field }))
  const description = (fields.description.value ?? '').split(/\n{2,}/).filter((text) => text.trim() !== '')
  return {
    title: company && !title.includes(company) ? `${title} — ${company}` : title,
    paragraphs: [...labelled, ...description.map((text): PostParagraph => ({ kind: 'text', text }))],
    marker: `Ref ${view.submission.reference}`,
  }
}
