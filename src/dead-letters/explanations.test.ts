import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { ERROR_CLASSES, explain, runbookOf } from './explanations.ts'

const PROVIDERS = [
  'twilio',
  'slack',
  'openai',
  'circle',
  'mailchimp',
  'luma',
  'stripe',
  'clerk',
  'pagerduty',
  'email',
]
const pathOf = (page: string) => fileURLToPath(new URL(`../../docs/runbooks/${page}.md`, import.meta.url))
const CELLS = ERROR_CLASSES.flatMap((errorClass) =>
  [...PROVIDERS, null].map((provider) => ({ errorClass, provider })),
)

test.each(CELLS)('$errorClass at $provider: whole sentences, and the provider by its name', (letter) => {
  const { title, suggestion, runbook } = explain(letter)
  expect(title).toMatch(/^[A-Z][^.]+$/)
  expect(suggestion).toMatch(/^[A-Z].+\.$/)
  expect(`${title} ${suggestion}`).not.toMatch(/undefined|null|\{/)
  // Never by the word that only programs know.
  if (letter.provider !== null) expect(title).not.toMatch(new RegExp(`\\b${letter.provider}\\b`))
  expect(runbook).toBe(runbookOf(letter.errorClass))
})

test('a class of an older version is told as something that nobody foresaw', () => {
  expect(explain({ provider: null, errorClass: 'of-old' })).toEqual(
    explain({ provider: null, errorClass: 'bug' }),
  )
})

test.each(ERROR_CLASSES)(
  '%s has a runbook: for the community, how to look, what to do, when to ignore',
  (errorClass) => {
    const page = runbookOf(errorClass)
    expect(existsSync(pathOf(page)), page).toBe(true)
    const text = readFileSync(pathOf(page), 'utf8')
    for (const part of ['# ', '**For the community:**', '**Look:**', '**Do:**', '**Safe to ignore:**'])
      expect(text, page).toContain(part)
    expect(readFileSync(pathOf('README'), 'utf8')).toContain(`(dead-letter-${errorClass}.md)`)
  },
)
