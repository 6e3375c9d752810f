import { eq } from 'drizzle-orm'
import { createSubmission, findOrCreateSender } from '../../../src/community/index.ts'
import type { ProviderName } from '../../../src/connectors/index.ts'
import { tables } from '../../../src/database/index.ts'
import { DAY_MS, SECOND_MS } from '../../../src/primitives/index.ts'
import type { Person } from '../../../src/sandbox/index.ts'
import { GOOD_POST } from '../../support/stories.ts'
import { type MatrixStage, PERSON } from './stage.ts'

/**
 * One call that a story makes. `job`: the one whose run suffers. `after`: the call whose answer is lost first, because
 * this one looks for what it made. `falls-back`: without it the run ends well all the same. `no-look`: after a lost
 * answer only a person can say. `tried-again`: even a refusal for good is. `sees-it`: the next attempt sees what an
 * earlier one did, and has nothing left to ask for. `looks-again`: what was done is found, also when there is no attempt
 * left.
 */
export type StoryCall = {
  job: string
  provider: ProviderName
  operation: string
  after?: string
  but?: 'falls-back' | 'no-look' | 'tried-again' | 'sees-it' | 'looks-again'
}

/** `tell` brings the world to where the story begins, without faults, and gives what happens then. */
export type MatrixStory = {
  name: string
  calls: readonly StoryCall[]
  tell(stage: MatrixStage): Promise<() => Promise<void>>
}

