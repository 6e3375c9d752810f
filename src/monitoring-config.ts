/** Where numbers, traces and errors are sent. Nothing of it is needed: `/metrics` and the dashboard are always there. */
import { z } from 'zod'
import type { TelemetrySettings } from './monitoring/index.ts'
import { type Environment, httpUrl, type Reader } from './provider-config.ts'

const METRICS_EVERY_MS = 60_000
/** Values of variables with these endings must never reach Sentry. */
const SECRET = /(?:TOKEN|SECRET|KEY|PASSWORD|DSN)$/
const SHORTEST_SECRET = 8

const address = z
  .string()
  .regex(/^(?:\[[0-9a-f:]+\]|[\w.-]+):\d{1,5}$/i)
  .transform((text) => {
    const [, host = '', port = ''] = /^(.+):(\d+)$/.exec(text) ?? []
    return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) }
  })
  .refine(({ port }) => port > 0 && port < 65_536)

/** Reads it, with the standard names of OpenTelemetry and Sentry. */
export function monitoringConfig(
  reader: Reader,
  environment: Environment,
  production: boolean,
): TelemetrySettings {
  const endpoint = reader.parsed(
    'OTEL_EXPORTER_OTLP_ENDPOINT',
    httpUrl.nullable(),
    null,
    'Set it to the address of an OpenTelemetry collector, for example http://localhost:4318.',
  )
  const metricsEveryMs = reader.parsed(
    'OTEL_METRIC_EXPORT_INTERVAL',
    z.coerce.number().int().min(1_000),
    METRICS_EVERY_MS,
    'Set it to milliseconds, at least 1000.',
  )
  const dsn = reader.parsed(
    'SENTRY_DSN',
    z
      .string()
      .regex(/^https?:\/\/[^\s@]+@[^\s/]+\/\S*\d+$/)
      .nullable(),
    null,
    'Copy it from the project’s settings in Sentry: https://key@host/number.',
  )
  return {
    otlp: endpoint === null ? null : { endpoint: endpoint.replace(/\/+$/, ''), metricsEveryMs },
    dogstatsd: reader.parsed(
      'DOGSTATSD_ADDR',
      address.nullable(),
      null,
      'Write it as host:port, for example localhost:8125.',
    ),
    sentry:
      dsn === null
        ? null
        : {
            dsn,
            environment: reader.text('SENTRY_ENVIRONMENT') ?? (production ? 'production' : 'development'),
            release: `kinkeeper@${reader.text('npm_package_version') ?? 'unknown'}`,
            secrets: secretsIn(environment),
          },
  }
}

function secretsIn(environment: Environment): string[] {
  return Object.entries(environment)
    .filter(([name]) => SECRET.test(name) && name !== 'SENTRY_DSN')
    .flatMap(([, value]) => value?.trim() ?? [])
    .filter((value) => value.length >= SHORTEST_SECRET)
}
