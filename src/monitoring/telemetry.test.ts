import { once } from 'node:events'
import { createServer } from 'node:net'
import { trace } from '@opentelemetry/api'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parsePrometheus } from '../../tests/monitoring/prometheus-text.ts'
import { createTestDatabase } from '../../tests/support/test-database.ts'
import { type Database, openDatabase } from '../database/index.ts'
import { createLogger } from '../primitives/index.ts'
import { startTelemetry, type TelemetrySettings } from './telemetry.ts'
import { withSpan } from './traces.ts'

const logger = createLogger('silent')
const NOWHERE: TelemetrySettings = { otlp: null, dogstatsd: null, sentry: null }
let database: Database
let drop: () => Promise<void>

beforeAll(async () => {
  const created = await createTestDatabase()
  drop = created.drop
  database = openDatabase({ url: created.url, poolSize: 2, logger })
})
afterAll(async () => {
  await database.close()
  await drop()
})

test('with nothing set, things are counted and no spans are made', async () => {
  const telemetry = await startTelemetry({ settings: NOWHERE, database, logger })
  expect(telemetry.tracing).toBe(false)
  const recording = await withSpan('nothing', {}, async () => trace.getActiveSpan()?.isRecording() ?? false)
  expect(recording).toBe(false)
  telemetry.instruments.runs.add(2, { job: 'cleanup', outcome: 'succeeded' })
  telemetry.instruments.runSeconds.record(0.3, { job: 'cleanup' })
  telemetry.instruments.refusals.add(1, { source: 'a"b\\c\nd', reason: 'mismatch' })
  const families = parsePrometheus(await telemetry.metricsText())
  expect(families.get('kinkeeper_runs_total')?.samples).toEqual([
    { name: 'kinkeeper_runs_total', labels: { job: 'cleanup', outcome: 'succeeded' }, value: 2 },
  ])
  expect(families.get('kinkeeper_run_duration_seconds')?.type).toBe('histogram')
  expect(families.get('kinkeeper_webhook_refusals_total')?.samples[0]?.labels.source).toBe('a\\"b\\\\c\\nd')
  expect(families.get('kinkeeper_database_up')?.samples[0]?.value).toBe(1)
  await telemetry.stop()
})

test('a collector that is away or never answers, and an agent that is not there, hold up nothing', async () => {
  const hole = createServer(() => {})
  hole.listen(0, '127.0.0.1')
  await once(hole, 'listening')
  const address = hole.address()
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0
  for (const endpoint of ['http://127.0.0.1:9', `http://127.0.0.1:${port}`]) {
    const settings = {
      ...NOWHERE,
      otlp: { endpoint, metricsEveryMs: 1_000 },
      dogstatsd: { host: '127.0.0.1', port: 9 },
    }
    const telemetry = await startTelemetry({ settings, database, logger })
    const begun = performance.now()
    for (let count = 0; count < 5_000; count++) await withSpan('work', {}, async () => {})
    await telemetry.metricsText()
    expect(performance.now() - begun).toBeLessThan(2_000)
    const stopping = performance.now()
    await telemetry.stop()
    expect(performance.now() - stopping).toBeLessThan(12_000)
  }
  hole.close()
})

test('while the database is away, the rest is shown without waiting for it', async () => {
  const away = openDatabase({ url: 'postgresql://nobody@127.0.0.1:9/none', poolSize: 1, logger })
  const telemetry = await startTelemetry({ settings: NOWHERE, database: away, logger })
  const begun = performance.now()
  const families = parsePrometheus(await telemetry.metricsText())
  expect(performance.now() - begun).toBeLessThan(1_500)
  expect(families.get('kinkeeper_database_up')?.samples[0]?.value).toBe(0)
  expect(families.get('kinkeeper_process_resident_bytes')?.samples[0]?.value).toBeGreaterThan(1e6)
  expect(families.has('kinkeeper_runs_queued')).toBe(false)
  await telemetry.stop()
  await away.close()
})
