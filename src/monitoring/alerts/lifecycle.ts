/**
 * The life of an alert, one for each rule and cause:
 *
 *   (none) ──fires──▶ firing ──a person──▶ acknowledged
 *                       │                       │
 *                       └──────── quiet ────────┴──▶ resolved
 *
 * Quiet: the condition has been false for a while without a break. Whenever it stands again before that, the wait
 * begins anew and nobody is told anything, so that what flaps is one alert. While nobody can say (nothing was
 * measured), nothing changes. Pure: the same arguments give the same step.
 */
import { MINUTE_MS } from '../../primitives/index.ts'
import type { Verdict } from './judge.ts'

export type OpenAlert = { status: 'firing' | 'acknowledged'; quietSinceMs: number | null }

export type Step =
  | { kind: 'stay' }
  | { kind: 'fire' }
  /** The condition stands again: whatever quiet there was is over. */
  | { kind: 'disturb' }
  | { kind: 'begin-quiet' }
  | { kind: 'resolve' }

const SHORTEST_QUIET_MS = 2 * MINUTE_MS

/** How long the condition has to be false before its alert resolves: two minutes, or a fifth of a longer window. */
export function quietMsOf({ windowMs }: { windowMs: number }): number {
  return Math.max(SHORTEST_QUIET_MS, windowMs / 5)
}

/** What follows from a verdict. @param alert the open alert of this rule and cause; null: there is none */
export function nextStep(
  alert: OpenAlert | null,
  verdict: Pick<Verdict, 'fires' | 'stands'>,
  nowMs: number,
  quietMs: number,
): Step {
  if (!alert) return { kind: verdict.fires === 'true' ? 'fire' : 'stay' }
  switch (verdict.stands) {
    case 'blind':
      return { kind: 'stay' }
    case 'true':
      return { kind: alert.quietSinceMs === null ? 'stay' : 'disturb' }
    case 'few':
    case 'false':
      if (alert.quietSinceMs === null) return { kind: 'begin-quiet' }
      return { kind: nowMs - alert.quietSinceMs >= quietMs ? 'resolve' : 'stay' }
  }
}
