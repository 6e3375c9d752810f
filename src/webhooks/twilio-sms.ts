/**
 * `POST /webhooks/twilio-sms`: a text arrives. Everything that it changes commits before the answer; a repeated
 * delivery (Twilio signs no time and retries, so MessageSid is what counts) changes nothing and hears the same answer.
 */
import type { Context } from 'hono'
import {
  awaitingDetails,
  completeSubmission,
  consentWord,
  createSubmission,
  findOrCreateSender,
  noteConsentWord,
  type Sender,
  SUBMISSIONS_PER_HOUR,
  submissionsInLastHour,
} from '../community/index.ts'
import type { Database, Transaction } from '../database/index.ts'
import { type Clock, type Logger, maskPhone, seam } from '../primitives/index.ts'
import { concludeDelivery, receiveDelivery } from './deliveries.ts'
import { formFields, readRawBody } from './raw-body.ts'
import { type RefusalCounter, refuse } from './refusals.ts'
import { verifyTwilioSignature } from './signatures.ts'

export type TwilioSmsOptions = {
  database: Database
  clock: Clock
  logger: Logger
  /** Null when Twilio is off. */
  twilio: { authToken: string; accountSid: string } | null
  publicUrl: string
  startReview(tx: Transaction, submissionId: string, round: number): Promise<void>
  refusals: RefusalCounter
  /** Answers before the steps of runs go on; entered only by what is verified. */
  first<T>(work: () => Promise<T>): Promise<T>
}

const SOURCE = 'twilio-sms'
/** Twilio itself never sends more than 1,600 characters; whatever does is cut rather than lost. */
const BODY_LIMIT = 1_600

export function twilioSmsHandler(options: TwilioSmsOptions): (context: Context) => Promise<Response> {
  return async (context) => {
    if (!options.twilio) return refuse(options.refusals, SOURCE, 'off')
    const rawBody = await readRawBody(context)
    if (!rawBody) return refuse(options.refusals, SOURCE, 'too_large')
    const params = formFields(rawBody)
    const { pathname, search } = new URL(context.req.url)
    const verified = verifyTwilioSignature({
      authToken: options.twilio.authToken,
      signature: context.req.header('x-twilio-signature') ?? null,
      url: options.publicUrl + pathname + search,
      params,
    })
    if (!verified.ok) return refuse(options.refusals, SOURCE, verified.reason)
    const text = readText(params, options)
    if (!text) return refuse(options.refusals, SOURCE, 'malformed')

    const received = await options.first(() =>
      options.database.transaction(async (tx) => {
        const given = await receive(tx, options, text)
        seam('webhook.twilio-sms.before-commit')
        return given
      }),
    )
    seam('webhook.twilio-sms.after-commit')
    const from = text.from === null ? 'nobody' : maskPhone(text.from)
    options.logger.info(
      {
        event: 'delivery.processed',
        source: SOURCE,
        messageSid: text.messageSid,
        from,
        outcome: received.outcome,
        submission: received.submissionId,
        reference: received.reference,
      },
      `A text from ${from} ${BECAME[received.outcome]}${received.reference ? ` (${received.reference})` : ''}`,
    )
    return twiml(received.answer)
  }
}

type Text = {
  messageSid: string
  /** E.164; null for senders that cannot be answered by text (short codes, WhatsApp, names). */
  from: string | null
  body: string
  media: number
  optOutType: string | null
  receivedAtMs: number
}

/** Null: not a text that Twilio sends to this account. */
function readText(params: [string, string][], options: TwilioSmsOptions): Text | null {
  const fields = new Map(params)
  const messageSid = fields.get('MessageSid') ?? ''
  const from = fields.get('From') ?? ''
  const media = Number(fields.get('NumMedia') ?? '0')
  if (!/^[A-Z]{2}\w{1,62}$/.test(messageSid) || from === '') return null
  const accountSid = fields.get('AccountSid')
  if (accountSid !== undefined && accountSid !== options.twilio?.accountSid) return null
  return {
    messageSid,
    from: /^\+\d{6,15}$/.test(from) ? from : null,
    // PostgreSQL's text cannot hold the null character.
    body: [...(fields.get('Body') ?? '').replaceAll('\0', '')].slice(0, BODY_LIMIT).join(''),
    media: Number.isInteger(media) && media > 0 ? media : 0,
    optOutType: fields.get('OptOutType') ?? null,
    receivedAtMs: options.clock.now(),
  }
}

