/**
 * `alert-notice`: one notice of one alert on one channel, a durable run of its own, so that a channel that is broken
 * holds up no other. Notices of one alert on one channel go one after the other: what resolves never overtakes what
 * fired. Slack and texts go through the effect ledger; PagerDuty's dedup key makes repeating harmless; a mail that was
 * repeated after a lost answer bears the same Message-ID.
 */
import { and, eq, inArray } from 'drizzle-orm'
import type { Connectors } from '../../connectors/index.ts'
import { announceChange, type Database, type Transaction, tables } from '../../database/index.ts'
import { defineJob, type Job, type RunContext, StepFailedError } from '../../engine/index.ts'
import { type Clock, type Json, MINUTE_MS, NeverRetryError } from '../../primitives/index.ts'
import { NOTICE_JOB } from './readings.ts'
import type { AlertRules } from './rules.ts'
import { mail, pagerDutyEvents, slackMessage, type Telling, tellingSchema, textMessage } from './telling.ts'

export type NoticeParts = {
  database: Database
  clock: Clock
  connectors: Pick<Connectors, 'slack' | 'twilio' | 'pagerduty' | 'email'>
  recipients: AlertRules['recipients']
  /** Where operators are told things in Slack; null while Slack is off. */
  slackChannel: string | null
  /** Without a trailing slash. */
  publicUrl: string
}
export type NoticeJob = Job<Telling>

/** Makes the job. */
export function defineNoticeJob(parts: NoticeParts): NoticeJob {
  return defineJob({
    ...NOTICE_TO_START,
    async run(context, telling) {
      const detail = await tell(context, parts, telling)
      await context.transaction('record that it arrived', (tx) =>
        settle(tx, parts.clock, telling, { status: 'sent', problem: null, detail }),
      )
      return `Told by ${telling.channel}`
    },
    onFailure: (tx, telling, { message }) =>
      settle(tx, parts.clock, telling, { status: 'failed', problem: message, detail: null }),
  })
}

/** What a process needs to start notices without executing any. */
export const NOTICE_TO_START = {
  name: NOTICE_JOB,
  input: tellingSchema,
  idempotencyKey: ({ noticeId }: Telling) => noticeId,
  lane: 'alerts',
  perKey: { key: ({ alertId, channel }: Telling) => `${alertId}/${channel}` },
  retry: { attempts: 20, maxMs: 2 * MINUTE_MS },
}

function tell(context: RunContext, parts: NoticeParts, telling: Telling): Promise<Json> {
  switch (telling.channel) {
    case 'slack':
      return tellSlack(context, parts, telling)
    case 'email':
      return tellByMail(context, parts, telling)
    case 'sms':
      return tellByText(context, parts, telling)
    case 'pagerduty':
      return tellPagerDuty(context, parts, telling)
  }
}

async function tellSlack(context: RunContext, parts: NoticeParts, telling: Telling): Promise<Json> {
  const { slackChannel: channel, publicUrl, connectors } = parts
  if (channel === null) return refuse(context, 'Slack is off, so nobody was told.')
  const marker = `alert:${telling.noticeId}`
  return context.effect('post in Slack', {
    key: `slack.alert:${telling.noticeId}`,
    kind: 'slack.alert',
    description: `A notice of the alert ${telling.rule} to the operators’ channel`,
    subjectId: telling.alertId,
    perform: () => connectors.slack.postMessage({ channel, marker, ...slackMessage(telling, publicUrl) }),
    look: (sinceMs) => connectors.slack.findMessage({ channel, marker, sinceMs }),
    objectId: ({ channel: inChannel, ts }) => `${inChannel}/${ts}`,
  })
}

async function tellByText(context: RunContext, parts: NoticeParts, telling: Telling): Promise<Json> {
  const { twilio } = parts.connectors
  const body = textMessage(telling, parts.publicUrl)
  const numbers = parts.recipients.sms
  if (numbers.length === 0)
    return refuse(context, 'No numbers are listed in alerts.yaml, so nobody was told.')
  await toEach(numbers, (to, index) =>
    context.effect(`text number ${index + 1}`, {
      key: `twilio.alert:${telling.noticeId}:${index + 1}`,
      kind: 'twilio.alert',
      description: `A text about the alert ${telling.rule} to listed number ${index + 1}`,
      subjectId: telling.alertId,
      perform: () => twilio.sendMessage({ to, body }),
      look: (sinceMs) => twilio.findMessage({ to, body, sinceMs }),
      objectId: ({ sid }) => sid,
    }),
  )
  return { told: numbers.length }
}

