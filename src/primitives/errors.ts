/**
 * Errors, sorted by what to do next rather than by where they came from. Connectors and rooms throw one of
 * these; `engine` decides from the class alone whether a step runs again, `server` which HTTP status it is.
 */

import { maskPersonalData } from './masking.ts'

/** Facts about a failure that may be shown and logged: never a body, a token, a phone number or an e-mail. */
export type ErrorFacts = Readonly<Record<string, string | number | boolean | null>>

type ErrorOptionsWithFacts = { cause?: unknown; facts?: ErrorFacts }

/** The base of every error that Kinkeeper throws on purpose. */
export abstract class KinkeeperError extends Error {
  abstract readonly next:
    | 'retry'
    | 'retry-at'
    | 'look-first'
    | 'park'
    | 'never-retry'
    | 'bad-input'
    | 'conflict'
    | 'not-found'
    | 'not-allowed'
  readonly facts: ErrorFacts

  constructor(message: string, options: ErrorOptionsWithFacts = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = new.target.name
    this.facts = options.facts ?? {}
  }
}

/** It certainly did not happen, and trying again with back-off may work (connection refused, 500 on a read). */
export class RetryError extends KinkeeperError {
  readonly next = 'retry'
  /** Milliseconds to wait at least: what was sent may still be at work, and would come after what is sent now. */
  readonly settleMs: number

  constructor(message: string, options: ErrorOptionsWithFacts & { settleMs?: number } = {}) {
    super(message, options)
    this.settleMs = options.settleMs ?? 0
  }
}

/** It certainly did not happen, and the other side said when to come back (429 with Retry-After). */
export class RetryAtError extends KinkeeperError {
  readonly next = 'retry-at'
  readonly retryAfterMs: number

  /** @param retryAfterMs milliseconds from now before which trying again is pointless */
  constructor(message: string, retryAfterMs: number, options: ErrorOptionsWithFacts = {}) {
    super(message, options)
    this.retryAfterMs = retryAfterMs
  }
}

/** The answer was lost after the request may have arrived: whether it happened is not known. Look before repeating. */
export class LookFirstError extends KinkeeperError {
  readonly next = 'look-first'
  /** Milliseconds to wait before looking: a request that timed out may still be at work on the other side. */
  readonly settleMs: number

  constructor(message: string, settleMs: number, options: ErrorOptionsWithFacts = {}) {
    super(message, options)
    this.settleMs = settleMs
  }
}

/**
 * The provider is away (or its month is used up), and everybody knows: the work is put down and taken up again when it
 * is back. `cause` is the failure that made it known, when this very request was sent; without one, nothing was sent.
 */
export class ParkError extends KinkeeperError {
  readonly next = 'park'
  readonly provider: string
  /** Epoch milliseconds (machine time) before which nobody need look; null: whoever watches the provider says when. */
  readonly untilMs: number | null

  constructor(
    message: string,
    park: { provider: string; untilMs: number | null },
    options: ErrorOptionsWithFacts = {},
  ) {
    super(message, { ...options, facts: { ...options.facts, provider: park.provider } })
    this.provider = park.provider
    this.untilMs = park.untilMs
  }
}

/** The other side refused for good; the same request will always be refused. */
export class NeverRetryError extends KinkeeperError {
  readonly next = 'never-retry'
}

/** The caller sent something malformed. HTTP 400. */
export class BadInputError extends KinkeeperError {
  readonly next = 'bad-input'
}

/** Somebody else changed it first. HTTP 409. */
export class ConflictError extends KinkeeperError {
  readonly next = 'conflict'
}

/** There is no such thing. HTTP 404. */
export class NotFoundError extends KinkeeperError {
  readonly next = 'not-found'
}

/** It exists, but not for this person. HTTP 403. */
export class NotAllowedError extends KinkeeperError {
  readonly next = 'not-allowed'
}

/** An error as plain data, safe to store and show: class, message and facts, never a stack or a cause's body. */
export type SerializedError = {
  name: string
  message: string
  next: KinkeeperError['next'] | 'unexpected'
  facts: ErrorFacts
}

/** Serialises anything thrown. Unknown errors keep their name and message; personal data is masked. */
export function serializeError(error: unknown): SerializedError {
  if (error instanceof KinkeeperError) {
    return {
      name: error.name,
      message: maskPersonalData(error.message),
      next: error.next,
      facts: error.facts,
    }
  }
  if (error instanceof Error && 'query' in error && 'params' in error) {
    // A database library's error repeats the statement with its values; only the database's own words are for people.
    return { ...serializeError(error.cause ?? 'a statement failed'), name: 'DatabaseError' }
  }
  if (error instanceof Error) {
    return { name: error.name, message: maskPersonalData(error.message), next: 'unexpected', facts: {} }
  }
  return { name: 'UnknownError', message: maskPersonalData(String(error)), next: 'unexpected', facts: {} }
}
