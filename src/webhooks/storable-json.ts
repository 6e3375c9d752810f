import { isRecord, type Json, parseJson } from '../primitives/index.ts'

/** No provider nests deeper than a dozen levels; without a limit a hostile body would exhaust the stack. */
const DEEPEST = 100

/**
 * Parses a body into JSON that PostgreSQL can keep: its `jsonb` holds neither the null character nor half of a surrogate
 * pair, and nobody's name has one.
 * https://www.postgresql.org/docs/current/datatype-json.html (2026-11)
 * @returns undefined when it is not JSON, or is nested more than a hundred levels deep
 */
export function parseStorableJson(rawBody: Uint8Array): Json | undefined {
  const value = parseJson(new TextDecoder().decode(rawBody))
  return value === undefined ? undefined : storable(value, DEEPEST)
}

function storable(value: unknown, levels: number): Json | undefined {
  if (typeof value === 'string') return storableText(value)
  if (Array.isArray(value)) {
    if (levels === 0) return undefined
    const items = value.map((item) => storable(item, levels - 1))
    return items.every((item) => item !== undefined) ? items : undefined
  }
  if (!isRecord(value)) return value as Json // parsed from JSON
  if (levels === 0) return undefined
  const entries: [string, Json][] = []
  for (const [name, item] of Object.entries(value)) {
    const kept = storable(item, levels - 1)
    if (kept === undefined) return undefined
    entries.push([storableText(name), kept])
  }
  return Object.fromEntries(entries)
}

function storableText(text: string): string {
  return text.replaceAll('\0', '').toWellFormed()
}
