import { PrometheusSerializer } from '@opentelemetry/exporter-prometheus'
import { MetricReader } from '@opentelemetry/sdk-metrics'
import { SECOND_MS } from '../primitives/index.ts'

const COLLECT_LIMIT_MS = 2 * SECOND_MS

/** Gives all metrics as Prometheus reads them (https://prometheus.io/docs/instrumenting/exposition_formats/). */
export class PrometheusReader extends MetricReader {
  // No labels of the scope and no `target_info`: there is one scope, and who scrapes knows the target.
  private readonly serializer = new PrometheusSerializer(undefined, false, undefined, true, true)

  async text(): Promise<string> {
    const { resourceMetrics } = await this.collect({ timeoutMillis: COLLECT_LIMIT_MS })
    return `${this.serializer.serialize(resourceMetrics).trimEnd()}\n`
  }

  protected override async onShutdown(): Promise<void> {}
  protected override async onForceFlush(): Promise<void> {}
}
