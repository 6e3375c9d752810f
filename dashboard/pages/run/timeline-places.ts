import type { RunDetail } from '../../../src/server/contract.ts'

/** The time that a timeline shows, epoch milliseconds; it has a length. */
export type Span = { startMs: number; endMs: number }

/**
 * From when the run began (or was asked for, when the wait before that was not much longer than the run) to its end, or
 * to now.
 */
export function spanOf({ run, steps }: Pick<RunDetail, 'run' | 'steps'>, nowMs: number): Span {
  const createdMs = Date.parse(run.createdAt)
  // Steps that a replay took over bear the times of the run before.
  const times = steps.flatMap(({ startedAt, finishedAt }) => [startedAt, finishedAt])
  const known = times.flatMap((at) => (at === null ? [] : [Date.parse(at)]))
  const beganMs = Math.min(run.startedAt === null ? nowMs : Date.parse(run.startedAt), ...known)
  const endMs = run.finishedAt === null ? nowMs : Math.max(Date.parse(run.finishedAt), ...known)
  const waitedMs = beganMs - createdMs
  const startMs = waitedMs > 0 && waitedMs <= 2 * (endMs - beganMs) ? createdMs : beganMs
  return { startMs, endMs: Math.max(endMs, startMs + 1) }
}

/** Where something lies on the span, as CSS; null when it lies outside. */
export function placeOn(span: Span, fromMs: number, toMs: number): { left: string; width: string } | null {
  if (toMs < span.startMs || fromMs > span.endMs) return null
  const percent = (ms: number) =>
    Math.min(100, Math.max(0, ((ms - span.startMs) / (span.endMs - span.startMs)) * 100))
  const left = Math.min(percent(fromMs), 99)
  const width = Math.min(100 - left, Math.max(1, percent(toMs) - left))
  return { left: `${left}%`, width: `${width}%` }
}
