/** Durations as people write them: `90s`, `15m`, `24h`, `7d`. Always milliseconds inside. */

export const SECOND_MS = 1_000
export const MINUTE_MS = 60 * SECOND_MS
export const HOUR_MS = 60 * MINUTE_MS
export const DAY_MS = 24 * HOUR_MS

const UNITS = { ms: 1, s: SECOND_MS, m: MINUTE_MS, h: HOUR_MS, d: DAY_MS } as const
type Unit = keyof typeof UNITS

/** Parses `7d` to milliseconds; null when the text is not a positive whole number with a unit (ms, s, m, h, d). */
export function parseDuration(text: string): number | null {
  const match = /^(\d{1,9})\s*(ms|s|m|h|d)$/.exec(text.trim())
  if (!match) return null
  const amount = Number(match[1]) * UNITS[match[2] as Unit]
  return amount > 0 && Number.isSafeInteger(amount) ? amount : null
}

/** Says a duration in words, in its largest whole unit: 604800000 → `7 days`, 5400000 → `90 minutes`. */
export function describeDuration(durationMs: number): string {
  const units: [number, string][] = [
    [DAY_MS, 'day'],
    [HOUR_MS, 'hour'],
    [MINUTE_MS, 'minute'],
    [SECOND_MS, 'second'],
  ]
  for (const [size, name] of units) {
    if (durationMs >= size && durationMs % size === 0) return plural(durationMs / size, name)
  }
  for (const [size, name] of units) {
    if (durationMs >= size) return plural(Math.round(durationMs / size), name)
  }
  return plural(Math.round(durationMs), 'millisecond')
}

function plural(count: number, name: string): string {
  return `${count} ${name}${count === 1 ? '' : 's'}`
}
