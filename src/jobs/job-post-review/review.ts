import { z } from 'zod'
import { SYSTEM } from '../../audit/index.ts'
import {
  DETAILS_WITHIN_MS,
  moveSubmission,
  readSubmission,
  readTexts,
  type Submission,
  wholeText,
} from '../../community/index.ts'
import type { Transaction } from '../../database/index.ts'
import {
  defineJob,
  type Job,
  PATIENT_RETRY,
  type RunContext,
  replayAfterOutage,
  StepFailedError,
} from '../../engine/index.ts'
import {
  extractionInstructions,
  extractJobPost,
  JOB_POST_SCHEMA_NAME,
  jobPostJsonSchema,
  normalizeParsedJobPost,
  type ParsedJobPost,
  type ParserName,
} from '../../extraction/index.ts'
import { NeverRetryError, RetryError, SECOND_MS } from '../../primitives/index.ts'
import type { DetailsDeadlineJob } from './details-deadline.ts'
import { type Continuations, type Parts, startMessageSync } from './parts.ts'
import { APPROVAL_KIND, readPostView } from './post-view.ts'
import { renderSlackMessage } from './slack-message.ts'

const inputSchema = z.object({ submissionId: z.string(), round: z.int().positive() })
export type ReviewJob = Job<z.infer<typeof inputSchema>>
type Reading = { parsed: ParsedJobPost; parser: ParserName }

/**
 * The run that a text starts: read it, and ask the moderators (or the sender, when it is not a job post). It ends when
 * the question has been asked; the answer starts the next run.
 */
export function defineReview(
  parts: Parts,
  next: Continuations & { detailsDeadline: DetailsDeadlineJob },
): ReviewJob {
  return defineJob({
    name: 'job-post-review',
    input: inputSchema,
    retry: PATIENT_RETRY,
    idempotencyKey: ({ submissionId, round }) => `${submissionId}:${round}`,
    deadLetters: replayAfterOutage,
    undo: {
      [ASK]: {
        describe: 'Replaces the message in Slack by a line that says that it was taken back.',
        effect: ({ submissionId }) => messageKey(submissionId),
        async run({ output }) {
          const text = 'This was taken back: there is nothing to decide here any more.'
          const message = messageSchema.parse(output)
          await parts.connectors.slack.updateMessage({
            ...message,
            text,
            blocks: [{ type: 'section', text: { type: 'plain_text', text } }],
          })
        },
      },
    },
    async run(context, { submissionId, round }) {
      const reading = await read(parts, context, submissionId)
      const status = await context.transaction('keep what was read', (tx) =>
        keepReading(parts, next, tx, { submissionId, round, runId: context.runId, reading }),
      )
      context.log.info(
        { event: 'submission.read', submission: submissionId, parser: reading.parser, status },
        `Read by ${reading.parser}: ${status.replaceAll('_', ' ')}`,
      )
      if (status === 'pending_approval') await askInSlack(parts, next, context, submissionId)
    },
  })
}

/** The model reads it where there is one; when it cannot be had for long, the rules do. */
async function read(parts: Parts, context: RunContext, submissionId: string): Promise<Reading> {
  const referenceDate = new Date(parts.clock.now())
  const text = await context.step('read the texts', async () =>
    wholeText(await readTexts(parts.database, submissionId)),
  )
  if (parts.modes.openai !== 'off') {
    try {
      const parsed = await context.call(
        'read it with OpenAI',
        () => readWithModel(parts, text, referenceDate),
        {
          attempts: 4,
          baseMs: SECOND_MS,
          maxMs: 10 * SECOND_MS,
          giveUpAfterMs: 60 * SECOND_MS,
          whenAway: 'give-up',
        },
      )
      return { parsed, parser: 'openai' }
    } catch (error) {
      if (!(error instanceof StepFailedError)) throw error
      context.log.warn(
        { event: 'parse.fell_back' },
        `OpenAI could not read it, so the rules do: ${error.message}`,
      )
    }
  }
  const parsed = await context.step('read it by rules', async () => extractJobPost(text, { referenceDate }))
  return { parsed, parser: 'rules' }
}

