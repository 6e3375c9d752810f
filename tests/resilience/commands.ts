/** What the property test does to the model and to the real thing, each command possibly with a crash in its middle. */
import fc from 'fast-check'
import { expect } from 'vitest'
import { newNumber, until } from '../support/sandbox-world.ts'
import { GOOD_POST } from '../support/stories.ts'
import { advance, arrive, complete, type Decision, decide, type Model, type Post, wasAsked } from './model.ts'
import {
  clickPayload,
  modalPayload,
  newMessageSid,
  type SignedRequest,
  send,
  signedInteraction,
  signedText,
} from './signed.ts'
import { approvalOf, type Dashboard, type Stage } from './stage.ts'

export type Real = { stage: Stage; dashboard: Dashboard; requests: Map<string, SignedRequest> }
export type Command = fc.AsyncCommand<Model, Real>

const HOUR_MS = 3_600_000
const VAGUE = 'hello there, do you take job posts?'
const AMARA = { id: 'U0SANDAMARA', name: 'amara' }

/** Milliseconds into the action at which the program is killed; null: it is not. */
const crash = fc.option(fc.nat(120), { freq: 2 })
const pick = fc.nat(1_000)

/** Every command, weighted by how much it has to say. */
export function commands(): fc.Arbitrary<Command>[] {
  const decision = fc.oneof(
    fc.constant<Decision>({ outcome: 'approve', title: null }),
    fc.constant<Decision>({ outcome: 'approve', title: 'Head Gardener' }),
    fc.constant<Decision>({ outcome: 'deny', reason: 'We only post paid jobs' }),
  )
  const via = fc.constantFrom('slack' as const, 'dashboard' as const)
  const decisions = fc.tuple(pick, via, decision, crash).map((args) => decideCommand(...args))
  const arrivals = fc.tuple(fc.boolean(), crash).map(([vague, at]) => arriveCommand(!vague, at))
  // Sums of these never meet a reminder, the deadline or a day exactly.
  const advances = fc.tuple(fc.constantFrom(5, 25, 73, 170), crash).map((args) => advanceCommand(...args))
  return [
    arrivals,
    fc.tuple(fc.constant(true), crash).map(([isJobPost, at]) => arriveCommand(isJobPost, at)),
    fc.tuple(pick, crash).map((args) => repeatCommand(...args)),
    fc.tuple(pick, fc.boolean(), crash).map((args) => completeCommand(...args)),
    decisions,
    decisions,
    advances,
    advances,
    advances,
    fc.constant(crashCommand()),
  ]
}

function arriveCommand(isJobPost: boolean, crashAt: number | null): Command {
  return {
    check: (model) => model.posts.length < 6,
    async run(model, real) {
      const phone = newNumber()
      const body = isJobPost ? GOOD_POST : VAGUE
      const request = signedText(real.stage.world, { from: phone, body, messageSid: newMessageSid() })
      const twiml = await acting(real, crashAt, () => deliver(request))
      const reference = /KK-[0-9A-Z]{5}/.exec(twiml)?.[0] ?? ''
      expect(twiml).toContain('Thank you! We have your job post')
      real.requests.set(reference, request)
      arrive(model, { phone, reference, isJobPost })
    },
    toString: () => `arrive(${isJobPost ? 'job post' : 'vague'}${crashWords(crashAt)})`,
  }
}

function repeatCommand(index: number, crashAt: number | null): Command {
  return {
    check: (model) => model.posts.length > 0,
    async run(model, real) {
      const request = real.requests.get(postAt(model.posts, index).reference)
      if (!request) return
      const answers = await acting(real, crashAt, () =>
        Promise.all([deliver(request), deliver(request), deliver(request)]),
      )
      expect(new Set(answers).size).toBe(1)
    },
    toString: () => `repeat(${index}${crashWords(crashAt)})`,
  }
}

function completeCommand(index: number, isJobPost: boolean, crashAt: number | null): Command {
  const waiting = (model: Model) => model.posts.filter(({ status }) => status === 'needs_details')
  return {
    check: (model) => waiting(model).length > 0,
    async run(model, real) {
      const post = postAt(waiting(model), index)
      await reach(real, post, 'needs_details')
      const body = isJobPost ? GOOD_POST : VAGUE
      const request = signedText(real.stage.world, { from: post.phone, body })
      expect(await acting(real, crashAt, () => deliver(request))).toContain('we added that to')
      complete(model, post, isJobPost)
    },
    toString: () => `complete(${index}, ${isJobPost ? 'job post' : 'vague'}${crashWords(crashAt)})`,
  }
}

