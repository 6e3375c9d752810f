/** Sending by OTLP, protobuf over HTTP. Loaded only when there is somewhere to send to. */
import { context, propagation, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { W3CTraceContextPropagator } from '@opentelemetry/core'
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import type { Resource } from '@opentelemetry/resources'
import type { PushMetricExporter } from '@opentelemetry/sdk-metrics'
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import { SECOND_MS } from '../primitives/index.ts'

const SPANS_EVERY_MS = 2 * SECOND_MS

/** What sends metrics to a collector. @param limitMs how long one request may take */
export function metricExporter(endpoint: string, limitMs: number): PushMetricExporter {
  return new OTLPMetricExporter({ url: `${endpoint}/v1/metrics`, timeoutMillis: limitMs })
}

/** Registers what makes spans and carries them along. @returns what ends it */
export function startTracing(endpoint: string, resource: Resource, limitMs: number): () => Promise<void> {
  const exporter = new OTLPTraceExporter({ url: `${endpoint}/v1/traces`, timeoutMillis: limitMs })
  const spans = new BatchSpanProcessor({
    exporter,
    scheduledDelayMillis: SPANS_EVERY_MS,
    exportTimeoutMillis: limitMs,
  })
  const provider = new TracerProvider({ resource, spanProcessors: [spans] })
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  propagation.setGlobalPropagator(new W3CTraceContextPropagator())
  trace.setGlobalTracerProvider(provider)
  return async () => {
    for (const api of [trace, propagation, context]) api.disable()
    await provider.shutdown()
  }
}