async function readWithModel(parts: Parts, text: string, referenceDate: Date): Promise<ParsedJobPost> {
  if (text.trim() === '') throw new NeverRetryError('There are no words to read')
  const answer = await parts.connectors.openai.extract({
    instructions: extractionInstructions(referenceDate),
    text,
    schemaName: JOB_POST_SCHEMA_NAME,
    jsonSchema: jobPostJsonSchema,
  })
  const checked = normalizeParsedJobPost(answer, text)
  if (!checked.ok)
    throw new RetryError(`OpenAI's answer does not fit our schema: ${checked.problems.slice(0, 3).join(' ')}`)
  return checked.post
}

async function keepReading(
  parts: Parts,
  next: Continuations & { detailsDeadline: DetailsDeadlineJob },
  tx: Transaction,
  read: { submissionId: string; round: number; runId: string; reading: Reading },
): Promise<Submission['status']> {
  const { parsed, parser } = read.reading
  const current = await readSubmission(tx, read.submissionId)
  // Started again after it failed: what the first execution decided stands.
  if (current.parseRound >= read.round) return current.status

  const nowMs = parts.clock.now()
  const to = parsed.isJobPost ? 'pending_approval' : read.round === 1 ? 'needs_details' : 'not_a_job_post'
  const submission = await moveSubmission(tx, read.submissionId, {
    from: ['pending_parse'],
    to,
    set: {
      parsed,
      parser,
      parseRound: read.round,
      title: parsed.fields.title.value,
      company: parsed.fields.company.value,
      ...(to === 'needs_details'
        ? { detailsAskedAt: new Date(nowMs), detailsDeadlineAt: new Date(nowMs + DETAILS_WITHIN_MS) }
        : {}),
    },
    atMs: nowMs,
    actor: SYSTEM,
    action: {
      pending_approval: 'read',
      needs_details: 'asked the sender for details',
      not_a_job_post: 'closed',
    }[to],
    reason: to === 'not_a_job_post' ? 'Not a job post, also after the sender was asked' : null,
    detail: { parser, isJobPost: parsed.isJobPost, confidence: parsed.confidence, missing: parsed.missing },
    runId: read.runId,
  })
  if (to === 'pending_approval') {
    await parts.approvals().open(tx, {
      kind: APPROVAL_KIND,
      subjectId: submission.id,
      runId: read.runId,
      target: { kind: 'submission', id: submission.id },
    })
  } else {
    await parts.starter().start(tx, next.notice, {
      submissionId: submission.id,
      notice: to,
      missing: parsed.missing,
    })
  }
  if (submission.detailsDeadlineAt && to === 'needs_details') {
    await parts
      .starter()
      .start(
        tx,
        next.detailsDeadline,
        { submissionId: submission.id },
        { notBeforeMs: submission.detailsDeadlineAt.getTime() },
      )
  }
  return to
}

const ASK = 'ask the moderators in Slack'
const messageSchema = z.object({ channel: z.string(), ts: z.string() })
const messageKey = (submissionId: string) => `slack.message:${submissionId}`

/** One message, through the ledger. The dashboard has the question already: Slack being away holds up nothing else. */
async function askInSlack(
  parts: Parts,
  next: Continuations,
  context: RunContext,
  submissionId: string,
): Promise<void> {
  const channel = parts.slackChannel
  if (parts.modes.slack === 'off' || channel === null) return
  const { reference } = await context.step('choose the channel', async () => {
    const submission = await readSubmission(parts.database, submissionId)
    return { reference: submission.reference }
  })
  const marker = `job-post:${submissionId}`
  const message = await context.effect(ASK, {
    key: messageKey(submissionId),
    kind: 'slack.message',
    description: `Slack message about ${reference} in the moderators' channel`,
    subjectId: submissionId,
    async perform() {
      const rendered = renderSlackMessage(await readPostView(parts.database, submissionId))
      return parts.connectors.slack.postMessage({ channel, marker, ...rendered })
    },
    look: (sinceMs) => parts.connectors.slack.findMessage({ channel, marker, sinceMs }),
    objectId: ({ channel: inChannel, ts }) => `${inChannel}/${ts}`,
  })
  await context.transaction('keep where the message is', async (tx) => {
    const submission = await moveSubmission(tx, submissionId, {
      from: ['pending_approval', 'approved', 'published', 'denied', 'expired'],
      set: { slackChannel: message.channel, slackTs: message.ts },
      atMs: parts.clock.now(),
      actor: SYSTEM,
      action: 'asked in Slack',
      runId: context.runId,
    })
    // Decided in the dashboard before Slack had the message: what was posted is out of date already.
    if (submission.status !== 'pending_approval')
      await startMessageSync(parts, next.messageSync, tx, submission)
  })
}