/** What became of a text, in words for the log. */
const BECAME = {
  submission: 'became a job post',
  completed: 'completed a job post',
  refused: 'was one too many within the hour',
  empty: 'had no words',
  stop: 'opted out',
  start: 'opted in',
  help: 'asked for help',
  repeated: 'came again',
  unanswerable: 'came from a sender that cannot be texted back',
} as const
type TextOutcome = keyof typeof BECAME

type Received = {
  outcome: TextOutcome
  answer: string | null
  submissionId: string | null
  reference: string | null
}

/** Handles the text once; gives what became of it and what to say (null: nothing). */
async function receive(tx: Transaction, options: TwilioSmsOptions, text: Text): Promise<Received> {
  const { first, delivery } = await receiveDelivery(tx, {
    source: SOURCE,
    externalId: text.messageSid,
    receivedAtMs: text.receivedAtMs,
  })
  if (!first)
    return {
      outcome: 'repeated',
      answer: delivery.answer,
      submissionId: delivery.submissionId,
      reference: null,
    }
  if (text.from === null) {
    await concludeDelivery(tx, delivery.id, { outcome: 'unanswerable', answer: null, submissionId: null })
    return { outcome: 'unanswerable', answer: null, submissionId: null, reference: null }
  }
  const sender = await findOrCreateSender(tx, text.from, text.receivedAtMs)
  const { kind: outcome, submission, ...handled } = await handle(tx, options, sender, text)
  const submissionId = submission?.id ?? null
  // Somebody who has opted out is never texted, not even in answer to a text of their own.
  const answer = sender.optedOutAt ? null : handled.answer
  await concludeDelivery(tx, delivery.id, { outcome, answer, submissionId })
  return { outcome, answer, submissionId, reference: submission?.reference ?? null }
}

type Outcome = {
  kind: TextOutcome
  answer: string | null
  submission: { id: string; reference: string } | null
}

async function handle(
  tx: Transaction,
  options: TwilioSmsOptions,
  sender: Sender,
  text: Text,
): Promise<Outcome> {
  const word = consentWord(text.body, text.optOutType)
  if (word) {
    await noteConsentWord(tx, sender, word, text.receivedAtMs)
    return { kind: word, answer: null, submission: null }
  }
  if (text.body.trim() === '') {
    const answer =
      text.media > 0
        ? 'We cannot read pictures. Please text the job post in words.'
        : 'Your text came empty. Please text the job post in words.'
    return { kind: 'empty', answer, submission: null }
  }
  const unread = text.media > 0 ? ' We cannot read pictures, only the words.' : ''

  const waiting = await awaitingDetails(tx, sender.id, text.receivedAtMs)
  if (waiting) {
    const submission = await completeSubmission(tx, waiting, sender, text)
    await options.startReview(tx, submission.id, submission.parseRound + 1)
    return {
      kind: 'completed',
      answer: `Thank you, we added that to ${submission.reference}.${unread}`,
      submission,
    }
  }

  if ((await submissionsInLastHour(tx, sender.id, text.receivedAtMs)) >= SUBMISSIONS_PER_HOUR) {
    const submission = await createSubmission(tx, sender, text, 'refused')
    const answer = `We take ${SUBMISSIONS_PER_HOUR} job posts an hour from one number and have yours. Please text this one again in an hour (${submission.reference}).`
    return { kind: 'refused', answer, submission }
  }
  const submission = await createSubmission(tx, sender, text, 'pending_parse')
  await options.startReview(tx, submission.id, 1)
  return {
    kind: 'submission',
    answer: `Thank you! We have your job post (${submission.reference}) and will text you once it is reviewed.${unread}`,
    submission,
  }
}

/** TwiML: https://www.twilio.com/docs/messaging/twiml, read 2026-11-22. */
function twiml(message: string | null): Response {
  const body =
    message === null ? '<Response/>' : `<Response><Message>${escapeXml(message)}</Message></Response>`
  return new Response(`<?xml version="1.0" encoding="UTF-8"?>${body}`, {
    headers: { 'content-type': 'text/xml; charset=utf-8' },
  })
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
