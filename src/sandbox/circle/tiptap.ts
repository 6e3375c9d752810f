/** Tiptap documents: checking, and rendering to escaped HTML and to plain text. */
import { z } from 'zod'
import type { TiptapNode } from './model.ts'

const NODES: Record<string, string> = {
  doc: 'div',
  paragraph: 'p',
  heading: 'h3',
  blockquote: 'blockquote',
  orderedList: 'ol',
  bulletList: 'ul',
  listItem: 'li',
  codeBlock: 'pre',
}
const MARKS: Record<string, string> = {
  bold: 'strong',
  italic: 'em',
  underline: 'u',
  strike: 's',
  code: 'code',
}

export const tiptapNodeSchema: z.ZodType<TiptapNode> = z.lazy(() =>
  z.object({
    type: z.string().min(1),
    text: z.string().nullish(),
    marks: z
      .array(z.object({ type: z.string(), attrs: z.record(z.string(), z.unknown()).optional() }))
      .optional(),
    attrs: z.record(z.string(), z.unknown()).optional(),
    content: z.array(tiptapNodeSchema).optional(),
  }),
)

/** The document as HTML, everything in it escaped; links only to http, https and mailto. */
export function renderHtml(node: TiptapNode): string {
  if (node.type === 'text') return renderText(node)
  if (node.type === 'hardBreak') return '<br>'
  if (node.type === 'horizontalRule') return '<hr>'
  const tag = NODES[node.type] ?? 'div'
  return `<${tag}>${(node.content ?? []).map(renderHtml).join('')}</${tag}>`
}

/** The text of each paragraph (or other block of text), in order. */
export function paragraphsOf(node: TiptapNode): string[] {
  const children = node.content ?? []
  if (children.some((child) => child.type === 'text') || node.type === 'paragraph') return [inlineText(node)]
  return children.flatMap(paragraphsOf)
}

/** Escapes text for HTML, also inside attributes. */
export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
}

function renderText(node: TiptapNode): string {
  return (node.marks ?? []).reduce(
    (html, mark) => {
      if (mark.type === 'link') {
        const href = String(mark.attrs?.href ?? '')
        return /^(https?|mailto|tel):/i.test(href)
          ? `<a href="${escapeHtml(href)}" rel="noopener nofollow">${html}</a>`
          : html
      }
      const tag = MARKS[mark.type]
      return tag ? `<${tag}>${html}</${tag}>` : html
    },
    escapeHtml(node.text ?? ''),
  )
}

function inlineText(node: TiptapNode): string {
  if (node.type === 'hardBreak') return '\n'
  return (node.text ?? '') + (node.content ?? []).map(inlineText).join('')
}