async function tellByMail(context: RunContext, parts: NoticeParts, telling: Telling): Promise<Json> {
  const { subject, text } = mail(telling, parts.publicUrl)
  // By their ids: addresses do not belong into the record of a step.
  const whom = await context.step('whom', () => recipientsOf(parts))
  await toEach(whom, (id, index) =>
    context.call(`mail ${index + 1}`, async () => {
      const to = await addressOf(parts, id)
      // Somebody who has been removed since is not told.
      if (to === null) return
      const messageId = `${telling.noticeId}.${index + 1}@kinkeeper`
      await parts.connectors.email.send({ to, subject, text, messageId })
    }),
  )
  return { told: whom.length }
}

async function tellPagerDuty(context: RunContext, parts: NoticeParts, telling: Telling): Promise<Json> {
  for (const event of pagerDutyEvents(telling, parts.publicUrl))
    await context.call(`${event.action} at PagerDuty`, async () => {
      if (event.action !== 'resolve' && (await isToldToBeOver(parts, telling))) return
      await parts.connectors.pagerduty.send(event)
    })
  return {}
}

/** Replayed after that: an incident that is opened now is closed by nobody. */
async function isToldToBeOver({ database }: NoticeParts, { alertId, channel }: Telling): Promise<boolean> {
  const { alertNotices } = tables
  const isOver = and(
    eq(alertNotices.alertId, alertId),
    eq(alertNotices.channel, channel),
    eq(alertNotices.about, 'resolved'),
    eq(alertNotices.status, 'sent'),
  )
  return (await database.db.$count(alertNotices, isOver)) > 0
}

/** Each by itself, so that one that is refused does not keep the others from being told. @throws the first failure */
async function toEach<T>(
  recipients: readonly T[],
  send: (recipient: T, index: number) => Promise<unknown>,
): Promise<void> {
  // Begun in order, as the record of the steps needs it; none waits for another's retries.
  const outcomes = await Promise.allSettled(recipients.map(send))
  const failures = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []))
  // A run that was put down has not failed: that comes first.
  const first = failures.find((reason) => !(reason instanceof StepFailedError)) ?? failures[0]
  if (first) throw first
}

/** Listed addresses by their place in the list, else the people who act on alerts. */
async function recipientsOf({ database, recipients }: NoticeParts): Promise<string[]> {
  if (recipients.email) return recipients.email.map((_, index) => `listed:${index}`)
  const { users } = tables
  const people = await database.db
    .select({ id: users.id })
    .from(users)
    .where(inArray(users.role, ['operator', 'owner']))
    .orderBy(users.id)
  if (people.length === 0)
    throw new NeverRetryError(
      'Nobody has the role operator or owner, and no addresses are listed in alerts.yaml.',
    )
  return people.map(({ id }) => id)
}

async function addressOf({ database, recipients }: NoticeParts, id: string): Promise<string | null> {
  const [, place] = /^listed:(\d+)$/.exec(id) ?? []
  if (place !== undefined) return recipients.email?.[Number(place)] ?? null
  const { users } = tables
  const [person] = await database.db.select({ email: users.email }).from(users).where(eq(users.id, id))
  return person?.email ?? null
}

/** Ends the run as failed: it was started while the channel was on, and its settings have gone since. */
function refuse(context: RunContext, sentence: string): Promise<never> {
  return context.step('whom', async () => {
    throw new NeverRetryError(sentence)
  })
}

/** A failed notice that is replayed may still arrive; one that has arrived stays so. */
async function settle(
  tx: Transaction,
  clock: Clock,
  { noticeId, alertId }: Telling,
  outcome: { status: 'sent' | 'failed'; problem: string | null; detail: Json | null },
): Promise<void> {
  const { alertNotices } = tables
  await tx.db
    .update(alertNotices)
    .set({ ...outcome, settledAt: new Date(clock.now() - clock.offsetMs()) })
    .where(and(eq(alertNotices.id, noticeId), inArray(alertNotices.status, ['pending', 'failed'])))
  await announceChange(tx, { topic: 'alert', id: alertId })
}
