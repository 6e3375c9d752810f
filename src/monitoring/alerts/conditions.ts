/**
 * Conditions of alert rules: `job_name = "member-sync" AND failure_count > 5`. The grammar is interpreted by ohm; no
 * text of anybody's is ever evaluated as code. What a condition means is in `judge.ts`.
 */
import { grammar, type Node } from 'ohm-js'
import { HOUR_MS, parseDuration } from '../../primitives/index.ts'
import { METRIC_NAMES, METRICS, type MetricName, SELECTOR_NAMES, type SelectorName } from './metrics.ts'

export type Operator = '>' | '>=' | '<' | '<=' | '=' | '!='
export type Comparison = { kind: 'comparison'; metric: MetricName; operator: Operator; value: number }
export type Selection = { kind: 'selection'; name: SelectorName; operator: '=' | '!='; value: string }
/** Values are in the metric's unit: ratios between 0 and 1, durations in milliseconds. */
export type Condition =
  | Comparison
  | Selection
  | { kind: 'and' | 'or'; parts: Condition[] }
  | { kind: 'not'; part: Condition }

/** What is wrong, and where: `offset` is the character's index in the condition. */
export type ConditionProblem = { offset: number; message: string }
export type ParsedCondition = { ok: true; condition: Condition } | { ok: false; problems: ConditionProblem[] }

const CONDITIONS = grammar(String.raw`
  Conditions {
    Or = And (or And)*
    And = Not (and Not)*
    Not = not Not  -- not
        | "(" Or ")"  -- group
        | word operator string  -- selection
        | word operator quantity  -- comparison

    operator  (a comparison: > >= < <= = !=) = ">=" | "<=" | "!=" | ">" | "<" | "="
    string  (a text in quotes) = "\"" (~"\"" any)* "\""
    quantity  (a number) = digit+ ("." digit+)? space* unit?
    unit = "%" | ~keyword letter+
    word  (a metric) = ~keyword letter (alnum | "_")*
    keyword = and | or | not
    and  (AND) = caseInsensitive<"and"> ~(alnum | "_")
    or  (OR) = caseInsensitive<"or"> ~(alnum | "_")
    not  (NOT) = caseInsensitive<"not"> ~(alnum | "_")
  }
`)

/** Reads a condition. All its problems are found at once, unless it cannot be read at all. */
export function parseCondition(text: string): ParsedCondition {
  const match = CONDITIONS.match(text)
  if (match.failed()) {
    const offset = match.getRightmostFailurePosition()
    return { ok: false, problems: [{ offset, message: misreading(text, offset, match.shortMessage ?? '') }] }
  }
  const problems: ConditionProblem[] = []
  const condition: Condition = reader(problems)(match).read()
  if (problems.length === 0) problems.push(...scopeProblems(condition))
  return problems.length > 0 ? { ok: false, problems } : { ok: true, condition }
}

/** What the rule is judged for each of by itself; null: it is about everything. */
export function selectorOf(condition: Condition): SelectorName | null {
  return leavesOf(condition).find((leaf) => leaf.kind === 'selection')?.name ?? null
}

/** Every comparison and selection in it, from left to right. */
export function leavesOf(condition: Condition): (Comparison | Selection)[] {
  switch (condition.kind) {
    case 'comparison':
    case 'selection':
      return [condition]
    case 'not':
      return leavesOf(condition.part)
    case 'and':
    case 'or':
      return condition.parts.flatMap(leavesOf)
  }
}

/** Whether it has to be true all through its window: one of its metrics is of a moment, and not counted over the window. */
export function holdsThroughout(condition: Condition): boolean {
  return leavesOf(condition).some(
    (leaf) => leaf.kind === 'comparison' && METRICS[leaf.metric].from === 'samples',
  )
}

/** Writes a condition so that it reads back as the same. */
export function writeCondition(condition: Condition): string {
  switch (condition.kind) {
    case 'comparison':
      return `${condition.metric} ${condition.operator} ${condition.value}`
    case 'selection':
      return `${condition.name} ${condition.operator} "${condition.value}"`
    case 'not':
      return `NOT ${inner(condition.part)}`
    case 'and':
    case 'or':
      return condition.parts.map(inner).join(` ${condition.kind.toUpperCase()} `)
  }
}

function inner(part: Condition): string {
  const text = writeCondition(part)
  return part.kind === 'and' || part.kind === 'or' ? `(${text})` : text
}

/** From ohm's tree to ours; what is readable but means nothing is added to `problems`. */
function reader(problems: ConditionProblem[]) {
  const many = (kind: 'and' | 'or', first: Node, rest: Node): Condition => {
    const parts: Condition[] = [first.read(), ...rest.children.map((child) => child.read())]
    return parts.length === 1 && parts[0] ? parts[0] : { kind, parts }
  }
  return CONDITIONS.createSemantics().addOperation<Condition>('read', {
    Or: (first, _or, rest) => many('or', first, rest),
    And: (first, _and, rest) => many('and', first, rest),
    Not: (only) => only.read(),
    Not_not: (_not, part) => ({ kind: 'not', part: part.read() }),
    Not_group: (_open, condition, _close) => condition.read(),
    Not_selection: (word, operator, string) => readSelection(word, operator, string, problems),
    Not_comparison: (word, operator, quantity) => readComparison(word, operator, quantity, problems),
  })
}

