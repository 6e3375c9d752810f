import { expect, test } from 'vitest'
import { segmentCount } from './segments.ts'
import { parseTwiml } from './twiml.ts'

const bodies = (xml: string) => parseTwiml(xml)?.map(({ body }) => body)

test.each([
  ['<?xml version="1.0" encoding="UTF-8"?><Response/>', []],
  ['<Response></Response>', []],
  ['<Response><Message>Hi</Message><Message to="+14155550123">You</Message></Response>', ['Hi', 'You']],
  ['<Response><Message><Body>Hi</Body><Media>https://a.example/a.png</Media></Message></Response>', ['Hi']],
  [
    '<Response><Message>Tom &amp; Ann &lt;3 &#x1F389;&#33; &quot;&apos;</Message></Response>',
    [`Tom & Ann <3 🎉! "'`],
  ],
  ['<Response><!-- note --><Message><![CDATA[a < b & c]]></Message></Response>', ['a < b & c']],
])('%s', (xml, expected) => {
  expect(bodies(xml)).toEqual(expected)
})

test.each([
  'Hello',
  '<Message>Hi</Message>',
  '<Response><Message>Hi</Response>',
  '<Response><Message>Tom & Ann</Message></Response>',
  '<Response/><Response/>',
  '<Response><Message>1 < 2</Message></Response>',
  '{"ok":true}',
])('is not TwiML: %s', (xml) => {
  expect(parseTwiml(xml)).toBeNull()
})

test('attributes and media are read', () => {
  const xml =
    '<Response><Message to="+1&amp;2" statusCallback=\'https://a.example/?x=1\'>Hi<Media> https://a.example/p.png </Media></Message></Response>'
  expect(parseTwiml(xml)).toEqual([
    { body: 'Hi', media: ['https://a.example/p.png'], to: '+1&2', statusCallback: 'https://a.example/?x=1' },
  ])
})

test.each([
  ['', 1],
  ['x'.repeat(160), 1],
  ['x'.repeat(161), 2],
  ['x'.repeat(307), 3],
  [`${'x'.repeat(68)}🎉`, 1],
  [`${'x'.repeat(69)}🎉`, 2],
])('segments of a text (%#)', (body, segments) => {
  expect(segmentCount(body)).toBe(segments)
})
