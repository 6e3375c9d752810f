import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { createTestDatabase } from '../../tests/support/test-database.ts'
import { LookFirstError, NeverRetryError } from '../primitives/index.ts'
import type { DecisionAnswer, InboxPage, RunDetail, SubmissionDetail } from './contract.ts'
import { type Ask, JOB_POST, startTestServer } from './test-server.ts'

let server: Awaited<ReturnType<typeof startTestServer>>
let approver: Ask
let operator: Ask

beforeAll(async () => {
  server = await startTestServer(await createTestDatabase())
  approver = await server.signedIn('approver')
  operator = await server.signedIn('operator')
})
afterAll(() => server.stop())

const createPost = () => server.outside.circle.createPost
let original: ReturnType<typeof createPost>
beforeAll(() => {
  original = createPost()
})
beforeEach(() => {
  server.outside.circle.createPost = original
})

const detail = async (id: string) =>
  (await approver('GET', `/api/submissions/${id}`)).json as SubmissionDetail
const inbox = async () => (await approver('GET', '/api/inbox')).json as InboxPage
const until = (check: () => Promise<void>) => vi.waitFor(check, { timeout: 20_000, interval: 50 })

/** A text that has been read and waits for a decision. */
async function waiting(): Promise<{ id: string; approvalId: string }> {
  const id = await server.text(JOB_POST)
  let approvalId = ''
  await until(async () => {
    const { approval, timeline } = await detail(id)
    expect(timeline.map(({ text }) => text)).toContain('The question was posted in Slack')
    approvalId = approval?.id ?? ''
  })
  return { id, approvalId }
}
/** The sender has been told: nothing about this post is under way any more. */
const told = (id: string) =>
  until(async () => {
    const notices = (await detail(id)).effects.filter(({ kind }) => kind === 'twilio.message')
    expect(notices.map(({ status }) => status)).toEqual(['done'])
  })
const decide = (approvalId: string, body: unknown) =>
  approver('POST', `/api/approvals/${approvalId}/decision`, body)

test('from the inbox to Circle: the first decides, the later one is told who did', async () => {
  const { id, approvalId } = await waiting()
  expect((await inbox()).items.map((item) => item.submission.id)).toContain(id)
  const before = await detail(id)
  expect(before.timeline.filter(({ when }) => when === 'future').map(({ text }) => text)).toEqual([
    'The moderators are reminded',
    'Times out, unless somebody decides',
  ])
  const problem = await decide(approvalId, { decision: 'approve', edits: { applyUrl: 'not a link' } })
  expect(problem).toMatchObject({
    status: 400,
    json: { error: { message: expect.stringContaining('applyUrl') } },
  })

  const won = await decide(approvalId, { decision: 'approve', edits: { title: 'Staff Engineer' } })
  expect(won).toMatchObject({
    status: 200,
    json: { won: true, decision: { outcome: 'approved', by: 'Abe Approver', via: 'dashboard' } },
  })
  const owner = await server.signedIn('owner')
  const lost = await owner('POST', `/api/approvals/${approvalId}/decision`, {
    decision: 'deny',
    reason: 'Late',
  })
  expect(lost.status).toBe(200)
  expect(lost.json).toMatchObject({ won: false, decision: { outcome: 'approved', by: 'Abe Approver' } })
  expect((lost.json as DecisionAnswer).message).toBe('Abe Approver approved this in the dashboard just now.')

  await until(async () => expect((await detail(id)).submission.status).toBe('published'))
  const after = await detail(id)
  expect(after.submission.publication).toMatchObject({ state: 'published' })
  expect(after.edits).toMatchObject([{ field: 'title', after: 'Staff Engineer' }])
  expect(after.timeline.map(({ text }) => text)).toEqual([
    'The text arrived',
    'Read as a job post',
    'The moderators were asked',
    'The question was posted in Slack',
    'Edited',
    'Approved',
    'Published on Circle',
  ])
  expect(JSON.stringify(after)).not.toContain('+14155550123')
  await told(id)
})

test('a run shows its steps, with personal data masked', async () => {
  const { id } = await waiting()
  const run = (await detail(id)).runs.find(({ job }) => job === 'job-post-review')
  const shown = (await approver('GET', `/api/runs/${encodeURIComponent(run?.id ?? '')}`)).json as RunDetail
  expect(shown.steps.map(({ name }) => name)).toContain('read it by rules')
  expect(shown.submission?.id).toBe(id)
  expect(shown.input).toContain(id)
  const text = JSON.stringify(shown.steps)
  expect(text).not.toContain('jobs@acme.example')
  expect(text).toContain('j•••@acme.example')
  expect((await approver('GET', '/api/runs/job-post-review:none')).status).toBe(404)
  const again = await operator('POST', `/api/runs/${encodeURIComponent(run?.id ?? '')}/retry`, {})
  expect(again.status).toBe(409)
})