const NOTHING: Comparison = { kind: 'comparison', metric: 'failure_count', operator: '>', value: 0 }

function readSelection(word: Node, operator: Node, string: Node, problems: ConditionProblem[]): Condition {
  const written = word.sourceString
  const name = SELECTOR_NAMES.find((known) => known === written.toLowerCase())
  const complain = (node: Node, message: string) => {
    problems.push({ offset: node.source.startIdx, message })
    return NOTHING
  }
  if (!name) {
    const metric = METRIC_NAMES.find((known) => known === written.toLowerCase())
    if (metric) return complain(string, `${metric} is compared with a number: write it without quotes.`)
    return complain(
      word,
      `there is nothing called "${written}" to compare with a text. Write one of ${SELECTOR_NAMES.join(', ')}.`,
    )
  }
  const sign = operator.sourceString
  if (sign !== '=' && sign !== '!=') return complain(operator, `${name} can only be compared by = or !=.`)
  const value = string.sourceString.slice(1, -1)
  if (value === '') return complain(string, `${name} needs a name between the quotes.`)
  return { kind: 'selection', name, operator: sign, value }
}

function readComparison(word: Node, operator: Node, quantity: Node, problems: ConditionProblem[]): Condition {
  const written = word.sourceString
  const metric = METRIC_NAMES.find((known) => known === written.toLowerCase())
  if (!metric) {
    const selector = SELECTOR_NAMES.find((known) => known === written.toLowerCase())
    problems.push(
      selector
        ? {
            offset: quantity.source.startIdx,
            message: `${selector} is compared with a text: write it in quotes.`,
          }
        : {
            offset: word.source.startIdx,
            message: `there is no metric "${written}". Write one of ${METRIC_NAMES.join(', ')}.`,
          },
    )
    return NOTHING
  }
  const value = readQuantity(metric, quantity.sourceString)
  if (typeof value === 'number')
    return { kind: 'comparison', metric, operator: operator.sourceString as Operator, value } // the grammar's own list
  problems.push({ offset: quantity.source.startIdx, message: value })
  return NOTHING
}

/** The value in the metric's unit, or what is wrong with it. */
function readQuantity(metric: MetricName, text: string): number | string {
  const [, digits = '', unit = ''] = /^([\d.]+)\s*(.*)$/.exec(text) ?? []
  const number = Number(digits)
  const cannot = `${metric} cannot be compared with ${text}.`
  switch (METRICS[metric].unit) {
    case 'ratio': {
      const ratio = unit === '%' ? number / 100 : number
      if (unit !== '' && unit !== '%') return `${cannot} Write a share such as 0.1 or 10%.`
      return ratio <= 1 ? ratio : `${cannot} It is a share between 0 and 1: write 0.1 or 10%.`
    }
    case 'percent':
      if (unit !== '' && unit !== '%') return `${cannot} Write a percentage such as 80 or 80%.`
      return number === 0 || number >= 1 ? number : `${cannot} It is in percent: write 80 or 80%, not 0.8.`
    case 'count':
      return unit === '' ? number : `${cannot} Write a plain number such as 20.`
    case 'duration': {
      const durationMs = unit === '' ? number : parseDuration(text.toLowerCase())
      return durationMs ?? `${cannot} Write a duration such as 30s, 15m or 2h, or milliseconds.`
    }
  }
}

/** A rule is about one kind of thing: each job, each source or each provider, and metrics that are known for it. */
function scopeProblems(condition: Condition): ConditionProblem[] {
  const leaves = leavesOf(condition)
  const metrics = leaves.flatMap((leaf) => (leaf.kind === 'comparison' ? [leaf.metric] : []))
  const selectors = [...new Set(leaves.flatMap((leaf) => (leaf.kind === 'selection' ? [leaf.name] : [])))]
  if (metrics.length === 0)
    return [{ offset: 0, message: `it measures nothing. Add a comparison such as failure_count > 5.` }]
  const [selector, second] = selectors
  if (!selector) return []
  if (second)
    return [
      { offset: 0, message: `it names ${selector} and ${second}. A rule can be narrowed by one of them.` },
    ]
  const unknown = metrics.find((metric) => METRICS[metric].by !== selector)
  if (!unknown) return []
  const { by } = METRICS[unknown]
  const advice = by === null ? 'Make it a rule of its own.' : `It can be narrowed by ${by} only.`
  return [{ offset: 0, message: `${unknown} is not known for each ${selector}. ${advice}` }]
}

function misreading(text: string, offset: number, said: string): string {
  const expected = /expected (.*)$/s.exec(said)?.[1] ?? 'something else'
  const rest = text.slice(offset).trim()
  const found = rest === '' ? 'it ends too early' : `"${rest.slice(0, 20)}" cannot stand here`
  return `${found}; expected ${expected}.`
}

/** The longest window that can be looked back over. */
export const LONGEST_WINDOW_MS = 24 * HOUR_MS