const STORIES: readonly MatrixStory[] = [
  {
    name: 'a job post is texted',
    calls: [
      { job: 'job-post-review', provider: 'openai', operation: 'responses.create', but: 'falls-back' },
      { job: 'job-post-review', provider: 'slack', operation: 'chat.postMessage', but: 'looks-again' },
      {
        job: 'job-post-review',
        provider: 'slack',
        operation: 'conversations.history',
        after: 'chat.postMessage',
        but: 'looks-again',
      },
    ],
    tell: async (stage) => () => receiveText(stage),
  },
  {
    name: 'a job post is approved',
    calls: [
      { job: 'job-post-publication', provider: 'circle', operation: 'posts.create', but: 'looks-again' },
      {
        job: 'job-post-publication',
        provider: 'circle',
        operation: 'posts.list',
        after: 'posts.create',
        but: 'looks-again',
      },
      { job: 'sender-notice', provider: 'twilio', operation: 'messages.create', but: 'looks-again' },
      {
        job: 'sender-notice',
        provider: 'twilio',
        operation: 'messages.list',
        after: 'messages.create',
        but: 'looks-again',
      },
      { job: 'job-post-message-sync', provider: 'slack', operation: 'chat.update' },
    ],
    async tell(stage) {
      const approvalId = await askedFor(stage)
      return async () => {
        const decision = { outcome: 'approved' as const }
        await stage.review.decide({ approvalId, actor: PERSON, decision })
      }
    },
  },
  {
    name: 'a decision takes long',
    calls: [
      { job: 'approval-reminder', provider: 'slack', operation: 'chat.postMessage', but: 'looks-again' },
      {
        job: 'approval-reminder',
        provider: 'slack',
        operation: 'conversations.replies',
        after: 'chat.postMessage',
        but: 'looks-again',
      },
    ],
    async tell(stage) {
      const approvalId = await askedFor(stage)
      return () => stage.start('approval-reminder', { approvalId, number: 1 })
    },
  },
  {
    name: 'somebody signs up and pays',
    calls: [
      { job: 'webhook-retry', provider: 'clerk', operation: 'users.get', but: 'tried-again' },
      { job: 'webhook-retry', provider: 'stripe', operation: 'customers.retrieve', but: 'tried-again' },
      { job: 'webhook-retry', provider: 'stripe', operation: 'subscriptions.list', but: 'tried-again' },
      { job: 'member-sync', provider: 'mailchimp', operation: 'members.put' },
      { job: 'member-sync', provider: 'mailchimp', operation: 'tags.set', but: 'sees-it' },
      { job: 'member-sync', provider: 'mailchimp', operation: 'journeys.trigger', but: 'no-look' },
    ],
    tell: signUp,
  },
  {
    name: 'a membership ends',
    calls: [
      { job: 'member-deactivation', provider: 'stripe', operation: 'subscriptions.list' },
      { job: 'member-sync', provider: 'mailchimp', operation: 'members.put' },
      { job: 'member-sync', provider: 'mailchimp', operation: 'tags.set', but: 'sees-it' },
      { job: 'slack-group', provider: 'slack', operation: 'usergroups.list' },
      { job: 'slack-group', provider: 'slack', operation: 'usergroups.users.list' },
      { job: 'slack-group', provider: 'slack', operation: 'usergroups.users.update', but: 'sees-it' },
    ],
    tell: leave,
  },
  {
    name: 'the workspace is read',
    calls: [
      { job: 'slack-sync', provider: 'slack', operation: 'users.list' },
      { job: 'slack-sync', provider: 'slack', operation: 'usergroups.list' },
      { job: 'slack-sync', provider: 'slack', operation: 'usergroups.users.list' },
      { job: 'slack-sync', provider: 'slack', operation: 'usergroups.users.update', but: 'sees-it' },
      { job: 'operator-notice', provider: 'slack', operation: 'chat.postMessage', but: 'looks-again' },
      {
        job: 'operator-notice',
        provider: 'slack',
        operation: 'conversations.history',
        after: 'chat.postMessage',
        but: 'looks-again',
      },
    ],
    async tell(stage) {
      await peopleInSlack(stage, ['ada', 'bert'])
      return () => stage.start('slack-sync', { slot: stage.unique('2026-11-22T09:00:00.000Z') })
    },
  },
  {
    name: 'a member asks to come to an event',
    calls: [
      { job: 'luma-approval', provider: 'luma', operation: 'events.list' },
      { job: 'luma-approval', provider: 'luma', operation: 'guests.list' },
      { job: 'luma-approval', provider: 'luma', operation: 'guests.update-status', but: 'sees-it' },
      { job: 'luma-approval', provider: 'luma', operation: 'guests.get', after: 'guests.update-status' },
    ],
    async tell(stage) {
      await stage.addMember({ email: 'ada@example.org', emailVerified: true })
      const guests = ['ada', 'stranger'].map((name) => ({ email: `${name}@example.org`, name }))
      await stage.world().control('POST', '/luma/events', { name: 'Salon', startsInMs: 30 * DAY_MS, guests })
      return () => stage.start('luma-approval', { slot: stage.unique('2026-11-22T09:00:00.000Z') })
    },
  },
  alert('slack', [
    { job: 'alert-notice', provider: 'slack', operation: 'chat.postMessage', but: 'looks-again' },
    {
      job: 'alert-notice',
      provider: 'slack',
      operation: 'conversations.history',
      after: 'chat.postMessage',
      but: 'looks-again',
    },
  ]),
  alert('sms', [
    { job: 'alert-notice', provider: 'twilio', operation: 'messages.create', but: 'looks-again' },
    {
      job: 'alert-notice',
      provider: 'twilio',
      operation: 'messages.list',
      after: 'messages.create',
      but: 'looks-again',
    },
  ]),
  alert('pagerduty', [{ job: 'alert-notice', provider: 'pagerduty', operation: 'events.enqueue' }]),
  alert('email', [{ job: 'alert-notice', provider: 'email', operation: 'mail' }]),
]

const ABOUT_MEMBERS = /^(?:webhook-retry|member-\w+|slack-\w+|luma-approval)$/
const isAboutMembers = ({ calls }: MatrixStory) => calls.some(({ job }) => ABOUT_MEMBERS.test(job))

/** Two parts, so that two processes can share the work. */
export const MEMBER_STORIES = STORIES.filter(isAboutMembers)
export const POST_STORIES = STORIES.filter((story) => !isAboutMembers(story))

function alert(channel: string, calls: readonly StoryCall[]): MatrixStory {
  const telling = {
    alertId: 'alr_1',
    channel,
    about: 'fired',
    rule: 'queue-backlog',
    severity: 'critical',
    cause: '',
    words: 'queued_jobs is 150.',
    atMs: Date.UTC(2026, 10, 22),
    actPath: '/runs',
    hasRunbook: false,
  }
  const tell = async (stage: MatrixStage) => () =>
    stage.start('alert-notice', { ...telling, noticeId: stage.unique(`ntc_${channel}`) })
  return { name: `an alert is told by ${channel}`, calls, tell }
}

