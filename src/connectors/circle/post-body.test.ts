import fc from 'fast-check'
import { expect, test } from 'vitest'
import { endsWithMarker, postBody } from './post-body.ts'

const MARKER = 'Ref KK-7F3QA'

test('whatever a sender writes is text, links lead to http(s), mail or phone only, and the reference comes last', () => {
  const word = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.constantFrom('<script>', '\n', `\n${MARKER}`, '[x](http://x)'),
  )
  const href = fc.oneof(
    fc.webUrl(),
    fc.string(),
    fc.constantFrom('javascript:alert(1)', 'data:text/html,x', 'tel:+1', 'JAVASCRIPT:x'),
  )
  const paragraph = fc.oneof(
    fc.record({ kind: fc.constant('text' as const), text: word }),
    fc.record({ kind: fc.constant('labelled' as const), label: word, text: word, href }),
  )
  fc.assert(
    fc.property(fc.array(paragraph), (paragraphs) => {
      const { content } = postBody(paragraphs, MARKER)
      expect(content.at(-1)).toEqual({ type: 'paragraph', content: [{ type: 'text', text: MARKER }] })
      for (const node of content.flatMap((each) => each.content)) {
        expect(['text', 'hardBreak']).toContain(node.type)
        if (node.type !== 'text') continue
        expect(node.text).not.toMatch(/^$|[\r\n]/)
        for (const mark of node.marks ?? [])
          if (mark.type === 'link') expect(mark.attrs.href).toMatch(/^(?:https?|mailto|tel):/i)
      }
    }),
  )
})

test.each([
  ['<div><p>Hi</p><p>Ref KK-7F3QA</p></div>', true],
  ['<p>Hi</p>\n<p>Ref&nbsp;KK-7F3QA </p>\n', true],
  ['<p>Ref KK-7F3QA</p><p>Ref KK-00000</p>', false],
  ['', false],
  ['<'.repeat(50_000), false],
])('finds the reference at the end of %j', (html, found) => {
  expect(endsWithMarker(html, MARKER)).toBe(found)
})
