import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { addFault } from '../resilience/faults.ts'
import { type Stage, setStage } from '../resilience/stage.ts'
import { until } from '../support/sandbox-world.ts'
import { parsePrometheus } from './prometheus-text.ts'
import {
  metricNamesIn,
  type ReceivedSpan,
  spansIn,
  startDatagramReceiver,
  startHttpReceiver,
} from './receivers.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const PHONE = '+14155550177'
const TEXT =
  'Acme Inc is hiring a Senior Backend Engineer in Berlin. Salary 70000-90000 EUR per year. Apply at jobs@acme.example'

let collector: Awaited<ReturnType<typeof startHttpReceiver>>
let sentry: Awaited<ReturnType<typeof startHttpReceiver>>
let agent: Awaited<ReturnType<typeof startDatagramReceiver>>
let stage: Stage

beforeAll(async () => {
  ;[collector, sentry, agent] = await Promise.all([
    startHttpReceiver(),
    startHttpReceiver(),
    startDatagramReceiver(),
  ])
  stage = await setStage({
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_METRIC_EXPORT_INTERVAL: '1000',
      DOGSTATSD_ADDR: `127.0.0.1:${agent.port}`,
      SENTRY_DSN: sentry.url.replace('//', '//publickey@').concat('/42'),
    },
  })
})
afterAll(async () => {
  await stage.close()
  agent.stop()
  await Promise.all([collector.stop(), sentry.stop()])
})

const metrics = async () => parsePrometheus(await (await fetch(`${stage.url}/metrics`)).text())

test('one trace goes from the webhook through the runs to the message in Slack', async () => {
  await stage.world.text(PHONE, TEXT)
  const spans = await until(
    async () => {
      const all = collector.received
        .filter(({ path }) => path === '/v1/traces')
        .flatMap(({ body }) => spansIn(body))
      return all.some(({ name }) => name === 'slack chat.postMessage') ? all : null
    },
    'the span of the message in Slack',
    30_000,
  )
  const [webhook] = spans.filter(({ name }) => name === 'POST /webhooks/twilio-sms')
  const [message] = spans.filter(({ name }) => name === 'slack chat.postMessage')
  expect(webhook?.traceId).toMatch(/^[0-9a-f]{32}$/)
  expect(message?.traceId).toBe(webhook?.traceId)
  // From the message upwards: the attempt, its run, what started that, and in the end the webhook.
  const line = await until(
    async () => {
      const known = collector.received
        .filter(({ path }) => path === '/v1/traces')
        .flatMap(({ body }) => spansIn(body))
      const names = lineage(known, message?.spanId ?? '')
      return names.at(-1) === 'POST /webhooks/twilio-sms' ? names : null
    },
    'all spans between them',
    30_000,
  )
  expect(line.filter((name) => name.startsWith('run ')).length).toBeGreaterThanOrEqual(1)
  expect(line.length).toBeGreaterThanOrEqual(4)
})

test('what is sent to a collector and to the Datadog agent is what /metrics shows', async () => {
  await until(
    async () => (collector.received.some(({ path }) => path === '/v1/metrics') ? true : null),
    'metrics',
  )
  const pushed = await until(
    async () => {
      const names = new Set(
        collector.received
          .filter(({ path }) => path === '/v1/metrics')
          .flatMap(({ body }) => metricNamesIn(body)),
      )
      return names.has('kinkeeper_runs_total') && names.has('kinkeeper_runs_queued') ? names : null
    },
    'the runs among the metrics that are pushed',
    40_000,
  )
  const shown = await metrics()
  for (const name of pushed) expect(shown.has(name), name).toBe(true)
  const lines = await until(
    async () => (agent.lines.some((line) => line.startsWith('kinkeeper.runs:')) ? agent.lines : null),
    'the runs in a datagram',
    30_000,
  )
  for (const line of lines) expect(line).toMatch(/^[\w.]+:-?[\d.e+-]+\|(?:c|g|d)(?:\|@[\d.e-]+)?(?:\|#\S+)?$/)
  expect(lines.find((line) => line.startsWith('kinkeeper.runs:'))).toMatch(
    /\|c\|#job:[\w-]+,outcome:succeeded$/,
  )
  expect(
    lines.some((line) => line.startsWith('kinkeeper.run_duration_seconds:') && line.includes('|d')),
  ).toBe(true)
})

test('a run that fails is told to Sentry, and nobody in it', async () => {
  await addFault(stage.world, 'slack', 'chat.postMessage', { kind: 'status', status: 403, times: 10 })
  await stage.world.text('+14155550178', `${TEXT} or call +1 415 555 0199, mona@members.example`)
  await until(async () => (sentry.received.length > 0 ? true : null), 'the error in Sentry', 30_000)
  const everything = sentry.received.map(({ body }) => body.toString()).join('\n')
  expect(everything).toContain('Slack')
  for (const personal of ['415555', '555 01', 'acme.example', 'mona@', stage.world.credentials.openaiApiKey])
    expect(everything).not.toContain(personal)
})

test('every metric that the Grafana dashboard asks for is on /metrics', async () => {
  const dashboard = readFileSync(join(ROOT, 'docs/grafana/kinkeeper.json'), 'utf8')
  const asked = new Set(dashboard.match(/\bkinkeeper_\w+/g))
  expect(asked.size).toBeGreaterThan(20)
  // Something of everything has to have happened; the other tests have seen to the rest.
  const refused = await fetch(`${stage.url}/webhooks/twilio-sms`, { method: 'POST', body: 'Body=hello' })
  expect(refused.ok).toBe(false)
  await until(
    async () => {
      const shown = await metrics()
      const missing = [...asked].filter((name) => !shown.has(name.replace(/_(?:bucket|sum|count)$/, '')))
      return missing.length === 0 || null
    },
    'every metric of the dashboard',
    50_000,
  )
})

/** The names of a span and of those above it, as far as they are known. */
function lineage(spans: readonly ReceivedSpan[], spanId: string): string[] {
  const span = spans.find((each) => each.spanId === spanId)
  return span ? [span.name, ...lineage(spans, span.parentId)] : []
}
