/**
 * The only place that reads the time. `clock.now()` is the community's time: deadlines, reminders, opt-out windows
 * and everything a person sees. It equals the machine's time unless the sandbox has moved its world forward, so that
 * seven days can pass in seconds. Signatures and measured durations use `systemNow()` and `monotonicMs()`, which
 * nobody moves.
 */
export type Clock = {
  /** The community's time, milliseconds since the epoch. */
  now(): number
  /** How far the community's time is ahead of the machine's, milliseconds. */
  offsetMs(): number
  /** Moves the community's time; never backwards. Returns whether it changed. */
  advanceTo(offsetMs: number): boolean
}

/** A clock that starts at the machine's time. */
export function createClock(): Clock {
  let offset = 0
  return {
    now: () => Date.now() + offset,
    offsetMs: () => offset,
    advanceTo(offsetMs) {
      if (offsetMs <= offset) return false
      offset = offsetMs
      return true
    },
  }
}

/** The machine's own time, milliseconds since the epoch. */
export function systemNow(): number {
  return Date.now()
}

/** A steadily growing count of milliseconds, for measuring durations. */
export function monotonicMs(): number {
  return performance.now()
}
