/**
 * Spans. They are made by whatever provider is registered with OpenTelemetry's API: none by default, and then all of
 * this does next to nothing.
 */
import {
  type Attributes,
  type Context,
  context,
  propagation,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'
import { serializeError } from '../primitives/index.ts'

export type SpanOptions = {
  kind?: 'server' | 'client' | 'consumer' | 'internal'
  attributes?: Attributes
  /** What it continues; absent: what is under way here. */
  parent?: Context
}

const KINDS = {
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  consumer: SpanKind.CONSUMER,
  internal: SpanKind.INTERNAL,
}

/**
 * Does work within a span, which ends with it. What work throws is noted on the span by class and masked message, and
 * thrown again.
 */
export function withSpan<T>(
  name: string,
  options: SpanOptions,
  work: (note: (attributes: Attributes) => void) => Promise<T>,
): Promise<T> {
  const { kind = 'internal', attributes = {}, parent = context.active() } = options
  const tracer = trace.getTracer('kinkeeper')
  return tracer.startActiveSpan(name, { kind: KINDS[kind], attributes }, parent, async (span) => {
    try {
      return await work((more) => span.setAttributes(more))
    } catch (error) {
      const { name: type, message } = serializeError(error)
      span.setAttributes({ 'error.type': type })
      span.setStatus({ code: SpanStatusCode.ERROR, message })
      throw error
    } finally {
      span.end()
    }
  })
}

/** What is under way elsewhere, as it was written down there by W3C's `traceparent`. */
export function continuing(carrier: Record<string, string>): Context {
  return propagation.extract(context.active(), carrier)
}
