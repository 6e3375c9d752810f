/**
 * The main job as a plain state machine: what people do, what time does, and what must then be true. It knows nothing
 * of queues, crashes or providers; the program has to agree with it in spite of them.
 */
import { EXPECTED } from '../crash/expected.ts'

const HOUR_MS = 3_600_000
const DETAILS_MS = 24 * HOUR_MS
const DEADLINE_MS = 7 * 24 * HOUR_MS
const REMINDERS_MS = [24 * HOUR_MS, 72 * HOUR_MS]

export type Status =
  | 'needs_details'
  | 'pending_approval'
  | 'published'
  | 'denied'
  | 'expired'
  | 'not_a_job_post'
  | 'lapsed'

export type Post = {
  phone: string
  reference: string
  status: Status
  /** Community time, as the model counts it: when it was last asked for something. */
  askedAtMs: number
  reminders: number
  /** Texts that we sent of ourselves, as a pattern each. */
  texts: string[]
  title: string
  decidedVia: 'slack' | 'dashboard' | null
}

export type Model = { nowMs: number; posts: Post[] }

const TITLE = 'Senior Gardener'
const QUESTION = EXPECTED.lapse.texts[1] ?? ''

/** A text from somebody new. */
export function arrive(model: Model, from: { phone: string; reference: string; isJobPost: boolean }): void {
  model.posts.push({
    phone: from.phone,
    reference: from.reference,
    status: from.isJobPost ? 'pending_approval' : 'needs_details',
    askedAtMs: model.nowMs,
    reminders: 0,
    texts: from.isJobPost ? [] : [QUESTION],
    title: TITLE,
    decidedVia: null,
  })
}

/** The sender's answer to our question. */
export function complete(model: Model, post: Post, isJobPost: boolean): void {
  post.askedAtMs = model.nowMs
  post.status = isJobPost ? 'pending_approval' : 'not_a_job_post'
  if (!isJobPost)
    post.texts.push(
      'We still could not make out a job post, so REF is closed. To try again, text us the job title, the company and how to apply.',
    )
}

export type Decision = { outcome: 'approve'; title: string | null } | { outcome: 'deny'; reason: string }

/** A decision from either surface. Gives whether it is the first. */
export function decide(post: Post, via: 'slack' | 'dashboard', decision: Decision): boolean {
  if (post.status !== 'pending_approval') return false
  post.decidedVia = via
  if (decision.outcome === 'deny') {
    post.status = 'denied'
    post.texts.push(`“${post.title}” (REF) was not approved. ${decision.reason}.`)
    return true
  }
  post.status = 'published'
  post.title = decision.title ?? post.title
  post.texts.push(`“${post.title}” is live: URL (REF)`)
  return true
}

/** Time passes. */
export function advance(model: Model, byMs: number): void {
  model.nowMs += byMs
  for (const post of model.posts) {
    const waitedMs = model.nowMs - post.askedAtMs
    if (post.status === 'needs_details' && waitedMs >= DETAILS_MS) post.status = 'lapsed'
    if (post.status !== 'pending_approval') continue
    if (waitedMs >= DEADLINE_MS) {
      post.status = 'expired'
      post.texts.push(
        `“${post.title}” (REF) was not reviewed in time. Please text it again if it is still open.`,
      )
    } else post.reminders = REMINDERS_MS.filter((afterMs) => waitedMs >= afterMs).length
  }
}

/** Whether the moderators were ever asked. */
export function wasAsked({ status }: Post): boolean {
  return !['needs_details', 'not_a_job_post', 'lapsed'].includes(status)
}
