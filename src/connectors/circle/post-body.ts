import type { PostParagraph } from '../contract.ts'

/** The part of Circle's rich text (TipTap) that our posts use. */
export type TiptapText = { type: 'text'; text: string; marks?: TiptapMark[] }
export type TiptapMark = { type: 'bold' } | { type: 'link'; attrs: { href: string } }
export type TiptapNode = { type: 'hardBreak' } | TiptapText
export type TiptapDocument = { type: 'doc'; content: { type: 'paragraph'; content: TiptapNode[] }[] }

/** Nothing else may become a link in a post: no `javascript:`, no `data:`. */
const LINKABLE = new Set(['http:', 'https:', 'mailto:', 'tel:'])

/**
 * A post's body: one paragraph each, then the marker alone in the last one, by which the post is found again. Text is
 * data for text nodes, never markup; a link that is not http(s), mailto or tel stays plain text.
 */
export function postBody(paragraphs: readonly PostParagraph[], marker: string): TiptapDocument {
  const nodes = [...paragraphs.map(nodesOf), textNodes(marker)].filter((content) => content.length > 0)
  return { type: 'doc', content: nodes.map((content) => ({ type: 'paragraph', content })) }
}

/**
 * Whether a post's rendered body ends with the marker. Only the end counts: a sender could have texted another
 * post's reference.
 */
export function endsWithMarker(html: string, marker: string): boolean {
  const text = html
    .replace(/<[^<>]*>/g, ' ')
    .replace(/&nbsp;|\s+/g, ' ')
    .trimEnd()
  return text.endsWith(marker)
}

function nodesOf(paragraph: PostParagraph): TiptapNode[] {
  if (paragraph.kind === 'text') return textNodes(paragraph.text)
  const marks: TiptapMark[] = isLinkable(paragraph.href)
    ? [{ type: 'link', attrs: { href: paragraph.href } }]
    : []
  return [...textNodes(`${paragraph.label}: `, [{ type: 'bold' }]), ...textNodes(paragraph.text, marks)]
}

/** Text nodes may not be empty and hold no line breaks: those are nodes of their own. */
function textNodes(text: string, marks: TiptapMark[] = []): TiptapNode[] {
  return text.split(/\r\n|\r|\n/).flatMap((line, index) => {
    const node: TiptapNode[] =
      line === '' ? [] : [{ type: 'text', text: line, ...(marks.length > 0 ? { marks } : {}) }]
    return index === 0 ? node : [{ type: 'hardBreak' }, ...node]
  })
}

function isLinkable(href: string | undefined): href is string {
  return href !== undefined && URL.canParse(href) && LINKABLE.has(new URL(href).protocol)
}
