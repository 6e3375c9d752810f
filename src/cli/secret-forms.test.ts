import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { findSecrets } from './secret-forms.ts'

// As random as keys are, the same in every run, and not to be found in this file.
const digest = createHash('sha256').update('a key that nobody has').digest()
const random = digest.subarray(0, 24).toString('base64url').replaceAll(/[-_]/g, 'a')
const hex = digest.subarray(0, 16).toString('hex')

test.each([
  ['key of Slack', `token: xoxb-${hex}-${hex}`],
  ['API key of Twilio', `SK${hex}`],
  ['key of Stripe or Clerk', `sk_live_${random}`],
  ['webhook secret of Stripe, Clerk or Svix', `whsec_${random}`],
  ['key of OpenAI', `sk-proj-${random}${random}`],
  ['key of Mailchimp', `${hex}-us21`],
  ['key of Luma', `secret-${random}`],
  ['token of GitHub', `ghp_${random}${random}`],
  ['private key', ['-----BEGIN', 'RSA PRIVATE KEY-----'].join(' ')],
  ['random text in an assignment', `const authToken = '${hex}1g'`],
  ['random text in an assignment', `PAGERDUTY_ROUTING_KEY=${hex}`],
  ['password in an address', `postgresql://kin:${random}@db.example/x`],
])('a %s is found, with its line', (rule, text) => {
  expect(findSecrets(`first\n${text}\n`)).toMatchObject([{ rule, line: 2 }])
})

test.each([
  'postgresql://user:password@host:5432/database',
  "const token = newId('tok')",
  "secret: 'a secret that is used by tests only'",
  'STRIPE_API_KEY=',
  'password: given.password',
  'integrity: "sha512-abcdefgh=="',
  "token: 'kinkeeper_session_token'",
])('%s is none', (text) => {
  expect(findSecrets(text)).toEqual([])
})
