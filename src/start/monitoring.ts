import type { ProviderLimits, ProviderName } from '../connectors/index.ts'
import { readProviderStatuses } from '../governor/index.ts'
import {
  type ErrorReporter,
  type ProviderUse,
  startStats,
  startTelemetry,
  type Telemetry,
} from '../monitoring/index.ts'
import type { Base, Undo } from './base.ts'

/** Counting, and sending where the settings say. First of all parts, and so the last to stop. */
export async function beginTelemetry(
  base: Pick<Base, 'config' | 'database' | 'logger'>,
  undo: Undo,
): Promise<Telemetry> {
  const { config, database, logger } = base
  const telemetry = await startTelemetry({ settings: config.telemetry, database, logger })
  undo.push(() => telemetry.stop())
  undo.push(reportFatal(telemetry.reporter))
  return telemetry
}

/** Numbers over time: whichever process comes first keeps them. */
export function keepNumbers(
  { database, clock, logger }: Base,
  limits: Record<ProviderName, ProviderLimits>,
  undo: Undo,
): void {
  const readProviderUse = async () => (await readProviderStatuses(database, limits)).map(useOf)
  const stats = startStats({ database, clock, logger, readProviderUse })
  undo.push(() => stats.stop())
}

type Status = Awaited<ReturnType<typeof readProviderStatuses>>[number]

function useOf({ provider, month, places, perMinute, lastMinute }: Status): ProviderUse {
  const shares = [
    ...(places === null ? [] : [places.held / places.limit]),
    ...(perMinute === null ? [] : [lastMinute.requests / perMinute]),
  ]
  return {
    provider,
    budgetPercent: month.budget === null ? null : (100 * month.used) / month.budget,
    limitPercent: shares.length === 0 ? null : 100 * Math.max(...shares),
  }
}

/** What ends the process is told before it does; Node still ends it. */
function reportFatal(reporter: ErrorReporter): () => Promise<void> {
  const report = (error: unknown) => reporter.report(error, { where: 'process' })
  process.on('uncaughtExceptionMonitor', report)
  return async () => {
    process.off('uncaughtExceptionMonitor', report)
  }
}