function decideCommand(
  index: number,
  via: 'slack' | 'dashboard',
  decision: Decision,
  crashAt: number | null,
): Command {
  return {
    check: (model) => model.posts.some(wasAsked),
    async run(model, real) {
      const post = postAt(model.posts.filter(wasAsked), index)
      const { id } = await approvalOf(real.stage, post)
      const won = await acting(real, crashAt, () => decideFor(real, id, via, decision))
      const first = decide(post, via, decision)
      // Slack says nothing to the first; after a crash the same decision may hear of itself.
      if (via === 'dashboard' && (crashAt === null || !first)) expect(won).toBe(first)
    },
    toString: () => `decide(${index}, ${via}, ${JSON.stringify(decision)}${crashWords(crashAt)})`,
  }
}

async function decideFor(
  { stage, dashboard }: Real,
  approvalId: string,
  via: 'slack' | 'dashboard',
  decision: Decision,
): Promise<boolean | 'said'> {
  if (via === 'dashboard') {
    const edits = decision.outcome === 'approve' && decision.title ? { edits: { title: decision.title } } : {}
    const body =
      decision.outcome === 'deny'
        ? { decision: 'deny', reason: decision.reason }
        : { decision: 'approve', ...edits }
    const answer = await dashboard.post(`/approvals/${approvalId}/decision`, body)
    expect(answer.status).toBe(200)
    return (answer.body as { won: boolean }).won
  }
  const payload =
    decision.outcome === 'deny'
      ? modalPayload(approvalId, 'job_deny_reason', { reason: decision.reason }, AMARA)
      : decision.title
        ? modalPayload(approvalId, 'job_edit_fields', { title: decision.title }, AMARA)
        : clickPayload(stage.world, approvalId, 'job_approve', AMARA)
  expect((await send(signedInteraction(stage.world, payload))).status).toBe(200)
  return 'said'
}

function advanceCommand(hours: number, crashAt: number | null): Command {
  return {
    check: (model) => model.posts.length > 0,
    async run(model, real) {
      for (const post of model.posts) await reach(real, post, post.status)
      await real.stage.quiet()
      await real.stage.world.control('POST', '/clock', { advanceMs: hours * HOUR_MS })
      if (crashAt !== null) await real.stage.crash()
      advance(model, hours * HOUR_MS)
      for (const post of model.posts) await reach(real, post, post.status)
      // A decision right behind it would make a reminder that is due pointless: let those go out first.
      await until(async () => {
        const rows = await real.stage.rows<{ reference: string; reminders_sent: number }>(
          `select reference, reminders_sent from approvals join submissions on submissions.id = subject_id`,
        )
        return model.posts
          .filter(({ status }) => status === 'pending_approval')
          .every((post) =>
            rows.some((row) => row.reference === post.reference && row.reminders_sent === post.reminders),
          )
      }, 'the reminders')
      await real.stage.quiet()
    },
    toString: () => `advance(${hours} h${crashWords(crashAt)})`,
  }
}

function crashCommand(): Command {
  return { check: () => true, run: (_model, real) => real.stage.crash(), toString: () => 'crash()' }
}

/** Does it until it is answered, and kills the program meanwhile when it is to be killed. */
async function acting<T>(real: Real, crashAt: number | null, act: () => Promise<T>): Promise<T> {
  const done = until(async () => ({ answer: await act() }), 'an answer')
  if (crashAt !== null) {
    await new Promise((resolve) => setTimeout(resolve, crashAt))
    await real.stage.crash()
  }
  return (await done).answer
}

async function deliver(request: SignedRequest): Promise<string> {
  const response = await send(request)
  expect(response.status).toBe(200)
  return response.text()
}

async function reach(real: Real, post: Post, status: string): Promise<void> {
  const statement = 'from submissions where reference = $1 and status = $2'
  await until(
    async () => (await real.stage.count(statement, [post.reference, status])) === 1,
    `${post.reference} to be ${status}`,
  )
}

function postAt(posts: Post[], index: number): Post {
  const post = posts[index % posts.length]
  if (!post) throw new Error('There is no post')
  return post
}

function crashWords(crashAt: number | null): string {
  return crashAt === null ? '' : `, kill -9 after ${crashAt} ms`
}
