/** Slack's own types of the blocks and views that jobs compose. Types only. */
export type { KnownBlock, ModalView } from '@slack/types'
