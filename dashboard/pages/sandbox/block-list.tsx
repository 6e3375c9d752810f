import { createContext, useContext } from 'react'
import { describeExact } from '../../time.ts'
import { Button } from '../../ui/button.tsx'
import { Icon, type IconName } from '../../ui/icon.tsx'
import styles from './block-list.module.css'
import type { Block, ButtonElement, Inline } from './blocks.ts'

/** The names of the workspace's people by their ids, for mentions. */
export const UserNames = createContext<ReadonlyMap<string, string>>(new Map())

/** Draws a message's blocks; inputs belong to modals and are drawn there. */
export function BlockList(props: { blocks: Block[]; busy?: boolean; onPress: (actionId: string) => void }) {
  return (
    <div className={styles.blocks}>
      {props.blocks.map((block) => (
        <BlockView key={block.key} block={block} busy={props.busy ?? false} onPress={props.onPress} />
      ))}
    </div>
  )
}

/** Stretches of mrkdwn as text with weight and links. */
export function InlineText({ inlines }: { inlines: Inline[] }) {
  return inlines.map((inline) => <Stretch key={inline.at} inline={inline} />)
}

function BlockView(props: { block: Block; busy: boolean; onPress: (actionId: string) => void }) {
  const { block, busy, onPress } = props
  switch (block.type) {
    case 'header':
      return (
        <h3 className={styles.header} dir="auto">
          {block.text}
        </h3>
      )
    case 'section':
      return <SectionBlock block={block} />
    case 'context':
      return (
        <div className={styles.context}>
          {block.elements.map((element) => (
            <span key={element.key} dir="auto">
              <InlineText inlines={element.inlines} />
            </span>
          ))}
        </div>
      )
    case 'divider':
      return <hr className={styles.divider} />
    case 'actions':
      return (
        <div className={styles.actions}>
          {block.buttons.map((button) => (
            <ActionButton
              key={button.actionId || button.text}
              button={button}
              busy={busy}
              onPress={onPress}
            />
          ))}
        </div>
      )
    case 'input':
      return null
  }
}

function SectionBlock({ block }: { block: Extract<Block, { type: 'section' }> }) {
  return (
    <>
      {block.text.inlines.length > 0 && (
        <p className={styles.text} dir="auto">
          <InlineText inlines={block.text.inlines} />
        </p>
      )}
      {block.fields.length > 0 && (
        <div className={styles.fields}>
          {block.fields.map((field) => (
            <p key={field.key} className={styles.text} dir="auto">
              <InlineText inlines={field.inlines} />
            </p>
          ))}
        </div>
      )}
    </>
  )
}

const LOOKS = { primary: 'primary', danger: 'danger' } as const

function ActionButton(props: { button: ButtonElement; busy: boolean; onPress: (actionId: string) => void }) {
  const { button, busy, onPress } = props
  if (button.url !== null) {
    return (
      <a href={button.url} target="_blank" rel="noreferrer" className={styles.link}>
        {button.text}
      </a>
    )
  }
  return (
    <Button
      look={button.style === null ? 'plain' : LOOKS[button.style]}
      disabled={busy}
      onClick={() => onPress(button.actionId)}
    >
      {button.text}
    </Button>
  )
}

function Stretch({ inline }: { inline: Inline }) {
  switch (inline.kind) {
    case 'plain':
      return inline.text
    case 'bold':
      return <strong>{inline.text}</strong>
    case 'italic':
      return <em>{inline.text}</em>
    case 'strike':
      return <s>{inline.text}</s>
    case 'code':
      return <code>{inline.text}</code>
    case 'emoji':
      return <Emoji name={inline.text} />
    case 'mention':
      return <Mention userId={inline.text} />
    case 'date':
      return <time dateTime={new Date(inline.atMs).toISOString()}>{describeExact(inline.atMs)}</time>
    case 'link':
      return (
        <a href={inline.url} target="_blank" rel="noreferrer">
          {inline.text}
        </a>
      )
  }
}

/** The emoji that our messages use, as icons of our own; another one is shown by its name. */
const EMOJI: Record<string, IconName> = {
  hourglass: 'clock',
  warning: 'alert',
  white_check_mark: 'check',
  x: 'cross',
}

function Emoji({ name }: { name: string }) {
  const icon = EMOJI[name]
  if (icon === undefined) return `:${name}:`
  return (
    <span className={styles.emoji}>
      <Icon name={icon} size={12} />
    </span>
  )
}

function Mention({ userId }: { userId: string }) {
  const name = useContext(UserNames).get(userId)
  return <span className={styles.mention}>@{name ?? userId}</span>
}
