/** How each provider stands, for people. */
import { and, eq, gte, sql } from 'drizzle-orm'
import type { ProviderLimits, ProviderName } from '../connectors/contract.ts'
import { type Database, tables } from '../database/index.ts'
import { MINUTE_MS, systemNow } from '../primitives/index.ts'
import { monthStart, readMonth } from './usage.ts'

/** Times in epoch milliseconds (machine time). */
export type ProviderStatus = {
  provider: ProviderName
  breaker: 'closed' | 'open' | 'half-open'
  /** Why it is away, in plain words. */
  reason: string | null
  openedAtMs: number | null
  nextProbeAtMs: number | null
  lastAnswerAtMs: number | null
  lastAnswer: string | null
  /** Runs that were put down until it is back. */
  parkedRuns: number
  lastMinute: { requests: number; failures: number; refusals: number }
  /** Requests under way, over all processes, beside the limit. */
  places: { held: number; limit: number } | null
  /** The strictest general rate. */
  perMinute: number | null
  month: { used: number; budget: number | null; forecast: number }
}

/** Reads how all providers stand. */
export async function readProviderStatuses(
  database: Database,
  limits: Record<ProviderName, ProviderLimits>,
): Promise<ProviderStatus[]> {
  const { providerStates, providerPlaces, providerUsage, parkedRuns } = tables
  const now = systemNow()
  const [states, places, minutes, parked] = await Promise.all([
    database.db.select().from(providerStates),
    database.db
      .select({ provider: providerPlaces.provider, held: sql<string>`sum(${providerPlaces.held})` })
      .from(providerPlaces)
      .where(gte(providerPlaces.renewedAt, sql`now() - interval '10 seconds'`))
      .groupBy(providerPlaces.provider),
    database.db
      .select()
      .from(providerUsage)
      .where(and(eq(providerUsage.span, 'minute'), gte(providerUsage.at, new Date(now - 2 * MINUTE_MS)))),
    database.db
      .select({ provider: parkedRuns.provider, count: sql<string>`count(*)` })
      .from(parkedRuns)
      .where(sql`${parkedRuns.wokenAt} is null`)
      .groupBy(parkedRuns.provider),
  ])
  const names = Object.keys(limits) as ProviderName[] // the keys of a record of providers
  return Promise.all(
    names.map(async (provider) => {
      const state = states.find((row) => row.provider === provider)
      const limit = limits[provider]
      const held = Number(places.find((row) => row.provider === provider)?.held ?? 0)
      const used = await readMonth(database, provider)
      const general = limit.rates?.find((rate) => !rate.operations && !rate.perSubject)
      return {
        provider,
        breaker: state?.breaker ?? 'closed',
        reason: state?.reason ?? null,
        openedAtMs: state?.openedAt?.getTime() ?? null,
        nextProbeAtMs: state?.probeAt?.getTime() ?? null,
        lastAnswerAtMs: state?.lastAnswerAt?.getTime() ?? null,
        lastAnswer: state?.lastAnswer ?? null,
        parkedRuns: Number(parked.find((row) => row.provider === provider)?.count ?? 0),
        lastMinute: latestMinute(minutes.filter((row) => row.provider === provider)),
        places: limit.concurrency === undefined ? null : { held, limit: limit.concurrency },
        perMinute: general ? general.perMinute + general.burst : null,
        month: { used, budget: limit.perMonth ?? null, forecast: forecast(used, now) },
      }
    }),
  )
}

function latestMinute(rows: { at: Date; requests: number; failures: number; refusals: number }[]) {
  const latest = rows.toSorted((a, b) => b.at.getTime() - a.at.getTime())[0]
  const { requests = 0, failures = 0, refusals = 0 } = latest ?? {}
  return { requests, failures, refusals }
}

/** The whole month's requests, if it goes on as it has so far. In its first hour there is nothing to go by yet. */
function forecast(used: number, nowMs: number): number {
  const start = monthStart(nowMs, 0)
  const elapsed = nowMs - start
  return elapsed < 60 * MINUTE_MS ? used : Math.round((used * (monthStart(nowMs, 1) - start)) / elapsed)
}
