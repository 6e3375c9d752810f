/** The whole world as one JSON document, for the Sandbox page and for tests that look from outside. */
import { postUrl } from '../circle/posts.ts'
import { spaces, spaceUrl } from '../circle/spaces.ts'
import type { Fault } from '../faults.ts'
import type { CaughtMail } from '../mail/model.ts'
import type { Incident } from '../pagerduty/model.ts'
import {
  type Block,
  type MessageMetadata,
  messageKey,
  type SlackMessage,
  type SlackView,
} from '../slack/model.ts'
import { TEAM } from '../slack/seed.ts'
import type { TwilioMessage } from '../twilio/model.ts'
import type { World } from '../world.ts'
import {
  type LumaView,
  type MailchimpView,
  viewLuma,
  viewMailchimp,
  viewWorkspace,
  type WorkspaceView,
} from './membership-view.ts'
import { type PeopleView, viewPeople } from './people-view.ts'

type ChannelMessage = {
  ts: string
  userName: string
  text: string
  blocks: Block[]
  metadata: MessageMetadata | null
  edited: boolean
  replies: ChannelMessage[]
  atMs: number
}

export type WorldView = {
  clock: { nowMs: number; offsetMs: number }
  phones: {
    number: string
    optedOut: boolean
    messages: {
      direction: 'to_community' | 'from_community'
      body: string
      media: { contentType: string; source: string }[]
      atMs: number
      sid: string
      status: string
      errorCode: number | null
    }[]
  }[]
  /** Twilio's debugger: webhooks and replies that failed. */
  twilioAlerts: { code: number; messageSid: string; text: string; atMs: number }[]
  slack: {
    team: typeof TEAM
    users: WorkspaceView['users']
    usergroups: WorkspaceView['usergroups']
    channels: { id: string; name: string; messages: ChannelMessage[] }[]
    modals: {
      userId: string
      viewId: string
      view: Record<string, unknown>
      error: SlackView['error']
    }[]
    ephemeral: { userId: string; channel: string; text: string; atMs: number }[]
  }
  circle: {
    spaces: { id: number; name: string; slug: string; url: string }[]
    posts: {
      id: string
      name: string
      status: string
      url: string
      html: string
      text: string
      paragraphs: string[]
      createdAtMs: number
    }[]
  }
  mailchimp: MailchimpView
  luma: LumaView
  stripe: PeopleView['stripe']
  clerk: PeopleView['clerk']
  pagerduty: { incidents: Incident[] }
  mail: { caught: CaughtMail[] }
  faults: Fault[]
  calls: { byOperation: Record<string, number> }
}

/**
 * Reads the world. Lists are oldest first.
 * @param limit the latest so many messages of each phone and channel, posts and ephemeral lines; absent, all
 */
export function viewWorld(world: World, limit?: number): WorldView {
  const latest = <T>(list: T[]): T[] => (limit === undefined ? list : list.slice(-limit))
  return {
    clock: { nowMs: world.clock.now(), offsetMs: world.clock.offsetMs() },
    phones: viewPhones(world).map((phone) => ({ ...phone, messages: latest(phone.messages) })),
    twilioAlerts: latest(world.twilio.alerts.values().map(({ id: _id, ...shown }) => shown)),
    slack: {
      team: TEAM,
      ...viewWorkspace(world),
      channels: viewChannels(world, latest),
      modals: world.slack.views
        .values()
        .map((open) => ({ userId: open.userId, viewId: open.id, view: open.view, error: open.error })),
      ephemeral: latest(world.slack.ephemeral.values()).map(({ userId, channel, text, atMs }) => ({
        userId,
        channel,
        text,
        atMs,
      })),
    },
    circle: {
      spaces: spaces(world).map((space) => ({ ...space, url: spaceUrl(world, space) })),
      posts: latest(world.circle.posts.values()).map((post) => ({
        id: String(post.id),
        name: post.name,
        status: post.status,
        url: postUrl(world, post),
        html: post.html,
        text: post.paragraphs.join('\n'),
        paragraphs: post.paragraphs,
        createdAtMs: post.createdMs,
      })),
    },
    mailchimp: viewMailchimp(world, latest),
    luma: viewLuma(world, latest),
    ...viewPeople(world, latest),
    pagerduty: { incidents: latest(world.pagerduty.incidents.values()) },
    mail: { caught: latest(world.mail.caught.values()) },
    faults: world.faults.list(),
    calls: { byOperation: world.calls.counts() },
  }
}

type Threads = Map<string, SlackMessage[]>

function viewChannels(world: World, latest: <T>(list: T[]) => T[]): WorldView['slack']['channels'] {
  const messages = world.slack.messages.values()
  const threads: Threads = Map.groupBy(
    messages.filter((each) => each.threadTs !== null),
    (reply) => messageKey(reply.channel, reply.threadTs ?? ''),
  )
  return world.slack.channels.values().map(({ id, name }) => ({
    id,
    name,
    messages: latest(messages.filter((each) => each.channel === id && each.threadTs === null)).map(
      (message) => viewMessage(world, message, threads),
    ),
  }))
}

function viewPhones(world: World): WorldView['phones'] {
  const byNumber = Map.groupBy(world.twilio.messages.values(), (message) =>
    message.direction === 'inbound' ? message.from : message.to,
  )
  return [...byNumber].map(([number, messages]) => ({
    number,
    optedOut: world.twilio.optedOut.get(number) !== undefined,
    messages: messages.map(viewText),
  }))
}

function viewText(message: TwilioMessage): WorldView['phones'][number]['messages'][number] {
  return {
    direction: message.direction === 'inbound' ? 'to_community' : 'from_community',
    body: message.body,
    media: message.media.map(({ contentType, source }) => ({ contentType, source })),
    atMs: message.createdMs,
    sid: message.sid,
    status: message.status,
    errorCode: message.errorCode,
  }
}

function viewMessage(world: World, message: SlackMessage, threads: Threads): ChannelMessage {
  const replies = threads.get(messageKey(message.channel, message.ts)) ?? []
  return {
    ts: message.ts,
    userName: world.slack.users.get(message.userId)?.realName ?? message.userId,
    text: message.text,
    blocks: message.blocks,
    metadata: message.metadata,
    edited: message.editedTs !== null,
    replies: replies.map((reply) => viewMessage(world, reply, new Map())),
    atMs: message.atMs,
  }
}
