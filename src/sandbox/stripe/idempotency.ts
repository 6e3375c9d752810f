/**
 * `Idempotency-Key`: the first answer to a POST is kept for a day and given again, headed `Idempotent-Replayed`; the
 * same key with another request is an error. docs.stripe.com/api/idempotent_requests, read 2026-11.
 */
import { createHash } from 'node:crypto'
import { DAY_MS } from '../../primitives/index.ts'
import type { World } from '../world.ts'
import { refused, type StripeAnswer } from './answers.ts'
import type { Resource } from './resources.ts'

export type KeptAnswer = {
  fingerprint: string
  status: number
  body: Resource
  requestId: string
  atMs: number
}

const LONGEST_KEY = 255

/**
 * Does the work unless its key has been used.
 * @param request method, path and body as text
 * @returns the answer, and the id of the request that made it when it is a replay
 */
export function once(
  world: World,
  key: string,
  request: string,
  requestId: string,
  work: () => StripeAnswer,
): StripeAnswer & { replayOf?: string } {
  const refuse = (message: string) => refused(message, { type: 'idempotency_error' })
  if (key.length > LONGEST_KEY) return refuse(`Idempotency keys are at most ${LONGEST_KEY} characters long.`)
  const { answers } = world.stripe
  const nowMs = world.clock.now()
  const fingerprint = createHash('sha256').update(request).digest('hex')
  const kept = answers.get(key)
  if (kept && nowMs - kept.atMs < DAY_MS) {
    if (kept.fingerprint === fingerprint)
      return { status: kept.status, body: kept.body, replayOf: kept.requestId }
    return refuse(
      `Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '${key}' if you meant to execute a different request.`,
    )
  }
  const answer = work()
  // What failed before anything was done may be tried again with the same key.
  if (answer.status < 400) answers.put(key, { fingerprint, ...answer, requestId, atMs: nowMs })
  return answer
}
