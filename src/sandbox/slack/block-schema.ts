/**
 * Block Kit's rules as schemas: types, lengths, counts, and no property that Slack does not know.
 * https://docs.slack.dev/reference/block-kit/blocks (2026-11)
 */
import { z } from 'zod'

const some = (max: number) => z.string().min(1).max(max)
const plainText = (max: number) =>
  z.strictObject({ type: z.literal('plain_text'), text: some(max), emoji: z.boolean().optional() })
const mrkdwn = (max: number) =>
  z.strictObject({ type: z.literal('mrkdwn'), text: some(max), verbatim: z.boolean().optional() })
const anyText = (max: number) => z.discriminatedUnion('type', [plainText(max), mrkdwn(max)])
const actionId = some(255).optional()
const blockId = some(255).optional()

const confirm = z.strictObject({
  title: plainText(100),
  text: anyText(300),
  confirm: plainText(30),
  deny: plainText(30),
  style: z.enum(['primary', 'danger']).optional(),
})
const option = z.strictObject({
  text: anyText(75),
  value: some(150),
  description: anyText(75).optional(),
  url: some(3_000).optional(),
})
const optionGroup = z.strictObject({ label: plainText(75), options: z.array(option).min(1).max(100) })
const placeholder = plainText(150).optional()
const select = {
  action_id: actionId,
  options: z.array(option).min(1).max(100).optional(),
  option_groups: z.array(optionGroup).min(1).max(100).optional(),
  placeholder,
  confirm: confirm.optional(),
  focus_on_load: z.boolean().optional(),
}
const typed = {
  action_id: actionId,
  placeholder,
  focus_on_load: z.boolean().optional(),
  dispatch_action_config: z.record(z.string(), z.unknown()).optional(),
}

const button = z.strictObject({
  type: z.literal('button'),
  text: plainText(75),
  action_id: actionId,
  url: some(3_000).optional(),
  value: some(2_000).optional(),
  style: z.enum(['primary', 'danger']).optional(),
  confirm: confirm.optional(),
  accessibility_label: some(75).optional(),
})
const imageElement = z.strictObject({
  type: z.literal('image'),
  image_url: some(3_000).optional(),
  slack_file: z.record(z.string(), z.unknown()).optional(),
  alt_text: some(2_000),
})
const chooser = [
  z.strictObject({ type: z.literal('static_select'), ...select, initial_option: option.optional() }),
  z.strictObject({
    type: z.literal('multi_static_select'),
    ...select,
    initial_options: z.array(option).optional(),
    max_selected_items: z.int().min(1).optional(),
  }),
  z.strictObject({
    type: z.literal('radio_buttons'),
    action_id: actionId,
    options: z.array(option).min(1).max(10),
    initial_option: option.optional(),
    confirm: confirm.optional(),
    focus_on_load: z.boolean().optional(),
  }),
  z.strictObject({
    type: z.literal('checkboxes'),
    action_id: actionId,
    options: z.array(option).min(1).max(10),
    initial_options: z.array(option).optional(),
    confirm: confirm.optional(),
    focus_on_load: z.boolean().optional(),
  }),
  z.strictObject({
    type: z.literal('datepicker'),
    action_id: actionId,
    initial_date: z.iso.date().optional(),
    placeholder,
    confirm: confirm.optional(),
    focus_on_load: z.boolean().optional(),
  }),
  z.strictObject({
    type: z.literal('users_select'),
    action_id: actionId,
    initial_user: some(255).optional(),
    placeholder,
    confirm: confirm.optional(),
    focus_on_load: z.boolean().optional(),
  }),
] as const
const overflow = z.strictObject({
  type: z.literal('overflow'),
  action_id: actionId,
  options: z.array(option).min(1).max(5),
  confirm: confirm.optional(),
})
const inputElement = z.discriminatedUnion('type', [
  ...chooser,
  z.strictObject({
    type: z.literal('plain_text_input'),
    ...typed,
    initial_value: z.string().max(3_000).optional(),
    multiline: z.boolean().optional(),
    min_length: z.int().min(0).max(3_000).optional(),
    max_length: z.int().min(1).max(3_000).optional(),
  }),
  z.strictObject({ type: z.literal('email_text_input'), ...typed, initial_value: z.string().optional() }),
  z.strictObject({ type: z.literal('url_text_input'), ...typed, initial_value: z.string().optional() }),
  z.strictObject({
    type: z.literal('number_input'),
    ...typed,
    is_decimal_allowed: z.boolean(),
    initial_value: z.string().optional(),
    min_value: z.string().optional(),
    max_value: z.string().optional(),
  }),
])
const interactive = z.discriminatedUnion('type', [button, overflow, ...chooser])

const blockSchema = z.discriminatedUnion('type', [
  z
    .strictObject({
      type: z.literal('section'),
      block_id: blockId,
      text: anyText(3_000).optional(),
      fields: z.array(anyText(2_000)).min(1).max(10).optional(),
      accessory: z.discriminatedUnion('type', [button, overflow, imageElement, ...chooser]).optional(),
      expand: z.boolean().optional(),
    })
    .refine(
      (block) => block.text !== undefined || block.fields !== undefined,
      'missing required field: text',
    ),
  z.strictObject({ type: z.literal('header'), block_id: blockId, text: plainText(150) }),
  z.strictObject({ type: z.literal('divider'), block_id: blockId }),
  z.strictObject({
    type: z.literal('context'),
    block_id: blockId,
    elements: z
      .array(z.discriminatedUnion('type', [imageElement, plainText(3_000), mrkdwn(3_000)]))
      .min(1)
      .max(10),
  }),
  z.strictObject({
    type: z.literal('actions'),
    block_id: blockId,
    elements: z.array(interactive).min(1).max(25),
  }),
  z.strictObject({
    type: z.literal('image'),
    block_id: blockId,
    image_url: some(3_000).optional(),
    slack_file: z.record(z.string(), z.unknown()).optional(),
    alt_text: some(2_000),
    title: plainText(2_000).optional(),
  }),
  z.strictObject({
    type: z.literal('input'),
    block_id: blockId,
    label: plainText(2_000),
    element: inputElement,
    hint: plainText(2_000).optional(),
    optional: z.boolean().optional(),
    dispatch_action: z.boolean().optional(),
  }),
  z.strictObject({
    type: z.literal('rich_text'),
    block_id: blockId,
    elements: z.array(z.record(z.string(), z.unknown())),
  }),
  z.strictObject({ type: z.literal('markdown'), block_id: blockId, text: some(12_000) }),
])

export const messageBlocksSchema = z.array(blockSchema).max(50)

export const modalSchema = z.strictObject({
  type: z.literal('modal'),
  title: plainText(24),
  blocks: z.array(blockSchema).min(1).max(100),
  close: plainText(24).optional(),
  submit: plainText(24).optional(),
  private_metadata: z.string().max(3_000).optional(),
  callback_id: z.string().max(255).optional(),
  clear_on_close: z.boolean().optional(),
  notify_on_close: z.boolean().optional(),
  external_id: z.string().max(255).optional(),
  submit_disabled: z.boolean().optional(),
})
