import type { FieldView } from './post-fields.ts'

/** A stretch of a text and the fields that were read from it. */
export type Segment = { text: string; start: number; fields: string[] }

/**
 * Cuts a text where the fields' sources begin and end, so that each stretch can be marked with what was read from
 * it. Sources may overlap. A source is looked for as it stands and then without regard to case; one that is not
 * found (the parser paraphrased) marks nothing.
 */
export function markSources(text: string, fields: Pick<FieldView, 'label' | 'source'>[]): Segment[] {
  const spans = fields.flatMap(({ label, source }) => findSpan(text, label, source))
  const edges = new Set([0, text.length, ...spans.flatMap(({ start, end }) => [start, end])])
  const cuts = [...edges].sort((a, b) => a - b)
  return cuts.slice(0, -1).map((start, index) => {
    const end = cuts[index + 1] ?? text.length
    const inside = spans.filter((span) => span.start <= start && span.end >= end)
    return { text: text.slice(start, end), start, fields: [...new Set(inside.map(({ label }) => label))] }
  })
}

type Span = { label: string; start: number; end: number }

function findSpan(text: string, label: string, source: string | null): Span[] {
  const wanted = source?.trim() ?? ''
  // The whole text as source says nothing about where.
  if (wanted === '' || wanted === text.trim()) return []
  const exact = text.indexOf(wanted)
  const start = exact >= 0 ? exact : text.toLowerCase().indexOf(wanted.toLowerCase())
  return start < 0 ? [] : [{ label, start, end: start + wanted.length }]
}