async function receiveText(stage: MatrixStage): Promise<void> {
  const receivedAtMs = stage.parts.clock.now()
  await stage.database.transaction(async (tx) => {
    const sender = await findOrCreateSender(tx, '+14155550123', receivedAtMs)
    const text = { messageSid: 'SM1', body: GOOD_POST, media: 0, receivedAtMs }
    const submission = await createSubmission(tx, sender, text, 'pending_parse')
    await stage.review.startReview(tx, submission.id, 1)
  })
}

/** A job post that waits for a decision. @returns the approval's id */
async function askedFor(stage: MatrixStage): Promise<string> {
  await receiveText(stage)
  await stage.quiet()
  const [approval] = await stage.database.db.select().from(tables.approvals)
  if (!approval) throw new Error('Nobody was asked')
  return approval.id
}

/** Both providers' webhooks have come in and been kept; their handling begins. */
async function signUp(stage: MatrixStage): Promise<() => Promise<void>> {
  const world = stage.world()
  await world.control('POST', '/deliveries/hold', {})
  const person = await world.control<Person>('POST', '/people/signup', { seed: 'ada' })
  const invoice = { object: 'invoice', customer: person.customerId, subscription: person.subscriptionId }
  const events = [
    {
      source: 'clerk',
      externalId: 'msg_1',
      payload: { type: 'user.created', data: { id: person.clerkUserId } },
    },
    {
      source: 'stripe',
      externalId: 'evt_1',
      payload: { id: 'evt_1', type: 'invoice.paid', created: nowS(stage), data: { object: invoice } },
    },
  ]
  return async () => {
    for (const { payload, ...delivery } of events) {
      await stage.database.transaction(async (tx) => {
        const row = {
          ...delivery,
          receivedAt: new Date(stage.parts.clock.now()),
          status: 'received' as const,
        }
        const [kept] = await tx.db.insert(tables.deliveries).values(row).returning()
        if (!kept) throw new Error('The delivery was not kept')
        await tx.db.insert(tables.deliveryPayloads).values({ deliveryId: kept.id, payload })
        await stage.membership.startHandling(tx, kept.id)
      })
    }
  }
}

/** Two members, of whom one has not paid. */
async function leave(stage: MatrixStage): Promise<() => Promise<void>> {
  const [, ended] = await peopleInSlack(stage, ['ada', 'bert'])
  if (!ended) throw new Error('There is no second member')
  await stage.start('slack-sync', { slot: stage.unique('2026-11-22T08:00:00.000Z') })
  await stage.start('member-sync', { memberId: ended.id, sourceEventId: 'evt_begin', action: 'create' })
  await stage.quiet()
  await stage.database.db.insert(tables.subscriptions).values({
    id: 'sub_ended',
    customerId: 'cus_ended',
    memberId: ended.id,
    status: 'canceled',
    cancelAtPeriodEnd: false,
    endedAt: new Date(Date.UTC(2026, 0, 1)),
    startedAt: new Date(Date.UTC(2025, 0, 1)),
    seenMs: 1,
  })
  return () =>
    stage.database.transaction((tx) =>
      stage.membership.settle(tx, ended.id, { sourceEventId: 'evt_end', why: 'the subscription ended' }),
    )
}

/** Members by these names, who are in the workspace and have been welcomed. */
async function peopleInSlack(stage: MatrixStage, names: readonly string[]) {
  const members: { id: string }[] = []
  for (const name of names) {
    const email = `${name}@example.org`
    await stage.world().control('POST', '/slack/users', { email, realName: name })
    const member = await stage.addMember({
      email,
      emailVerified: true,
      clerkId: `user_${name}`,
      stripeCustomerId: `cus_${name}`,
      welcomedAt: new Date(Date.UTC(2025, 0, 1)),
    })
    // Somebody pays for everybody, but for whom a story says otherwise.
    if (name === names[0])
      await stage.database.db
        .update(tables.members)
        .set({ byHand: 'kept' })
        .where(eq(tables.members.id, member.id))
    members.push(member)
  }
  return members
}

const nowS = (stage: MatrixStage) => Math.floor(stage.parts.clock.now() / SECOND_MS)
