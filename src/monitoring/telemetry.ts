/**
 * What this process tells about itself. Counting goes on always, because `/metrics` may be asked at any time; spans are
 * made, and anything is sent anywhere, only when somebody has said where to. A collector that is away is complained
 * about once a minute and never waited for.
 */
import { DiagLogLevel, diag } from '@opentelemetry/api'
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
} from '@opentelemetry/resources'
import { type IMetricReader, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'
import type { Database } from '../database/index.ts'
import { type Logger, MINUTE_MS, monotonicMs, newId, SECOND_MS } from '../primitives/index.ts'
import { createDogStatsDExporter } from './dogstatsd.ts'
import { observeProcess, observeSamples } from './gauges.ts'
import { createInstruments, type Instruments } from './instruments.ts'
import { PrometheusReader } from './prometheus.ts'
import type { ErrorReporter, SentrySettings } from './sentry.ts'

/** Null: nothing is sent there. */
export type TelemetrySettings = {
  /** A collector's address, below which are `/v1/metrics` and `/v1/traces`. Headers and the like are read by the exporters themselves. */
  otlp: { endpoint: string; metricsEveryMs: number } | null
  dogstatsd: { host: string; port: number } | null
  sentry: SentrySettings | null
}

export type Telemetry = {
  readonly instruments: Instruments
  readonly reporter: ErrorReporter
  /** Whether spans are made. */
  readonly tracing: boolean
  /** The jobs that there are, filled in by whoever runs them. */
  readonly jobs: Set<string>
  /** All metrics as Prometheus text. */
  metricsText(): Promise<string>
  /** Sends what is left, for at most a few seconds. */
  stop(): Promise<void>
}

const NO_REPORTER: ErrorReporter = { report: () => {}, stop: async () => {} }

/** By the agent's own habit: it sums up over ten seconds. */
const DOGSTATSD_EVERY_MS = 10 * SECOND_MS
const SEND_LIMIT_MS = 5 * SECOND_MS
const COMPLAIN_EVERY_MS = MINUTE_MS

/** Begins to count, and to send where the settings say. */
export async function startTelemetry(options: {
  settings: TelemetrySettings
  database: Database
  logger: Logger
}): Promise<Telemetry> {
  const { settings, database, logger } = options
  // What is off is not even loaded.
  const sending = settings.otlp ? await import('./otlp.ts') : null
  const sentry = settings.sentry ? await import('./sentry.ts') : null
  const prometheus = new PrometheusReader()
  const resource = resourceOf()
  const meters = new MeterProvider({ resource, readers: [prometheus, ...pushReaders(settings, sending)] })
  const meter = meters.getMeter('kinkeeper')
  const instruments = createInstruments(meter)
  const jobs = new Set<string>()
  observeSamples(meter, database, jobs)
  const watched = observeProcess(meter, database)
  const sends = settings.otlp !== null || settings.dogstatsd !== null
  if (sends) diag.setLogger(complaints(logger), DiagLogLevel.ERROR)
  const stopTracing =
    settings.otlp && sending ? sending.startTracing(settings.otlp.endpoint, resource, SEND_LIMIT_MS) : null
  const reporter = settings.sentry && sentry ? sentry.createSentryReporter(settings.sentry) : NO_REPORTER
  return {
    instruments,
    reporter,
    tracing: stopTracing !== null,
    jobs,
    metricsText: () => prometheus.text(),
    async stop() {
      watched.stop()
      // Nobody waits for a collector that is away.
      const quietly = (work: Promise<void> | undefined) => work?.catch(() => {})
      await Promise.all([
        quietly(stopTracing?.()),
        quietly(meters.shutdown({ timeoutMillis: SEND_LIMIT_MS })),
        quietly(reporter.stop()),
      ])
      if (sends) diag.disable()
    },
  }
}

/** Who this is: `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` have the last word. */
function resourceOf() {
  const own = resourceFromAttributes({ 'service.name': 'kinkeeper', 'service.instance.id': newId('kin') })
  return defaultResource()
    .merge(own)
    .merge(detectResources({ detectors: [envDetector] }))
}

function pushReaders(
  { otlp, dogstatsd }: TelemetrySettings,
  sending: typeof import('./otlp.ts') | null,
): IMetricReader[] {
  const readers: IMetricReader[] = []
  if (otlp && sending)
    readers.push(
      new PeriodicExportingMetricReader({
        exporter: sending.metricExporter(otlp.endpoint, SEND_LIMIT_MS),
        exportIntervalMillis: otlp.metricsEveryMs,
        exportTimeoutMillis: Math.min(SEND_LIMIT_MS, otlp.metricsEveryMs),
      }),
    )
  if (dogstatsd)
    readers.push(
      new PeriodicExportingMetricReader({
        exporter: createDogStatsDExporter(dogstatsd),
        exportIntervalMillis: DOGSTATSD_EVERY_MS,
        exportTimeoutMillis: SEND_LIMIT_MS,
      }),
    )
  return readers
}

/** What the exporters complain of, at most once a minute. */
function complaints(logger: Logger) {
  let lastMs = Number.NEGATIVE_INFINITY
  const complain = (message: string) => {
    if (monotonicMs() - lastMs < COMPLAIN_EVERY_MS) return
    lastMs = monotonicMs()
    logger.warn(
      { event: 'telemetry.not_sent', problem: message.slice(0, 300) },
      'Metrics or traces could not be sent; nothing waits for it',
    )
  }
  const nothing = () => {}
  return { error: complain, warn: complain, info: nothing, debug: nothing, verbose: nothing }
}
