/** `alerts.yaml`: read once, checked whole; every problem is a sentence that begins with file and line. */
import {
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Pair,
  type ParsedNode,
  parseDocument,
  type Scalar,
  type YAMLMap,
} from 'yaml'
import { MINUTE_MS, parseDuration } from '../../primitives/index.ts'
import { LONGEST_WINDOW_MS, parseCondition } from './conditions.ts'
import { type AlertRule, type AlertRules, CHANNELS, SEVERITIES } from './rules.ts'

export type ParsedRules = { ok: true; rules: AlertRules } | { ok: false; problems: string[] }

const TOP_FIELDS = ['rules', 'recipients']
const REQUIRED = ['name', 'condition', 'window', 'severity', 'notify']
const RULE_FIELDS = [...REQUIRED, 'min_samples', 'runbook']
const RECIPIENT_FIELDS = ['email', 'sms']
const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/
const EMAIL = /^[^\s@,;<>"]+@[^\s@,;<>"]+\.[^\s@,;<>"]+$/
const PHONE = /^\+\d{6,15}$/

/**
 * Reads the rules.
 * @param text the file's content
 * @param file its name, as problems are to say it
 * @param hasPage whether there is a page of this name in `docs/runbooks`
 */
export function parseRules(
  text: string,
  file: string,
  hasPage: (name: string) => boolean = () => true,
): ParsedRules {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines })
  const found: { offset: number; sentence: string }[] = []
  const at = (offset: number, sentence: string) => void found.push({ offset, sentence })
  const problems = () =>
    found
      .sort((a, b) => a.offset - b.offset)
      .map(({ offset, sentence }) => `${file}:${lines.linePos(offset).line}: ${sentence}`)
  for (const error of document.errors) at(error.pos[0], `this is not YAML: ${error.message.split('\n')[0]}`)
  if (found.length > 0) return { ok: false, problems: problems() }
  const reading: Reading = { text, at, hasPage }
  const rules = readTop(reading, document.contents)
  return found.length > 0 ? { ok: false, problems: problems() } : { ok: true, rules }
}

type Reading = {
  text: string
  at(offset: number, sentence: string): void
  hasPage(name: string): boolean
}
type Value = ParsedNode | null

function readTop(reading: Reading, contents: Value): AlertRules {
  const rules: AlertRules = { rules: [], recipients: { email: null, sms: [] } }
  if (!isMap(contents)) {
    reading.at(0, 'there are no rules. Write "rules:" and below it a list; "rules: []" for none.')
    return rules
  }
  const fields = fieldsOf(reading, contents, TOP_FIELDS, 'the file')
  const list = fields.get('rules')
  if (!isSeq(list)) {
    reading.at(offsetOf(list ?? contents), '"rules" has to be a list: each rule begins with "- name: …".')
    return rules
  }
  const read = list.items.flatMap((item) => readRule(reading, item as ParsedNode) ?? [])
  refuseTwins(reading, read)
  return {
    rules: read.map(({ rule }) => rule),
    recipients: readRecipients(reading, fields.get('recipients')),
  }
}

function readRule(reading: Reading, node: ParsedNode): { rule: AlertRule; offset: number } | null {
  if (!isMap(node)) {
    reading.at(offsetOf(node), 'a rule has to be a list of fields, beginning with "- name: …".')
    return null
  }
  const fields = fieldsOf(reading, node, RULE_FIELDS, 'a rule')
  const missing = REQUIRED.filter((name) => !fields.has(name))
  if (missing.length > 0)
    reading.at(offsetOf(node), `the rule lacks ${missing.join(', ')}. Add what is missing.`)
  const windowMs = readWindow(reading, fields.get('window'))
  const condition = readCondition(reading, fields.get('condition'))
  const rule = {
    name: readName(reading, fields.get('name')),
    condition: condition?.condition ?? null,
    text: condition?.text ?? '',
    windowMs,
    minSamples: readMinSamples(reading, fields.get('min_samples')),
    severity: oneOf(reading, 'severity', SEVERITIES, fields.get('severity')),
    notify: readNotify(reading, fields.get('notify')),
    runbook: readRunbook(reading, fields.get('runbook')),
  }
  const { condition: read, severity } = rule
  if (!read || !severity) return null
  return { rule: { ...rule, condition: read, severity }, offset: offsetOf(node) }
}

function readName(reading: Reading, node: Value | undefined): string {
  const name = textOf(node)
  if (node !== undefined && (name === null || !NAME.test(name) || name.length > 60))
    reading.at(
      offsetOf(node),
      `name ${shown(node)} cannot be used. Write small letters, digits and hyphens, as in failure-rate.`,
    )
  return name ?? ''
}

function readCondition(reading: Reading, node: Value | undefined) {
  if (node === undefined) return null
  const text = textOf(node)
  if (text === null) {
    reading.at(offsetOf(node), 'condition has to be a text such as failure_rate > 0.1.')
    return null
  }
  const parsed = parseCondition(text)
  if (parsed.ok) return { condition: parsed.condition, text: text.trim() }
  for (const { offset, message } of parsed.problems)
    reading.at(offsetIn(reading, node as Scalar.Parsed, text, offset), `condition: ${message}`)
  return null
}

