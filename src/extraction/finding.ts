/**
 * What every rule of the parser gives: a value, how sure it is, and where in the text the words stand that it came
 * from. Rules work on the raw text, so that those words can be shown to a moderator exactly as they were sent.
 */
export type Finding<T> = { value: T; confidence: number; start: number; end: number }

/** A field of `ParsedJobPost`, for any value. */
export type Field<T> = { value: T | null; confidence: number; source: string | null }

/** Longest source the schema takes, UTF-16 code units. */
const MAX_SOURCE = 1_600

/** Lets only the part of the text be read that a job post can reasonably fill: rules stay fast on anything. */
export const MAX_TEXT = 8_000

/** Turns a finding (or none) into the schema's field. `text` is what the positions refer to. */
export function toField<T>(finding: Finding<T> | null, text: string): Field<T> {
  if (!finding) return { value: null, confidence: 0, source: null }
  return {
    value: finding.value,
    confidence: finding.confidence,
    source: sourceBetween(text, finding.start, finding.end),
  }
}

/**
 * One line of clean text: control and bidirectional-override characters become spaces, half characters are
 * replaced, white space is collapsed. Never splits a character when cutting to `maxLength` code units.
 */
export function tidyLine(text: string, maxLength: number): string {
  return cut(withoutControls(text).replace(/\s+/gu, ' ').trim(), maxLength)
}

/** Like `tidyLine`, but paragraphs stay paragraphs. */
export function tidyParagraphs(text: string, maxLength: number): string {
  const lines = text.split(/\r\n|\r|\n/u).map((line) => tidyLine(line, maxLength))
  return cut(
    lines
      .join('\n')
      .replace(/\n{3,}/gu, '\n\n')
      .trim(),
    maxLength,
  )
}

/** The first match of a pattern's named group `value`, with its position; null when there is none. */
export function findGroup(
  pattern: RegExp,
  text: string,
): { value: string; start: number; end: number } | null {
  const match = new RegExp(pattern.source, `${pattern.flags.replace('d', '')}d`).exec(text)
  const span = match?.indices?.groups?.value
  if (!span) return null
  return { value: text.slice(span[0], span[1]), start: span[0], end: span[1] }
}

/** The stretch of text around several findings when they stand close together, else that of the first one. */
export function spanOf(parts: readonly { start: number; end: number }[]): { start: number; end: number } {
  const first = parts[0] ?? { start: 0, end: 0 }
  const start = Math.min(...parts.map((part) => part.start))
  const end = Math.max(...parts.map((part) => part.end))
  return parts.length > 0 && end - start <= 240 ? { start, end } : { start: first.start, end: first.end }
}

/** The words themselves; null where they could not be stored (a NUL or half a character) or are too long. */
function sourceBetween(text: string, start: number, end: number): string | null {
  const source = cut(text.slice(start, end).trim(), MAX_SOURCE)
  return source === '' || source.includes('\0') || !source.isWellFormed() ? null : source
}

function withoutControls(text: string): string {
  return text.toWellFormed().replace(/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu, ' ')
}

function cut(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text
  const last = text.charCodeAt(maxLength - 1)
  const splitsPair = last >= 0xd800 && last <= 0xdbff
  return text.slice(0, splitsPair ? maxLength - 1 : maxLength).trimEnd()
}
