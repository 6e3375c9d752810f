import type { Context } from 'hono'
import { SECOND_MS, within } from '../primitives/index.ts'

type Handler = (context: Context) => Promise<Response>

/** Twilio and Svix wait fifteen seconds for an answer; Stripe and Slack no longer. */
const ANSWER_WITHIN_MS = 8 * SECOND_MS
const COME_BACK_IN_S = '10'

/**
 * Answers 503 when the handler takes too long (the database hangs): a sender that hears "later" comes back or asks the
 * fallback it was given, one that hears nothing only knows that it waited. What the handler still commits is found as
 * already received then.
 * @param limitMs milliseconds (default: 8 s)
 */
export function answerInTime(handler: Handler, limitMs = ANSWER_WITHIN_MS): Handler {
  return (context) => within(handler(context), limitMs, comeAgain)
}

function comeAgain(): Response {
  const error = { code: 'unavailable', message: 'This takes too long just now. Please send it again.' }
  return Response.json({ error }, { status: 503, headers: { 'retry-after': COME_BACK_IN_S } })
}
