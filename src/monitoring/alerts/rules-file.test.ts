import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { parseRules } from './rules-file.ts'

const shipped = fileURLToPath(new URL('../../../alerts.yaml', import.meta.url))

test('the rules that ship are the four classic ones, each with a runbook that exists', () => {
  const hasPage = (name: string) =>
    existsSync(fileURLToPath(new URL(`../../../docs/runbooks/${name}.md`, import.meta.url)))
  const parsed = parseRules(readFileSync(shipped, 'utf8'), 'alerts.yaml', hasPage)
  expect(parsed).toMatchObject({ ok: true })
  if (!parsed.ok) return
  expect(
    parsed.rules.rules.map(({ name, text, windowMs, severity, notify }) => [
      name,
      text,
      windowMs / 60_000,
      severity,
      notify,
    ]),
  ).toEqual([
    ['failure-rate', 'failure_rate > 0.1', 5, 'warning', ['slack', 'email']],
    ['queue-backlog', 'queued_jobs > 100', 10, 'critical', ['pagerduty']],
    ['member-sync-failing', 'job_name = "member-sync" AND failure_count > 5', 15, 'high', ['slack', 'sms']],
    ['dead-letters', 'dlq_count > 20', 30, 'medium', ['email']],
  ])
  expect(parsed.rules.rules.every(({ runbook }) => runbook !== null)).toBe(true)
  expect(parsed.rules.recipients).toEqual({ email: null, sms: [] })
})

test('every mistake is told at once, in order, each with its line and what to write instead', () => {
  const text = `rules:
  - name: Loud
    condition: failures > 1
    window: 5 minutes
    min_samples: 0.5
    severity: bad
    notify: [slack, fax]
    runbook: no-such-page
    colour: red
  - name: twice
    condition: "dlq_count > "
    window: 30s
    severity: info
    notify: slack
  - name: twice
    condition: dlq_count > 1
    window: 1m
    severity: info
    notify: []
  - name: twice
    condition: dlq_count > 2
    window: 1m
    severity: info
    notify: []
  - condition: dlq_count > 1
recipients:
  email: [nobody]
  phone: []
  sms: [14155559999]
extra: 1
`
  const parsed = parseRules(text, 'my.yaml', () => false)
  expect(parsed.ok).toBe(false)
  if (parsed.ok) return
  const lines = parsed.problems.map((problem) => Number(/^my\.yaml:(\d+): /.exec(problem)?.[1]))
  expect(lines).toEqual(lines.toSorted((a, b) => a - b))
  expect(parsed.problems.map((problem) => problem.replace('my.yaml:', ''))).toEqual([
    expect.stringMatching(/^2: name "Loud" cannot be used\. Write small letters/),
    expect.stringMatching(/^3: condition: there is no metric "failures"\. Write one of/),
    expect.stringMatching(/^4: window "5 minutes" cannot be used\. Write a duration/),
    expect.stringMatching(/^5: min_samples "0\.5" cannot be used/),
    expect.stringMatching(/^6: severity "bad" is not known\. Write one of info/),
    expect.stringMatching(/^7: notify "fax" is not known\. Write one of slack/),
    expect.stringMatching(/^8: there is no page docs\/runbooks\/no-such-page\.md/),
    expect.stringMatching(/^9: there is no field "colour" in a rule/),
    expect.stringMatching(/^11: condition: it ends too early/),
    expect.stringMatching(/^12: window "30s"/),
    expect.stringMatching(/^14: notify has to be a list/),
    expect.stringMatching(/^20: there is a rule "twice" already/),
    expect.stringMatching(/^25: the rule lacks name, window, severity, notify/),
    expect.stringMatching(/^27: this is nobody's address/),
    expect.stringMatching(/^28: there is no field "phone"/),
    expect.stringMatching(/^29: this is nobody's address/),
    expect.stringMatching(/^30: there is no field "extra" in the file/),
  ])
  expect(parsed.problems.join()).not.toContain('14155559999')
})

test.each([
  ['', /no rules/],
  ['rules: 3', /has to be a list/],
  ['rules: [1]', /has to be a list of fields/],
  ['rules:\n  - name: a\n   bad: b', /:\d+: this is not YAML/],
  ['rules: []\nrules: []', /:2: this is not YAML/],
])('%j is refused in words', (text, words) => {
  expect(parseRules(text, 'alerts.yaml')).toMatchObject({
    ok: false,
    problems: [expect.stringMatching(words)],
  })
})

test('a file may hold no rules', () => {
  expect(parseRules('rules: []', 'alerts.yaml')).toMatchObject({ ok: true, rules: { rules: [] } })
})
