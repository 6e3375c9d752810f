import {
  EDITABLE_FIELDS,
  type EditableField,
  editableTexts,
  FIELD_LABELS,
  type FieldEdits,
} from '../../community/index.ts'
import type { ModalView } from '../../connectors/slack/blocks.ts'
import { EMPLOYMENT_TYPES, SALARY_PERIODS, WORKPLACES } from '../../extraction/index.ts'
import { type PostView, parsedOf } from './post-view.ts'

export const MODALS = { deny: 'job_deny_reason', edit: 'job_edit_fields' } as const
/** The one action inside each input block; the block is named after the field. */
const INPUT = 'value'

type InputBlock = Extract<ModalView['blocks'][number], { type: 'input' }>

/** Asks for the reason of a denial, which the sender is told. */
export function denyModal(approvalId: string): ModalView {
  return {
    type: 'modal',
    callback_id: MODALS.deny,
    private_metadata: JSON.stringify({ approvalId }),
    title: { type: 'plain_text', text: 'Deny this job post' },
    submit: { type: 'plain_text', text: 'Deny' },
    close: { type: 'plain_text', text: 'Cancel' },
    blocks: [
      {
        type: 'input',
        block_id: 'reason',
        label: { type: 'plain_text', text: 'Reason' },
        hint: { type: 'plain_text', text: 'The sender is told this by text.' },
        element: {
          type: 'plain_text_input',
          action_id: INPUT,
          multiline: true,
          max_length: 300,
          focus_on_load: true,
        },
      },
    ],
  }
}

/** All fields of the post, to be put right and approved in one go. */
export function editModal(approvalId: string, view: PostView): ModalView {
  const texts = editableTexts(parsedOf(view.submission).fields)
  return {
    type: 'modal',
    callback_id: MODALS.edit,
    private_metadata: JSON.stringify({ approvalId }),
    title: { type: 'plain_text', text: 'Edit and approve' },
    submit: { type: 'plain_text', text: 'Save and approve' },
    close: { type: 'plain_text', text: 'Cancel' },
    // A text too long for Slack's input is left out, which leaves it as it is, rather than cut.
    blocks: EDITABLE_FIELDS.filter((field) => texts[field].length <= limitOf(field)).map((field) =>
      inputBlock(field, texts[field]),
    ),
  }
}

/** Replaces an open modal when the decision has been made elsewhere. */
export function noticeModal(text: string): ModalView {
  return {
    type: 'modal',
    title: { type: 'plain_text', text: 'Kinkeeper' },
    close: { type: 'plain_text', text: 'Close' },
    blocks: [{ type: 'section', text: { type: 'plain_text', text } }],
  }
}

const CHOICES: Partial<Record<EditableField, readonly string[]>> = {
  workplace: WORKPLACES,
  employmentType: EMPLOYMENT_TYPES,
  salaryPeriod: SALARY_PERIODS,
}
const MAX_LENGTHS: Partial<Record<EditableField, number>> = {
  title: 150,
  company: 150,
  location: 200,
  description: 3_000,
  applyUrl: 2_000,
}

function limitOf(field: EditableField): number {
  return MAX_LENGTHS[field] ?? 500
}

function inputBlock(field: EditableField, value: string): InputBlock {
  return {
    type: 'input',
    block_id: field,
    optional: field !== 'title',
    label: { type: 'plain_text', text: FIELD_LABELS[field] },
    element: element(field, value),
  }
}

function element(field: EditableField, value: string): InputBlock['element'] {
  const choices = CHOICES[field]
  if (!choices) {
    return {
      type: 'plain_text_input',
      action_id: INPUT,
      multiline: field === 'description',
      max_length: limitOf(field),
      ...(value ? { initial_value: value } : {}),
    }
  }
  const option = (choice: string) => ({
    text: { type: 'plain_text' as const, text: choice.replaceAll('_', ' ') },
    value: choice,
  })
  return {
    type: 'static_select',
    action_id: INPUT,
    options: choices.map(option),
    ...(choices.includes(value) ? { initial_option: option(value) } : {}),
  }
}

/** The values of a submitted modal, by block. A field that was emptied comes as an empty text. */
export function modalTexts(values: Record<string, Record<string, unknown>>): FieldEdits {
  const texts: FieldEdits = {}
  for (const field of EDITABLE_FIELDS) {
    const state = values[field]?.[INPUT]
    if (typeof state !== 'object' || state === null) continue
    texts[field] = 'value' in state && typeof state.value === 'string' ? state.value : selected(state)
  }
  return texts
}

function selected(state: object): string {
  const option = 'selected_option' in state ? state.selected_option : null
  return typeof option === 'object' &&
    option !== null &&
    'value' in option &&
    typeof option.value === 'string'
    ? option.value
    : ''
}
