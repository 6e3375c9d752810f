/**
 * DogStatsD: the Datadog agent's datagrams (https://docs.datadoghq.com/developers/dogstatsd/datagram_shell, 2026-11).
 * Counters go as what was added since the last time, gauges as they are, histograms as distributions: one value for
 * each bucket (its middle), with the sample rate that says for how many it stands.
 */
import { createSocket, type Socket } from 'node:dgram'
import type { Attributes } from '@opentelemetry/api'
import { type ExportResult, ExportResultCode } from '@opentelemetry/core'
import {
  AggregationTemporality,
  DataPointType,
  type Histogram,
  type MetricData,
  type PushMetricExporter,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics'

/** Fits a packet on any network. */
const DATAGRAM_BYTES = 1_400

/** Sends to the agent. Nobody hears whether it is there, so nothing is ever waited for. */
export function createDogStatsDExporter(address: { host: string; port: number }): PushMetricExporter {
  let socket: Socket | null = null
  const open = () => {
    const made = createSocket(address.host.includes(':') ? 'udp6' : 'udp4')
    made.on('error', () => {})
    made.unref()
    return made
  }
  return {
    export({ scopeMetrics }: ResourceMetrics, done: (result: ExportResult) => void) {
      socket ??= open()
      const lines = scopeMetrics.flatMap(({ metrics }) => metrics.flatMap(linesOf))
      for (const datagram of packed(lines)) socket.send(datagram, address.port, address.host, () => {})
      done({ code: ExportResultCode.SUCCESS })
    },
    selectAggregationTemporality: () => AggregationTemporality.DELTA,
    async forceFlush() {},
    async shutdown() {
      socket?.close()
      socket = null
    },
  }
}

/** One metric as lines: `kinkeeper.runs:3|c|#job:cleanup,outcome:failed`. */
function linesOf(metric: MetricData): string[] {
  const name = metric.descriptor.name.replace(/_total$/, '').replace(/^kinkeeper_/, 'kinkeeper.')
  switch (metric.dataPointType) {
    case DataPointType.SUM:
      return metric.dataPoints
        .filter(({ value }) => value !== 0)
        .map(({ value, attributes }) => `${name}:${value}|c${tags(attributes)}`)
    case DataPointType.GAUGE:
      return metric.dataPoints.map(({ value, attributes }) => `${name}:${value}|g${tags(attributes)}`)
    case DataPointType.HISTOGRAM:
      return metric.dataPoints.flatMap(({ value, attributes }) => distribution(name, value, attributes))
    case DataPointType.EXPONENTIAL_HISTOGRAM:
      return []
  }
}

function distribution(name: string, { buckets, min, max }: Histogram, attributes: Attributes): string[] {
  return buckets.counts.flatMap((count, index) => {
    if (count === 0) return []
    const low = Math.max(buckets.boundaries[index - 1] ?? 0, min ?? 0)
    const high = Math.min(buckets.boundaries[index] ?? Number.POSITIVE_INFINITY, max ?? low)
    const rate = count === 1 ? '' : `|@${1 / count}`
    return [`${name}:${(low + Math.max(low, high)) / 2}|d${rate}${tags(attributes)}`]
  })
}

function tags(attributes: Attributes): string {
  const pairs = Object.entries(attributes).map(
    ([key, value]) => `${key}:${String(value).replaceAll(/[,|#\n]/g, '_')}`,
  )
  return pairs.length === 0 ? '' : `|#${pairs.join(',')}`
}

/** As many lines to a datagram as fit. */
function packed(lines: readonly string[]): string[] {
  const datagrams: string[] = []
  let current = ''
  for (const line of lines) {
    if (current !== '' && current.length + 1 + line.length > DATAGRAM_BYTES) {
      datagrams.push(current)
      current = ''
    }
    current = current === '' ? line : `${current}\n${line}`
  }
  return current === '' ? datagrams : [...datagrams, current]
}
