import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { initialValues, readBlocks, readModal, readMrkdwn } from './blocks.ts'

const plain = (text: string) => ({ type: 'plain_text', text })
const mrkdwn = (text: string) => ({ type: 'mrkdwn', text })

describe('readMrkdwn', () => {
  it('reads weight, code and links', () => {
    expect(
      readMrkdwn('*Line cook* at `KK-1`, <https://a.example/x|see it>').map(({ kind, text }) => [kind, text]),
    ).toEqual([
      ['bold', 'Line cook'],
      ['plain', ' at '],
      ['code', 'KK-1'],
      ['plain', ', '],
      ['link', 'see it'],
    ])
  })

  it('shows mentions as they are written and makes no link of anything but http and mail', () => {
    for (const text of ['<!channel> hello', '<javascript:alert(1)|click>']) {
      expect(readMrkdwn(text)).toEqual([{ at: 0, kind: 'plain', text }])
    }
  })

  it('reads people and dates', () => {
    expect(readMrkdwn('<@U1> until <!date^1795348800^{date} at {time}|2026-11-22>')).toEqual([
      { at: 0, kind: 'mention', text: 'U1' },
      { at: 5, kind: 'plain', text: ' until ' },
      { at: 12, kind: 'date', text: '2026-11-22', atMs: 1_795_348_800_000 },
    ])
  })

  it('reads emoji by their names, and no times of day as such', () => {
    expect(readMrkdwn(':warning: at 10:30:00').map(({ kind, text }) => [kind, text])).toEqual([
      ['emoji', 'warning'],
      ['plain', ' at 10:30:00'],
    ])
  })

  it('decodes the three entities once', () => {
    expect(readMrkdwn('Fern &amp; Sons &lt;b&gt; &amp;lt;')).toEqual([
      { at: 0, kind: 'plain', text: 'Fern & Sons <b> &lt;' },
    ])
  })

  it('leaves marks inside of words alone', () => {
    expect(readMrkdwn('2*3*4 and snake_case_name')).toHaveLength(1)
  })

  it('loses nothing of a text without marks', () => {
    const unmarked = fc.string().filter((text) => !/[*_~`<>&:]/.test(text))
    fc.assert(
      fc.property(unmarked, (text) => {
        expect(
          readMrkdwn(text)
            .map((inline) => inline.text)
            .join(''),
        ).toBe(text)
      }),
    )
  })
})

describe('readBlocks', () => {
  it('reads a message with buttons', () => {
    const blocks = readBlocks([
      { type: 'header', text: plain('Line cook') },
      { type: 'section', text: plain('*not bold*'), fields: [mrkdwn('*Company*')] },
      {
        type: 'actions',
        elements: [
          { type: 'button', action_id: 'approve', style: 'primary', text: plain('Approve') },
          { type: 'button', action_id: 'see', text: plain('See'), url: 'javascript:alert(1)' },
        ],
      },
    ])
    expect(blocks).toEqual([
      { key: '0', type: 'header', text: 'Line cook' },
      {
        key: '1',
        type: 'section',
        text: { key: '0', inlines: [{ at: 0, kind: 'plain', text: '*not bold*' }] },
        fields: [{ key: '0', inlines: [{ at: 0, kind: 'bold', text: 'Company' }] }],
      },
      {
        key: '2',
        type: 'actions',
        buttons: [
          { actionId: 'approve', text: 'Approve', style: 'primary', url: null },
          { actionId: 'see', text: 'See', style: null, url: null },
        ],
      },
    ])
  })

  it('reads whatever it is given without failing', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (json) =>
        Array.isArray(readBlocks([json, { type: 'section', text: json }])),
      ),
    )
  })
})

describe('readModal', () => {
  const modal = readModal({
    title: plain('Deny'),
    submit: plain('Deny'),
    blocks: [
      {
        type: 'input',
        block_id: 'reason',
        label: plain('Reason'),
        element: { type: 'plain_text_input', action_id: 'text', initial_value: 'Spam', multiline: true },
      },
      {
        type: 'input',
        block_id: 'kind',
        optional: true,
        label: plain('Kind'),
        element: {
          type: 'static_select',
          action_id: 'kind',
          initial_option: { value: 'b', text: plain('B') },
          options: [
            { value: 'a', text: plain('A') },
            { value: 'b', text: plain('B') },
          ],
        },
      },
    ],
  })

  it('gives its inputs the names and words they were given', () => {
    expect(modal).toMatchObject({ title: 'Deny', submit: 'Deny', close: 'Cancel' })
    expect(modal.blocks.map((block) => block.type === 'input' && [block.label, block.optional])).toEqual([
      ['Reason', false],
      ['Kind', true],
    ])
  })

  it('starts its inputs with what the application filled in', () => {
    expect(initialValues(modal.blocks)).toEqual({ reason: { text: 'Spam' }, kind: { kind: 'b' } })
  })
})
