/** Counts and gauges of this process, shown as Prometheus text (https://prometheus.io/docs/instrumenting/exposition_formats/). */
export type Metrics = {
  /** Adds one to a counter. Labels are few and never personal. */
  count(name: string, labels?: Record<string, string>): void
  /** A value that is read whenever somebody asks. */
  gauge(name: string, help: string, read: () => number): void
  /** All of it, as Prometheus reads it. */
  text(): string
}

const HELP: Record<string, string> = {
  kinkeeper_webhook_refusals_total: 'Deliveries turned away, by source and reason',
}

export function createMetrics(): Metrics {
  const counters = new Map<string, Map<string, number>>()
  const gauges = new Map<string, { help: string; read: () => number }>()
  return {
    count(name, labels = {}) {
      const series = counters.get(name) ?? new Map<string, number>()
      const key = Object.entries(labels)
        .map(([label, value]) => `${label}="${escapeLabel(value)}"`)
        .join(',')
      series.set(key, (series.get(key) ?? 0) + 1)
      counters.set(name, series)
    },
    gauge: (name, help, read) => gauges.set(name, { help, read }),
    text() {
      const lines: string[] = []
      for (const [name, series] of counters) {
        lines.push(`# HELP ${name} ${HELP[name] ?? name}`, `# TYPE ${name} counter`)
        for (const [labels, value] of series)
          lines.push(labels === '' ? `${name} ${value}` : `${name}{${labels}} ${value}`)
      }
      for (const [name, { help, read }] of gauges)
        lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} gauge`, `${name} ${read()}`)
      return `${lines.join('\n')}\n`
    },
  }
}

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}
