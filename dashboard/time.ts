import { useSyncExternalStore } from 'react'

/** How far the server's clock is ahead of this browser's: the sandbox's clock can be moved by days. */
let aheadMs = 0
let shownNowMs = browserNow()
const listeners = new Set<() => void>()

/** Sets this browser's idea of now to the server's (ISO 8601). */
export function followServerTime(serverNow: string): void {
  const difference = Date.parse(serverNow) - browserNow()
  // Half a minute is within what a network and two clocks differ by; leaving it alone avoids jitter.
  aheadMs = Number.isFinite(difference) && Math.abs(difference) > 30_000 ? difference : 0
  tick()
}

/** The time, in milliseconds since 1970, renewed every ten seconds for everything that shows relative times. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => shownNowMs)
}

/**
 * The machine's time, which nobody moves: runs and their steps are kept by it. While it differs from what the pages
 * call now (the sandbox's clock was moved), `3 minutes ago` and `7 days ago` could be the same moment.
 */
export function useMachineNow(): { nowMs: number; differs: boolean } {
  const nowMs = useNow()
  return { nowMs: nowMs - aheadMs, differs: aheadMs !== 0 }
}

const STEPS: { unit: Intl.RelativeTimeFormatUnit; ms: number }[] = [
  { unit: 'year', ms: 365 * 86_400_000 },
  { unit: 'month', ms: 30 * 86_400_000 },
  { unit: 'day', ms: 86_400_000 },
  { unit: 'hour', ms: 3_600_000 },
  { unit: 'minute', ms: 60_000 },
]
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'always' })

/**
 * Says a time as seen from now: `just now`, `3 minutes ago`, `in 6 days`. A unit is used from one and a half of it
 * on, as people do: 36 hours are `2 days`, 90 seconds are `2 minutes`, 7 days are never `1 week`.
 */
export function describeRelative(atMs: number, nowMs: number): string {
  const distanceMs = atMs - nowMs
  const size = Math.abs(distanceMs)
  // Our idea of now is up to ten seconds old, so what just happened may seem to lie ahead.
  if (size < 45_000) return distanceMs > 15_000 ? 'in a moment' : 'just now'
  const step = STEPS.find(({ ms }) => size >= ms * 1.5) ?? { unit: 'minute', ms: 60_000 }
  return relative.format(Math.sign(distanceMs) * Math.round(size / step.ms), step.unit)
}

/** Says a time exactly, in the reader's zone and habits: `Mon, 23 Nov 2026, 14:05:09 CET`. */
export function describeExact(atMs: number, locale?: string, timeZone?: string): string {
  return new Intl.DateTimeFormat(locale, {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    timeZoneName: 'short',
    timeZone,
  }).format(atMs)
}

/** Says a time of these days, to the second: `23 Nov, 14:05:09`. */
export function describeMoment(atMs: number, locale?: string, timeZone?: string): string {
  return new Intl.DateTimeFormat(locale, {
    day: 'numeric',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    timeZone,
  }).format(atMs)
}

/** Says how long something took: `820 ms`, `3.4 s`, `2 min 5 s`, `3 h 12 min`, `9 days 19 h`. */
export function describeTook(durationMs: number): string {
  if (durationMs < 1_000) return `${Math.round(durationMs)} ms`
  if (durationMs < 60_000) return `${(durationMs / 1_000).toFixed(1)} s`
  const minutes = Math.floor(durationMs / 60_000)
  if (minutes < 60) return `${minutes} min ${Math.floor((durationMs % 60_000) / 1_000)} s`
  const hours = Math.floor(minutes / 60)
  if (hours < 48) return `${hours} h ${minutes % 60} min`
  return `${Math.floor(hours / 24)} days ${hours % 24} h`
}

function tick() {
  shownNowMs = browserNow() + aheadMs
  for (const listener of listeners) listener()
}

/** The browser's own clock. It may stand still while a laptop sleeps; the session, fetched again then, sets it right. */
function browserNow(): number {
  return performance.timeOrigin + performance.now()
}

let ticking: ReturnType<typeof setInterval> | undefined

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  ticking ??= setInterval(tick, 10_000)
  return () => {
    listeners.delete(listener)
    if (listeners.size > 0) return
    clearInterval(ticking)
    ticking = undefined
  }
}