test('a publication that failed needs a person once, and can be asked for again', async () => {
  server.outside.circle.createPost = async () => {
    throw new NeverRetryError('Circle says that the space does not exist')
  }
  const { id, approvalId } = await waiting()
  await decide(approvalId, { decision: 'approve' })
  await until(async () => expect((await detail(id)).submission.publication.state).toBe('failed'))
  const attention = (await inbox()).attention
  expect(attention).toMatchObject([{ kind: 'publication_failed', submission: { id } }])

  server.outside.circle.createPost = original
  expect((await approver('POST', `/api/submissions/${id}/publication/retry`, {})).status).toBe(200)
  await until(async () => expect((await detail(id)).submission.status).toBe('published'))
  expect((await inbox()).attention).toEqual([])
  expect((await approver('GET', '/api/dead-letters')).json).toMatchObject({ openCount: 0 })
  expect((await approver('POST', `/api/submissions/${id}/publication/retry`, {})).status).toBe(400)
  await told(id)
})

test('a run that failed otherwise is shown with its post, and can be started again', async () => {
  const { sendMessage } = server.outside.twilio
  server.outside.twilio.sendMessage = async () => {
    throw new NeverRetryError('Twilio refused the text to +14155550123')
  }
  const { id, approvalId } = await waiting()
  await decide(approvalId, { decision: 'deny', reason: 'Not for us' })
  await until(async () => {
    expect((await inbox()).attention).toMatchObject([
      { kind: 'run_failed', submission: { id }, error: 'Twilio refused the text to +1415•••0123' },
    ])
  })
  expect(JSON.stringify((await inbox()).attention)).not.toContain('+14155550123')
  server.outside.twilio.sendMessage = sendMessage
  const run = (await detail(id)).runs.find(({ job }) => job === 'sender-notice')
  const again = await operator('POST', `/api/runs/${encodeURIComponent(run?.id ?? '')}/retry`, {})
  expect(again).toMatchObject({ status: 200, json: { runId: `${run?.id}~2` } })
  expect((await inbox()).attention).toEqual([])
  await until(async () => {
    const { effects, timeline } = await detail(id)
    expect(effects.find(({ kind }) => kind === 'twilio.message')?.status).toBe('done')
    expect(timeline.map(({ text }) => text)).toContain('Started the failed run again')
  })
})

test('an effect of which nobody knows waits for a person’s word, and the run goes on with it', async () => {
  const { id, approvalId } = await waiting()
  const { effects } = await detail(id)
  await decide(approvalId, { decision: 'deny', reason: 'No' })
  await told(id)
  expect(effects.map(({ kind }) => kind)).toEqual(['slack.message'])
  expect(
    (await approver('POST', `/api/effects/${effects[0]?.id}/resolution`, { outcome: 'did_not_happen' }))
      .status,
  ).toBe(409)

  server.outside.circle.createPost = async () => {
    throw new LookFirstError('The answer was lost', 0)
  }
  server.outside.circle.findPost = async () => {
    throw new NeverRetryError('Circle refuses to be searched')
  }
  const lost = await waiting()
  await decide(lost.approvalId, { decision: 'approve' })
  await until(async () => expect((await detail(lost.id)).submission.publication.state).toBe('unknown'))
  const [item] = (await inbox()).attention
  if (item?.kind !== 'effect_unknown')
    throw new Error(`Expected an unknown effect, not ${JSON.stringify(item)}`)
  expect(item.submission?.id).toBe(lost.id)
  expect((await approver('POST', `/api/submissions/${lost.id}/publication/retry`, {})).status).toBe(409)

  const resolve = (body: unknown) => approver('POST', `/api/effects/${item.effect.id}/resolution`, body)
  expect((await resolve({ outcome: 'happened', url: 'javascript:alert(1)' })).status).toBe(400)
  // The tables say so a moment before the run has ended, and until then it cannot go on.
  await until(async () =>
    expect((await resolve({ outcome: 'happened', url: 'https://circle.example/c/jobs/41' })).status).toBe(
      200,
    ),
  )
  await until(async () => expect((await detail(lost.id)).submission.status).toBe('published'))
  const after = await detail(lost.id)
  expect(after.submission.publication).toMatchObject({ url: 'https://circle.example/c/jobs/41' })
  expect(after.timeline.map(({ text }) => text)).toContain('Looked it up: it happened')
  expect((await inbox()).attention).toEqual([])
})
