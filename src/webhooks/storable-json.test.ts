import { expect, test } from 'vitest'
import { parseStorableJson } from './storable-json.ts'

const parse = (text: string) => parseStorableJson(new TextEncoder().encode(text))

test.each([
  ['what is written is what is kept', '{"a":[1,null,true,"ü 🌱"]}', { a: [1, null, true, 'ü 🌱'] }],
  ['the null character is dropped', '{"na\\u0000me":"A\\u0000da"}', { name: 'Ada' }],
  ['a text that only looks like one stays', '{"a":"\\\\u0000"}', { a: '\\u0000' }],
  ['half of a surrogate pair is replaced', '["\\ud83c", "\\udf31x", "\\ud83c\\udf31"]', ['�', '�x', '🌱']],
  ['a body without an object around it is JSON too', '"text"', 'text'],
  ['what is not JSON', '{"a":', undefined],
  ['nothing', '', undefined],
])('%s', (_name, text, expected) => {
  expect(parse(text)).toEqual(expected)
})

test('a name that means something to the language means nothing here', () => {
  const parsed = parse('{"__proto__":{"admin":true}}')
  expect(JSON.stringify(parsed)).toBe('{"__proto__":{"admin":true}}')
  expect(Object.getPrototypeOf(parsed)).toBe(Object.prototype)
})

test('a hundred levels are taken, and half a million are refused without exhausting the stack', () => {
  const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels)
  expect(parse(nested(100))).toBeDefined()
  expect(parse(nested(101))).toBeUndefined()
  expect(parse(nested(500_000))).toBeUndefined()
})
