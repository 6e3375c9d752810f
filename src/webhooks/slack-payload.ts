import { z } from 'zod'
import { parseJson } from '../primitives/index.ts'
import { formFields } from './raw-body.ts'

/**
 * What Slack sends when somebody uses a button or a modal; only what we read of it. A click carries no `callback_id`:
 * the approval's id is the button's value.
 * https://docs.slack.dev/reference/interaction-payloads, read 2026-11-22
 */
const userSchema = z.object({
  id: z.string().min(1),
  name: z.string().optional(),
  username: z.string().optional(),
})

const clickSchema = z.object({
  type: z.literal('block_actions'),
  user: userSchema,
  trigger_id: z.string(),
  channel: z.object({ id: z.string() }).optional(),
  container: z.object({ message_ts: z.string().optional() }).optional(),
  actions: z
    .array(
      z.object({ action_id: z.string(), action_ts: z.string().default(''), value: z.string().optional() }),
    )
    .min(1),
})

const submissionSchema = z.object({
  type: z.literal('view_submission'),
  user: userSchema,
  view: z.object({
    id: z.string(),
    hash: z.string().default(''),
    callback_id: z.string(),
    private_metadata: z.string(),
    state: z.object({ values: z.record(z.string(), z.record(z.string(), z.unknown())) }),
  }),
})

const otherSchema = z.object({ type: z.string() })

export type SlackUser = { id: string; name: string }
export type SlackClick = {
  kind: 'click'
  user: SlackUser
  triggerId: string
  channel: string | null
  actionId: string
  approvalId: string
  deliveryId: string
}
export type SlackSubmission = {
  kind: 'submission'
  user: SlackUser
  modal: string
  approvalId: string
  values: Record<string, Record<string, unknown>>
  deliveryId: string
}
export type SlackInteraction = SlackClick | SlackSubmission | { kind: 'other'; type: string }

const metadataSchema = z.object({ approvalId: z.string() })

/** Reads the form field `payload`; null when it is not what Slack sends. */
export function readInteraction(rawBody: Uint8Array): SlackInteraction | null {
  const payload = parseJson(new Map(formFields(rawBody)).get('payload') ?? '')
  const click = clickSchema.safeParse(payload)
  if (click.success) return readClick(click.data)
  const submission = submissionSchema.safeParse(payload)
  if (submission.success) return readSubmission(submission.data)
  const other = otherSchema.safeParse(payload)
  // A click or a submission that does not fit is malformed; another type is simply not ours.
  return other.success && !['block_actions', 'view_submission'].includes(other.data.type)
    ? { kind: 'other', type: other.data.type }
    : null
}

function readClick(payload: z.infer<typeof clickSchema>): SlackInteraction {
  const [action] = payload.actions
  const user = readUser(payload.user)
  if (!action?.value) return { kind: 'other', type: 'block_actions without a value' }
  return {
    kind: 'click',
    user,
    triggerId: payload.trigger_id,
    channel: payload.channel?.id ?? null,
    actionId: action.action_id,
    approvalId: action.value,
    deliveryId: [
      'click',
      payload.container?.message_ts ?? action.value,
      action.action_ts,
      user.id,
      action.action_id,
    ].join(':'),
  }
}

function readSubmission(payload: z.infer<typeof submissionSchema>): SlackInteraction | null {
  const metadata = metadataSchema.safeParse(parseJson(payload.view.private_metadata))
  if (!metadata.success) return null
  return {
    kind: 'submission',
    user: readUser(payload.user),
    modal: payload.view.callback_id,
    approvalId: metadata.data.approvalId,
    values: payload.view.state.values,
    deliveryId: ['modal', payload.view.id, payload.view.hash, payload.user.id].join(':'),
  }
}

function readUser(user: z.infer<typeof userSchema>): SlackUser {
  return { id: user.id, name: user.name ?? user.username ?? user.id }
}
