import { afterAll, beforeAll, expect, test } from 'vitest'
import { startHttpReceiver } from '../../tests/monitoring/receivers.ts'
import { NeverRetryError } from '../primitives/index.ts'
import { createSentryReporter } from './sentry.ts'

let sentry: Awaited<ReturnType<typeof startHttpReceiver>>
beforeAll(async () => {
  sentry = await startHttpReceiver()
})
afterAll(() => sentry.stop())

const settings = () => ({
  dsn: sentry.url.replace('//', '//publickey@').concat('/42'),
  environment: 'test',
  release: 'kinkeeper@test',
  secrets: ['a-secret-of-"ours"'],
})

test('an error arrives with its class, facts and stack, and without anybody’s data or any credential', async () => {
  const reporter = createSentryReporter(settings())
  const cause = new TypeError('Cannot text +1 (415) 555-0123 for mona@members.example')
  reporter.report(
    new NeverRetryError('Twilio refused +14155550123, says jo@example.org', {
      cause,
      facts: { provider: 'twilio', operation: 'messages.create', code: 21610 },
    }),
    { where: 'run job-post-notice', tags: { job: 'job-post-notice', about: 'mona@members.example' } },
  )
  reporter.report(
    new Error(
      'Bearer abcdefghijkl and xoxb-1234-abcdefgh and sk_live_abcdefgh12 at postgresql://kin:hunter2hunter2@db/x with a-secret-of-"ours"',
    ),
    { where: 'GET /api/inbox' },
  )
  reporter.report('a text of +46 70 123 45 67', { where: 'process' })
  await reporter.stop()
  expect(sentry.received.length).toBe(3)
  const all = sentry.received.map(({ body }) => body.toString()).join('\n')
  expect(sentry.received[0]?.path).toMatch(/^\/api\/42\/envelope\//)
  for (const wanted of [
    'NeverRetryError',
    'messages.create',
    'run job-post-notice',
    'sentry.test.ts',
    '+1415•••0123',
  ])
    expect(all).toContain(wanted)
  for (const personal of [
    '5550123',
    '555-0123',
    'mona@',
    'jo@',
    '123 45 67',
    PASSWORD,
    'xoxb-1234',
    'sk_live_a',
  ])
    expect(all, personal).not.toContain(personal)
  for (const secret of ['abcdefghijkl', 'a-secret-of']) expect(all, secret).not.toContain(secret)
})

test('a Sentry that is away disturbs nobody', async () => {
  const reporter = createSentryReporter({ ...settings(), dsn: 'http://key@127.0.0.1:9/1' })
  const begun = performance.now()
  for (let count = 0; count < 1_000; count++) reporter.report(new Error('again'), { where: 'process' })
  await reporter.stop()
  expect(performance.now() - begun).toBeLessThan(5_000)
})

const PASSWORD = 'hunter2hunter2'
