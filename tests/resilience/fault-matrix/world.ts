import { sql } from 'drizzle-orm'
import type { WorldView } from '../../../src/sandbox/index.ts'
import type { JobStage } from '../../support/job-stage.ts'
import type { ChannelMessage } from '../../support/sandbox-world.ts'

/**
 * How the outside world and our tables stand: everything that exists is counted, nothing is told apart by an id or a
 * time. What is the same with and without a fault.
 */
export async function worldOf(stage: JobStage): Promise<unknown> {
  const view = await stage.world().read()
  return { outside: outsideOf(view), inside: await insideOf(stage) }
}

function outsideOf({ phones, slack, circle, mailchimp, luma, pagerduty, mail }: WorldView) {
  return {
    texts: phones.flatMap(({ messages }) =>
      messages.filter(({ direction }) => direction === 'from_community').map(({ body }) => plain(body)),
    ),
    slack: slack.channels.map(({ name, messages }) => [
      name,
      messages.map((message) => [lastWords(message), message.replies.map(({ text }) => plain(text))]),
    ]),
    group: slack.usergroups.map(({ userIds, disabled }) => [
      slack.users.filter(({ id }) => userIds.includes(id)).map(({ email }) => email),
      disabled,
    ]),
    posts: circle.posts.map(({ name, status }) => [name, status]),
    contacts: mailchimp.contacts
      .map(({ email, status, tags, mails }) => [email, status, tags.toSorted().join(), mails.length])
      .toSorted(),
    guests: luma.events.map(({ name, counts }) => [name, counts]),
    guestMails: luma.mails.length,
    charged: luma.charges.reduce((sum, { amountCents }) => sum + amountCents, 0),
    incidents: pagerduty.incidents.map(({ status }) => status),
    // A mail that was sent again after a lost answer bears the same id, by which mail programs show one.
    mails: [...new Set(mail.caught.map(({ messageId }) => messageId))].length,
  }
}

/** What a table says, one text a row. */
const INSIDE = [
  `select 'submission ' || status || coalesce(' not published: ' || publication_failure, '') as row from submissions`,
  `select 'member ' || membership || ' ' || coalesce(mailchimp_email, '-') || case when welcomed_at is null then '' else ' welcomed' end
     || case when profile_hidden then ' hidden' else '' end || coalesce(' problem: ' || mailchimp_problem, '') as row from members`,
  `select 'end ' || status as row from deactivations`,
  `select 'delivery ' || status || coalesce(' problem: ' || problem, '') as row from deliveries`,
  `select 'approval ' || kind || ' ' || status as row from approvals`,
  `select 'effect ' || kind || ' ' || status as row from effects`,
  `select 'open letter ' || cause as row from dead_letters where status = 'open'`,
]

async function insideOf({ database }: JobStage): Promise<string[]> {
  const { rows } = await database.db.execute<{ row: string }>(
    sql.raw(`${INSIDE.join(' union all ')} order by 1`),
  )
  return rows.map(({ row }) => row)
}

function plain(text: string): string {
  return text
    .replaceAll(/KK-[0-9A-Z]{5}/g, 'REF')
    .replaceAll(/https?:\/\/[^\s|>]+/g, 'URL')
    .replaceAll(/<!date[^>]+>/g, 'TIME')
    .replaceAll(/\d{4}-\d\d-\d\d[T ][\d:.]+Z?/g, 'TIME')
}

/** The message's last block: what waits, or what was decided. */
function lastWords(message: ChannelMessage): string {
  const elements = message.blocks.at(-1)?.elements
  if (!Array.isArray(elements)) return plain(message.text)
  return elements
    .map((element: unknown) =>
      typeof element === 'object' && element !== null && 'text' in element ? plain(String(element.text)) : '',
    )
    .join(' ')
}

/** What a person finds at the provider, as they would enter it; null: it is not there. In a world with one of each. */
export function whatHappened(view: WorldView, kind: string): { objectId?: string; url?: string } | null {
  const channel = (name: string) => view.slack.channels.find((each) => each.name === name)
  const asked = channel('jobs')?.messages[0]
  const ref = (name: string, message: ChannelMessage | undefined) =>
    message ? { objectId: `${channel(name)?.id}/${message.ts}` } : null
  const [text] = view.phones
    .flatMap(({ messages }) => messages)
    .filter(({ direction }) => direction === 'from_community')
  const [post] = view.circle.posts
  switch (kind) {
    case 'slack.message':
      return ref('jobs', asked)
    case 'slack.reminder':
      return ref('jobs', asked?.replies[0])
    case 'slack.notice':
    case 'slack.alert':
      return ref('alerts', channel('alerts')?.messages[0])
    case 'twilio.message':
    case 'twilio.alert':
      return text ? { objectId: text.sid } : null
    case 'circle.post':
      return post ? { url: post.url } : null
    case 'mailchimp.welcome':
      return view.mailchimp.contacts.some(({ mails }) => mails.length > 0) ? {} : null
    default:
      throw new Error(`Nobody has said where to look for ${kind}`)
  }
}
