/** A modal's inputs: what a person filled in, checked as Slack checks it, in the shape of `view.state.values`. */
import { isRecord } from '../../primitives/index.ts'

/** Values by block and action: text, an option's value, several options' values, a date. Null clears an input. */
export type ViewValues = Record<string, Record<string, string | string[] | null>>

type State = Record<string, Record<string, Record<string, unknown>>>
type Filled = { ok: true; values: State } | { ok: false; errors: Record<string, string> }

/** Fills a view's inputs; an input without a value keeps its initial one. */
export function fillState(view: Record<string, unknown>, given: ViewValues): Filled {
  const values: State = {}
  const errors: Record<string, string> = {}
  const blocks = Array.isArray(view.blocks) ? view.blocks.filter(isRecord) : []
  const inputs = blocks.filter((block) => block.type === 'input')
  for (const block of inputs) {
    const blockId = String(block.block_id)
    const element = isRecord(block.element) ? block.element : {}
    const actionId = String(element.action_id)
    const entry = given[blockId]?.[actionId]
    const filled = fillElement(element, entry)
    if (typeof filled === 'string') errors[blockId] = filled
    else if (filled.empty && block.optional !== true) errors[blockId] = 'Please complete this required field.'
    else values[blockId] = { [actionId]: filled.state }
  }
  for (const blockId of Object.keys(given)) {
    if (!inputs.some((block) => block.block_id === blockId)) errors[blockId] = 'This modal has no such input.'
  }
  return Object.keys(errors).length > 0 ? { ok: false, errors } : { ok: true, values }
}

type FilledElement = { state: Record<string, unknown>; empty: boolean }

function fillElement(
  element: Record<string, unknown>,
  entry: string | string[] | null | undefined,
): FilledElement | string {
  const type = String(element.type)
  switch (type) {
    case 'static_select':
    case 'radio_buttons': {
      const option = entry === undefined ? (element.initial_option ?? null) : findOption(element, entry)
      if (option === undefined) return 'That is not one of the options.'
      return { state: { type, selected_option: option }, empty: option === null }
    }
    case 'multi_static_select':
    case 'checkboxes': {
      const wanted = [entry ?? []].flat()
      const chosen =
        entry === undefined
          ? [element.initial_options ?? []].flat()
          : wanted.map((v) => findOption(element, v))
      if (chosen.includes(undefined)) return 'That is not one of the options.'
      return { state: { type, selected_options: chosen }, empty: chosen.length === 0 }
    }
    case 'datepicker': {
      const date = entry === undefined ? (element.initial_date ?? null) : entry || null
      return { state: { type, selected_date: date }, empty: date === null }
    }
    case 'users_select': {
      const user = entry === undefined ? (element.initial_user ?? null) : entry || null
      return { state: { type, selected_user: user }, empty: user === null }
    }
    default:
      return fillText(element, entry)
  }
}

function fillText(
  element: Record<string, unknown>,
  entry: string | string[] | null | undefined,
): FilledElement | string {
  const type = String(element.type)
  const text = entry === undefined ? String(element.initial_value ?? '') : String(entry ?? '')
  if (text === '') return { state: { type, value: null }, empty: true }
  if (text.length > Number(element.max_length ?? 3_000))
    return `Keep it to ${element.max_length ?? 3_000} characters.`
  if (text.length < Number(element.min_length ?? 0)) return `Write at least ${element.min_length} characters.`
  if (type === 'number_input' && Number.isNaN(Number(text))) return 'Enter a number.'
  if (type === 'email_text_input' && !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(text))
    return 'Enter a valid email address.'
  if (type === 'url_text_input' && !URL.canParse(text)) return 'Enter a valid URL.'
  return { state: { type, value: text }, empty: false }
}

/** The option with this value, as Slack shows it; null for an empty value, undefined when there is none. */
function findOption(element: Record<string, unknown>, value: unknown): unknown {
  if (value === null || value === '') return null
  const groups = [element.option_groups ?? []].flat().filter(isRecord)
  const options = [element.options ?? [], groups.map((group) => group.options ?? [])].flat(3).filter(isRecord)
  return options.find((option) => option.value === String(value))
}
