import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { markSources } from './provenance.ts'

const TEXT = 'Line cook at Marlow’s, $22–26 an hour'

describe('markSources', () => {
  it('marks the words that a field came from', () => {
    const segments = markSources(TEXT, [{ label: 'Title', source: 'Line cook' }])
    expect(segments).toEqual([
      { text: 'Line cook', start: 0, fields: ['Title'] },
      { text: ' at Marlow’s, $22–26 an hour', start: 9, fields: [] },
    ])
  })

  it('marks a stretch with every field that was read from it', () => {
    const segments = markSources(TEXT, [
      { label: 'Salary', source: '$22–26 an hour' },
      { label: 'Period', source: 'an hour' },
    ])
    expect(segments.at(-1)).toEqual({ text: 'an hour', start: 30, fields: ['Salary', 'Period'] })
  })

  it('finds words whatever their case, and marks nothing for words that are not there', () => {
    expect(markSources(TEXT, [{ label: 'Title', source: 'LINE COOK' }])[0]?.fields).toEqual(['Title'])
    expect(markSources(TEXT, [{ label: 'Title', source: 'chef' }])).toHaveLength(1)
  })

  it('says nothing when the whole text is the source', () => {
    expect(markSources(TEXT, [{ label: 'Description', source: TEXT }])[0]?.fields).toEqual([])
  })

  it('loses not a letter of any text, whatever the sources', () => {
    const sources = fc.array(fc.record({ label: fc.string(), source: fc.option(fc.string()) }))
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), sources, (text, fields) => {
        const joined = markSources(text, fields).map((segment) => segment.text)
        expect(joined.join('')).toBe(text)
      }),
    )
  })
})
