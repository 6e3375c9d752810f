import { useState } from 'react'
import { Icon } from '../../ui/icon.tsx'
import { RelativeTime } from '../../ui/relative-time.tsx'
import { ScrollBox } from '../../ui/scroll-box.tsx'
import { BlockList, InlineText, UserNames } from './block-list.tsx'
import { readBlocks, readModal, readMrkdwn } from './blocks.ts'
import { GroupList } from './group-list.tsx'
import { Panel } from './panel.tsx'
import { SlackModal } from './slack-modal.tsx'
import styles from './slack-panel.module.css'
import { type SlackMessage, type SlackUser, sandbox, useSandbox, type World } from './world.ts'

/** The Slack workspace: its channels as one of its people sees them, with buttons that work. */
export function SlackPanel({ slack }: { slack: World['slack'] }) {
  const [userId, setUserId] = useState(slack.users[0]?.id ?? '')
  const [channelId, setChannelId] = useState(jobsChannel(slack))
  const channel = slack.channels.find(({ id }) => id === channelId) ?? slack.channels[0]
  const modal = slack.modals.findLast((open) => open.userId === userId)
  const names = new Map(slack.users.map((user) => [user.id, nameOf(user)]))
  return (
    <UserNames value={names}>
      <Panel
        icon="hash"
        title="Slack"
        aside={
          <>
            <Choice
              label="Channel"
              value={channel?.id ?? ''}
              onChange={setChannelId}
              options={slack.channels.map(({ id, name }) => ({ value: id, label: `#${name}` }))}
            />
            <Choice
              label="Act as"
              value={userId}
              onChange={setUserId}
              options={slack.users.map((user) => ({ value: user.id, label: nameOf(user) }))}
            />
          </>
        }
      >
        {channel && channel.messages.length > 0 ? (
          <ScrollBox label={`Messages in #${channel.name}`}>
            <ol className={styles.messages}>
              {channel.messages.toSorted(newestFirst).map((message) => (
                <Message key={message.ts} message={message} channel={channel.id} userId={userId} />
              ))}
            </ol>
          </ScrollBox>
        ) : (
          <p className={styles.nothing}>
            Nothing in this channel yet. A job post that was read is announced here.
          </p>
        )}
        <Ephemeral slack={slack} userId={userId} channel={channel?.id ?? ''} />
        <GroupList slack={slack} />
        {modal && (
          <SlackModal
            key={modal.viewId}
            viewId={modal.viewId}
            userId={userId}
            modal={readModal(modal.view)}
          />
        )}
      </Panel>
    </UserNames>
  )
}

function Message(props: { message: SlackMessage; channel: string; userId: string }) {
  const { message, channel, userId } = props
  const click = useSandbox(sandbox.click)
  const blocks = readBlocks(message.blocks)
  return (
    <li className={styles.message}>
      <p className={styles.head}>
        <strong>{message.userName}</strong>
        <span className={styles.time}>
          <RelativeTime at={new Date(message.atMs).toISOString()} inTable />
          {Boolean(message.edited) && ' (edited)'}
        </span>
      </p>
      {blocks.length > 0 ? (
        <BlockList
          blocks={blocks}
          busy={click.isPending}
          onPress={(actionId) => click.mutate({ userId, channel, ts: message.ts, actionId })}
        />
      ) : (
        <p dir="auto">
          <InlineText inlines={readMrkdwn(message.text)} />
        </p>
      )}
      {message.replies.length > 0 && (
        <ol className={styles.replies} aria-label="Replies">
          {message.replies.map((reply) => (
            <Message key={reply.ts} message={{ ...reply, replies: [] }} channel={channel} userId={userId} />
          ))}
        </ol>
      )}
    </li>
  )
}

/** What only the chosen person sees: the last such message. */
function Ephemeral(props: { slack: World['slack']; userId: string; channel: string }) {
  const last = props.slack.ephemeral.findLast(
    ({ userId, channel }) => userId === props.userId && channel === props.channel,
  )
  if (last === undefined) return null
  return (
    <p className={styles.ephemeral} role="status">
      <Icon name="user" size={12} />
      <span>
        Only you see this: <InlineText inlines={readMrkdwn(last.text)} />{' '}
        <RelativeTime at={new Date(last.atMs).toISOString()} inTable />
      </span>
    </p>
  )
}

function Choice(props: {
  label: string
  value: string
  onChange: (value: string) => void
  options: { value: string; label: string }[]
}) {
  return (
    <select
      className={styles.choice}
      aria-label={props.label}
      value={props.value}
      onChange={(event) => props.onChange(event.target.value)}
    >
      {props.options.map((option) => (
        <option key={option.value} value={option.value}>
          {option.label}
        </option>
      ))}
    </select>
  )
}

function jobsChannel(slack: World['slack']): string {
  const byName = slack.channels.find(({ name }) => name.includes('job'))
  return (byName ?? slack.channels[0])?.id ?? ''
}

function newestFirst(a: SlackMessage, b: SlackMessage): number {
  return b.atMs - a.atMs || b.ts.localeCompare(a.ts)
}

function nameOf(user: SlackUser): string {
  return user.realName || user.name
}