/** Where a character of a scalar's value stands in the file; the scalar's beginning when it was folded or escaped. */
function offsetIn(reading: Reading, node: Scalar.Parsed, value: string, offset: number): number {
  const [start, end] = node.range
  const inFile = reading.text.slice(start, end).indexOf(value)
  return inFile < 0 ? start : start + inFile + offset
}

function readWindow(reading: Reading, node: Value | undefined): number {
  const windowMs = parseDuration(textOf(node) ?? '')
  if (windowMs !== null && windowMs >= MINUTE_MS && windowMs <= LONGEST_WINDOW_MS) return windowMs
  if (node !== undefined)
    reading.at(
      offsetOf(node),
      `window ${shown(node)} cannot be used. Write a duration from 1m to 24h, such as 5m or 2h.`,
    )
  return MINUTE_MS
}

function readMinSamples(reading: Reading, node: Value | undefined): number {
  if (node === undefined) return 1
  const value = isScalar(node) ? node.value : null
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 1_000_000) return value
  reading.at(offsetOf(node), `min_samples ${shown(node)} cannot be used. Write a whole number such as 10.`)
  return 1
}

function readNotify(reading: Reading, node: Value | undefined): AlertRule['notify'] {
  if (node === undefined) return []
  if (!isSeq(node)) {
    reading.at(offsetOf(node), `notify has to be a list: [${CHANNELS.join(', ')}], or [] for nobody.`)
    return []
  }
  const channels = node.items.flatMap((item) => oneOf(reading, 'notify', CHANNELS, item as ParsedNode) ?? [])
  return [...new Set(channels)]
}

function readRunbook(reading: Reading, node: Value | undefined): string | null {
  if (node === undefined) return null
  const runbook = textOf(node)
  if (runbook !== null && /^https?:\/\/\S+$/.test(runbook)) return runbook
  if (runbook !== null && NAME.test(runbook)) {
    if (reading.hasPage(runbook)) return runbook
    reading.at(
      offsetOf(node),
      `there is no page docs/runbooks/${runbook}.md. Write one, or name one that is there.`,
    )
    return null
  }
  reading.at(
    offsetOf(node),
    `runbook ${shown(node)} cannot be used. Write an address, or the name of a page in docs/runbooks such as alert-failure-rate.`,
  )
  return null
}

function readRecipients(reading: Reading, node: Value | undefined): AlertRules['recipients'] {
  const none = { email: null, sms: [] }
  if (node === undefined) return none
  if (!isMap(node)) {
    reading.at(offsetOf(node), 'recipients has to have the fields email and sms, each a list.')
    return none
  }
  const fields = fieldsOf(reading, node, RECIPIENT_FIELDS, 'recipients')
  const email = fields.get('email')
  return {
    email: email === undefined ? null : listed(reading, email, EMAIL, 'ops@example.org'),
    sms: listed(reading, fields.get('sms'), PHONE, '"+14155550123", in quotes'),
  }
}

function listed(reading: Reading, node: Value | undefined, shape: RegExp, example: string): string[] {
  if (node === undefined) return []
  if (!isSeq(node)) {
    reading.at(offsetOf(node), `this has to be a list, such as [${example}].`)
    return []
  }
  return node.items.flatMap((item) => {
    const text = textOf(item as ParsedNode)
    if (text !== null && shape.test(text)) return [text]
    // Not repeated here: what is wrong may be somebody's address all the same.
    reading.at(offsetOf(item as ParsedNode), `this is nobody's address. Write ${example}.`)
    return []
  })
}

function refuseTwins(reading: Reading, read: { rule: AlertRule; offset: number }[]): void {
  const seen = new Set<string>()
  for (const { rule, offset } of read) {
    if (seen.has(rule.name))
      reading.at(offset, `there is a rule "${rule.name}" already. Give this one a name of its own.`)
    seen.add(rule.name)
  }
}

function fieldsOf(
  reading: Reading,
  map: YAMLMap.Parsed,
  known: readonly string[],
  of: string,
): Map<string, Value> {
  const fields = new Map<string, Value>()
  for (const pair of map.items as Pair<ParsedNode, Value>[]) {
    const name = textOf(pair.key) ?? ''
    if (known.includes(name)) fields.set(name, pair.value)
    else
      reading.at(
        offsetOf(pair.key),
        `there is no field ${shown(pair.key)} in ${of}. The fields are ${known.join(', ')}.`,
      )
  }
  return fields
}

function oneOf<T extends string>(
  reading: Reading,
  field: string,
  known: readonly T[],
  node: Value | undefined,
): T | null {
  if (node === undefined) return null
  const found = known.find((one) => one === textOf(node))
  if (found === undefined)
    reading.at(offsetOf(node), `${field} ${shown(node)} is not known. Write one of ${known.join(', ')}.`)
  return found ?? null
}

function textOf(node: Value | undefined): string | null {
  return isScalar(node) && typeof node.value === 'string' ? node.value : null
}

function shown(node: Value | undefined): string {
  return isScalar(node) ? `"${String(node.value).slice(0, 40)}"` : 'as it is'
}

function offsetOf(node: Value | undefined): number {
  return node?.range?.[0] ?? 0
}
