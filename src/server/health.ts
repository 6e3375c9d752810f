import { type RunNumbers, readGauges, readRunNumbers } from '../monitoring/index.ts'
import { HOUR_MS, MINUTE_MS, systemNow } from '../primitives/index.ts'
import type { RouteHandler } from './access.ts'
import type { HealthView } from './overview-contract.ts'
import type { ServerParts } from './parts.ts'

/** Below this many, one failed run says little about the hour. */
const MIN_RUNS = 10
/** The same as the alert rule that ships. */
const MOST_FAILED = 0.1
const LONGEST_IN_LINE_MS = 10 * MINUTE_MS

/**
 * `GET /api/health`: the last hour in a few numbers, for whoever watches from outside. 200 whether healthy or not, so
 * look at `healthy`; 503 when the numbers cannot even be read. Whether to send traffic here is what `/readyz` says.
 */
export function readHealth(parts: ServerParts): RouteHandler {
  return async (context) => {
    const readiness = await parts.readiness()
    if (!readiness.ready)
      return context.json<HealthView>(
        healthOf(null, null, readiness.problems ?? ['This process is not ready: see /readyz.']),
        503,
      )
    const now = systemNow()
    const [{ all }, gauges] = await Promise.all([
      readRunNumbers(parts.database.db, { fromMs: now - HOUR_MS, toMs: now }),
      readGauges(parts.database),
    ])
    return context.json<HealthView>(healthOf(all, gauges, []))
  }
}

type Gauges = NonNullable<Awaited<ReturnType<typeof readGauges>>>

/** @param numbers null: they could not be read @param gauges null: none were taken in the last minute */
function healthOf(
  numbers: RunNumbers | null,
  gauges: Pick<Gauges, 'get'> | null,
  problems: readonly string[],
): HealthView {
  const reasons = [...problems, ...troubleOf(numbers, gauges)]
  return {
    healthy: reasons.length === 0,
    reasons,
    window: '1h',
    runs: numbers === null ? 'not known' : `${numbers.total || 'none'} in the last hour`,
    totalRuns: numbers?.total ?? 0,
    succeededRuns: numbers?.succeeded ?? 0,
    failedRuns: numbers?.failed ?? 0,
    successRate: numbers?.successRate ?? null,
    averageDurationMs: numbers?.averageMs ?? null,
    p50DurationMs: numbers?.p50Ms ?? null,
    p95DurationMs: numbers?.p95Ms ?? null,
    runningRuns: gauges?.get('running_jobs') ?? null,
    queuedRuns: gauges?.get('queued_jobs') ?? null,
    deadLetters: gauges?.get('dlq_count') ?? null,
    waitingApprovals: gauges?.get('waiting_approvals') ?? null,
  }
}

function troubleOf(numbers: RunNumbers | null, gauges: Pick<Gauges, 'get'> | null): string[] {
  const reasons: string[] = []
  const ended = (numbers?.succeeded ?? 0) + (numbers?.failed ?? 0)
  const failed = numbers?.failed ?? 0
  if (ended >= MIN_RUNS && failed / ended > MOST_FAILED)
    reasons.push(`${failed} of ${ended} runs failed in the last hour. The dead letters say why.`)
  const waitedMs = gauges?.get('oldest_queued_age_ms') ?? 0
  if (waitedMs > LONGEST_IN_LINE_MS)
    reasons.push(
      `A run has waited in line for ${Math.round(waitedMs / MINUTE_MS)} minutes. Check that a process works (--role worker or all).`,
    )
  return reasons
}
