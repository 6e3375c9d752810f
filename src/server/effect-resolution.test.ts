import { expect, test } from 'vitest'
import { resultOf } from './effect-resolution.ts'

const slack = { result: { channel: 'C0JOBS', ts: '1700000000.000100' }, objectId: 'C0JOBS/1700000000.000100' }

test.each([
  [
    'circle.post',
    { url: 'https://c.example/c/jobs/a-post' },
    { id: 'a-post', url: 'https://c.example/c/jobs/a-post' },
  ],
  ['circle.post', { objectId: '7', url: 'https://c.example/p' }, { id: '7', url: 'https://c.example/p' }],
  ['twilio.message', { objectId: 'SM1' }, { sid: 'SM1' }],
  ['twilio.message', {}, { sid: 'not noted' }],
  ['twilio.alert', { objectId: 'SM1' }, { sid: 'SM1' }],
  ['slack.alert', { objectId: slack.objectId }, slack.result],
  ['mailchimp.welcome', {}, { welcomed: true }],
  ['slack.message', { objectId: slack.objectId }, slack.result],
  [
    'slack.reminder',
    { url: 'https://x.slack.com/archives/C0JOBS/p1700000000000100?thread_ts=1' },
    slack.result,
  ],
])('%s with %j gives the run what it needs', (kind, found, result) => {
  expect(resultOf({ kind }, found)).toMatchObject({ result })
})

test.each([
  ['circle.post', { objectId: '7' }],
  ['circle.post', { url: 'javascript:alert(1)' }],
  ['slack.message', {}],
  ['slack.message', { objectId: '1700000000.000100' }],
  ['stripe.refund', { objectId: 're_1' }],
])('%s with %j is not enough, and the answer says what is', (kind, found) => {
  expect(() => resultOf({ kind }, found)).toThrow(/enter|Nobody/)
})
