import { z } from 'zod'
import { defineJob, type Job } from '../../engine/index.ts'
import { MINUTE_MS } from '../../primitives/index.ts'
import type { MembershipParts } from '../membership/parts.ts'

const inputSchema = z.object({ key: z.string(), text: z.string() })
export type OperatorNoticeJob = Job<z.infer<typeof inputSchema>>

/** A section's text may be no longer. https://docs.slack.dev/reference/block-kit/blocks/section-block (2026-11) */
const LONGEST = 3_000

/** Tells the operators something in their Slack channel, once for each key. */
export function defineOperatorNotice(
  parts: Pick<MembershipParts, 'connectors' | 'modes' | 'operatorsChannel'>,
): OperatorNoticeJob {
  return defineJob({
    name: 'operator-notice',
    input: inputSchema,
    idempotencyKey: ({ key }) => key,
    lane: 'notices',
    undo: { 'tell the operators': { impossible: 'The notice has been read; it does no harm.' } },
    retry: { attempts: 20, maxMs: 2 * MINUTE_MS },
    async run(context, { key, text }) {
      const channel = parts.operatorsChannel
      const told = channel !== null && parts.modes.slack !== 'off'
      if (!told) return 'Slack is off, so nobody was told'
      const marker = `notice:${key}`
      const shown = text.length <= LONGEST ? text : `${text.slice(0, LONGEST - 1)}…`
      await context.effect('tell the operators', {
        key: `slack.notice:${key}`,
        kind: 'slack.notice',
        // Not the text: it names people.
        description: `A notice to the operators’ channel (${key})`,
        subjectId: key,
        perform: () =>
          parts.connectors.slack.postMessage({
            channel,
            text: shown,
            marker,
            blocks: [{ type: 'section', text: { type: 'plain_text', text: shown } }],
          }),
        look: (sinceMs) => parts.connectors.slack.findMessage({ channel, marker, sinceMs }),
        objectId: ({ channel: inChannel, ts }) => `${inChannel}/${ts}`,
      })
      return 'The operators were told'
    },
  })
}
