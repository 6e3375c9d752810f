/**
 * A strict reader of Prometheus's text format 0.0.4, written from its description
 * (https://prometheus.io/docs/instrumenting/exposition_formats/).
 */
export type Family = { name: string; help: string; type: string; samples: Sample[] }
type Sample = { name: string; labels: Record<string, string>; value: number }

const SUFFIXES: Record<string, RegExp> = { histogram: /_(?:bucket|sum|count)$/, counter: /$^/, gauge: /$^/ }

/** @throws Error naming the line that is not as the format says */
export function parsePrometheus(text: string): Map<string, Family> {
  if (!text.endsWith('\n')) throw new Error('The last line does not end')
  const families = new Map<string, Family>()
  const helps = new Map<string, string>()
  for (const line of text.slice(0, -1).split('\n')) {
    const help = /^# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) (.*)$/.exec(line)
    const type = /^# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram|summary|untyped)$/.exec(line)
    if (help) helps.set(help[1] ?? '', help[2] ?? '')
    else if (type) {
      const [, name = '', kind = ''] = type
      if (families.has(name)) throw new Error(`A second TYPE: ${line}`)
      families.set(name, { name, help: helps.get(name) ?? '', type: kind, samples: [] })
    } else if (!line.startsWith('#')) addSample(families, line)
  }
  for (const family of families.values()) checkFamily(family)
  return families
}

function addSample(families: Map<string, Family>, line: string): void {
  const matched = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/.exec(line)
  if (!matched) throw new Error(`Not a sample: ${line}`)
  const [, name = '', labelText = '', valueText = ''] = matched
  const value = valueText === '+Inf' ? Number.POSITIVE_INFINITY : Number(valueText)
  if (Number.isNaN(value)) throw new Error(`Not a number: ${line}`)
  const labels: Record<string, string> = {}
  const rest = labelText.replaceAll(
    /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\[\\n"])*)"(?:,|$)/g,
    (_, label: string, text: string) => {
      labels[label] = text
      return ''
    },
  )
  if (rest !== '') throw new Error(`Not labels: ${line}`)
  const family =
    families.get(name) ??
    [...families.values()].find((each) => name.replace(SUFFIXES[each.type] ?? /$^/, '') === each.name)
  if (!family) throw new Error(`Without a TYPE before it: ${line}`)
  family.samples.push({ name, labels, value })
}

function checkFamily({ name, type, help, samples }: Family): void {
  if (help === '') throw new Error(`${name} has no HELP`)
  if (type === 'counter' && !name.endsWith('_total'))
    throw new Error(`The counter ${name} does not end in _total`)
  const keys = samples.map((sample) => `${sample.name}${JSON.stringify(sample.labels)}`)
  if (new Set(keys).size !== keys.length) throw new Error(`${name} has a sample twice`)
  if (type !== 'histogram') return
  for (const { labels, value } of samples.filter((sample) => sample.name === `${name}_count`)) {
    const buckets = samples.filter(
      (sample) =>
        sample.name === `${name}_bucket` &&
        Object.entries(labels).every(([label, is]) => sample.labels[label] === is),
    )
    const limits = buckets.map((bucket) =>
      bucket.labels.le === '+Inf' ? Number.POSITIVE_INFINITY : Number(bucket.labels.le),
    )
    const rising = (values: number[]) =>
      values.every((each, index) => index === 0 || each >= (values[index - 1] ?? 0))
    if (!rising(limits) || !rising(buckets.map((bucket) => bucket.value)))
      throw new Error(`${name} does not rise`)
    if (buckets.at(-1)?.value !== value) throw new Error(`${name}: the last bucket is not the count`)
  }
}
