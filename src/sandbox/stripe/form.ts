/** Stripe's forms: `items[0][price]=…&expand[]=customer` is nested data. */
import { isRecord } from '../../primitives/index.ts'
import type { Resource } from './resources.ts'

/** The data that a form's or a query's pairs say. A later value of the same key wins. */
export function nested(pairs: Iterable<[string, string]>): Resource {
  const root: Resource = {}
  for (const [key, value] of pairs) {
    const [head = '', ...path] = key.replaceAll(']', '').split('[')
    place(root, [head, ...path], value)
  }
  return withLists(root) as Resource
}

function place(target: Resource, [head = '', ...rest]: string[], value: string): void {
  const key = head === '' ? String(Object.keys(target).length) : head
  if (rest.length === 0) {
    target[key] = value
    return
  }
  const inner = target[key]
  const next: Resource = isRecord(inner) ? inner : {}
  target[key] = next
  place(next, rest, value)
}

/** Objects whose keys count from 0 were lists. */
function withLists(node: unknown): unknown {
  if (!isRecord(node)) return node
  const entries = Object.entries(node).map(([key, child]) => [key, withLists(child)] as const)
  const isList = entries.length > 0 && entries.every(([key], at) => key === String(at))
  return isList ? entries.map(([, child]) => child) : Object.fromEntries(entries)
}

/** A text field; undefined when it is absent or not text. */
export function text(fields: Resource, name: string): string | undefined {
  const value = fields[name]
  return typeof value === 'string' ? value : undefined
}

/** A `metadata` field laid over what was there: an empty value removes the key. */
export function mergeMetadata(before: Record<string, string>, given: unknown): Record<string, string> {
  if (given === '') return {}
  if (!isRecord(given)) return before
  const merged = {
    ...before,
    ...Object.fromEntries(Object.entries(given).map(([key, value]) => [key, String(value)])),
  }
  return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== ''))
}
